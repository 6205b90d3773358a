// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
)

func TestCaps_Consistency(t *testing.T) {
	each(t, func(t *testing.T, p *Profile) {
		c := p.Caps
		if typeI, none := c.ClusterType == pmks.TypeI, c.GroupsAtCreate.Max == 0; typeI != none {
			t.Errorf("%s with at most %d groups at create", c.ClusterType, c.GroupsAtCreate.Max)
		}
		if c.ClusterType == pmks.TypeII && c.GroupsAtCreate.Min < 1 {
			t.Error("a Type-II cloud needs a group at create")
		}
		if m := c.GroupsAtCreate.Max; m > 0 && m < c.GroupsAtCreate.Min {
			t.Errorf("groups at create: %d to %d", c.GroupsAtCreate.Min, m)
		}
		for _, use := range []pmks.FieldUse{c.Fields.VPC, c.Fields.SecurityGroups, c.Fields.Tags, c.Fields.Image,
			c.Fields.VMSpec, c.Fields.RootDiskType, c.Fields.RootDiskSize, c.Fields.KeyPair} {
			switch use {
			case pmks.FieldOptional, pmks.FieldRequired, pmks.FieldIgnored, pmks.FieldRefused:
			default:
				t.Errorf("a field has the use %q", use)
			}
		}
		if c.Subnets.Min < 1 || c.Subnets.Max > 0 && c.Subnets.Max < c.Subnets.Min || c.Subnets.DistinctZones > c.Subnets.Min {
			t.Errorf("subnets: %+v", c.Subnets)
		}
		if m := c.Fields.MaxRootDiskSize; m > 0 && m < c.Fields.MinRootDiskSize {
			t.Errorf("disk sizes: %d to %d", c.Fields.MinRootDiskSize, m)
		}
		if c.Access.Token != (c.Access.TokenLifetime > 0) {
			t.Errorf("access: %+v", c.Access)
		}
		if !c.Access.Token && !c.Access.Certificate {
			t.Error("no way into the cluster")
		}
		if c.Versions.LargestStep < 1 {
			t.Errorf("largest step %d", c.Versions.LargestStep)
		}
		switch c.Scaling.AutoScaling {
		case pmks.AutoScalingNative, pmks.AutoScalingAddOn, pmks.AutoScalingExternal:
		default:
			t.Errorf("autoscaling %q", c.Scaling.AutoScaling)
		}
		if p.GroupsFirst && !c.Scaling.RemoveLast {
			t.Error("a cluster could never be deleted")
		}
		if p.Upgrade.MaxSkew < 0 || p.Upgrade.MaxSkew > 0 && p.Upgrade.MaxSkew < c.Versions.LargestStep {
			t.Errorf("a control plane could never move: %+v", p.Upgrade)
		}
	})
}

// TestCaps_Table holds what callers ask first against the vendors' documents.
func TestCaps_Table(t *testing.T) {
	t.Parallel()
	type row struct {
		clusterType        pmks.ClusterType
		toZero, removeLast bool
		desiredWhileAuto   bool
		autoScaling        pmks.AutoScalingKind
		certificate, token bool
		lifetime           time.Duration
		openCall           bool
	}
	want := map[string]row{
		"aws":     {pmks.TypeI, true, true, true, pmks.AutoScalingExternal, false, true, 14 * time.Minute, false},
		"azure":   {pmks.TypeII, true, false, true, pmks.AutoScalingNative, true, true, 90 * time.Minute, false},
		"gcp":     {pmks.TypeII, true, true, true, pmks.AutoScalingNative, false, true, time.Hour, false},
		"alibaba": {pmks.TypeI, true, true, false, pmks.AutoScalingAddOn, true, true, 10 * time.Minute, false},
		"tencent": {pmks.TypeI, true, true, true, pmks.AutoScalingNative, true, false, 0, true},
		"nhn":     {pmks.TypeII, false, false, false, pmks.AutoScalingNative, true, false, 0, false},
		"ibm":     {pmks.TypeII, false, false, false, pmks.AutoScalingAddOn, true, true, time.Hour, false},
		"neutral": {pmks.TypeII, true, true, true, pmks.AutoScalingNative, true, true, time.Hour, false},
	}
	for _, p := range All() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			c := p.Caps
			got := row{c.ClusterType, c.Scaling.ToZero, c.Scaling.RemoveLast, c.Scaling.DesiredWhileAuto,
				c.Scaling.AutoScaling, c.Access.Certificate, c.Access.Token, c.Access.TokenLifetime, c.Access.OpenCall}
			if got != want[p.Name] {
				t.Errorf("capabilities differ:\n got %+v\nwant %+v", got, want[p.Name])
			}
		})
	}
}

