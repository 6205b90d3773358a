// SPDX-License-Identifier: Apache-2.0

package nhn

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/await"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/refuse"
)

// How often, and how often at most, what was accepted is looked for: NKS writes a new
// cluster or group down a moment after it has accepted it (Magnum does so in its
// conductor, behind a queue).
const (
	lookPause = 3 * time.Second
	looks     = 11
)

// existing says of a refusal that something has the name already which field it is
// about.
func existing(err error) error {
	if !errs.Is(err, pmks.CodeAlreadyExists) {
		return err
	}
	return errs.With(err, func(e *pmks.Error) { e.Field = "IId.NameId" })
}

// errUnknown ends the look for something that may yet appear.
func errUnknown(what string) error {
	return &pmks.Error{Code: pmks.CodeUnavailable, Message: "whether it was accepted cannot be told: " + what}
}

// findCreated looks for the cluster of a request whose answer was lost: one that was not
// there before, of this user, begun since, with a record of its creation. Its name alone
// proves nothing.
func (h *Handler) findCreated(ctx context.Context, c creation) (uuid string, err error) {
	if neverSent(c.sent) {
		return "", nil
	}
	err = h.lookFor(ctx, func(ctx context.Context) (bool, error) {
		list, err := h.list(ctx)
		if err != nil {
			return false, err
		}
		list = slices.DeleteFunc(list, func(o clusterObject) bool { return o.Name != c.body.Name || slices.Contains(c.before, o.UUID) })
		if len(list) == 0 {
			return false, nil
		}
		if len(list) > 1 {
			return true, errUnknown("several clusters of the name appeared meanwhile")
		}
		if ours, err := h.isOurs(ctx, list[0].UUID, c); err != nil || !ours {
			return true, cmp.Or(err, errUnknown("a cluster of the name appeared, and nothing proves whose it is"))
		}
		uuid = list[0].UUID
		return true, nil
	})
	return uuid, err
}

// isOurs reports whether a cluster that was not there before the request came of it:
// made by this user, with a record, as it was asked for. Times are not compared: the
// clock of this machine may be another than NKS's.
func (h *Handler) isOurs(ctx context.Context, uuid string, c creation) (bool, error) {
	v, err := h.view(ctx, uuid, true)
	if err == nil {
		err = v.eventsErr
	}
	if err != nil {
		return false, err
	}
	s, err := h.api.session(ctx)
	if err != nil {
		return false, err
	}
	made, o := false, v.cluster
	for _, e := range v.events {
		made = made || e.Type == eventCreateCluster
	}
	if !made || s.userID == "" || string(o.UserID) != s.userID {
		return false, nil
	}
	for _, pair := range [][2]text{{o.FixedSubnet, text(c.body.FixedSubnet)}, {o.KeyPair, text(c.body.KeyPair)}, {o.FlavorID, text(c.body.FlavorID)},
		{o.NodeCount, text(strconv.Itoa(c.body.NodeCount))}} {
		if pair[0] != pair[1] {
			return false, nil
		}
	}
	return asAsked(o.Labels, c.body.Labels), nil
}

// asAsked reports whether what is shown of labels is as a request asked for. What NKS does
// not show of them tells nothing.
func asAsked(shown labels, asked map[string]any) bool {
	for _, key := range []string{"kube_tag", "node_image", "availability_zone", "boot_volume_type", "boot_volume_size", "ca_enable", "ca_min_node_count",
		"ca_max_node_count", keyPublicEndpoint} {
		want, given := asked[key].(string)
		if got := string(shown[key]); got != "" && given && !strings.EqualFold(got, want) {
			return false
		}
	}
	got := groupObject{Labels: shown}.userLabels()
	return got == nil || maps.Equal(got, askedLabels(asked))
}

// lookFor looks a few times for what may take a moment to appear. A look says when it
// has found something.
func (h *Handler) lookFor(ctx context.Context, look func(context.Context) (bool, error)) error {
	left := looks
	return await.Until(ctx, lookPause, func(ctx context.Context) (bool, error) {
		left--
		found, err := look(ctx)
		return found || left <= 0, err
	})
}

