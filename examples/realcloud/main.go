// SPDX-License-Identifier: Apache-2.0

// Realcloud takes one managed Kubernetes cluster on a real cloud, or against a
// simulator of its protocol, through its whole life, by flags alone. It is the
// program of examples/quickstart with the vendors' SDKs in it. See README.md.
package main

import "github.com/pmks-go/pmks/examples/internal/lifecycle"

func main() { lifecycle.Main("realcloud", "") }
