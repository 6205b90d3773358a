// SPDX-License-Identifier: Apache-2.0

package pmks

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/pmks-go/pmks/internal/kver"
)

func (j *job) provision(ctx context.Context, req ClusterInfo) (ClusterInfo, error) {
	create, groups, err := j.split(req)
	if err != nil {
		return ClusterInfo{}, err
	}
	info, adopted, err := j.createOrAdopt(ctx, create, groups)
	if err != nil {
		return info, err
	}
	j.iid = info.IId
	active, err := WaitClusterActive(ctx, j.h, j.iid, j.waits()...)
	if info = latest(info, active); err != nil {
		return info, err
	}
	if adopted { // what it did not tell while it was made
		if err := j.sameAccess(create.Access, info); err != nil {
			return info, err
		}
	}
	for _, g := range groups {
		made, ok := info.NodeGroup(IID{NameId: g.IId.NameId})
		// One whose name the cloud gave cannot be asked for again: nobody else may have it.
		if ok && (!halfMade(g, made) || g.IId.NameId == j.caps.GroupsAtCreate.FixedFirstName) {
			continue
		}
		err := j.send(ctx, "AddNodeGroup", IID{NameId: g.IId.NameId}, func() error {
			_, err := j.h.AddNodeGroup(ctx, j.iid, g)
			return err
		})
		// Another caller, or an earlier attempt whose reply was lost, may have
		// made it since the cluster was read; what differs is told below.
		if err != nil && !errors.Is(err, ErrAlreadyExists) {
			return info, err
		}
	}
	for _, g := range groups {
		made, err := WaitNodeGroupActive(ctx, j.h, j.iid, IID{NameId: g.IId.NameId}, j.waits()...)
		if err != nil {
			return info, err
		}
		if err := differs(g, made); err != nil {
			return info, err
		}
		if made.OnAutoScaling != g.OnAutoScaling || j.caps.Scaling.AutoScaling != AutoScalingNative {
			// Where autoscaling is not the cloud's own, the switch takes full effect
			// only once the group is up; already so is no write.
			err := j.send(ctx, "SetNodeGroupAutoScaling", made.IId, func() error {
				_, err := j.h.SetNodeGroupAutoScaling(ctx, j.iid, made.IId, g.OnAutoScaling)
				return err
			})
			if err != nil {
				return info, err
			}
		}
	}
	if opener, ok := j.h.(AccessOpener); ok && j.caps.Access.OpenCall {
		if err := j.send(ctx, "OpenAccess", IID{}, func() error { return opener.OpenAccess(ctx, j.iid) }); err != nil {
			return info, err
		}
	}
	w := newWait("cluster ready for use", j.h, j.iid, IID{}, j.waits())
	w.follow = true
	ready, err := w.until(ctx, usable(groups, create.Access.Mode))
	return latest(info, ready), err
}

// latest returns what a wait saw last, or what was known before if it saw
// nothing: the caller of a failed job needs the ids of what was made.
func latest(before, seen ClusterInfo) ClusterInfo {
	if seen.IId.IsZero() {
		return before
	}
	return seen
}

// usable is the end of Provision: everything at rest, the groups that were asked
// for Active, and the kubeconfig there, with the endpoints of the mode that was asked
// for: some clouds open them one after the other.
func usable(groups []NodeGroupInfo, mode AccessMode) func(ClusterInfo) (bool, error) {
	absences := 0
	return func(info ClusterInfo) (bool, error) {
		if err := failedState(stateOf(info)); err != nil {
			return false, err
		}
		ready := info.Status == ClusterActive && info.AccessInfo.Kubeconfig != "" &&
			(info.Access.PublicEndpoint != "" || mode != AccessPublic && mode != AccessPublicAndPrivate) &&
			(info.Access.PrivateEndpoint != "" || mode != AccessPrivate && mode != AccessPublicAndPrivate)
		for _, g := range info.NodeGroupList {
			ready = ready && !g.Status.Transitional()
		}
		for _, want := range groups {
			g, found := info.NodeGroup(IID{NameId: want.IId.NameId})
			if !found {
				if absences++; absences >= confirmReads {
					return false, &Error{Code: CodeNotFound, NodeGroup: want.IId, Message: "the node group vanished"}
				}
				return false, nil
			}
			if err := failedState(stateOfGroup(info, g)); err != nil {
				return false, Annotate(err, Error{NodeGroup: g.IId})
			}
			ready = ready && g.Status == NodeGroupActive
		}
		absences = 0
		return ready, nil
	}
}

