// SPDX-License-Identifier: Apache-2.0

package nhn

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/once"
	"github.com/pmks-go/pmks/internal/provider/await"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/provider/ready"
	"github.com/pmks-go/pmks/internal/refuse"
)

// autoscaler is the autoscaling of a node group, as NKS has it. What pmks does not know
// of it is written back as it was read: what becomes of members that a write leaves out
// is not documented.
type autoscaler map[string]json.RawMessage

const (
	keyEnabled = "ca_enable"
	keyMin     = "ca_min_node_count"
	keyMax     = "ca_max_node_count"
	// keyKind is in what is read and not in what may be written (NKS API guide, "Change
	// Cluster Autoscaler Configuration of a Node Group").
	keyKind = "clusterautoscale"
)

func (a autoscaler) text(key string) (t text) {
	_ = json.Unmarshal(a[key], &t) // text takes everything
	return t
}

func (a autoscaler) enabled() bool { return a.text(keyEnabled).isTrue() }

// bounds are those that NKS holds; 0 and 0 where it holds none.
func (a autoscaler) bounds() (minimum, maximum int) {
	return bounds(a.text(keyMin), a.text(keyMax), groupObject{})
}

// with returns a whole object to be written, each member of the type that it was read
// with.
func (a autoscaler) with(enabled bool, minimum, maximum int) autoscaler {
	w := maps.Clone(a)
	delete(w, keyKind)
	maps.DeleteFunc(w, func(_ string, v json.RawMessage) bool { return string(v) == "null" })
	set := func(key, plain, quoted string) {
		if old := w[key]; len(old) > 0 && old[0] == '"' {
			plain = strconv.Quote(quoted)
		}
		w[key] = json.RawMessage(plain)
	}
	set(keyEnabled, strconv.FormatBool(enabled), boolLabel(enabled))
	set(keyMin, strconv.Itoa(minimum), strconv.Itoa(minimum))
	set(keyMax, strconv.Itoa(maximum), strconv.Itoa(maximum))
	return w
}

// scalable is a node group that may be changed now.
type scalable struct {
	view
	group groupObject
	auto  autoscaler
	size  int
	// last is the number of the newest record before the change that comes next.
	last *int64
}

// readScalable reads a node group beside its autoscaling, its cluster and the events. The
// calls that change sizes need all of it, so they fail where something cannot be read.
func (h *Handler) readScalable(ctx context.Context, clusterIID, nodeGroupIID pmks.IID) (s scalable, err error) {
	r, g, err := refs(clusterIID, nodeGroupIID)
	if err != nil {
		return s, err
	}
	uuid, err := h.locate(ctx, r)
	if err != nil {
		return s, err
	}
	var clusterErr, groupErr, autoErr error
	// Each keeps its own fault: that of the cluster comes first.
	err = fanout.All(ctx, func(ctx context.Context) error {
		s.cluster, clusterErr = h.cluster(ctx, uuid)
		return nil
	}, func(ctx context.Context) error {
		s.group, groupErr = h.group(ctx, uuid, g)
		return nil
	}, func(ctx context.Context) error {
		s.auto, autoErr = h.autoscaler(ctx, uuid, g)
		return nil
	}, func(ctx context.Context) error {
		s.events, s.eventsErr = h.events(ctx, uuid)
		return nil
	})
	if e := s.pending(); clusterErr == nil && e != nil && e.Type == eventCreateGroup && e.about(uuid, g) && errs.Is(groupErr, pmks.CodeNotFound) {
		groupErr = &pmks.Error{Code: pmks.CodeBusy, ProviderCode: e.Type, Message: "the node group is being made: wait until it is Active"}
	}
	for _, err := range []error{err, clusterErr, groupErr, autoErr} {
		if err != nil {
			return s, err
		}
	}
	s.groups = []groupObject{s.group}
	last := eventNumber(s.events)
	s.last = &last
	info := s.info(known{})
	if err := ready.CheckMend("the cluster", string(s.cluster.Status), ready.Meaning{Status: info.Status, Reason: info.StatusReason, Unknown: s.cluster.meaning().Unknown}); err != nil {
		return s, underWay(err, s.events)
	}
	m := s.group.meaning()
	if err := ready.CheckMend("the node group", string(s.group.Status), m); err != nil {
		return s, underWay(err, s.events)
	}
	var counted bool
	if s.size, counted = s.group.NodeCount.number(); !counted {
		return s, &pmks.Error{Code: pmks.CodeUnavailable, Message: "NKS tells no size of the node group, and nothing was sent"}
	}
	return s, nil
}

// certain refuses to say that nothing is to be done where the record could not be read:
// what is shown may be older than a change that was accepted.
func (s scalable) certain() error {
	return errs.HalfDone(s.eventsErr, "it looks as if nothing were to be done, whether another change is under way could not be learned, and nothing was sent")
}

