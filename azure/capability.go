// SPDX-License-Identifier: Apache-2.0

package azure

import "github.com/pmks-go/pmks/internal/capability"

// capabilities of AKS.
var capabilities = capability.Azure
