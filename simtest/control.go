// SPDX-License-Identifier: Apache-2.0

package simtest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/account"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// Put adds a cluster that exists already, made by other hands: its name, version,
// network, tags and node groups. What it leaves out is as the cloud has it by default, and
// it is Active unless it has another Status. The cloud's rules do not hold for it. Where a
// cluster cannot be without a node group, give it one.
func (a *Account) Put(info pmks.ClusterInfo) error {
	info = info.Clone()
	seed := core.Seed{
		Name: info.IId.NameId, Version: info.Version, State: seedStateTable[info.Status],
		Created: info.CreatedTime, Network: info.Network, Groups: info.NodeGroupList,
	}
	if len(info.TagList) > 0 {
		seed.Tags = map[string]string{}
		for _, tag := range info.TagList {
			seed.Tags[tag.Key] = tag.Value
		}
	}
	if err := a.opened.Server.Put(seed); err != nil {
		return fmt.Errorf("simtest: Put: %w", err)
	}
	return nil
}

// seedStateTable is what a cluster is in by its status; one without is Active.
var seedStateTable = map[pmks.ClusterStatus]profile.State{
	pmks.ClusterCreating: profile.Creating,
	pmks.ClusterDeleting: profile.Deleting,
	pmks.ClusterInactive: profile.Degraded,
	pmks.ClusterUpdating: profile.Updating,
}

// State is a state that clouds get into by themselves.
type State string

// The states that Break takes.
const (
	// Failed: the creation failed for good.
	Failed State = "failed"
	// DeleteFailed: the deletion failed; something blocks it.
	DeleteFailed State = "delete-failed"
	// Degraded: not healthy, and it may heal.
	Degraded State = "degraded"
	// Stopped: switched off.
	Stopped State = "stopped"
	// Healthy: Active again.
	Healthy State = "healthy"
	// Vanished: gone at once, as by other hands.
	Vanished State = "vanished"
)

var stateTable = map[State]profile.State{
	DeleteFailed: profile.DeleteFailed,
	Degraded:     profile.Degraded,
	Failed:       profile.CreateFailed,
	Healthy:      profile.Active,
	Stopped:      profile.Stopped,
	Vanished:     profile.Gone,
}

// Break puts a cluster, or one of its node groups, into a state, whatever it was doing; it
// shows as the nearest that the cloud has a word for. A zero nodeGroup means the cluster
// itself. The reason may be "Code: message" in the vendor's words.
func (a *Account) Break(cluster, nodeGroup pmks.IID, s State, reason string) error {
	state, ok := stateTable[s]
	if !ok {
		return fmt.Errorf("simtest: Break: there is no state %q; there are %q", s, slices.Sorted(maps.Keys(stateTable)))
	}
	return a.onCluster("Break", cluster, func(name string) error {
		if nodeGroup.IsZero() {
			return a.opened.Server.Force(name, "", state, reason)
		}
		return try(nodeGroup, func(group string) error { return a.opened.Server.Force(name, group, state, reason) })
	})
}

// Protect switches the deletion protection of a cluster. Where the cloud itself has none
// it is [errors.ErrUnsupported].
func (a *Account) Protect(cluster pmks.IID, on bool) error {
	p, ok := a.opened.Server.(account.Protector)
	if !ok {
		return fmt.Errorf("simtest: Protect: %s protects no cluster from deletion: %w", a.cloud, errors.ErrUnsupported)
	}
	return a.onCluster("Protect", cluster, func(name string) error { return p.Protect(name, on) })
}

// onCluster does something to a cluster by its id or its name.
func (a *Account) onCluster(control string, cluster pmks.IID, do func(name string) error) error {
	if cluster.IsZero() {
		return fmt.Errorf("simtest: %s: no cluster is named", control)
	}
	if err := try(cluster, do); err != nil {
		return fmt.Errorf("simtest: %s: %w", control, err)
	}
	return nil
}

// try goes by the id first, which may be the only one of several with that name; but on
// some clouds it is longer than what a simulator calls a thing by.
func try(iid pmks.IID, do func(name string) error) (err error) {
	for _, name := range []string{iid.SystemId, iid.NameId} {
		if name == "" {
			continue
		}
		if err = do(name); err == nil || strings.EqualFold(iid.SystemId, iid.NameId) {
			return err
		}
	}
	return err
}

// Fact is what a read tells beside the cluster itself and the list of its node groups,
// by its word in [pmks.KeyUnread].
type Fact string

// The facts of Hide.
const (
	Addons     Fact = "Addons"
	Kubeconfig Fact = "Kubeconfig"
	Nodes      Fact = "Nodes"
)

// Hide takes the right away to read a fact of any cluster, or makes it fail otherwise:
// the cloud answers with its error for the code. The returned function ends that. Where
// the cloud tells the fact with the cluster itself it is [errors.ErrUnsupported].
func (a *Account) Hide(fact Fact, code pmks.Code) (show func(), err error) {
	requests, ok := a.opened.Cloud.Facts[string(fact)]
	switch {
	case !slices.Contains([]Fact{Addons, Kubeconfig, Nodes}, fact):
		return nil, fmt.Errorf("simtest: Hide: there is no fact %q", fact)
	case code == pmks.CodeOK:
		return nil, errors.New("simtest: Hide: the code says what the cloud answers, such as pmks.CodePermissionDenied")
	case !ok:
		return nil, fmt.Errorf("simtest: Hide: %s has no request for %s alone: %w", a.cloud, fact, errors.ErrUnsupported)
	}
	var shows []func()
	for _, request := range requests {
		shows = append(shows, a.Inject(Fault{Kind: Refuse, Request: request, Code: code, Times: -1}))
	}
	return func() {
		for _, show := range shows {
			show()
		}
	}, nil
}