// split checks the whole request and parts it into what the create call takes and
// all the groups that must be there in the end, by the names they will have.
func (j *job) split(req ClusterInfo) (create ClusterInfo, groups []NodeGroupInfo, err error) {
	groups = req.NodeGroupList
	rule := j.caps.GroupsAtCreate
	n := len(groups)
	if rule.Max >= 0 {
		n = min(n, rule.Max)
	}
	create = req
	create.NodeGroupList = groups[:n:n]
	if j.caps.Provider == "" {
		// Nothing is known of the handler: it checks, and says what it refuses.
		create.NodeGroupList = groups
	} else {
		err = j.check(create, groups, n)
	}
	groups = append([]NodeGroupInfo(nil), groups...)
	if n > 0 && rule.FixedFirstName != "" {
		groups[0].IId = IID{NameId: rule.FixedFirstName}
	}
	return create, groups, err
}

func (j *job) check(create ClusterInfo, groups []NodeGroupInfo, n int) error {
	var f faults
	f.addErr(j.caps.CheckCluster(create))
	seen := map[string]bool{}
	for i, g := range groups {
		if i >= n {
			path := fmt.Sprintf("NodeGroupList[%d].", i)
			j.caps.checkNodeGroup(&f, path, g, true)
			if seen[g.IId.NameId] && g.IId.NameId != "" {
				f.add(path+"IId.NameId", "%q is given twice", clip(g.IId.NameId))
			}
		}
		seen[g.IId.NameId] = true
	}
	return f.err()
}

// createOrAdopt creates the cluster, or finds the one that an earlier call made.
func (j *job) createOrAdopt(ctx context.Context, create ClusterInfo, groups []NodeGroupInfo) (info ClusterInfo, adopted bool, err error) {
	err = j.send(ctx, "CreateCluster", IID{}, func() (err error) {
		info, err = j.h.CreateCluster(ctx, create)
		return err
	})
	if !errors.Is(err, ErrAlreadyExists) {
		return info, false, err
	}
	info, err = j.get(ctx)
	if err != nil {
		return info, false, err // not that it exists: it may be what was asked for
	}
	return info, true, j.sameCluster(create, groups, info)
}

// sameCluster refuses to adopt a cluster that is not what was asked for.
func (j *job) sameCluster(req ClusterInfo, groups []NodeGroupInfo, found ClusterInfo) error {
	if found.Status == ClusterDeleting {
		return &Error{Code: CodeBusy, Message: "a cluster of this name is being deleted: wait until it is gone"}
	}
	if !req.Network.VpcIID.IsZero() && !sameIID(req.Network.VpcIID, found.Network.VpcIID) {
		return taken("Network.VpcIID", req.Network.VpcIID.String(), found.Network.VpcIID.String())
	}
	for _, list := range []struct {
		field       string
		want, found []IID
	}{
		{"Network.SubnetIIDs", req.Network.SubnetIIDs, found.Network.SubnetIIDs},
		{"Network.SecurityGroupIIDs", req.Network.SecurityGroupIIDs, found.Network.SecurityGroupIIDs},
	} {
		for i, want := range list.want {
			// A cloud that shows none does not tell.
			if len(list.found) > 0 && !slices.ContainsFunc(list.found, func(got IID) bool { return sameIID(want, got) }) {
				return taken(fmt.Sprintf("%s[%d]", list.field, i), want.String(), joinIIDs(list.found))
			}
		}
	}
	if want, err := kver.Parse(req.Version); err == nil {
		if got, err := kver.Parse(found.Version); err == nil && got.Compare(want) < 0 && !got.SameMinor(want) {
			return taken("Version", req.Version, found.Version)
		}
	}
	if err := j.sameAccess(req.Access, found); err != nil {
		return err
	}
	for _, g := range groups {
		if made, ok := found.NodeGroup(IID{NameId: g.IId.NameId}); ok {
			if err := differs(g, made); err != nil {
				return err
			}
		}
	}
	return nil
}

