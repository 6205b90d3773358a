// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kver"
)

// each runs a subtest for every profile.
func each(t *testing.T, test func(t *testing.T, p *Profile)) {
	t.Helper()
	t.Parallel()
	for _, p := range All() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			test(t, p)
		})
	}
}

func TestAll(t *testing.T) {
	t.Parallel()
	want := []string{"aws", "azure", "gcp", "alibaba", "tencent", "nhn", "ibm", "neutral"}
	if got := Names(); !slices.Equal(got, want) {
		t.Errorf("Names() = %v, want %v", got, want)
	}
	for _, name := range want {
		if p, ok := Get(name); !ok || p.Name != name {
			t.Errorf("Get(%q) = %v, %v", name, p, ok)
		}
	}
	if p, ok := Get("oracle"); ok {
		t.Errorf("Get(oracle) = %v, want nothing", p)
	}
}

func TestProfile_Identity(t *testing.T) {
	each(t, func(t *testing.T, p *Profile) {
		if p.Caps.Provider != p.Name {
			t.Errorf("Caps.Provider = %q, want %q", p.Caps.Provider, p.Name)
		}
		if p.Title == "" || p.Region == "" {
			t.Errorf("Title %q, Region %q: want both", p.Title, p.Region)
		}
		if len(p.Zones) == 0 || len(p.Zones) < p.Caps.Subnets.DistinctZones {
			t.Errorf("Zones = %v, want at least one and %d", p.Zones, p.Caps.Subnets.DistinctZones)
		}
		if distinct := slices.Compact(slices.Sorted(slices.Values(p.Zones))); len(distinct) != len(p.Zones) {
			t.Errorf("Zones = %v, want each once", p.Zones)
		}
		if p.PageSize < 1 {
			t.Errorf("PageSize = %d, want at least 1", p.PageSize)
		}
		if p.Spread < 0 || p.Spread >= 1 {
			t.Errorf("Spread = %v, want a fraction", p.Spread)
		}
		if p.UpdateFails != Active && p.UpdateFails != UpdateFailed {
			t.Errorf("UpdateFails = %v, want Active or UpdateFailed", p.UpdateFails)
		}
	})
}

// TestProfile_Words checks that a word tells what the portable status is: no word
// stands for two of them.
func TestProfile_Words(t *testing.T) {
	// A TKE pool stays normal whatever happens to its nodes: only there does a
	// word of Active also stand for what is Inactive.
	shared := map[string]string{"tencent": "normal"}

	each(t, func(t *testing.T, p *Profile) {
		for kind, words := range map[string]map[State]string{"cluster": p.Words.Cluster, "node-group": p.Words.NodeGroup} {
			if len(words) != len(States) {
				t.Errorf("%s: %d words, want one for each of %d states", kind, len(words), len(States))
			}
			meaning := map[string]pmks.ClusterStatus{}
			learn := func(word string, s State) {
				status, _ := s.Portable()
				if word == "" || word != strings.TrimSpace(word) {
					t.Errorf("%s: the word for %v is %q", kind, s, word)
				}
				if known, ok := meaning[word]; ok && known != status && (kind == "cluster" || shared[p.Name] != word) {
					t.Errorf("%s: %q means both %s and %s", kind, word, known, status)
				}
				if _, ok := meaning[word]; !ok {
					meaning[word] = status
				}
			}
			for _, s := range States {
				learn(words[s], s)
			}
			for _, word := range p.Words.UpdatingBy {
				learn(word, Updating)
			}
		}
		if _, ok := p.Words.Cluster[Gone]; ok {
			t.Error("Gone has a word, want none")
		}
	})
}

