// SPDX-License-Identifier: Apache-2.0

package same

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pmks-go/pmks"
)

// line is one thing of an answer: where it stands and what it is.
type line struct{ path, text string }

// page is an answer without what is in no one's hand.
type page struct{ lines []line }

func (w *page) add(path string, v any) { w.lines = append(w.lines, line{path, fmt.Sprint(v)}) }

// error is how a command was refused, or "none".
func (w *page) error() string {
	if len(w.lines) == 0 {
		return ""
	}
	return w.lines[0].text
}

// set says whether something is there.
func (w *page) set(path string, there bool) {
	w.add(path, map[bool]string{true: "set", false: "empty"}[there])
}

// reason says whether there is one where there must be; it may be there in other states.
func (w *page) reason(at, status, reason string) {
	if status == string(pmks.ClusterInactive) {
		w.set(at+"StatusReason", reason != "")
	}
}

// id says whether what has a name has an id, and whether it is the one that it had when it
// was last seen.
func (p *player) id(name, id string) string {
	switch p.ids[name] {
	case id:
	case "":
	default:
		if id != "" {
			return "another"
		}
	}
	if id == "" {
		return "empty"
	}
	return "set"
}

// answer is what a command was answered.
func (p *player) answer(c Command, v any, err error) page {
	var w page
	if err != nil {
		w.fault(err)
		// What a failed call returns beside its error counts for listings alone.
		if _, listing := v.([]*pmks.ClusterInfo); !listing {
			return w
		}
	}
	w.add("error", errText(err))
	defer p.learn(v)
	switch v := v.(type) {
	case nil:
	case bool:
		w.add("ok", v)
	case pmks.ClusterInfo:
		p.cluster(&w, "", v)
	case []*pmks.ClusterInfo:
		w.add("clusters", len(v))
		for _, info := range v {
			p.cluster(&w, info.IId.NameId+".", *info)
		}
	case []*pmks.IID:
		for i, iid := range v {
			w.add(fmt.Sprintf("[%d]", i), iid.NameId+":"+p.id(iid.NameId, iid.SystemId))
		}
	case []pmks.Version:
		for i, version := range v {
			w.add(fmt.Sprintf("[%d]", i), fmt.Sprintf("%+v", version))
		}
	case pmks.NodeGroupInfo:
		p.nodeGroup(&w, clusterName(c.Cluster), "", v)
	case pmks.State:
		w.add("Cluster", v.Cluster.NameId)
		w.add("NodeGroup", v.NodeGroup.NameId)
		w.add("Status", v.Status)
		w.reason("", string(v.Status), v.StatusReason)
		w.add("StatusFinal", v.StatusFinal)
		w.add("Version", v.Version)
		w.add("DesiredNodeSize", v.DesiredNodeSize)
		w.add("NodeCount", v.NodeCount)
	case pmks.Operation:
		w.add("Done", v.Done)
		w.set("Err", v.Err != nil)
	case pmks.Token:
		w.set("Value", v.Value != "")
		w.set("ExpiresAt", !v.ExpiresAt.IsZero())
	case []pmks.UpgradeFinding:
		w.add("value", "findings, which are of what runs in the cluster")
	default:
		w.add("value", fmt.Sprintf("of the type %T", v))
	}
	return w
}

// fault writes what callers act on: codes, fields, and whether it may have happened.
func (w *page) fault(err error) {
	var texts []string
	for _, leaf := range leaves(err) {
		texts = append(texts, errText(leaf))
	}
	slices.Sort(texts) // of what is wrong at once nothing comes first
	w.add("error", strings.Join(texts, ", "))
}

// leaves are the errors that are joined in err.
func leaves(err error) (list []error) {
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range several.Unwrap() {
			list = append(list, leaves(e)...)
		}
		return list
	}
	return []error{err}
}

func errText(err error) string {
	if err == nil {
		return "none"
	}
	var e *pmks.Error
	if !errors.As(err, &e) {
		return "untyped: " + err.Error()
	}
	text := e.Code.String()
	if e.Field != "" {
		text += " of " + e.Field
	}
	if e.MayHaveHappened {
		text += ", it may have happened"
	}
	return text
}

