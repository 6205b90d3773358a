// SPDX-License-Identifier: Apache-2.0

//lint:file-ignore SA1019 Google still sends what it has marked as deprecated

package gcp

import (
	"context"
	"errors"
	"slices"
	"strings"

	"cloud.google.com/go/container/apiv1/containerpb"
	"golang.org/x/sync/errgroup"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kver"
	"github.com/pmks-go/pmks/internal/limit"
	"github.com/pmks-go/pmks/internal/once"
	"github.com/pmks-go/pmks/internal/refuse"
)

type channel = containerpb.ReleaseChannel_Channel

// maturity is the order in which the channels are asked for a version. EXTENDED
// costs more and is never chosen unasked.
var maturity = []channel{containerpb.ReleaseChannel_STABLE, containerpb.ReleaseChannel_REGULAR, containerpb.ReleaseChannel_RAPID}

// offer is what a location offers.
type offer struct {
	standard string
	defaults map[channel]string
	channels map[channel][]string
	masters  []string // of clusters in no channel
	images   []string
}

func (h *Handler) offered(ctx context.Context, location string) (offer, error) {
	out, err := h.api.gke.GetServerConfig(ctx, &containerpb.GetServerConfigRequest{
		Name: "projects/" + h.cfg.ProjectID + "/locations/" + location})
	if err != nil {
		return offer{}, fail(err)
	}
	return readOffer(out), nil
}

func readOffer(c *containerpb.ServerConfig) offer {
	o := offer{standard: c.GetDefaultClusterVersion(), defaults: map[channel]string{}, channels: map[channel][]string{}, masters: c.GetValidMasterVersions(), images: c.GetValidImageTypes()}
	for _, ch := range c.GetChannels() {
		o.channels[ch.GetChannel()], o.defaults[ch.GetChannel()] = ch.GetValidVersions(), ch.GetDefaultVersion()
		if ch.GetChannel() == containerpb.ReleaseChannel_REGULAR {
			o.standard = firstOf(ch.GetDefaultVersion(), o.standard)
		}
	}
	return o
}

// all are the versions of all channels that cost no more, newest first.
func (o offer) all() []string {
	var list []string
	for _, ch := range maturity {
		list = append(list, o.channels[ch]...)
	}
	if len(list) == 0 {
		list = o.masters
	}
	return slices.Compact(kver.Sort(list))
}

// ListVersions implements [pmks.VersionLister] with one call.
func (h *Handler) ListVersions(ctx context.Context) (_ []pmks.Version, err error) {
	defer place(&err, "ListVersions", pmks.IID{}, pmks.IID{})
	o, err := h.offered(ctx, h.cfg.location())
	if err != nil {
		return nil, err
	}
	names, standard, _ := h.choices(o)
	var list []pmks.Version
	for _, name := range names {
		list = append(list, pmks.Version{Name: name, Default: name == standard})
	}
	return list, nil
}

// choices are the versions to create clusters with, newest first, and the default:
// those of the configured channel, or of all.
func (h *Handler) choices(o offer) (names []string, standard string, chosen channel) {
	if h.cfg.ReleaseChannel == "" {
		return o.all(), o.standard, containerpb.ReleaseChannel_UNSPECIFIED
	}
	chosen = channel(containerpb.ReleaseChannel_Channel_value[h.cfg.ReleaseChannel])
	names = slices.Compact(kver.Sort(o.channels[chosen]))
	newest, _ := kver.Newest(names)
	return names, firstOf(o.defaults[chosen], newest), chosen
}

// setVersion resolves a version and puts it into a request, with the channel that
// has it, and checks the images.
func (h *Handler) setVersion(in *containerpb.Cluster, o offer, version string) error {
	var f refuse.List
	for i, p := range in.GetNodePools() {
		if image := p.GetConfig().GetImageType(); image != "" && len(o.images) > 0 && !slices.Contains(o.images, image) {
			f.Add("NodeGroupList["+itoa(i)+"].ImageIID", "%q is not an image type of GKE; there are %s", image, strings.Join(o.images, ", "))
		}
	}
	names, standard, wanted := h.choices(o)
	chosen, err := kver.Choose(version, names, standard)
	if err != nil {
		f.Add("Version", "%v", err)
		return f.Err()
	}
	in.InitialClusterVersion = chosen
	if wanted == containerpb.ReleaseChannel_UNSPECIFIED {
		wanted = o.channelOf(chosen, kver.IsDefault(version))
	}
	if wanted != containerpb.ReleaseChannel_UNSPECIFIED {
		in.ReleaseChannel = &containerpb.ReleaseChannel{Channel: wanted}
	}
	return f.Err()
}

