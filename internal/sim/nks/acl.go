// SPDX-License-Identifier: Apache-2.0

package nks

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// maxACLTargets is how many ranges an access list holds.
const maxACLTargets = 100

// The access list of a cluster's API endpoint: whether it is on is a text, of another
// case in answers than in the sample of a request.
type (
	aclRequest struct {
		Enable  string      `json:"enable"`
		Action  string      `json:"action"`
		Targets []aclTarget `json:"ipacl_targets"`
	}
	aclTarget struct {
		Address     string `json:"cidr_address"`
		Description string `json:"description,omitempty"`
	}
	// aclObject has no action and no targets while the list is off.
	aclObject struct {
		ClusterUUID string      `json:"cluster_uuid"`
		Enable      string      `json:"enable"`
		Action      string      `json:"action,omitempty"`
		Targets     []aclTarget `json:"ipacl_targets,omitempty"`
	}
)

// acl is the access list of a cluster. Without an action it is off.
type acl struct {
	action  string
	targets []aclTarget
}

// getACL shows the access list of a cluster's API endpoint.
func (s *Server) getACL(c *call) (*answer, *apiError) {
	shown, rec, e := s.view(c)
	if e != nil {
		return nil, e
	}
	out := aclObject{ClusterUUID: shown.ID, Enable: "false"}
	if rec.acl.action != "" {
		out.Enable, out.Action, out.Targets = "true", rec.acl.action, rec.acl.targets
		if s.assume.ACLShowsSubnet && out.Action == "ALLOW" {
			out.Targets = append(slices.Clone(out.Targets), aclTarget{Address: rec.subnet().CIDR})
		}
	}
	return ok(out)
}

// setACL replaces the access list of a cluster that rests. Its nodes stay as they are.
func (s *Server) setACL(c *call) (*answer, *apiError) {
	var in aclRequest
	if err := simkit.Decode(c.body, &in); err != nil {
		return nil, decodeFault(err)
	}
	rec, e := s.current(c)
	if e != nil {
		return nil, e
	}
	next := acl{}
	switch {
	case strings.EqualFold(in.Enable, "True"):
		if e := checkACL(in, rec.subnet()); e != nil {
			return nil, e
		}
		next = acl{in.Action, in.Targets}
	case !strings.EqualFold(in.Enable, "False"):
		return nil, badRequest("The value %.64q of enable is invalid.", in.Enable)
	}
	if e := s.checkIdle(rec, "Updating a cluster", false); e != nil {
		return nil, e
	}
	ev := s.newEvent(c, rec, eventACL, rawDetails(c.body))
	cmd := core.Work{ClusterID: rec.live.ID, Took: s.typical(profile.UpdateCluster)}
	if _, err := c.project.world.Apply(c.Now, cmd, s.outcome(c, rec, nil, ev, "UPDATE", func() { rec.acl = next })); err != nil {
		return nil, s.refused(err)
	}
	rec.note(ev)
	return s.accepted(rec.live.ID), nil
}

// checkACL refuses a list that is on and that NKS would refuse.
func checkACL(in aclRequest, subnet Subnet) *apiError {
	switch {
	case in.Action != "ALLOW" && in.Action != "DENY":
		return badRequest("The action %.64q is invalid, it must be ALLOW or DENY.", in.Action)
	case len(in.Targets) < 1 || len(in.Targets) > maxACLTargets:
		return badRequest("There must be 1 to %d ipacl_targets.", maxACLTargets)
	}
	for _, target := range in.Targets {
		p, known := aclRange(target.Address)
		if !known {
			return badRequest("The cidr_address %.64q is neither an address nor a range.", target.Address)
		}
		if in.Action == "DENY" && p.Overlaps(subnet.prefix()) {
			return badRequest("The cidr_address %s overlaps the default subnet %s of the cluster, which cannot be denied.", target.Address, subnet.CIDR)
		}
	}
	return nil
}

// aclRange reads an address or a range, which may have bits behind its prefix.
func aclRange(text string) (netip.Prefix, bool) {
	if a, err := netip.ParseAddr(text); err == nil {
		return netip.PrefixFrom(a, a.BitLen()), a.Is4()
	}
	p, err := netip.ParsePrefix(text)
	return p.Masked(), err == nil && p.Addr().Is4()
}

// subnet is the one that a cluster was made in.
func (rec *clusterRecord) subnet() Subnet {
	s, _ := rec.project.resources.subnet(rec.request.FixedSubnet)
	return s
}
