// SPDX-License-Identifier: Apache-2.0

package alibaba

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/alibabacloud-go/tea/tea"

	"github.com/pmks-go/pmks"
)

// TestChooseRanges: the first free ranges, the same for the same request; what is set comes
// first, and is refused where it overlaps.
func TestChooseRanges(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		pods, services string
		used           []string
		want           string
		says           string
	}{
		"empty-vpc":          {"", "", nil, "172.20.0.0/16 172.19.0.0/20", ""},
		"vpc-of-192":         {"", "", []string{"192.168.0.0/16"}, "172.20.0.0/16 172.19.0.0/20", ""},
		"vpc-of-172":         {"", "", []string{"172.16.0.0/12"}, "10.255.0.0/16 192.168.0.0/20", ""},
		"vpc-of-172-and-192": {"", "", []string{"172.16.0.0/12", "192.168.0.0/16"}, "", "serviceCidr"},
		"second-cluster":     {"", "", []string{"10.0.0.0/8", "172.20.0.0/16", "172.19.0.0/20"}, "172.21.0.0/16 172.19.16.0/20", ""},
		"small-subnet":       {"", "", []string{"172.20.5.0/24", "172.19.0.16/28"}, "172.21.0.0/16 172.19.16.0/20", ""},
		"pods-set":           {"10.64.0.0/12", "", []string{"192.168.0.0/16"}, "10.64.0.0/12 172.19.0.0/20", ""},
		"services-set":       {"", "172.20.0.0/20", []string{"192.168.0.0/16"}, "172.21.0.0/16 172.20.0.0/20", ""},
		"both-set":           {"10.1.0.0/16", "10.2.0.0/20", nil, "10.1.0.0/16 10.2.0.0/20", ""},
		"set-and-used":       {"10.1.0.0/16", "", []string{"10.0.0.0/8"}, "", "podCidr"},
		"overlap-each-other": {"10.1.0.0/16", "10.1.16.0/20", nil, "", "podCidr"},
		"nothing-left":       {"", "", []string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"}, "", "podCidr"},
	} {
		h := &Handler{cfg: &Config{PodCIDR: test.pods, ServiceCIDR: test.services}}
		used := prefixes(test.used...)
		before := len(used)
		pods, services, err := h.chooseRanges(used)
		if test.says != "" {
			code := pmks.CodeOf(err)
			if code != pmks.CodeFailedPrecondition && code != pmks.CodeInvalidArgument || !strings.Contains(err.Error(), test.says) {
				t.Errorf("%s: got %v, want %s to be named", name, err, test.says)
			}
			continue
		}
		if got := pods.String() + " " + services.String(); err != nil || got != test.want {
			t.Errorf("%s: got %s, %v, want %s", name, got, err, test.want)
		}
		for _, p := range append(used, services) {
			if p.Overlaps(pods) {
				t.Errorf("%s: %s overlaps %s", name, pods, p)
			}
		}
		if len(used) != before {
			t.Errorf("%s: the input was changed", name)
		}
	}
}

// TestClusterRanges: those of every cluster of the VPC, of whatever type, but for the
// deleted.
func TestClusterRanges(t *testing.T) {
	t.Parallel()
	of := func(vpc, state, pods, services string) *cluster {
		return &cluster{VpcId: &vpc, State: &state, ContainerCidr: &pods, ServiceCidr: &services, ClusterType: tea.String("Kubernetes")}
	}
	got := clusterRanges([]*cluster{of("v1", "running", "172.20.0.0/16", "172.19.0.0/20"), of("v2", "running", "10.0.0.0/16", "10.1.0.0/16"),
		of("v1", "deleted", "172.21.0.0/16", "172.22.0.0/20"), of("v1", "failed", "", "not-a-range")}, "v1")
	want := []netip.Prefix{netip.MustParsePrefix("172.20.0.0/16"), netip.MustParsePrefix("172.19.0.0/20")}
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestIDOf tells ids from names: users put either into either half.
func TestIDOf(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		iid  pmks.IID
		want string
	}{
		{pmks.IID{NameId: "vpc-01"}, ""},
		{pmks.IID{NameId: "vpc-6wei16122acvqlzn7e2pf"}, "vpc-6wei16122acvqlzn7e2pf"},
		{pmks.IID{NameId: "vpc-of-the-platform-team"}, ""},
		{pmks.IID{NameId: "anything", SystemId: "vpc-1"}, "vpc-1"},
	} {
		if got := idOf(test.iid, "vpc-"); got != test.want {
			t.Errorf("%+v: got %q, want %q", test.iid, got, test.want)
		}
	}
}
