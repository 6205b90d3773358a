// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"fmt"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v8"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

type access = armcontainerservice.ManagedClusterAPIServerAccessProfile

// ranges are n ranges of addresses.
func ranges(n int) (list []*string) {
	for i := range n {
		list = append(list, new(fmt.Sprintf("198.51.%d.0/24", i)))
	}
	return list
}

// TestServer_access: from where an API server can be reached, as a new cluster asks for it.
func TestServer_access(t *testing.T) {
	t.Parallel()
	const zone = "/subscriptions/" + DefaultSubscriptionID + "/resourceGroups/pmks/providers/Microsoft.Network/privateDnsZones/privatelink.koreacentral.azmk8s.io"
	for _, test := range []struct {
		name    string
		access  access
		want    refusal
		text    string
		public  bool
		private bool
	}{
		{"public", access{}, refusal{}, "", true, false},
		{"ranges", access{AuthorizedIPRanges: ranges(200)}, refusal{}, "", true, false},
		{"addresses", access{AuthorizedIPRanges: []*string{new("198.51.100.7"), new("0.0.0.0/32")}}, refusal{}, "", true, false},
		{"too-many", access{AuthorizedIPRanges: ranges(201)}, badParameter, "at most 200", false, false},
		{"no-range", access{AuthorizedIPRanges: []*string{new("example.com")}}, badParameter, "authorizedIPRanges", false, false},
		{"ipv6", access{AuthorizedIPRanges: []*string{new("2001:db8::/32")}}, badParameter, "authorizedIPRanges", false, false},
		{"private", access{EnablePrivateCluster: new(true)}, refusal{}, "", true, true},
		{"private-alone", access{EnablePrivateCluster: new(true), EnablePrivateClusterPublicFQDN: new(false), DisableRunCommand: new(true)}, refusal{}, "", false, true},
		{"private-zone", access{EnablePrivateCluster: new(true), PrivateDNSZone: new(zone)}, refusal{}, "", true, true},
		{"private-ranges", access{EnablePrivateCluster: new(true), AuthorizedIPRanges: ranges(1)}, badParameter, "authorizedIPRanges", false, false},
		{"zone-unknown", access{EnablePrivateCluster: new(true), PrivateDNSZone: new("mine")}, badParameter, "privateDNSZone", false, false},
		{"zone-of-public", access{PrivateDNSZone: new("system")}, badParameter, "privateDNSZone", false, false},
		{"no-name", access{EnablePrivateCluster: new(true), PrivateDNSZone: new("none"), EnablePrivateClusterPublicFQDN: new(false)}, badParameter, "privateDNSZone", false, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			in := clusterInput()
			in.Properties.APIServerAccessProfile = &test.access
			_, err := w.clusters.BeginCreateOrUpdate(t.Context(), testGroup, "a", in, nil)
			if check(t, err, test.want, test.text); err != nil {
				return
			}
			w.pass()
			p := w.get(t, "a").Properties
			if (p.Fqdn != nil) != test.public || (p.PrivateFQDN != nil) != test.private || wiretest.JSON(t, p.APIServerAccessProfile) != wiretest.JSON(t, test.access) {
				t.Errorf("the cluster shows:\n%s", wiretest.JSON(t, p))
			}
		})
	}
}

// TestServer_access_later: the ranges can be changed, and who is private stays it.
func TestServer_access_later(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create(t, "open")
	wiretest.Must(t, w.Put(core.Seed{Name: "shut", Attr: map[string]string{AttrPrivate: "1"}}))
	put := func(name string, a *access) error {
		in := w.get(t, name)
		in.Properties.APIServerAccessProfile = a
		err := wiretest.Err(w.clusters.BeginCreateOrUpdate(t.Context(), testGroup, name, *in, nil))
		w.pass()
		return err
	}
	check(t, put("open", &access{AuthorizedIPRanges: ranges(2)}), refusal{}, "")
	check(t, put("open", &access{EnablePrivateCluster: new(true)}), changeRefused, "enablePrivateCluster")
	if got := w.get(t, "open").Properties.APIServerAccessProfile; len(got.AuthorizedIPRanges) != 2 {
		t.Errorf("the ranges are:\n%s", wiretest.JSON(t, got))
	}
	check(t, put("open", &access{AuthorizedIPRanges: []*string{}}), refusal{}, "")
	if got := w.get(t, "open").Properties.APIServerAccessProfile; len(got.AuthorizedIPRanges) != 0 {
		t.Errorf("the ranges are:\n%s", wiretest.JSON(t, got))
	}
	check(t, put("shut", w.get(t, "shut").Properties.APIServerAccessProfile), refusal{}, "")
	check(t, put("shut", &access{}), changeRefused, "enablePrivateCluster")
	check(t, put("shut", &access{EnablePrivateCluster: new(true), PrivateDNSZone: new("none")}), changeRefused, "privateDNSZone")
	check(t, put("shut", &access{EnablePrivateCluster: new(true), EnablePrivateClusterPublicFQDN: new(true)}), refusal{}, "")
	if p := w.get(t, "shut").Properties; p.Fqdn == nil || p.PrivateFQDN == nil {
		t.Errorf("the addresses are:\n%s", wiretest.JSON(t, p))
	}
}

