// SPDX-License-Identifier: Apache-2.0

package gcp

import "github.com/pmks-go/pmks/internal/capability"

// capabilities of GKE.
var capabilities = capability.GCP