func TestCaps_Names(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, cloud      string
		clusters, groups []string // accepted
		noCluster        []string // refused
		noGroup          []string
	}{
		{
			name: "eks", cloud: "aws",
			clusters: []string{"a", "0prod", "Prod_1-x", strings.Repeat("a", 100)},
			groups:   []string{"ng-1", "NG_1", strings.Repeat("a", 63)},
			noCluster: []string{"", "-a", "_a", "a.b", "a b", "ü", strings.Repeat("a", 101),
				"a/b", ".."},
			noGroup: []string{"", "-a", "a.b", strings.Repeat("a", 64)},
		},
		{
			name: "aks", cloud: "azure",
			clusters:  []string{"a", "A-1_b", strings.Repeat("a", 63)},
			groups:    []string{"a", "np1", "abcdefghijkl"},
			noCluster: []string{"", "-a", "a-", "a_", "azure", "Microsoft", "login", strings.Repeat("a", 64)},
			noGroup:   []string{"", "1a", "ng-1", "NG1", "abcdefghijklm"},
		},
		{
			name: "gke", cloud: "gcp",
			clusters:  []string{"a", "a-1", strings.Repeat("a", 40)},
			groups:    []string{"default-pool", strings.Repeat("b", 40)},
			noCluster: []string{"", "A", "1a", "a-", "a_b", strings.Repeat("a", 41)},
			noGroup:   []string{"", "Pool", "a-", strings.Repeat("b", 41)},
		},
		{
			name: "ack", cloud: "alibaba",
			clusters:  []string{"1", "Prod-1", strings.Repeat("a", 63)},
			groups:    []string{"default-nodepool", "1"},
			noCluster: []string{"", "-a", "a_b", "クラスタ", strings.Repeat("a", 64)},
			noGroup:   []string{"", "-a", "a.b", strings.Repeat("a", 64)},
		},
		{
			name: "tke", cloud: "tencent",
			clusters:  []string{"Prod_1.a-b", strings.Repeat("a", 50)},
			groups:    []string{"a", "ng-1", strings.Repeat("a", 25)},
			noCluster: []string{"", ".a", "a#b", strings.Repeat("a", 51)},
			noGroup:   []string{"", "A", "1a", "a-", "a_b", strings.Repeat("a", 26)},
		},
		{
			name: "nks", cloud: "nhn",
			clusters:  []string{"a", "a-1", strings.Repeat("a", 32)},
			groups:    []string{"ng-1", strings.Repeat("a", 32)},
			noCluster: []string{"", "A", "1a", "a-", "a_b", strings.Repeat("a", 33)},
			noGroup:   []string{"", "default-worker", "default-master", "Default-Worker", "a-"},
		},
		{
			name: "iks", cloud: "ibm",
			clusters:  []string{"A", "prod.1-b", strings.Repeat("a", 35)},
			groups:    []string{"default", "Pool-1", strings.Repeat("a", 32)},
			noCluster: []string{"", "1a", "a_b", strings.Repeat("a", 36)},
			noGroup:   []string{"", "1a", "a_b", "a.b", strings.Repeat("a", 33)},
		},
		{
			name: "neutral", cloud: "neutral",
			clusters:  []string{"a", "1.A_b-c", strings.Repeat("a", 63)},
			groups:    []string{"a", "1.A_b-c"},
			noCluster: []string{"", "..", "a/b", "a b", strings.Repeat("a", 64)},
			noGroup:   []string{"", ".a", "a/b"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, _ := Get(tt.cloud)
			cluster := func(name string) error { return p.Caps.CheckCluster(createRequest(p, name)) }
			group := func(name string) error { return p.Caps.CheckNodeGroup(p.SampleNodeGroup(name)) }
			accepted(t, "cluster", cluster, tt.clusters)
			accepted(t, "node group", group, tt.groups)
			refused(t, "cluster", cluster, tt.noCluster)
			refused(t, "node group", group, tt.noGroup)
		})
	}
}

func accepted(t *testing.T, what string, check func(string) error, names []string) {
	t.Helper()
	for _, name := range names {
		if err := check(name); err != nil {
			t.Errorf("%s %q is refused: %v", what, name, err)
		}
	}
}

func refused(t *testing.T, what string, check func(string) error, names []string) {
	t.Helper()
	for _, name := range names {
		var fault *pmks.Error
		err := check(name)
		if !errors.Is(err, pmks.ErrInvalidArgument) || !errors.As(err, &fault) || fault.Field != "IId.NameId" {
			t.Errorf("%s %q: %v, want an invalid IId.NameId", what, name, err)
		}
	}
}

// TestCaps_Patterns checks the rules that a sample name cannot show.
func TestCaps_Patterns(t *testing.T) {
	each(t, func(t *testing.T, p *Profile) {
		for _, rule := range []pmks.NameRule{p.Caps.ClusterName, p.Caps.NodeGroupName} {
			if _, err := regexp.Compile(rule.Pattern); err != nil || rule.Pattern == "" {
				t.Errorf("pattern %q: %v", rule.Pattern, err)
			}
			if strings.HasPrefix(rule.Pattern, "^") || strings.HasSuffix(rule.Pattern, "$") {
				t.Errorf("pattern %q is anchored; the whole name is matched anyway", rule.Pattern)
			}
			if rule.MaxLength < 1 {
				t.Errorf("longest name is %d", rule.MaxLength)
			}
		}
	})
}
