// SPDX-License-Identifier: Apache-2.0

// Quickstart takes one managed Kubernetes cluster through its whole life: create,
// add a node group, scale, switch autoscaling, upgrade, write the kubeconfig,
// remove the group, delete. It does so on seven simulated clouds at once and links
// no vendor's SDK, so that it begins soon; examples/realcloud is the same program
// with the real clouds in it. See README.md.
package main

import (
	"github.com/pmks-go/pmks/examples/internal/lifecycle"
	_ "github.com/pmks-go/pmks/fake" // the one provider that this program knows
)

func main() { lifecycle.Main("quickstart", "fake") }