// TestServer_features: what has no effect is kept through every later write.
func TestServer_features(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	on := new(true)
	in := clusterInput()
	p := in.Properties
	p.SecurityProfile = &armcontainerservice.ManagedClusterSecurityProfile{WorkloadIdentity: &armcontainerservice.ManagedClusterSecurityProfileWorkloadIdentity{Enabled: on}}
	check(t, wiretest.Err(w.clusters.BeginCreateOrUpdate(t.Context(), testGroup, "a", in, nil)), plainlyRefused, "OIDC")
	p.OidcIssuerProfile = &armcontainerservice.ManagedClusterOIDCIssuerProfile{Enabled: on}
	p.AutoScalerProfile = &armcontainerservice.ManagedClusterPropertiesAutoScalerProfile{Expander: new(armcontainerservice.ExpanderLeastWaste), ScanInterval: new("20s")}
	p.MetricsProfile = &armcontainerservice.ManagedClusterMetricsProfile{CostAnalysis: &armcontainerservice.ManagedClusterCostAnalysis{Enabled: on}}
	p.WorkloadAutoScalerProfile = &armcontainerservice.ManagedClusterWorkloadAutoScalerProfile{Keda: &armcontainerservice.ManagedClusterWorkloadAutoScalerProfileKeda{Enabled: on}}
	p.AgentPoolProfiles[0].KubeletConfig = &armcontainerservice.KubeletConfig{ContainerLogMaxFiles: new(int32(5)), CPUManagerPolicy: new("static")}
	wiretest.OK(w.clusters.BeginCreateOrUpdate(t.Context(), testGroup, "a", in, nil))(t)
	w.pass()
	shown := func() string {
		p := w.get(t, "a").Properties
		return wiretest.JSON(t, []any{p.SecurityProfile, p.OidcIssuerProfile, p.AutoScalerProfile, p.MetricsProfile, p.WorkloadAutoScalerProfile, p.AgentPoolProfiles[0].KubeletConfig})
	}
	before := shown()
	if url := w.get(t, "a").Properties.OidcIssuerProfile.IssuerURL; url == nil || *url == "" {
		t.Error("there is no URL of the issuer")
	}
	echo := w.get(t, "a")
	echo.Tags = map[string]*string{"x": new("y")}
	wiretest.OK(w.clusters.BeginCreateOrUpdate(t.Context(), testGroup, "a", *echo, nil))(t)
	w.pass()
	wiretest.Must(t, w.putPool(t, "a", "ng1", func(p *pp) { p.Count = new(int32(3)) }))
	w.pass()
	if after := shown(); after != before {
		t.Errorf("after later writes:\n%s\nbefore:\n%s", after, before)
	}
	echo.Properties.OidcIssuerProfile = &armcontainerservice.ManagedClusterOIDCIssuerProfile{Enabled: new(false)}
	check(t, wiretest.Err(w.clusters.BeginCreateOrUpdate(t.Context(), testGroup, "a", *echo, nil)), plainlyRefused, "cannot be disabled")
}

// TestServer_deprecatedUse: something uses an API that the next version lacks.
func TestServer_deprecatedUse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	wiretest.Must(t, w.Put(core.Seed{Name: "a", Version: "1.34.2", Attr: map[string]string{AttrDeprecatedUse: "1"}}))
	put := func(version string, override *armcontainerservice.UpgradeOverrideSettings) error {
		in := w.get(t, "a")
		in.Properties.KubernetesVersion = &version
		in.Properties.AgentPoolProfiles[0].OrchestratorVersion = &version
		in.Properties.UpgradeSettings = &armcontainerservice.ClusterUpgradeSettings{OverrideSettings: override}
		err := wiretest.Err(w.clusters.BeginCreateOrUpdate(t.Context(), testGroup, "a", *in, nil))
		w.pass()
		return err
	}
	check(t, put("1.34.4", nil), refusal{}, "") // a patch takes no API away
	blocked := refusal{400, "ValidationError"}
	now := w.clock.Now()
	check(t, put("1.35.4", nil), blocked, "UpgradeBlockedOnDeprecatedAPIUsage")
	check(t, put("1.35.4", &armcontainerservice.UpgradeOverrideSettings{ForceUpgrade: new(true)}), blocked, "")
	check(t, put("1.35.4", &armcontainerservice.UpgradeOverrideSettings{ForceUpgrade: new(true), Until: new(now.Add(-time.Hour))}), blocked, "")
	check(t, put("1.35.4", &armcontainerservice.UpgradeOverrideSettings{ForceUpgrade: new(true), Until: new(now.Add(100 * time.Hour))}), refusal{}, "")
	if got := *w.get(t, "a").Properties.CurrentKubernetesVersion; got != "1.35.4" {
		t.Errorf("the cluster is at %s", got)
	}
}
