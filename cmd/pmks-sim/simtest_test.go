// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kver"
	"github.com/pmks-go/pmks/simtest"
	_ "github.com/pmks-go/pmks/simtest/gcp"
)

// Package simtest is tried on all clouds here, where all SDKs are linked already.

// open opens the provider of a cloud on an account.
func open(t *testing.T, cloud string, cfg pmks.Config) *pmks.Client {
	t.Helper()
	c, err := pmks.Open(t.Context(), cloud, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// virtually runs a test of each cloud in virtual time.
func virtually(t *testing.T, o simtest.Options, test func(t *testing.T, cloud string, a *simtest.Account, c *pmks.Client)) {
	t.Helper()
	for _, cloud := range simtest.Clouds() {
		t.Run(cloud, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a := simtest.Start(t, cloud, o)
				test(t, cloud, a, open(t, cloud, a.Config()))
			})
		})
	}
}

// step is one method of pmks, which is awaited.
type step struct {
	method string
	do     func(context.Context, pmks.ClusterHandler) error
}

// steps are a whole life, from the version before the default one on.
func steps(a *simtest.Account, before, version string) []step {
	var cluster pmks.IID // as it was created
	group := pmks.IID{NameId: "extra"}
	awaited := func(ctx context.Context, h pmks.ClusterHandler, err error) error {
		if err != nil {
			return err
		}
		_, err = pmks.WaitNodeGroupActive(ctx, h, cluster, group)
		if err == nil {
			_, err = pmks.WaitClusterActive(ctx, h, cluster)
		}
		return err
	}
	return []step{
		{"CreateCluster", func(ctx context.Context, h pmks.ClusterHandler) error {
			req := a.ClusterRequest("demo")
			req.Version = before
			info, err := pmks.Provision(ctx, h, req)
			cluster = info.IId
			return err
		}},
		{"GetCluster", func(ctx context.Context, h pmks.ClusterHandler) error {
			_, err := h.GetCluster(ctx, cluster)
			return err
		}},
		{"AddNodeGroup", func(ctx context.Context, h pmks.ClusterHandler) error {
			_, err := h.AddNodeGroup(ctx, cluster, a.NodeGroupRequest("extra"))
			return awaited(ctx, h, err)
		}},
		{"ChangeNodeGroupScaling", func(ctx context.Context, h pmks.ClusterHandler) error {
			_, err := h.ChangeNodeGroupScaling(ctx, cluster, group, 3, 1, 4)
			return awaited(ctx, h, err)
		}},
		{"SetNodeGroupAutoScaling", func(ctx context.Context, h pmks.ClusterHandler) error {
			_, err := h.SetNodeGroupAutoScaling(ctx, cluster, group, true)
			return awaited(ctx, h, err)
		}},
		{"UpgradeCluster", func(ctx context.Context, h pmks.ClusterHandler) error {
			_, err := pmks.Upgrade(ctx, h, cluster, version)
			return err
		}},
		{"RemoveNodeGroup", func(ctx context.Context, h pmks.ClusterHandler) error {
			if _, err := h.RemoveNodeGroup(ctx, cluster, group); err != nil {
				return err
			}
			return pmks.WaitNodeGroupDeleted(ctx, h, cluster, group)
		}},
		{"DeleteCluster", func(ctx context.Context, h pmks.ClusterHandler) error {
			return pmks.Teardown(ctx, h, cluster)
		}},
	}
}

// versions returns one that can be upgraded, and the default one, which it is upgraded to.
func versions(t *testing.T, c *pmks.Client) (before, version string) {
	t.Helper()
	list, err := c.ListVersions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(list, func(v pmks.Version) bool { return v.Default })
	for _, v := range list[i:] {
		older, errOlder := kver.Parse(v.Name)
		newer, errNewer := kver.Parse(list[i].Name)
		if errors.Join(errOlder, errNewer) == nil && older.Minor < newer.Minor {
			return v.Name, list[i].Name
		}
	}
	t.Fatalf("nothing is older than the default of %v", list)
	return "", ""
}

// TestSimtest_life: every method works on every cloud, with the requests that the account
// says it is made of; and it is refused when these are.
func TestSimtest_life(t *testing.T) {
	t.Parallel()
	virtually(t, simtest.Options{}, func(t *testing.T, _ string, a *simtest.Account, c *pmks.Client) {
		before, version := versions(t, c)
		for _, s := range steps(a, before, version) {
			cancel := a.Inject(simtest.Fault{Method: s.method, Kind: simtest.Refuse, Code: pmks.CodePermissionDenied, Times: -1})
			if err := s.do(t.Context(), c); !errors.Is(err, pmks.ErrPermissionDenied) {
				t.Errorf("%s, refused: got %v", s.method, err)
			}
			cancel()
			a.ResetCalls()
			if err := s.do(t.Context(), c); err != nil {
				t.Fatalf("%s: %v", s.method, err)
			}
			if a.Count(a.Requests(s.method)...) == 0 {
				t.Errorf("%s made none of %q, but %v", s.method, a.Requests(s.method), a.Calls())
			}
		}
	})
}