func TestProfile_Word(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		cloud string
		group bool
		state State
		by    Operation
		want  string
	}{
		{"eks-cluster-active", "aws", false, Active, "", "ACTIVE"},
		{"eks-cluster-upgrading", "aws", false, Updating, UpgradeControlPlane, "UPDATING"},
		{"eks-group-degraded", "aws", true, Degraded, "", "DEGRADED"},
		{"aks-cluster-upgrading", "azure", false, Updating, UpgradeAll, "Upgrading"},
		{"aks-group-scaling", "azure", true, Updating, ScaleNodeGroup, "Scaling"},
		{"aks-group-autoscaling", "azure", true, Updating, SetAutoScaling, "Updating"},
		{"aks-cluster-stopped", "azure", false, Stopped, "", "Stopped"},
		{"gke-group-creating", "gcp", true, Creating, AddNodeGroup, "PROVISIONING"},
		{"gke-group-degraded", "gcp", true, Degraded, "", "RUNNING_WITH_ERROR"},
		{"ack-cluster-upgrading", "alibaba", false, Updating, UpgradeControlPlane, "upgrading"},
		{"ack-group-scaling", "alibaba", true, Updating, ScaleNodeGroup, "scaling"},
		{"ack-group-active", "alibaba", true, Active, "", "active"},
		{"tke-cluster-upgrading", "tencent", false, Updating, UpgradeControlPlane, "Upgrading"},
		{"tke-group-scaling", "tencent", true, Updating, ScaleNodeGroup, "updating"},
		{"nks-cluster-upgrading", "nhn", false, Updating, UpgradeControlPlane, "UPGRADE_IN_PROGRESS"},
		{"nks-group-upgrading", "nhn", true, Updating, UpgradeNodeGroup, "UPDATE_IN_PROGRESS"},
		{"iks-cluster-critical", "ibm", false, Degraded, "", "critical"},
		// What is going on refines Updating only.
		{"aks-active-after-scaling", "azure", true, Active, ScaleNodeGroup, "Succeeded"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, _ := Get(tt.cloud)
			word := p.ClusterWord
			if tt.group {
				word = p.NodeGroupWord
			}
			if got := word(tt.state, tt.by); got != tt.want {
				t.Errorf("word = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestProfile_Offer(t *testing.T) {
	each(t, func(t *testing.T, p *Profile) {
		if !slices.Equal(p.OfferedNames(), kver.Sort(p.OfferedNames())) {
			t.Errorf("offer %v is not newest first: want %v", p.OfferedNames(), kver.Sort(p.OfferedNames()))
		}
		defaults, minors := 0, 0
		var before kver.Version
		for i, offered := range p.Offer {
			v, err := kver.Parse(offered.Name)
			if err != nil {
				t.Fatal(err)
			}
			if v.HasPatch != p.Caps.Versions.Patch {
				t.Errorf("%s: a patch level is %v, want %v", offered.Name, v.HasPatch, p.Caps.Versions.Patch)
			}
			if i == 0 || !v.SameMinor(before) {
				minors++
			}
			if i > 0 && v.Compare(before) == 0 {
				t.Errorf("%s is offered twice", offered.Name)
			}
			if i > 0 && v.MinorDistance(before) > p.Caps.Versions.LargestStep {
				t.Errorf("%s cannot be upgraded: the next is %s", offered.Name, before)
			}
			if offered.Default {
				defaults++
				if i == 0 || offered.Deprecated {
					t.Errorf("the default %s is the newest, or deprecated", offered.Name)
				}
			}
			before = v
		}
		if defaults != 1 {
			t.Errorf("%d defaults, want 1", defaults)
		}
		if minors < 4 {
			t.Errorf("%d minors, want at least 4", minors)
		}
	})
}

// TestProfile_Steps climbs from the oldest version to the newest, as an upgrade
// does.
func TestProfile_Steps(t *testing.T) {
	each(t, func(t *testing.T, p *Profile) {
		names := p.OfferedNames()
		at, target := names[len(names)-1], names[0]
		steps := 0
		for ; steps < len(names); steps++ {
			next, err := kver.Next(at, target, names, p.Caps.Versions.LargestStep)
			if err != nil {
				t.Fatalf("from %s: %v", at, err)
			}
			if next == "" {
				break
			}
			at = next
		}
		if at != target || steps < 3 {
			t.Errorf("reached %s in %d steps, want %s in at least 3", at, steps, target)
		}
	})
}

func TestProfile_Versions(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, cloud, want, form string }{
		{"eks", "aws", "1.34", `1\.\d+`},
		{"aks", "azure", "1.34.4", `1\.\d+\.\d+`},
		{"gke", "gcp", "1.33.5-gke.2072000", `1\.\d+\.\d+-gke\.\d{7}`},
		{"ack", "alibaba", "1.35.3-aliyun.1", `1\.\d+\.\d+-aliyun\.\d+`},
		{"tke-even-minors", "tencent", "1.32.2", `1\.\d*[02468]\.\d+`},
		{"nks-with-v", "nhn", "v1.32.3", `v1\.\d+\.\d+`},
		{"iks-without-fix-pack", "ibm", "1.34.4", `1\.\d+\.\d+`},
		{"neutral", "neutral", "1.34.5", `1\.\d+\.\d+`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, _ := Get(tt.cloud)
			if got := p.Default(); got != tt.want {
				t.Errorf("Default() = %q, want %q", got, tt.want)
			}
			form := regexp.MustCompile("^" + tt.form + "$")
			for _, name := range p.OfferedNames() {
				if !form.MatchString(name) {
					t.Errorf("%q is not of the form %s", name, tt.form)
				}
			}
		})
	}
}

func TestProfile_Typical(t *testing.T) {
	each(t, func(t *testing.T, p *Profile) {
		for _, op := range []Operation{CreateCluster, DeleteCluster, AddNodeGroup, RemoveNodeGroup, ScaleNodeGroup,
			SetAutoScaling, UpgradeControlPlane, UpgradeNodeGroup, UpgradeAll, UpdateCluster} {
			if d := p.Typical(op); d < 10*time.Second || d > 90*time.Minute {
				t.Errorf("Typical(%s) = %s", op, d)
			}
		}
		// Longer before shorter, on every cloud.
		for _, pair := range [][2]Operation{
			{CreateCluster, AddNodeGroup}, {CreateCluster, DeleteCluster}, {AddNodeGroup, ScaleNodeGroup},
			{UpgradeControlPlane, ScaleNodeGroup}, {UpgradeNodeGroup, ScaleNodeGroup}, {UpgradeAll, UpgradeControlPlane},
		} {
			if p.Typical(pair[0]) < p.Typical(pair[1]) {
				t.Errorf("%s takes %s, %s takes %s", pair[0], p.Typical(pair[0]), pair[1], p.Typical(pair[1]))
			}
		}
	})
}

func TestProfile_IDs(t *testing.T) {
	known := regexp.MustCompile(`^\{(name|cluster|clusterName|group|region|uuid|hex[1-9][0-9]*|alnum[1-9][0-9]*)\}$`)
	random := regexp.MustCompile(`\{(uuid|hex\d+|alnum\d+)\}`)
	placeholder := regexp.MustCompile(`\{[^}]*\}?`)
	each(t, func(t *testing.T, p *Profile) {
		for _, template := range []string{p.IDs.Cluster, p.IDs.NodeGroup, p.IDs.Node, p.IDs.NodeName, p.IDs.Endpoint} {
			for _, s := range placeholder.FindAllString(template, -1) {
				if !known.MatchString(s) {
					t.Errorf("%q has the unknown placeholder %q", template, s)
				}
			}
			if strings.Contains(placeholder.ReplaceAllString(template, ""), "}") {
				t.Errorf("%q has a stray brace", template)
			}
		}
		if p.IDs.Cluster == "" || p.IDs.NodeGroup == "" {
			t.Error("clusters and node groups need ids")
		}
		if !random.MatchString(p.IDs.Cluster) && (!p.UniqueNames || !strings.Contains(p.IDs.Cluster, "{name}")) {
			t.Errorf("cluster ids %q would not be unique", p.IDs.Cluster)
		}
		if !random.MatchString(p.IDs.NodeGroup) && !strings.Contains(p.IDs.NodeGroup, "{name}") {
			t.Errorf("node group ids %q would not be unique", p.IDs.NodeGroup)
		}
		if !random.MatchString(p.IDs.Node) {
			t.Errorf("node ids %q would not be unique", p.IDs.Node)
		}
		if !strings.HasPrefix(p.IDs.Endpoint, "https://") {
			t.Errorf("endpoint %q, want https", p.IDs.Endpoint)
		}
	})
}

func TestProfile_Clone(t *testing.T) {
	each(t, func(t *testing.T, p *Profile) {
		before := snapshot(p)
		c := p.Clone()
		if !reflect.DeepEqual(c, p) {
			t.Fatalf("clone differs:\n got %+v\nwant %+v", c, p)
		}
		c.Name, c.Zones[0], c.Offer[0].Name = "changed", "changed", "0.1"
		c.Words.Cluster[Active], c.Words.NodeGroup[Active] = "changed", "changed"
		if c.Words.UpdatingBy != nil {
			c.Words.UpdatingBy[UpgradeAll] = "changed"
		}
		for _, reserved := range [][]string{c.Caps.ClusterName.Reserved, c.Caps.NodeGroupName.Reserved} {
			for i := range reserved {
				reserved[i] = "changed"
			}
		}
		if after := snapshot(p); !reflect.DeepEqual(after, before) {
			t.Errorf("changing a clone changed the profile:\n got %+v\nwant %+v", after, before)
		}
	})
}

// snapshot copies a profile without Clone.
func snapshot(p *Profile) Profile {
	c := *p
	c.Zones = append([]string(nil), p.Zones...)
	c.Offer = append([]pmks.Version(nil), p.Offer...)
	c.Words = Words{
		Cluster:    maps.Collect(maps.All(p.Words.Cluster)),
		NodeGroup:  maps.Collect(maps.All(p.Words.NodeGroup)),
		UpdatingBy: maps.Collect(maps.All(p.Words.UpdatingBy)),
	}
	c.Caps.ClusterName.Reserved = append([]string(nil), p.Caps.ClusterName.Reserved...)
	c.Caps.NodeGroupName.Reserved = append([]string(nil), p.Caps.NodeGroupName.Reserved...)
	return c
}