func (p *player) cluster(w *page, at string, c pmks.ClusterInfo) {
	w.add(at+"name", c.IId.NameId)
	w.add(at+"id", p.id(c.IId.NameId, c.IId.SystemId))
	w.add(at+"Version", c.Version)
	w.add(at+"Status", c.Status)
	w.reason(at, string(c.Status), c.StatusReason)
	w.add(at+"StatusFinal", c.StatusFinal)
	w.set(at+"CreatedTime", !c.CreatedTime.IsZero())
	n := c.Network
	w.add(at+"Network.VpcIID", reference(n.VpcIID))
	w.add(at+"Network.SubnetIIDs", references(n.SubnetIIDs))
	w.add(at+"Network.SecurityGroupIIDs", references(n.SecurityGroupIIDs))
	if c.Status != pmks.ClusterDeleting { // the way in goes at some moment
		w.set(at+"AccessInfo.Endpoint", c.AccessInfo.Endpoint != "")
		w.set(at+"AccessInfo.Kubeconfig", c.AccessInfo.Kubeconfig != "")
		w.set(at+"AccessInfo.ExpiresAt", !c.AccessInfo.ExpiresAt.IsZero())
		if c.Status != pmks.ClusterCreating { // some clouds tell it when there is something to reach
			w.add(at+"Access.Mode", c.Access.Mode)
			w.add(at+"Access.CIDRs", c.Access.CIDRs)
		}
		w.set(at+"Access.PublicEndpoint", c.Access.PublicEndpoint != "")
		w.set(at+"Access.PrivateEndpoint", c.Access.PrivateEndpoint != "")
	}
	w.add(at+"TagList", keyValues(c.TagList))
	notes(w, at, c.KeyValueList)
	w.add(at+"groups", len(c.NodeGroupList))
	for i, g := range c.NodeGroupList {
		p.nodeGroup(w, c.IId.NameId, fmt.Sprintf("%sNodeGroupList[%d].", at, i), g)
	}
}

func (p *player) nodeGroup(w *page, owner, at string, g pmks.NodeGroupInfo) {
	w.add(at+"name", g.IId.NameId)
	if g.Status != pmks.NodeGroupCreating { // some clouds give it later
		w.add(at+"id", p.id(owner+"/"+g.IId.NameId, g.IId.SystemId))
	}
	w.add(at+"ImageIID", reference(g.ImageIID))
	w.add(at+"VMSpecName", g.VMSpecName)
	w.add(at+"RootDiskType", g.RootDiskType)
	w.add(at+"RootDiskSize", g.RootDiskSize)
	w.add(at+"KeyPairIID", reference(g.KeyPairIID))
	if g.Status != pmks.NodeGroupDeleting {
		w.add(at+"OnAutoScaling", g.OnAutoScaling)
		w.add(at+"DesiredNodeSize", g.DesiredNodeSize)
		w.add(at+"MinNodeSize", g.MinNodeSize)
		w.add(at+"MaxNodeSize", g.MaxNodeSize)
	}
	w.add(at+"Status", g.Status)
	w.reason(at, string(g.Status), g.StatusReason)
	w.add(at+"StatusFinal", g.StatusFinal)
	if g.Status == pmks.NodeGroupActive || g.Status == pmks.NodeGroupInactive { // else nodes come and go one by one
		w.add(at+"Version", g.Version)
		w.add(at+"Nodes", len(g.Nodes))
	}
	w.add(at+"Labels", labels(g.Labels))
	w.add(at+"Taints", taints(g.Taints))
	w.add(at+"Spot", g.Spot)
	w.add(at+"Zones", g.Zones)
	if g.Status == pmks.NodeGroupCreating { // there may be nothing to read yet
		return
	}
	notes(w, at, g.KeyValueList)
}

// notes are those of a KeyValueList that mean the same on every cloud.
func notes(w *page, at string, list []pmks.KeyValue) {
	word, _ := pmks.Lookup(list, pmks.KeyNativeStatus)
	w.set(at+pmks.KeyNativeStatus, word != "")
	for _, key := range []string{pmks.KeyIgnored, pmks.KeyUnread} {
		value, _ := pmks.Lookup(list, key)
		w.add(at+key, value)
	}
}