// autoscaler reads the autoscaling of a node group.
func (h *Handler) autoscaler(ctx context.Context, uuid string, g ref) (autoscaler, error) {
	a, err := read(ctx, h, serviceNKS, []string{"clusters", uuid, "nodegroups", g.key(), "autoscale"}, nil, func(a *autoscaler) error {
		if len((*a)[keyEnabled]) == 0 {
			return errs.LostAnswer(cloud, "autoscaling of the node group")
		}
		return nil
	})
	return a, notFoundAs(err, pmks.CodeUnavailable)
}

// own is the record of a change of the group that is about to be made.
func (s scalable) own(request requested, types ...string) *ownEvent {
	return &ownEvent{cluster: s.cluster.UUID, group: ref{uuid: s.group.UUID, name: s.group.Name}, types: types, request: request,
		after: *s.last, afterErr: s.eventsErr}
}

// accepted says what the answer of an accepted change must hold.
func accepted(u *uuidObject) error {
	if u.UUID == "" {
		return errs.LostAnswer(cloud, "UUID of what was accepted")
	}
	return nil
}

// change sends a change of the group, once.
func (h *Handler) change(ctx context.Context, s scalable, own *ownEvent, path []string, body any) error {
	return once.Do(ctx, once.Mutation{
		Send: own.sent(h, func(ctx context.Context) error {
			_, err := post(ctx, h, path, body, accepted)
			if errs.Is(err, pmks.CodeNotFound) {
				err = h.confirmGroupGone(ctx, s.cluster.UUID, ref{uuid: s.group.UUID}, err)
			}
			return err
		}),
		Happened: func(ctx context.Context) (bool, error) { return own.happened(ctx, h) },
	})
}

// setAutoscaler writes the autoscaling.
func (h *Handler) setAutoscaler(ctx context.Context, s scalable, on bool, minimum, maximum int) (*ownEvent, error) {
	own := s.own(requested{Enabled: text(strconv.FormatBool(on)), Min: text(strconv.Itoa(minimum)), Max: text(strconv.Itoa(maximum))}, eventAutoscaler)
	return own, h.change(ctx, s, own, []string{"clusters", s.cluster.UUID, "nodegroups", s.group.UUID, "autoscale"}, s.auto.with(on, minimum, maximum))
}

// resize sets the number of nodes.
func (h *Handler) resize(ctx context.Context, s scalable, size int) (*ownEvent, error) {
	own := s.own(requested{Count: text(strconv.Itoa(size))}, eventsResize...)
	return own, h.change(ctx, s, own, []string{"clusters", s.cluster.UUID, "actions", "resize"}, resizeObject{NodeGroup: s.group.UUID, NodeCount: size})
}

// SetNodeGroupAutoScaling implements [pmks.ClusterHandler] with NKS's own autoscaler,
// which keeps the bounds while it is off. Where it has none yet they are such that the
// group cannot grow: NKS's own would be 10.
func (h *Handler) SetNodeGroupAutoScaling(ctx context.Context, clusterIID, nodeGroupIID pmks.IID, on bool) (_ bool, err error) {
	defer annotate(&err, "SetNodeGroupAutoScaling", clusterIID, nodeGroupIID)
	s, err := h.readScalable(ctx, clusterIID, nodeGroupIID)
	if err != nil {
		return false, err
	}
	if s.auto.enabled() == on {
		err := s.certain()
		return err == nil, err
	}
	minimum, maximum := s.auto.bounds()
	if maximum < 1 {
		minimum, maximum = min(1, s.size), max(1, s.size)
	}
	// The request has no argument that could be wrong: what NKS refuses is a matter of
	// the group, such as stopped nodes, or an autoscaler by metrics that is on.
	_, err = h.setAutoscaler(ctx, s, on, minimum, maximum)
	return err == nil, unwilling(err)
}

// ChangeNodeGroupScaling implements [pmks.ClusterHandler]. Bounds and size are two
// changes, and each puts the whole cluster into transition: where both change, it waits
// for the first. An error after that says what is done.
func (h *Handler) ChangeNodeGroupScaling(ctx context.Context, clusterIID, nodeGroupIID pmks.IID,
	desired, minSize, maxSize int) (_ pmks.NodeGroupInfo, err error) {
	defer annotate(&err, "ChangeNodeGroupScaling", clusterIID, nodeGroupIID)
	if err := capabilities.CheckScaling(desired, minSize, maxSize); err != nil {
		_, _, refErr := refs(clusterIID, nodeGroupIID)
		return pmks.NodeGroupInfo{}, errors.Join(refErr, err)
	}
	s, err := h.readScalable(ctx, clusterIID, nodeGroupIID)
	if err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	on := s.auto.enabled()
	if !on && desired < minSize {
		return pmks.NodeGroupInfo{}, refuse.Invalid("DesiredNodeSize", "must lie between MinNodeSize %d and MaxNodeSize %d, got %d: only autoscaling can be left to choose", minSize, maxSize, desired)
	}
	if on {
		desired = s.size // NKS refuses another size while the autoscaler has it
	}
	steps := h.scalingSteps(s, on, desired, minSize, maxSize)
	if len(steps) == 0 {
		if err := s.certain(); err != nil {
			return pmks.NodeGroupInfo{}, err
		}
	}
	if len(steps) > 1 && s.eventsErr != nil {
		return pmks.NodeGroupInfo{}, errs.HalfDone(s.eventsErr, "bounds and size are two changes, whether the first is done could not be learned, and nothing was sent")
	}
	done := ""
	for i, step := range steps {
		own, err := h.takeStep(ctx, step, i > 0)
		if err == nil && i < len(steps)-1 {
			*s.last, err = h.awaitStep(ctx, own, step.what)
		}
		if err != nil {
			if done != "" {
				err = errs.HalfDone(err, done+", the rest is not")
			}
			return pmks.NodeGroupInfo{}, err
		}
		done = step.what + " is done"
	}
	return s.accepted(h, desired, minSize, maxSize, len(steps) > 0), nil
}

