// SPDX-License-Identifier: Apache-2.0

package nhn

import "github.com/pmks-go/pmks/internal/capability"

// capabilities of NKS.
var capabilities = capability.NHN
