// SPDX-License-Identifier: Apache-2.0

//go:build !pmks_novendor

package gcp

import (
	"context"
	"slices"

	container "cloud.google.com/go/container/apiv1"
	"google.golang.org/api/compute/v1"
	"google.golang.org/api/option"
)

// Clients are Google's own clients, for what pmks does not cover.
type Clients struct {
	// GKE is the client that the handler uses. It repeats nothing by itself, keeps to no
	// rates, and ends with the handler.
	GKE *container.ClusterManagerClient
	// Compute makes a client of Compute Engine, with the compute/v1 of
	// google.golang.org/api and others like it: compute.NewService(ctx, c.Compute...).
	// These are the credentials, endpoint and transport of the handler; a client here
	// would be 13 MB in every program.
	Compute []option.ClientOption
}

// Vendor returns Google's own clients. It makes no call; their errors are Google's own.
// What is changed there is seen by the next read. GKE works on one operation of a cluster
// at a time, whoever began it. A program with the build tag pmks_novendor is without it.
func (h *Handler) Vendor() Clients {
	return Clients{GKE: h.api.vendor.gke, Compute: slices.Clone(h.api.options)}
}

// GKE returns the client of GKE.
//
// Deprecated: use [Handler.Vendor].
func (h *Handler) GKE() *container.ClusterManagerClient { return h.api.vendor.gke }

// NewComputeService returns a client of Compute Engine made of [Clients.Compute]. It is a
// function and no method so that only programs that call it hold the whole API.
func NewComputeService(ctx context.Context, h *Handler) (*compute.Service, error) {
	s, err := compute.NewService(ctx, h.api.options...)
	return s, fail(err)
}

// vendorClients is what a handler keeps for Vendor. A type that leads to a client of the
// SDK keeps the whole API in every program that looks methods up by their names.
type vendorClients struct {
	gke *container.ClusterManagerClient
}

func newVendorClients(c *container.ClusterManagerClient) vendorClients { return vendorClients{c} }