// scalingStep is one change on the way to a size and bounds.
type scalingStep struct {
	what string
	send func(context.Context) (*ownEvent, error)
}

// scalingSteps orders the changes so that the size lies within the bounds at each of
// them.
func (h *Handler) scalingSteps(s scalable, on bool, desired, minSize, maxSize int) []scalingStep {
	bounds := func(minimum, maximum int) scalingStep {
		return scalingStep{fmt.Sprintf("the change of the bounds to %d and %d", minimum, maximum), func(ctx context.Context) (*ownEvent, error) {
			if *s.last > eventNumber(s.events) {
				// Minutes have gone by since it was read.
				auto, err := h.autoscaler(ctx, s.cluster.UUID, ref{uuid: s.group.UUID})
				if err != nil {
					return nil, err
				}
				s.auto = auto
			}
			return h.setAutoscaler(ctx, s, on, minimum, maximum)
		}}
	}
	oldMin, oldMax := s.auto.bounds()
	var steps []scalingStep
	resize := scalingStep{fmt.Sprintf("the change of the size to %d (the bounds are not as asked for yet)", desired), func(ctx context.Context) (*ownEvent, error) {
		return h.resize(ctx, s, desired)
	}}
	final := oldMin != minSize || oldMax != maxSize
	switch {
	case desired == s.size:
	case !final:
		return []scalingStep{resize}
	case minSize <= s.size && s.size <= maxSize:
		return []scalingStep{bounds(minSize, maxSize), resize}
	case oldMax > 0 && (desired < oldMin || desired > oldMax):
		steps = []scalingStep{bounds(min(minSize, s.size), max(maxSize, s.size)), resize}
	default:
		steps = []scalingStep{resize}
	}
	if final {
		steps = append(steps, bounds(minSize, maxSize))
	}
	return steps
}

// restBriefly bounds how often a step is sent again to a cluster that still rests from
// the one before.
const restBriefly = 6

// takeStep sends a step. The cluster may be busy for a moment after the record of the
// step before says that it is done; what it refuses has not happened.
func (h *Handler) takeStep(ctx context.Context, step scalingStep, following bool) (own *ownEvent, err error) {
	left := restBriefly
	var refused error
	waitErr := await.Until(ctx, h.cfg.PollInterval, func(ctx context.Context) (bool, error) {
		left--
		own, refused = step.send(ctx)
		var e *pmks.Error
		again := following && left > 0 && errs.Is(refused, pmks.CodeBusy) && errors.As(refused, &e) && !e.MayHaveHappened
		return !again, nil
	})
	if refused != nil {
		return own, errs.Ended(ctx, refused)
	}
	return own, waitErr
}

// awaitStep waits until a step is done, and returns the number of its record. Where that cannot be learned to its end it may
// be done, and the next has not been sent.
func (h *Handler) awaitStep(ctx context.Context, own *ownEvent, what string) (number int64, err error) {
	number, err = own.wait(ctx, h)
	var e *pmks.Error
	if err == nil || errors.As(err, &e) && strings.HasSuffix(e.ProviderCode, "/"+stateFailed) {
		return number, errs.HalfDone(err, what+" failed, and nothing more was sent")
	}
	return number, errs.With(err, func(e *pmks.Error) {
		e.Message, e.MayHaveHappened = what+" was accepted, whether it is done could not be learned, and nothing more was sent: "+e.Message, true
	})
}

// accepted is the group as it is to be, as far as it was read.
func (s scalable) accepted(h *Handler, desired, minSize, maxSize int, wrote bool) pmks.NodeGroupInfo {
	info := s.group.info(h.names.recent())
	info.KeyPairIID = keyPair(s.cluster.KeyPair)
	info.OnAutoScaling, info.DesiredNodeSize, info.MinNodeSize, info.MaxNodeSize = s.auto.enabled(), desired, minSize, maxSize
	info.Nodes = servers(nil).nodes(s.group, "", s.cluster.Name)
	if wrote {
		info.Status, info.StatusReason, info.StatusFinal = pmks.NodeGroupUpdating, "", false
	}
	return info
}
