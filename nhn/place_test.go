// SPDX-License-Identifier: Apache-2.0

package nhn_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/nks"
	"github.com/pmks-go/pmks/nhn"
)

// TestZones: a group is where it is asked for, which a zone in the configuration does not
// overrule; what the region does not have is refused before anything is changed.
func TestZones(t *testing.T) {
	t.Parallel()
	inBubble(t, nks.Options{}, func(t *testing.T, s *nks.Server, _ *nhn.Handler, demo pmks.ClusterInfo) {
		cfg := configFor(s)
		cfg.Zone = "kr-pub-a"
		h := providertest.New(t, nhn.New, cfg)
		for _, test := range []struct {
			zone string
			want pmks.Code
		}{{"us-east-2a", pmks.CodeInvalidArgument}, {"KR-PUB-B", pmks.CodeInvalidArgument}, {"kr-pub-b", pmks.CodeOK}} {
			zone, want := test.zone, test.want
			group := bench.SampleNodeGroup("zoned")
			group.Zones = []string{zone}
			before := s.Count("nodegroups.create")
			err := h.CheckNodeGroup(t.Context(), demo.IId, group)
			if pmks.CodeOf(err) != want || err != nil && (asError(t, err).Field != "Zones[0]" || !strings.Contains(err.Error(), "kr-pub-a, kr-pub-b")) {
				t.Errorf("%s: %v, want %s", zone, err, want)
			}
			added, err := h.AddNodeGroup(t.Context(), demo.IId, group)
			if sent := s.Count("nodegroups.create") - before; pmks.CodeOf(err) != want || (sent == 1) != (err == nil) || err == nil && !slices.Equal(added.Zones, group.Zones) {
				t.Errorf("%s: %+v, %v after %d requests, want %s", zone, added, err, sent, want)
			}
			if err == nil {
				awaitCluster(t, h, demo.IId)
			}
		}
		got := get(t, h, demo.IId)
		for name, want := range map[string]string{"default-worker": "kr-pub-a", "zoned": "kr-pub-b"} {
			if g, _ := got.NodeGroup(pmks.IID{NameId: name}); !slices.Equal(g.Zones, []string{want}) {
				t.Errorf("%s is in %v, want %s", name, g.Zones, want)
			}
		}
	})
}

// TestZones_ofNodes: where NKS tells no zone of a group, its machines do.
func TestZones_ofNodes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := nks.New(nks.Options{})
		if err := s.PutCluster(nks.Seed{Seed: seed("demo"), GroupLabels: map[string]map[string]any{"default-worker": {"availability_zone": ""}}}); err != nil {
			t.Fatal(err)
		}
		h := newHandler(t, s)
		if g := get(t, h, pmks.IID{NameId: "demo"}).NodeGroupList[0]; !slices.Equal(g.Zones, []string{"kr-pub-a"}) {
			t.Errorf("the group is in %v", g.Zones)
		}
		s.Deny("servers.list")
		if g := get(t, h, pmks.IID{NameId: "demo"}).NodeGroupList[0]; g.Zones != nil {
			t.Errorf("without its machines the group is in %v", g.Zones)
		}
	})
}

// TestAccess: the mode of a request overrules the settings, the settings what the subnet
// allows, and a read says whose the address is.
func TestAccess(t *testing.T) {
	t.Parallel()
	const open, closed = pmks.AccessPublic, pmks.AccessPrivate
	for _, test := range []struct {
		name    string
		setting bool
		asked   pmks.AccessMode
		subnet  string
		want    pmks.AccessMode
		code    pmks.Code
	}{
		{"default", false, "", "", open, pmks.CodeOK},
		{"private-setting", true, "", "", closed, pmks.CodeOK},
		{"private", false, closed, "", closed, pmks.CodeOK},
		{"public-in-spite-of-the-setting", true, open, "", open, pmks.CodeOK},
		{"no-internet", false, "", nks.IsolatedSubnet, closed, pmks.CodeOK},
		{"private-without-internet", false, closed, nks.IsolatedSubnet, closed, pmks.CodeOK},
		{"public-without-internet", false, open, nks.IsolatedSubnet, "", pmks.CodeInvalidArgument},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := nks.New(nks.Options{})
				cfg := configFor(s)
				cfg.PrivateEndpoint, cfg.NCRGateway, cfg.OBSGateway = test.setting, nks.DefaultNCRGateway, nks.DefaultOBSGateway
				h := providertest.New(t, nhn.New, cfg)
				req := bench.SampleRequest("demo")
				req.Access.Mode = test.asked
				if test.subnet != "" {
					req.Network.SubnetIIDs = []pmks.IID{{NameId: test.subnet}}
				}
				made, err := h.CreateCluster(t.Context(), req)
				if pmks.CodeOf(err) != test.code || made.Access.Mode != test.want {
					t.Fatalf("got %+v, %v, want %q, %s", made.Access, err, test.want, test.code)
				}
				if err != nil {
					if asError(t, err).Field != "Access.Mode" || s.Count("clusters.create") > 0 {
						t.Errorf("got %v after %d requests", err, s.Count("clusters.create"))
					}
					return
				}
				got := awaitCluster(t, h, made.IId)
				want := pmks.Access{Mode: test.want, PublicEndpoint: got.AccessInfo.Endpoint}
				if test.want == closed {
					want.PublicEndpoint, want.PrivateEndpoint = "", got.AccessInfo.Endpoint
				}
				if !reflect.DeepEqual(got.Access, want) || got.AccessInfo.Endpoint == "" {
					t.Errorf("got %+v, want %+v", got.Access, want)
				}
			})
		})
	}
}

// TestAccess_unknown: a cluster without labels does not tell its mode.
func TestAccess_unknown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := nks.New(nks.Options{})
		if err := s.PutCluster(nks.Seed{Seed: seed("old"), NoLabels: true}); err != nil {
			t.Fatal(err)
		}
		if got := get(t, newHandler(t, s), pmks.IID{NameId: "old"}); !reflect.DeepEqual(got.Access, pmks.Access{}) || got.AccessInfo.Endpoint == "" {
			t.Errorf("got %+v beside %q", got.Access, got.AccessInfo.Endpoint)
		}
	})
}
