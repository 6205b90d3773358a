// SPDX-License-Identifier: Apache-2.0

package byhand

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v2/tokens"
	"golang.org/x/sync/errgroup"

	"github.com/pmks-go/pmks"
)

const (
	// nhnKeystone is that of the public cloud (NHN Cloud API guide, "API endpoints").
	nhnKeystone = "https://api-identity-infrastructure.nhncloudservice.com/v2.0"
	// nhnPage is Compute's largest page, which names no next one; the listing of pmks has
	// eight requests under way.
	nhnPage   = 1000
	nhnAtOnce = 8
)

// nhnLister lists NKS with gophercloud, whose own structs of Magnum cannot read the labels
// of NKS: it has the members that a listing needs.
type nhnLister struct{ nks, compute, network, image *gophercloud.ServiceClient }

type (
	nhnCluster struct {
		UUID         string         `json:"uuid"`
		Name         string         `json:"name"`
		Status       string         `json:"status"`
		APIAddress   string         `json:"api_address"`
		FixedNetwork string         `json:"fixed_network"`
		CreatedAt    string         `json:"created_at"`
		Labels       map[string]any `json:"labels"`
	}
	nhnGroup struct {
		UUID      string         `json:"uuid"`
		Name      string         `json:"name"`
		Status    string         `json:"status"`
		FlavorID  string         `json:"flavor_id"`
		ImageID   string         `json:"image_id"`
		NodeCount int            `json:"node_count"`
		Addresses []string       `json:"node_addresses"`
		Labels    map[string]any `json:"labels"`
	}
	nhnServer struct {
		ID        string `json:"id"`
		Name      string `json:"name"`
		Addresses map[string][]struct {
			Address string `json:"addr"`
		} `json:"addresses"`
	}
	nhnThing struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	}
)

func newNHN(ctx context.Context, cfg pmks.Config) (Lister, error) {
	provider, err := openstack.NewClient(cmp.Or(cfg.Endpoint, nhnKeystone))
	if err != nil {
		return nil, fmt.Errorf("the client of Keystone: %w", err)
	}
	if cfg.Transport != nil {
		provider.HTTPClient = http.Client{Transport: cfg.Transport}
	}
	err = openstack.AuthenticateV2(ctx, provider, tokens.AuthOptions{
		Username: cfg.Credentials["username"], Password: cfg.Credentials["password"], TenantID: cfg.Credentials["tenantId"]}, gophercloud.EndpointOpts{})
	if err != nil {
		return nil, fmt.Errorf("the token: %w", err)
	}
	l := &nhnLister{}
	for _, s := range []struct {
		kind, version string
		to            **gophercloud.ServiceClient
	}{{"container-infra", "", &l.nks}, {"compute", "", &l.compute}, {"network", "v2.0/", &l.network}, {"image", "v2/", &l.image}} {
		opts := gophercloud.EndpointOpts{Region: strings.ToUpper(cfg.Region)}
		opts.ApplyDefaults(s.kind)
		url, err := provider.EndpointLocator(opts)
		if err != nil {
			return nil, fmt.Errorf("the endpoint of %s: %w", s.kind, err)
		}
		*s.to = &gophercloud.ServiceClient{ProviderClient: provider, Endpoint: url, ResourceBase: url + s.version}
	}
	l.nks.Type, l.nks.Microversion = "container-infra", "latest" // else node groups answer 406 (NKS API guide)
	return l, nil
}

// Serial looks for the nodes of a cluster among all servers once for each cluster.
func (l *nhnLister) Serial(ctx context.Context) (Seen, error) {
	var seen Seen
	if err := l.names(ctx, func(f func() error) error { return f() }); err != nil {
		return seen, err
	}
	clusters, err := l.clusters(ctx)
	if err != nil {
		return seen, err
	}
	for _, c := range clusters {
		groups, err := l.cluster(ctx, c.UUID)
		if err != nil {
			return seen, err
		}
		servers, err := l.servers(ctx)
		if err != nil {
			return seen, err
		}
		seen.add(groups, servers)
	}
	return seen, nil
}