// created is a new cluster: as it is listed once NKS has written it down, or else as it
// was asked for. Others of its name that have appeared since come with it.
func (h *Handler) created(ctx context.Context, uuid string, req pmks.ClusterInfo, c creation) (info pmks.ClusterInfo, rivals []string) {
	info = pmks.ClusterInfo{
		IId: pmks.IID{NameId: c.body.Name, SystemId: uuid}, Version: labelText(c.body.Labels, "kube_tag"),
		Network: c.network, Access: accessOf(text(labelText(c.body.Labels, keyPublicEndpoint)), ""), Status: pmks.ClusterCreating, NodeGroupList: req.Clone().NodeGroupList[:1],
	}
	// The requests of a mutation that went well are not to make it fail.
	found := false
	_ = h.lookFor(ctx, func(ctx context.Context) (bool, error) {
		list, err := h.list(ctx)
		rivals = nil
		for _, o := range list {
			switch {
			case o.UUID == uuid:
				m := o.meaning()
				info.Status, info.StatusReason, info.StatusFinal, found = m.Status, m.Reason, m.Final, true
				info.KeyValueList = []pmks.KeyValue{{Key: pmks.KeyNativeStatus, Value: string(o.Status)}}
			case o.meaning().Status == pmks.ClusterDeleting, o.Status == "CREATE_FAILED": // it keeps no name
			case o.Name == c.body.Name && !slices.Contains(c.before, o.UUID):
				rivals = append(rivals, o.UUID)
			}
		}
		return found, err
	})
	if !found {
		h.unseen.Store(uuid, time.Now())
	}
	g := &info.NodeGroupList[0]
	asked := g.IId.NameId
	*g = capabilities.WithDefaultBounds(*g)
	g.IId, g.Status, g.Version = pmks.IID{NameId: firstGroup}, pmks.NodeGroupCreating, info.Version
	g.ImageIID = both(g.ImageIID, labelText(c.body.Labels, "node_image"))
	g.KeyPairIID = keyPair(text(c.body.KeyPair))
	g.DesiredNodeSize, g.Labels = c.body.NodeCount, askedLabels(c.body.Labels) // a hook may have changed them
	g.Zones = zones(text(labelText(c.body.Labels, "availability_zone")))
	g.RootDiskType, g.RootDiskSize = labelText(c.body.Labels, "boot_volume_type"), labelText(c.body.Labels, "boot_volume_size")
	g.KeyValueList = nil
	if asked != "" && asked != firstGroup {
		g.KeyValueList = []pmks.KeyValue{{Key: "RequestedName", Value: asked}}
	}
	return info, rivals
}

// earlier returns a cluster among others of the name that NKS accepted before this one,
// by the numbers of their records; empty where there is none.
func (h *Handler) earlier(ctx context.Context, uuid string, others []string) string {
	if len(others) == 0 {
		return ""
	}
	own := h.birth(ctx, uuid)
	for _, other := range others {
		if n := h.birth(ctx, other); n > 0 && n < own {
			return other
		}
	}
	return ""
}

// birth is the number of the record of a cluster's creation; 0 where it is not known.
func (h *Handler) birth(ctx context.Context, uuid string) int64 {
	list, _ := h.events(ctx, uuid)
	for _, e := range list {
		if e.Type == eventCreateCluster {
			return e.number()
		}
	}
	return 0
}

// giveWayFor bounds the wait for a deletion, which takes NKS minutes.
const giveWayFor = 30 * time.Minute

// giveWay removes a new cluster for which another of the name was accepted a moment
// before: others asked for it at the same time, and NKS takes a name as often as it
// comes. A name that two clusters have would be ambiguous for ever.
func (h *Handler) giveWay(ctx context.Context, uuid, winner string) error {
	err := h.delete(ctx, uuid)
	if err == nil {
		left := int(giveWayFor / h.cfg.PollInterval)
		gone, reason := false, ""
		err = await.Until(ctx, h.cfg.PollInterval, func(ctx context.Context) (bool, error) {
			left--
			c, err := h.cluster(ctx, uuid)
			gone, reason = errs.Is(err, pmks.CodeNotFound), c.meaning().Reason
			return gone || left <= 0 || err == nil && c.Status == "DELETE_FAILED", errs.IgnoreNotFound(err)
		})
		if err == nil && !gone {
			err = refuse.Precondition("its deletion was accepted and has not ended well: %s", reason)
		}
	}
	if err != nil {
		return errs.With(err, func(e *pmks.Error) {
			e.MayHaveHappened = true
			e.Message = fmt.Sprintf("the name went to the cluster %s a moment before, and this one, %s, which must be removed again, may still be there: %s", winner, uuid, e.Message)
		})
	}
	return &pmks.Error{Code: pmks.CodeAlreadyExists, Field: "IId.NameId", Message: fmt.Sprintf("the name went to the cluster %s a moment before; this one has been removed again", winner)}
}
