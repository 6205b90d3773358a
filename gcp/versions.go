// SPDX-License-Identifier: Apache-2.0

//lint:file-ignore SA1019 Google still sends what it has marked as deprecated

package gcp

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"cloud.google.com/go/container/apiv1/containerpb"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kver"
	"github.com/pmks-go/pmks/internal/provider/errs"
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
	name := ref{project: h.cfg.ProjectID, location: location}.parent()
	out, err := read(ctx, h, h.api.gke.GetServerConfig, &containerpb.GetServerConfigRequest{Name: name}, func(out *containerpb.ServerConfig) error {
		if len(out.GetChannels()) == 0 && len(out.GetValidMasterVersions()) == 0 {
			return errs.LostAnswer(cloud, "version")
		}
		return nil
	})
	if err != nil {
		return offer{}, err
	}
	return readOffer(out), nil
}

func readOffer(c *containerpb.ServerConfig) offer {
	o := offer{standard: c.GetDefaultClusterVersion(), defaults: map[channel]string{}, channels: map[channel][]string{}, masters: c.GetValidMasterVersions(), images: c.GetValidImageTypes()}
	for _, ch := range c.GetChannels() {
		o.channels[ch.GetChannel()], o.defaults[ch.GetChannel()] = ch.GetValidVersions(), ch.GetDefaultVersion()
		if ch.GetChannel() == containerpb.ReleaseChannel_REGULAR {
			o.standard = cmp.Or(ch.GetDefaultVersion(), o.standard)
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

// of are the versions that a cluster may go to: those of its channel, or of all.
func (o offer) of(c *containerpb.Cluster) []string {
	if offered := o.channels[c.GetReleaseChannel().GetChannel()]; len(offered) > 0 {
		return offered
	}
	return append(slices.Clone(o.masters), o.all()...)
}

// orDefault is a version, or that which the channel of a cluster has as its default.
func (o offer) orDefault(c *containerpb.Cluster, version string) string {
	if kver.IsDefault(version) {
		return cmp.Or(o.defaults[c.GetReleaseChannel().GetChannel()], o.standard)
	}
	return version
}

// elsewhere says of a version that the channel of a cluster has not, and another has,
// that this is a matter of the channel; nil if it is not so.
func (o offer) elsewhere(c *containerpb.Cluster, version string) error {
	offered := o.of(c)
	if _, err := kver.Choose(version, offered, ""); err == nil {
		return nil
	}
	if _, err := kver.Choose(version, o.all(), ""); err != nil {
		return nil //nolint:nilerr // no channel has it
	}
	return refuse.Precondition("the release channel %s of the cluster does not have %s; it has %s: change the channel first",
		c.GetReleaseChannel().GetChannel(), version, strings.Join(kver.Sort(offered), ", "))
}

// ListVersions implements [pmks.VersionLister] with one call.
func (h *Handler) ListVersions(ctx context.Context) (_ []pmks.Version, err error) {
	defer annotate(&err, "ListVersions", pmks.IID{}, pmks.IID{})
	o, err := h.offered(ctx, h.cfg.location())
	if err != nil {
		return nil, err
	}
	names, standard, _ := h.versionsOf(o)
	var list []pmks.Version
	for _, name := range names {
		list = append(list, pmks.Version{Name: name, Default: name == standard})
	}
	return list, nil
}

// versionsOf are the versions to create clusters with, newest first, and the default:
// those of the configured channel, or of all.
func (h *Handler) versionsOf(o offer) (names []string, standard string, chosen channel) {
	if h.cfg.ReleaseChannel == "" {
		return o.all(), o.standard, containerpb.ReleaseChannel_UNSPECIFIED
	}
	chosen = channel(containerpb.ReleaseChannel_Channel_value[h.cfg.ReleaseChannel])
	names = slices.Compact(kver.Sort(o.channels[chosen]))
	newest, _ := kver.Newest(names)
	return names, cmp.Or(o.defaults[chosen], newest), chosen
}

// setVersion resolves a version and puts it into a request, with the channel that
// has it, and checks the images.
func (h *Handler) setVersion(in *containerpb.Cluster, o offer, version string) error {
	var f refuse.List
	for i, p := range in.GetNodePools() {
		if image := p.GetConfig().GetImageType(); image != "" && len(o.images) > 0 && !slices.Contains(o.images, image) {
			f.Add(fmt.Sprintf("NodeGroupList[%d].ImageIID", i), "%q is not an image type of GKE; there are %s", image, strings.Join(o.images, ", "))
		}
	}
	names, standard, wanted := h.versionsOf(o)
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