// AtOnce reads eight clusters at a time, beside the servers of all.
func (l *nhnLister) AtOnce(ctx context.Context) (Seen, error) {
	var seen Seen
	clusters, err := l.clusters(ctx)
	if err != nil {
		return seen, err
	}
	var work errgroup.Group
	work.SetLimit(nhnAtOnce)
	var servers map[string]bool
	work.Go(func() (err error) {
		servers, err = l.servers(ctx)
		return err
	})
	_ = l.names(ctx, func(f func() error) error { work.Go(f); return nil })
	groups := make([][]nhnGroup, len(clusters))
	for i, c := range clusters {
		work.Go(func() (err error) {
			groups[i], err = l.cluster(ctx, c.UUID)
			return err
		})
	}
	if err := work.Wait(); err != nil {
		return seen, err
	}
	for _, list := range groups {
		seen.add(list, servers)
	}
	return seen, nil
}

// add counts a cluster with its groups, and of their addresses those of servers.
func (s *Seen) add(groups []nhnGroup, servers map[string]bool) {
	s.Clusters++
	s.Groups += len(groups)
	for _, g := range groups {
		for _, address := range g.Addresses {
			if servers[address] {
				s.Nodes++
			}
		}
	}
}

func nhnGet(ctx context.Context, c *gophercloud.ServiceClient, path string, out any) error {
	url := path
	if !strings.Contains(path, "://") {
		url = c.ResourceBaseURL() + path
	}
	if _, err := c.Get(ctx, url, out, nil); err != nil { //nolint:bodyclose // gophercloud closes it
		return fmt.Errorf("get %s: %w", path, err)
	}
	return nil
}

func (l *nhnLister) clusters(ctx context.Context) ([]nhnCluster, error) {
	var all []nhnCluster
	for next := "clusters"; next != ""; {
		var page struct {
			Clusters []nhnCluster `json:"clusters"`
			Next     string       `json:"next"`
		}
		if err := nhnGet(ctx, l.nks, next, &page); err != nil {
			return nil, err
		}
		all, next = append(all, page.Clusters...), page.Next
	}
	return all, nil
}

// cluster reads a cluster and its node groups, one request after the other.
func (l *nhnLister) cluster(ctx context.Context, uuid string) ([]nhnGroup, error) {
	var cluster nhnCluster
	if err := nhnGet(ctx, l.nks, "clusters/"+uuid, &cluster); err != nil {
		return nil, err
	}
	var groups []nhnGroup
	for next := "clusters/" + uuid + "/nodegroups"; next != ""; {
		var page struct {
			Groups []nhnGroup `json:"nodegroups"`
			Next   string     `json:"next"`
		}
		if err := nhnGet(ctx, l.nks, next, &page); err != nil {
			return nil, err
		}
		groups, next = append(groups, page.Groups...), page.Next
	}
	for i, g := range groups {
		if err := nhnGet(ctx, l.nks, "clusters/"+uuid+"/nodegroups/"+g.UUID, &groups[i]); err != nil {
			return nil, err
		}
	}
	return groups, nil
}

// servers are the addresses of all servers.
func (l *nhnLister) servers(ctx context.Context) (map[string]bool, error) {
	found := map[string]bool{}
	for marker := ""; ; {
		var page struct {
			Servers []nhnServer `json:"servers"`
		}
		if err := nhnGet(ctx, l.compute, "servers/detail?limit="+strconv.Itoa(nhnPage)+marker, &page); err != nil {
			return nil, err
		}
		for _, s := range page.Servers {
			for _, list := range s.Addresses {
				for _, a := range list {
					found[a.Address] = true
				}
			}
		}
		if len(page.Servers) < nhnPage {
			return found, nil
		}
		marker = "&marker=" + page.Servers[len(page.Servers)-1].ID
	}
}

// names lists what clusters and groups refer to by their ids.
func (l *nhnLister) names(ctx context.Context, run func(func() error) error) error {
	var page struct{ Flavors, Images, VPCs []nhnThing }
	for _, list := range []struct {
		of   *gophercloud.ServiceClient
		path string
	}{{l.compute, "flavors/detail"}, {l.image, "images?nhncloud_allow_nks_cpu_flavor=true&visibility=public"}, {l.network, "vpcs"}} {
		out := page
		if err := run(func() error { return nhnGet(ctx, list.of, list.path, &out) }); err != nil {
			return err
		}
	}
	return nil
}