// channelOf is the most mature channel that has a version, as GKE would choose it;
// for the default version it is the one that it is the default of.
func (o offer) channelOf(version string, isDefault bool) channel {
	if regular := containerpb.ReleaseChannel_REGULAR; isDefault && slices.Contains(o.channels[regular], version) {
		return regular
	}
	for _, ch := range maturity {
		if slices.Contains(o.channels[ch], version) {
			return ch
		}
	}
	return containerpb.ReleaseChannel_UNSPECIFIED
}

// UpgradeCluster implements [pmks.ClusterHandler]: the control plane first; called
// again when that is done, all node pools that lag, together.
func (h *Handler) UpgradeCluster(ctx context.Context, clusterIID pmks.IID, newVersion string) (_ pmks.ClusterInfo, err error) {
	defer place(&err, "UpgradeCluster", clusterIID, pmks.IID{})
	r, err := h.clusterRef(clusterIID)
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	if _, err := kver.Parse(newVersion); err != nil && !kver.IsDefault(newVersion) {
		return pmks.ClusterInfo{}, refuse.Invalid("newVersion", "%q is not a Kubernetes version such as 1.33", newVersion)
	}
	var c *containerpb.Cluster
	var ops []*containerpb.Operation
	var o offer
	var readErr, offerErr error
	var g errgroup.Group
	g.Go(func() error {
		c, ops, readErr = h.readBoth(ctx, r)
		return nil
	})
	g.Go(func() error {
		o, offerErr = h.offered(ctx, r.location)
		return nil
	})
	_ = g.Wait()
	if readErr != nil {
		return pmks.ClusterInfo{}, readErr
	}
	if offerErr != nil {
		return pmks.ClusterInfo{}, offerErr
	}
	if kver.IsDefault(newVersion) {
		newVersion = firstOf(o.defaults[c.GetReleaseChannel().GetChannel()], o.standard)
	}
	info := h.clusterInfo(c)
	overlay(&info, r, ops)
	sent, err := h.step(ctx, r, c, info, upgrading(r, ops), o, newVersion)
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	if sent {
		info.Status = pmks.ClusterUpdating
	}
	return info, nil
}

// upgrading reports whether an upgrade of a cluster is under way.
func upgrading(r ref, ops []*containerpb.Operation) bool {
	return slices.ContainsFunc(ops, func(op *containerpb.Operation) bool {
		_, cluster, _ := target(op)
		t := op.GetOperationType()
		return cluster == r.name && op.GetStatus() != containerpb.Operation_DONE &&
			(t == containerpb.Operation_UPGRADE_MASTER || t == containerpb.Operation_UPGRADE_NODES)
	})
}

// step sends what comes next, if anything; true also while it is under way.
func (h *Handler) step(ctx context.Context, r ref, c *containerpb.Cluster, info pmks.ClusterInfo, underWay bool, o offer, want string) (bool, error) {
	current := c.GetCurrentMasterVersion()
	offered := o.channels[c.GetReleaseChannel().GetChannel()]
	if len(offered) == 0 {
		offered = append(slices.Clone(o.masters), o.all()...)
	}
	next, err := kver.Next(current, want, append(slices.Clone(offered), current), 1)
	distance := 0
	if from, err1 := kver.Parse(current); err1 == nil {
		if to, err2 := kver.Parse(want); err2 == nil {
			distance = from.MinorDistance(to)
		}
	}
	switch {
	case errors.Is(err, kver.ErrDowngrade):
		return false, refuse.Invalid("newVersion", "the cluster runs %s; Kubernetes cannot be downgraded to %s", current, want)
	case err != nil:
		if _, elsewhere := kver.Choose(want, o.all(), ""); elsewhere == nil {
			return false, refuse.Precondition("the release channel %s of the cluster does not have %s; it has %s: change the channel first",
				c.GetReleaseChannel().GetChannel(), want, strings.Join(kver.Sort(offered), ", "))
		}
		return false, refuse.Invalid("newVersion", "%v", err)
	case underWay && distance <= 1:
		return true, nil
	}
	if info.Status == pmks.ClusterUpdating {
		return false, &pmks.Error{Code: pmks.CodeBusy, ProviderCode: c.GetStatus().String(), Message: "another operation of the cluster is under way: wait until it is Active"}
	}
	if err := accepts(c); err != nil {
		return false, err
	}
	behind := laggards(c)
	switch {
	case distance > 1:
		return false, refuse.Precondition("GKE upgrades one minor at a time: from %s to %s comes next; the job Upgrade takes all the steps to %s", current, next, want)
	case next != "":
		if far := tooFarBehind(c, next); len(far) > 0 {
			return false, refuse.Precondition("node groups %s must be at %s before the control plane moves on: call UpgradeCluster with %s first",
				strings.Join(far, ", "), current, current)
		}
		return true, h.upgradeMaster(ctx, r, next)
	case len(behind) > 0:
		return true, h.upgradePools(ctx, r, behind, current)
	}
	return false, nil
}

