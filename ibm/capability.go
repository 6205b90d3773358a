// SPDX-License-Identifier: Apache-2.0

package ibm

import "github.com/pmks-go/pmks/internal/capability"

// capabilities of IKS.
var capabilities = capability.IBM
