// SPDX-License-Identifier: Apache-2.0

package pmks

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/pmks-go/pmks/internal/kver"
)

// faults collects everything wrong with a request, so that one error names all. It is
// what refuse.List is to providers, which makes errors of this package and so cannot be
// used by it.
type faults []error

func (f *faults) add(field, format string, args ...any) {
	*f = append(*f, invalid(field, format, args...))
}

func (f *faults) addErr(err error) {
	if err != nil {
		*f = append(*f, err)
	}
}

func (f faults) err() error { return joinOnce(f) }

// CheckCluster checks a create request against c and returns every fault, joined:
// ErrInvalidArgument with its Field for what is missing or wrong, ErrUnsupported
// for a field that the cloud cannot honour. It makes no network call. [Client]
// calls it; so does every provider of pmks.
func (c Capabilities) CheckCluster(req ClusterInfo) error {
	var f faults
	c.ClusterName.check(&f, "IId.NameId", req.IId.NameId)
	checkVersion(&f, "Version", req.Version)

	fields, network := c.Fields, req.Network
	if use(&f, fields.VPC, "Network.VpcIID", c.Provider, !network.VpcIID.IsZero()) {
		f.addErr(CheckIID("Network.VpcIID", network.VpcIID))
	}
	if n := len(network.SubnetIIDs); n < c.Subnets.Min {
		f.add("Network.SubnetIIDs", "%s needs at least %d, got %d", c.Provider, c.Subnets.Min, n)
	} else if c.Subnets.Max > 0 && n > c.Subnets.Max {
		f.add("Network.SubnetIIDs", "%s takes at most %d, got %d", c.Provider, c.Subnets.Max, n)
	}
	checkIIDs(&f, "Network.SubnetIIDs", network.SubnetIIDs)
	if use(&f, fields.SecurityGroups, "Network.SecurityGroupIIDs", c.Provider, len(network.SecurityGroupIIDs) > 0) {
		if n := len(network.SecurityGroupIIDs); fields.MaxSecurityGroups > 0 && n > fields.MaxSecurityGroups {
			f.add("Network.SecurityGroupIIDs", "%s takes at most %d, got %d", c.Provider, fields.MaxSecurityGroups, n)
		}
		checkIIDs(&f, "Network.SecurityGroupIIDs", network.SecurityGroupIIDs)
	}
	c.checkTags(&f, req.TagList)
	c.checkAccess(&f, req.Access)
	c.checkGroupsAtCreate(&f, req.NodeGroupList)
	return f.err()
}

// CheckTags checks the tags of SetTags as CheckCluster checks those of a request.
func (c Capabilities) CheckTags(tags []KeyValue) error {
	var f faults
	c.checkTags(&f, tags)
	return f.err()
}

// CheckNodeGroup checks the request of a node group as CheckCluster does.
func (c Capabilities) CheckNodeGroup(req NodeGroupInfo) error {
	var f faults
	c.checkNodeGroup(&f, "", req, true)
	return f.err()
}

// CheckScaling checks the sizes of ChangeNodeGroupScaling: 0 <= min <= desired <=
// max, max >= 1, and no zero where the cloud has none. A desired size of 0 is let
// through when min is not 0: with autoscaling on it means "leave it". The handler
// refuses it when autoscaling turns out to be off.
func (c Capabilities) CheckScaling(desired, minSize, maxSize int) error {
	var f faults
	c.checkSizes(&f, "", desired, minSize, maxSize, desired == 0 && minSize > 0)
	return f.err()
}

func (c Capabilities) checkTags(f *faults, tags []KeyValue) {
	if !use(f, c.Fields.Tags, "TagList", c.Provider, len(tags) > 0) {
		return
	}
	if c.Fields.MaxTags > 0 && len(tags) > c.Fields.MaxTags {
		f.add("TagList", "%s takes at most %d, got %d", c.Provider, c.Fields.MaxTags, len(tags))
	}
	seen := make(map[string]bool, len(tags))
	for i, tag := range tags {
		field := fmt.Sprintf("TagList[%d].Key", i)
		switch {
		case tag.Key == "":
			f.add(field, "must not be empty")
		case seen[tag.Key]:
			f.add(field, "%q is given twice", clip(tag.Key))
		default:
			f.addErr(checkText(field, tag.Key))
			f.addErr(checkText(fmt.Sprintf("TagList[%d].Value", i), tag.Value))
		}
		seen[tag.Key] = true
	}
}

