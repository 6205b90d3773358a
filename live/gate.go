// SPDX-License-Identifier: Apache-2.0

package live

import (
	"fmt"
	"maps"
	"math"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc"

	"github.com/pmks-go/pmks"
)

// The variables of the kit. Those of the account are the ones that pmks.ConfigFromEnv
// reads: PMKS_AWS_REGION, PMKS_AWS_ACCESS_KEY_ID and so on.
const (
	envRecord  = "PMKS_LIVE_RECORD"  // the file that the record is written to
	envConfirm = "PMKS_LIVE_CONFIRM" // the phrase that a run prints first
	envVPC     = "PMKS_LIVE_VPC"
	envSubnets = "PMKS_LIVE_SUBNETS" // separated by commas
	envGroups  = "PMKS_LIVE_SECURITY_GROUPS"
	envVMSpec  = "PMKS_LIVE_VM_SPEC"
	envKeyPair = "PMKS_LIVE_KEY_PAIR"
	envImage   = "PMKS_LIVE_IMAGE"
	envDisk    = "PMKS_LIVE_DISK_TYPE"
	envSize    = "PMKS_LIVE_DISK_SIZE"
)

// settingsNeeded are the settings without which a provider cannot do anything here.
var settingsNeeded = map[string][]string{"azure": {"resourceGroup"}}

// price is what things cost in US dollars an hour: a control plane, and a node of 2 to 4
// CPUs. UNVERIFIED: rounded up from the vendors' public price lists for orders of
// magnitude; regions, disks, addresses and traffic come on top. Look at your own list.
type price struct{ plane, node float64 }

var prices = map[string]price{
	"alibaba": {0.10, 0.15}, "aws": {0.10, 0.06}, "azure": {0.10, 0.25}, "gcp": {0.10, 0.20},
	"ibm": {0.00, 0.25}, "nhn": {0.15, 0.20}, "tencent": {0.15, 0.15},
}

// plan is what a run would do, and what it needs.
type plan struct {
	cloud, what string
	config      pmks.Config
	request     pmks.ClusterInfo
	record      string
	// simulated: the transport leads to a simulator; and so does dial, over gRPC.
	simulated bool
	dial      []grpc.DialOption
	// look is how long a wait rests between two looks; 0 means usualLook.
	look time.Duration
	// missing are the variables that are not set.
	missing []string
	// expected is how long it takes, and limit after how long it is given up; the deletion
	// at the end has teardown for itself.
	expected, limit, teardown time.Duration
	// dollars is about what it costs.
	dollars float64
}

// readPlan reads the variables for a run on a cloud.
func readPlan(cloud, what string, upgrade bool, caps pmks.Capabilities) (*plan, error) {
	p := &plan{cloud: cloud, what: what}
	var provider pmks.Provider
	for _, known := range pmks.Providers() {
		if known.Name == cloud {
			provider = known
		}
	}
	if provider.Name == "" {
		return nil, fmt.Errorf("there is no provider %q", cloud)
	}
	var err error
	if p.config, err = pmks.ConfigFromEnv(cloud); err != nil {
		return nil, err
	}
	// Some names are those of a credential and of a setting, such as tenantId: a variable is
	// then read as the setting. Here all are what the account is reached by.
	for _, c := range provider.Credentials {
		if v := p.config.Settings[c.Name]; v != "" && p.config.Credentials[c.Name] == "" {
			p.config.Credentials[c.Name] = v
			delete(p.config.Settings, c.Name)
		}
	}
	p.simulated = onLoopback(p.config.Endpoint)
	sample, err := simulate(cloud, "", nil)
	if err != nil {
		return nil, err
	}
	p.need(p.config.Region != "" || p.config.Zone != "" && sample.config.Zone != "", provider.EnvName("region"))
	p.need(p.config.Zone != "" || sample.config.Zone == "", provider.EnvName("zone"))
	for _, name := range slices.Sorted(maps.Keys(sample.config.Credentials)) {
		p.need(p.config.Credentials[name] != "", provider.EnvName(name))
	}
	for _, name := range settingsNeeded[cloud] {
		p.need(p.config.Settings[name] != "", provider.EnvName(name))
	}
	p.record = p.variable(envRecord, true)
	if what != "sweep" {
		p.readRequest(caps)
	}
	p.estimate(upgrade, caps)
	return p, nil
}

// onLoopback reports whether an endpoint is on this machine, where no cloud is but
// pmks-sim may be.
func onLoopback(endpoint string) bool {
	u, err := url.Parse(endpoint)
	return err == nil && (u.Hostname() == "localhost" || net.ParseIP(u.Hostname()).IsLoopback())
}

func (p *plan) need(there bool, name string) {
	if !there {
		p.missing = append(p.missing, name)
	}
}

func (p *plan) variable(name string, required bool) string {
	v := strings.TrimSpace(os.Getenv(name))
	p.need(v != "" || !required, name)
	return v
}