// reference is a resource of the user: its id where it has one.
func reference(iid pmks.IID) string {
	if iid.SystemId != "" {
		return iid.SystemId
	}
	return iid.NameId
}

func references(list []pmks.IID) string {
	texts := make([]string, len(list))
	for i, iid := range list {
		texts[i] = reference(iid)
	}
	return strings.Join(texts, " ")
}

func keyValues(list []pmks.KeyValue) string {
	texts := make([]string, len(list))
	for i, kv := range list {
		texts[i] = kv.Key + "=" + kv.Value
	}
	return strings.Join(texts, " ")
}

func taints(list []pmks.Taint) string {
	texts := make([]string, len(list))
	for i, taint := range list {
		texts[i] = taint.String()
	}
	slices.Sort(texts)
	return strings.Join(texts, " ")
}

func labels(m map[string]string) string {
	var texts []string
	for _, key := range slices.Sorted(maps.Keys(m)) {
		texts = append(texts, key+"="+m[key])
	}
	return strings.Join(texts, " ")
}

// late are what a cloud may tell later than in its answer to a change: the answer is as
// complete as the cloud makes it.
var late = map[string]bool{
	"Version": true, "AccessInfo.Endpoint": true, "Access.PublicEndpoint": true, "Access.PrivateEndpoint": true, "CreatedTime": true, "Nodes": true,
	pmks.KeyNativeStatus: true, "id": true,
}

// chosen are what a cloud chooses where nobody asked for it. The answer to a change of
// sizes need not tell them again.
var chosen = map[string]bool{
	"ImageIID": true, "KeyPairIID": true, "RootDiskSize": true, "RootDiskType": true, "Version": true, "VMSpecName": true,
}

// vague reports whether a text says nothing.
func vague(text string) bool {
	return text == "" || text == "empty" || text == "0" || text == "[]"
}

// alike reports whether two sides say the same at a path. Zones that nobody asked for may
// be shown, and vendors have more words for a status than a profile.
func alike(op, path, left, right string) bool {
	if left == right {
		return true
	}
	group := strings.Contains(path, "NodeGroupList[")
	name := path[strings.LastIndexByte(path, ']')+1:]
	name = strings.TrimPrefix(name, ".")
	for _, prefix := range []string{clusterName(0) + ".", clusterName(1) + ".", clusterName(2) + "."} {
		name = strings.TrimPrefix(name, prefix)
	}
	switch {
	case op == readState || op == readGroupState:
		return vague(right) || right == "-1" || left == "-1"
	case op == upgradeCluster && group && name == "Status":
		return right == string(pmks.NodeGroupActive) // as it was before
	case (name == "Zones" || chosen[name]) && vague(left):
		return true
	case chosen[name] && op == changeScaling:
		return vague(right)
	case op == changeScaling && (name == "Spot" || name == "Labels" || name == "Taints"):
		return vague(right) || right == "false" // told by a read
	case name == pmks.KeyUnread && slices.Contains(changes, op):
		return true // it is of what the change had to read
	case late[name] && slices.Contains(changes, op):
		return vague(right)
	}
	return false
}

// changes are the commands whose answers show what they have begun.
var changes = []string{createCluster, addNodeGroup, changeScaling, upgradeCluster}

// differences of two answers to a command, each in one line.
func differences(op, left, right string, a, b page) (list []string) {
	values := func(p page) (paths []string, by map[string]string) {
		by = map[string]string{}
		for _, l := range p.lines {
			if text, known := by[l.path]; known {
				by[l.path] = text + ", " + l.text
				continue
			}
			paths = append(paths, l.path)
			by[l.path] = l.text
		}
		return paths, by
	}
	paths, inA := values(a)
	_, inB := values(b)
	// Where one failed and the other did not, that is the difference.
	if inA["error"] != inB["error"] {
		paths = []string{"error"}
	}
	for _, path := range paths {
		x, y := inA[path], inB[path]
		// What hangs on a status or on a number is there where those are alike.
		if _, there := inB[path]; there && !alike(op, path, x, y) {
			list = append(list, fmt.Sprintf("%s is %q on %s, %q on %s", path, x, left, y, right))
		}
	}
	return list
}
