// SPDX-License-Identifier: Apache-2.0

package tencent

import "github.com/pmks-go/pmks/internal/capability"

var capabilities = capability.Tencent
