// SPDX-License-Identifier: Apache-2.0

package aws

import "github.com/pmks-go/pmks/internal/capability"

// capabilities of EKS.
var capabilities = capability.AWS