func (c Capabilities) checkGroupsAtCreate(f *faults, groups []NodeGroupInfo) {
	rule, n := c.GroupsAtCreate, len(groups)
	switch {
	case n > 0 && rule.Max == 0:
		f.add("NodeGroupList", "%s is a %s cloud: create the cluster first and add node groups with AddNodeGroup, or let Provision do both", c.Provider, c.ClusterType)
	case n < rule.Min:
		f.add("NodeGroupList", "%s needs at least %d in the create request, got %d", c.Provider, rule.Min, n)
	case rule.Max > 0 && n > rule.Max:
		f.add("NodeGroupList", "%s takes at most %d in the create request, got %d: add the others with AddNodeGroup, or let Provision do it", c.Provider, rule.Max, n)
	}
	seen := make(map[string]bool, n)
	for i, g := range groups {
		path := fmt.Sprintf("NodeGroupList[%d].", i)
		fixed := i == 0 && rule.FixedFirstName != ""
		c.checkNodeGroup(f, path, g, !fixed)
		if name := g.IId.NameId; name != "" {
			if seen[name] {
				f.add(path+"IId.NameId", "%q is given twice", clip(name))
			}
			seen[name] = true
		}
	}
	if rule.Min > 0 && n > 0 && groups[0].DesiredNodeSize == 0 && c.Scaling.ToZero {
		f.add("NodeGroupList[0].DesiredNodeSize", "the first group of a cluster needs at least one node on %s", c.Provider)
	}
	if rule.Min > 0 && n > 0 && groups[0].Spot && c.NodeGroups.Spot == FieldOptional && !c.NodeGroups.SpotFirst {
		f.add("NodeGroupList[0].Spot", "the first group of a cluster cannot be spot on %s: it runs what the cluster needs itself", c.Provider)
	}
}

// checkNodeGroup appends the faults of one group; path is the prefix of its
// fields. The name is not checked where the cloud gives one of its own.
func (c Capabilities) checkNodeGroup(f *faults, path string, g NodeGroupInfo, named bool) {
	if named {
		c.NodeGroupName.check(f, path+"IId.NameId", g.IId.NameId)
	}
	fields := c.Fields
	if use(f, fields.Image, path+"ImageIID", c.Provider, !isDefault(g.ImageIID.NameId) || !isDefault(g.ImageIID.SystemId)) {
		f.addErr(CheckIID(path+"ImageIID", g.ImageIID))
	}
	if use(f, fields.VMSpec, path+"VMSpecName", c.Provider, !isDefault(g.VMSpecName)) {
		f.addErr(checkSegment(path+"VMSpecName", g.VMSpecName))
	}
	if use(f, fields.RootDiskType, path+"RootDiskType", c.Provider, !isDefault(g.RootDiskType)) {
		f.addErr(checkText(path+"RootDiskType", g.RootDiskType))
	}
	if use(f, fields.RootDiskSize, path+"RootDiskSize", c.Provider, !isDefault(g.RootDiskSize)) {
		c.checkDiskSize(f, path+"RootDiskSize", g.RootDiskSize)
	}
	if use(f, fields.KeyPair, path+"KeyPairIID", c.Provider, !g.KeyPairIID.IsZero()) {
		f.addErr(CheckIID(path+"KeyPairIID", g.KeyPairIID))
	}
	c.checkNodes(f, path, g)
	g = c.WithDefaultBounds(g)
	c.checkSizes(f, path, g.DesiredNodeSize, g.MinNodeSize, g.MaxNodeSize, false)
}

// WithDefaultBounds returns g with bounds. Where a request leaves them out (both
// are 0), the group may not grow by itself: MinNodeSize is 1, or 0 for an empty
// group on a cloud that has those, and MaxNodeSize is the size, at least 1.
// [Client] sends requests so, every provider of pmks makes groups so, whether or
// not autoscaling is on, and shows groups so for which nobody gave bounds: what
// was read can be written back.
func (c Capabilities) WithDefaultBounds(g NodeGroupInfo) NodeGroupInfo {
	if g.MinNodeSize != 0 || g.MaxNodeSize != 0 {
		return g
	}
	g.MinNodeSize, g.MaxNodeSize = 1, max(1, g.DesiredNodeSize)
	if c.Scaling.ToZero && g.DesiredNodeSize == 0 {
		g.MinNodeSize = 0
	}
	return g
}

// prepare returns a copy of a create request as it is sent.
func (c Capabilities) prepare(req ClusterInfo) ClusterInfo {
	req = req.Clone()
	for i, g := range req.NodeGroupList {
		req.NodeGroupList[i] = c.WithDefaultBounds(g)
	}
	return req
}

func (c Capabilities) checkDiskSize(f *faults, field, size string) {
	n, err := strconv.Atoi(size)
	switch {
	case err != nil || n < 1:
		f.add(field, "%q is not a number of GiB; leave it empty for the cloud's default", clip(size))
	case c.Fields.MinRootDiskSize > 0 && n < c.Fields.MinRootDiskSize:
		f.add(field, "%s needs at least %d GiB, got %d", c.Provider, c.Fields.MinRootDiskSize, n)
	case c.Fields.MaxRootDiskSize > 0 && n > c.Fields.MaxRootDiskSize:
		f.add(field, "%s takes at most %d GiB, got %d", c.Provider, c.Fields.MaxRootDiskSize, n)
	}
}