// taken is the error of a cluster that has the name and is another.
func taken(field, want, got string) error {
	return &Error{Code: CodeAlreadyExists, Field: field, Message: fmt.Sprintf(
		"a cluster of this name exists with %q instead of %q: choose another name, or ask for what is there", got, want)}
}

// everybody are the lists that are as good as none.
var everybody = []string{"0.0.0.0/0", "::/0"}

// sameAccess refuses a cluster that can be reached otherwise than it was asked for. One
// that keeps nobody out shows no networks on most clouds; while it is made, some do not
// tell them.
func (j *job) sameAccess(want Access, found ClusterInfo) error {
	got := found.Access
	if want.Mode != "" && got.Mode != "" && want.Mode != got.Mode {
		return taken("Access.Mode", string(want.Mode), string(got.Mode))
	}
	open := slices.ContainsFunc(want.CIDRs, func(cidr string) bool { return slices.Contains(everybody, cidr) })
	told := len(got.CIDRs) > 0 || !open && j.caps.Access.CIDRs == FieldOptional && found.Status != ClusterCreating
	if len(want.CIDRs) > 0 && told && !sameSet(want.CIDRs, got.CIDRs) {
		return taken("Access.CIDRs", strings.Join(want.CIDRs, ","), cmp.Or(strings.Join(got.CIDRs, ","), "none"))
	}
	return nil
}

// halfMade reports whether a group may lack what a second call gives it on some clouds:
// adding it again finishes it there.
func halfMade(want, made NodeGroupInfo) bool {
	return len(want.Labels) > 0 && len(made.Labels) == 0 && !unreadFact(made, "Labels") ||
		len(want.Taints) > 0 && len(made.Taints) == 0 && !unreadFact(made, "Taints")
}

func unreadFact(g NodeGroupInfo, field string) bool {
	return slices.ContainsFunc(Unread(g.KeyValueList), func(u UnreadFact) bool { return u.Field == field })
}

// differs refuses to take a node group for another. Sizes are not compared: they
// change by themselves. Nor is what one of the two does not tell.
func differs(want, got NodeGroupInfo) error {
	for _, f := range []struct{ field, want, got string }{
		{"VMSpecName", strings.TrimSpace(want.VMSpecName), got.VMSpecName},
		{"Labels", labelsText(want.Labels), labelsText(got.Labels)},
		{"Taints", taintsText(want.Taints), taintsText(got.Taints)},
		{"Spot", spotText(want.Spot), strconv.FormatBool(got.Spot)},
		{"Zones", zonesText(want.Zones), zonesText(got.Zones)},
	} {
		// Every cloud that has taints shows them: none are none.
		known := (f.got != "" || f.field == "Taints") && !unreadFact(got, f.field)
		if known && !isDefault(f.want) && f.want != f.got {
			return &Error{Code: CodeAlreadyExists, NodeGroup: got.IId, Field: f.field, Message: fmt.Sprintf(
				"a node group of this name exists with %q instead of %q: choose another name, or ask for what is there", f.got, f.want)}
		}
	}
	return nil
}

// The texts below are what two requests are compared by: "" where nothing was asked for.

func labelsText(labels map[string]string) string {
	var list []string
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		list = append(list, key+"="+labels[key])
	}
	return strings.Join(list, ",")
}

func taintsText(taints []Taint) string {
	list := make([]string, len(taints))
	for i, t := range taints {
		list[i] = t.String()
	}
	slices.Sort(list)
	return strings.Join(list, ",")
}

func zonesText(zones []string) string { return strings.Join(slices.Sorted(slices.Values(zones)), ",") }

// spotText is "" where spot was not asked for: whoever leaves it out takes what is there.
func spotText(spot bool) string {
	if !spot {
		return ""
	}
	return strconv.FormatBool(spot)
}

func sameSet(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// sameIID compares what both sides know. Ids of some clouds differ in case only. A
// cloud that shows ids alone has them in both halves: such a name is an id, and
// says nothing of the name that was asked for.
func sameIID(a, b IID) bool {
	if a.SystemId != "" && b.SystemId != "" {
		return strings.EqualFold(a.SystemId, b.SystemId)
	}
	return a.NameId == "" || b.NameId == "" || b.NameId == b.SystemId || a.NameId == b.NameId
}

func joinIIDs(iids []IID) string {
	var s []string
	for _, iid := range iids {
		s = append(s, iid.String())
	}
	return strings.Join(s, ",")
}
