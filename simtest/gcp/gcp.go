// SPDX-License-Identifier: Apache-2.0

// Package gcp adds Google Cloud to the clouds of package simtest:
//
//	import _ "github.com/pmks-go/pmks/simtest/gcp"
//
// It stands apart because the simulator of GKE links gRPC and the messages of Google's
// API, which tests of the other clouds need not build. An account is then made by
// simtest.Start with the cloud "gcp", and opened with the provider gcp.
package gcp

import _ "github.com/pmks-go/pmks/internal/sim/account/gcp" // registers itself
