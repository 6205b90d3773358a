// SPDX-License-Identifier: Apache-2.0

package alibaba

import "github.com/pmks-go/pmks/internal/capability"

var capabilities = capability.Alibaba