func (c Capabilities) checkSizes(f *faults, path string, desired, minSize, maxSize int, leaveDesired bool) {
	switch {
	case minSize < 0:
		f.add(path+"MinNodeSize", "must not be negative, got %d", minSize)
	case minSize == 0 && !c.Scaling.ToZero:
		f.add(path+"MinNodeSize", "%s has no empty node groups: give at least 1", c.Provider)
	}
	if maxSize < 1 {
		f.add(path+"MaxNodeSize", "must be at least 1, got %d", maxSize)
	} else if maxSize > math.MaxInt32 { // what the APIs of the clouds can carry
		f.add(path+"MaxNodeSize", "must be at most %d, got %d", math.MaxInt32, maxSize)
	} else if maxSize < minSize {
		f.add(path+"MaxNodeSize", "must not be below MinNodeSize %d, got %d", minSize, maxSize)
	}
	switch {
	case leaveDesired:
	case desired < 0:
		f.add(path+"DesiredNodeSize", "must not be negative, got %d", desired)
	case desired == 0 && !c.Scaling.ToZero:
		f.add(path+"DesiredNodeSize", "%s has no empty node groups: give at least 1", c.Provider)
	case desired < minSize || desired > maxSize:
		f.add(path+"DesiredNodeSize", "must lie between MinNodeSize %d and MaxNodeSize %d, got %d", minSize, maxSize, desired)
	}
}

// Ignored returns the paths of the fields of req that the cloud ignores, for the
// KeyValueList entry [KeyIgnored].
func (c Capabilities) Ignored(req NodeGroupInfo) []string {
	var paths []string
	for _, field := range []struct {
		use   FieldUse
		name  string
		given bool
	}{
		{c.Fields.Image, "ImageIID", !isDefault(req.ImageIID.NameId) || !isDefault(req.ImageIID.SystemId)},
		{c.Fields.VMSpec, "VMSpecName", !isDefault(req.VMSpecName)},
		{c.Fields.RootDiskType, "RootDiskType", !isDefault(req.RootDiskType)},
		{c.Fields.RootDiskSize, "RootDiskSize", !isDefault(req.RootDiskSize)},
		{c.Fields.KeyPair, "KeyPairIID", !req.KeyPairIID.IsZero()},
	} {
		if field.use == FieldIgnored && field.given {
			paths = append(paths, field.name)
		}
	}
	return paths
}

// use applies the rule of one field and reports whether its value is to be
// checked further.
func use(f *faults, rule FieldUse, field, provider string, given bool) bool {
	switch {
	case rule == FieldRequired && !given:
		f.add(field, "%s requires it", provider)
	case rule == FieldRefused && given:
		*f = append(*f, &Error{Code: CodeUnsupported, Field: field,
			Message: fmt.Sprintf("%s cannot honour it: leave it out", provider)})
	case given:
		return true
	}
	return false
}

// isDefault reports whether a text leaves the choice to the cloud.
func isDefault(s string) bool { return kver.IsDefault(s) }

func checkVersion(f *faults, field, version string) {
	if kver.IsDefault(version) {
		return
	}
	if _, err := kver.Parse(version); err != nil {
		f.add(field, "%q is not a Kubernetes version such as 1.33 or 1.33.2; leave it empty for the cloud's default", clip(version))
	}
}

// patterns caches compiled name patterns: there are two per cloud.
var patterns sync.Map // string to *regexp.Regexp

func (r NameRule) check(f *faults, field, name string) {
	if name == "" {
		f.add(field, "must not be empty")
		return
	}
	if err := checkSegment(field, name); err != nil {
		f.addErr(err)
		return
	}
	if r.MaxLength > 0 && utf8.RuneCountInString(name) > r.MaxLength {
		f.add(field, "must have at most %d characters, got %d", r.MaxLength, utf8.RuneCountInString(name))
		return
	}
	if slices.ContainsFunc(r.Reserved, func(s string) bool { return strings.EqualFold(s, name) }) {
		f.add(field, "%q is reserved by the cloud", clip(name))
		return
	}
	if r.Pattern == "" {
		return
	}
	if !compile(r.Pattern).MatchString(name) {
		f.add(field, "%q must match %s", clip(name), r.Pattern)
	}
}

// compile returns the expression for a pattern. It panics on one that does not
// compile: patterns are constants of a provider.
func compile(pattern string) *regexp.Regexp {
	if known, ok := patterns.Load(pattern); ok {
		return known.(*regexp.Regexp) //nolint:errcheck // only this function stores
	}
	re := regexp.MustCompile(`^(?:` + pattern + `)$`)
	patterns.Store(pattern, re)
	return re
}
