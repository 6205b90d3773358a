// SPDX-License-Identifier: Apache-2.0

//go:build pmks_novendor

package gcp

import container "cloud.google.com/go/container/apiv1"

type vendorClients struct{}

func newVendorClients(*container.ClusterManagerClient) vendorClients { return vendorClients{} }
