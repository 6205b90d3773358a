// SPDX-License-Identifier: Apache-2.0

//go:build live

package ignored

import (
	_ "net/http"
	_ "os"
)