// readRequest reads what the cluster is made of.
func (p *plan) readRequest(caps pmks.Capabilities) {
	required := func(use pmks.FieldUse) bool { return use == pmks.FieldRequired }
	var subnets, groups []pmks.IID
	for v := range strings.SplitSeq(p.variable(envSubnets, true), ",") {
		subnets = appendIID(subnets, v)
	}
	for v := range strings.SplitSeq(p.variable(envGroups, required(caps.Fields.SecurityGroups)), ",") {
		groups = appendIID(groups, v)
	}
	p.request.Network = pmks.NetworkInfo{VpcIID: iidOf(p.variable(envVPC, true)), SubnetIIDs: subnets, SecurityGroupIIDs: groups}
	p.request.NodeGroupList = []pmks.NodeGroupInfo{{
		VMSpecName:   p.variable(envVMSpec, true),
		KeyPairIID:   iidOf(p.variable(envKeyPair, required(caps.Fields.KeyPair))),
		ImageIID:     iidOf(p.variable(envImage, required(caps.Fields.Image))),
		RootDiskType: p.variable(envDisk, required(caps.Fields.RootDiskType)),
		RootDiskSize: p.variable(envSize, required(caps.Fields.RootDiskSize)),
	}}
}

// iidOf reads "name=web" as a name and everything else as an id.
func iidOf(v string) pmks.IID {
	v = strings.TrimSpace(v)
	if name, ok := strings.CutPrefix(v, "name="); ok {
		return pmks.IID{NameId: name}
	}
	return pmks.IID{SystemId: v}
}

func appendIID(list []pmks.IID, v string) []pmks.IID {
	if iid := iidOf(v); !iid.IsZero() {
		list = append(list, iid)
	}
	return list
}

// estimate says how long a run takes and what it costs.
func (p *plan) estimate(upgrade bool, caps pmks.Capabilities) {
	t := caps.Typical
	p.expected = 5 * time.Minute
	if p.what == "life" {
		p.expected += t.CreateCluster + 2*t.AddNodeGroup + 4*t.ScaleNodeGroup + t.RemoveNodeGroup + t.DeleteCluster
		if upgrade {
			p.expected += t.UpgradeControlPlane + t.UpgradeNodeGroup
		}
		c := prices[p.cloud]
		p.dollars = 2 * p.expected.Hours() * (c.plane + 3*c.node)
	}
	p.limit = 3 * p.expected
	p.teardown = max(30*time.Minute, 3*(t.DeleteCluster+t.RemoveNodeGroup))
}

// phrase is what has to be in PMKS_LIVE_CONFIRM: it holds the time and the cost, so that
// who sets it has seen them.
func (p *plan) phrase() string {
	return fmt.Sprintf("%s-%s-%.0fmin-%.0fusd", p.cloud, p.what, math.Ceil(p.expected.Minutes()), math.Ceil(p.dollars))
}

// text is what a run prints before it does anything.
func (p *plan) text() string {
	what := map[string]string{
		"tour":  "read everything that pmks can read, and change nothing",
		"life":  "the same, then make one cluster with one node of each of two node groups, change it, and delete it",
		"sweep": "delete every cluster that begins with " + namePrefix + " and has the tag " + tagKey + " (NHN: the name alone)",
	}[p.what]
	of := p.cloud
	if p.simulated {
		of = "a SIMULATOR of " + of
	}
	return fmt.Sprintf(`On %s, region %s: %s.
Time: about %v; given up after %v, and then %v for the deletion.
Cost: about %.2f US dollars (UNVERIFIED, twice the expected time; look at your price list).
The record goes to %s.
To go on: %s=%s`, of, p.config.Region, what, p.expected.Round(time.Minute), p.limit.Round(time.Minute), p.teardown.Round(time.Minute), p.dollars, p.record, envConfirm, p.phrase())
}

// refusal is why a run must not begin; empty: it may. left is the time that the test
// process has, 0 for no end.
func (p *plan) refusal(left time.Duration) string {
	switch {
	case len(p.missing) > 0:
		return "these variables are not set: " + strings.Join(p.missing, ", ")
	case !filepath.IsAbs(p.record):
		return fmt.Sprintf("%s: %q is not a whole path: the tests of a package run in its directory", envRecord, p.record)
	case os.Getenv(envConfirm) != p.phrase():
		return fmt.Sprintf("%s is not %s", envConfirm, p.phrase())
	case left > 0 && left < p.limit+p.teardown:
		return fmt.Sprintf("the test ends in %v, before the run would: give -timeout %v or 0", left.Round(time.Second), (p.limit + p.teardown + time.Minute).Round(time.Minute))
	}
	return ""
}

// say prints at once, for a run that takes an hour.
func say(format string, args ...any) {
	fmt.Fprintln(os.Stderr, time.Now().Format(time.TimeOnly), fmt.Sprintf(format, args...))
}