// laggards are the pools that do not run the version of the control plane.
func laggards(c *containerpb.Cluster) []*containerpb.NodePool {
	var list []*containerpb.NodePool
	for _, p := range c.GetNodePools() {
		if p.GetVersion() != "" && p.GetVersion() != c.GetCurrentMasterVersion() {
			list = append(list, p)
		}
	}
	return list
}

// tooFarBehind names the pools that a control plane of that version would leave too
// far behind: GKE keeps nodes within two minors.
func tooFarBehind(c *containerpb.Cluster, version string) []string {
	const skew = 2
	to, err := kver.Parse(version)
	var names []string
	for _, p := range c.GetNodePools() {
		if v, parseErr := kver.Parse(p.GetVersion()); err == nil && parseErr == nil && v.MinorDistance(to) > skew {
			names = append(names, p.GetName())
		}
	}
	return names
}

func (h *Handler) upgradeMaster(ctx context.Context, r ref, version string) error {
	return once.Do(ctx, once.Mutation{
		Send: func(ctx context.Context) error {
			_, err := h.api.gke.UpdateMaster(ctx, &containerpb.UpdateMasterRequest{Name: r.path(), MasterVersion: version})
			return fail(err)
		},
		Happened: func(ctx context.Context) (bool, error) {
			c, ops, err := h.readBoth(ctx, r)
			return err == nil && (c.GetCurrentMasterVersion() == version || upgrading(r, ops)), err
		},
	})
}

// upgradePools sends the upgrade of every pool, together. GKE bounds how many it
// works on at once; those that it puts off are taken by the next call.
func (h *Handler) upgradePools(ctx context.Context, r ref, pools []*containerpb.NodePool, version string) error {
	room := limit.New()
	faults := make([]error, len(pools))
	var g errgroup.Group
	for i, p := range pools {
		g.Go(func() error {
			faults[i] = room.Do(ctx, func() error { return h.upgradePool(ctx, r, p, version) })
			return nil
		})
	}
	_ = g.Wait()
	sent := 0
	for i, err := range faults {
		if err == nil {
			sent++
		} else {
			faults[i] = pmks.Annotate(err, pmks.Error{NodeGroup: pmks.IID{NameId: pools[i].GetName(), SystemId: pools[i].GetName()}})
		}
	}
	if sent > 0 {
		faults = slices.DeleteFunc(faults, func(err error) bool { return has(err, pmks.CodeBusy) })
	}
	return errors.Join(faults...)
}

func (h *Handler) upgradePool(ctx context.Context, r ref, p *containerpb.NodePool, version string) error {
	return once.Do(ctx, once.Mutation{
		Send: func(ctx context.Context) error {
			_, err := h.api.gke.UpdateNodePool(ctx, &containerpb.UpdateNodePoolRequest{
				Name: r.pool(p.GetName()), NodeVersion: version, ImageType: p.GetConfig().GetImageType()})
			return fail(err)
		},
		Happened: func(ctx context.Context) (bool, error) {
			found, err := h.readPool(ctx, r, p.GetName())
			return err == nil && (found.GetVersion() == version || found.GetStatus() == containerpb.NodePool_RECONCILING), err
		},
	})
}
