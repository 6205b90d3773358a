// SPDX-License-Identifier: Apache-2.0

//go:build !pmks_novendor

package tencent

import (
	"context"
	"strings"
	"time"

	as "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/as/v20180419"
	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common"
	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/profile"
	cvm "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/cvm/v20170312"
	tke "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/tke/v20180525"
	vpc "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/vpc/v20170312"
)

// Clients are the vendor's own clients of the services that a handler uses.
type Clients struct {
	// TKE is the Kubernetes service, AS Auto Scaling, CVM the machines and VPC the network.
	TKE *tke.Client
	AS  *as.Client
	CVM *cvm.Client
	VPC *vpc.Client
}

// Vendor returns the SDK's clients with the credentials, endpoints and transport of the
// handler, for what pmks does not cover. They share nothing else with it: their requests
// draw from no limiter of the handler and are repeated by nobody, and an error of theirs
// is the SDK's.
//
// A program that does not call Vendor does not hold the whole APIs, unless something in it
// looks methods up by their names, as text/template does: then it does without with the
// build tag pmks_novendor, which takes Vendor away.
//
// The credentials are asked for with each request. Where there are none the request is
// sent without, and refused.
func (h *Handler) Vendor() Clients {
	keys := sealed(h.api.keys.now)
	var c Clients
	c.TKE = vendorClient(h, "tke", keys, tke.NewClient)
	c.AS = vendorClient(h, "as", keys, as.NewClient)
	c.CVM = vendorClient(h, "cvm", keys, cvm.NewClient)
	c.VPC = vendorClient(h, "vpc", keys, vpc.NewClient)
	for _, one := range []*common.Client{&c.TKE.Client, &c.AS.Client, &c.CVM.Client, &c.VPC.Client} {
		one.WithHttpTransport(h.api)
	}
	return c
}

// vendorClient makes the client of a service. The SDK's constructors check nothing, and
// have no error to return.
func vendorClient[C any](h *Handler, service string, keys common.CredentialIface,
	fresh func(common.CredentialIface, string, *profile.ClientProfile) (*C, error)) *C {
	p := sdkProfile(h.cfg)
	if u := h.api.hosts[service]; u != nil {
		p.HttpProfile.Scheme, p.HttpProfile.Endpoint = strings.ToUpper(u.Scheme), u.Host
	}
	c, _ := fresh(keys, h.cfg.Region, p)
	return c
}

// keysTime is how long the keys of a request of the vendor's clients may take: the SDK
// asks for them without a context.
const keysTime = time.Minute

// now returns the credentials for a request that has no context; none where there are none.
func (k *keyring) now() snapshot {
	ctx, cancel := context.WithTimeout(context.Background(), keysTime)
	defer cancel()
	keys, err := k.get(ctx)
	if err != nil {
		return snapshot{}
	}
	return keys
}

// NewClient returns the SDK's client of TKE with the credentials, endpoint and transport
// of a handler.
//
// Deprecated: [Handler.Vendor] has it beside those of the other services, with credentials
// that are asked for anew.
func NewClient(ctx context.Context, h *Handler) (*tke.Client, error) {
	keys, err := h.api.keys.get(ctx)
	if err != nil {
		return nil, err
	}
	c := vendorClient(h, "tke", sealed(func() snapshot { return keys }), tke.NewClient)
	c.WithHttpTransport(h.api)
	return c, nil
}
