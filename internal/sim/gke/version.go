// SPDX-License-Identifier: Apache-2.0

//lint:file-ignore SA1019 Google still sends what it has marked as deprecated.

package gke

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"cloud.google.com/go/container/apiv1/containerpb"

	"github.com/pmks-go/pmks/internal/kver"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// Channel is a release channel.
type Channel struct {
	Channel containerpb.ReleaseChannel_Channel
	// Default is what a cluster gets that names no version, and UpgradeTarget what
	// GKE itself moves clusters to.
	Default, UpgradeTarget string
	// Versions are those of the channel, newest first.
	Versions []string
}

// Shorter names of the channels.
const (
	noChannel = containerpb.ReleaseChannel_UNSPECIFIED
	rapid     = containerpb.ReleaseChannel_RAPID
	regular   = containerpb.ReleaseChannel_REGULAR
	stable    = containerpb.ReleaseChannel_STABLE
	extended  = containerpb.ReleaseChannel_EXTENDED
)

// DefaultChannels returns the release channels of early 2026 as far as the profile
// offers their versions.
func DefaultChannels() []Channel {
	all := []string{
		"1.35.0-gke.1403000", "1.34.3-gke.1051000", "1.33.5-gke.2072000",
		"1.33.5-gke.1956000", "1.32.11-gke.1038000", "1.31.14-gke.1149000",
	}
	return []Channel{
		{rapid, all[0], all[0], slices.Clone(all)},
		{regular, all[2], all[2], slices.Clone(all[1:])},
		{stable, all[3], all[3], slices.Clone(all[2:])},
		{extended, all[2], all[5], slices.Clone(all[1:])},
	}
}

// maturity is the order in which GKE looks for a channel of a version.
var maturity = []containerpb.ReleaseChannel_Channel{stable, regular, rapid}

// channel returns one of the channels.
func (s *Server) channel(of containerpb.ReleaseChannel_Channel) (Channel, bool) {
	return simkit.Find(s.channels, func(c Channel) bool { return c.Channel == of })
}

// offered returns every version, newest first, of the channels and outside of them.
func (s *Server) offered() []string { return s.profile.OfferedNames() }

// aliasPattern is a version, or the beginning of one.
var aliasPattern = regexp.MustCompile(`^\d+\.\d+(\.\d+(-gke\.\d+)?)?$`)

// matching returns the newest version that an alias stands for: "latest", "1.X",
// "1.X.Y" or a whole version.
func matching(alias string, versions []string) (string, bool) {
	if newest, ok := kver.Newest(versions); ok && alias == "latest" {
		return newest, true
	}
	if !aliasPattern.MatchString(alias) {
		return "", false
	}
	for _, v := range kver.Sort(versions) {
		if v == alias || strings.HasPrefix(v, alias+".") || strings.HasPrefix(v, alias+"-gke.") {
			return v, true
		}
	}
	return "", false
}

// chooseVersion returns the version and the channel of a new cluster. A version
// without a channel enrols the cluster in the most mature channel that has it.
func (s *Server) chooseVersion(alias string, of *containerpb.ReleaseChannel) (string, containerpb.ReleaseChannel_Channel, *apiError) {
	if of == nil && (alias == "" || alias == "-") {
		c, _ := s.channel(regular)
		return c.Default, regular, nil
	}
	if of == nil {
		for _, name := range maturity {
			c, _ := s.channel(name)
			if v, ok := matching(alias, c.Versions); ok {
				return v, name, nil
			}
		}
		return "", 0, s.noSuchVersion(alias)
	}
	if of.GetChannel() == noChannel {
		if alias == "" || alias == "-" {
			return s.profile.Default(), noChannel, nil
		}
		v, ok := matching(alias, s.offered())
		if !ok {
			return "", 0, s.noSuchVersion(alias)
		}
		return v, noChannel, nil
	}
	c, ok := s.channel(of.GetChannel())
	if !ok {
		return "", 0, invalid("Release channel %q is not supported.", of.GetChannel().String())
	}
	if alias == "" || alias == "-" {
		return c.Default, c.Channel, nil
	}
	v, ok := matching(alias, c.Versions)
	if !ok {
		return "", 0, s.outsideChannel(alias, c)
	}
	return v, c.Channel, nil
}

// noSuchVersion refuses a version that is in no list.
func (s *Server) noSuchVersion(alias string) *apiError {
	if strings.Contains(alias, "-gke.") {
		return invalid("Master version %q is unsupported.", alias)
	}
	return invalid("No valid versions with the prefix %q found.", alias)
}

// outsideChannel refuses a version that a channel has not.
func (s *Server) outsideChannel(alias string, c Channel) *apiError {
	if _, ok := matching(alias, s.offered()); !ok {
		return s.noSuchVersion(alias)
	}
	return invalid("Master version must be one of %q channel supported versions [%s].", c.Channel.String(), strings.Join(c.Versions, ", "))
}

// masterTarget returns the version that an upgrade of the control plane goes to.
func (s *Server) masterTarget(rec *clusterRecord, alias string) (string, *apiError) {
	versions := s.offered()
	c, enrolled := s.channel(rec.channel)
	if enrolled {
		versions = c.Versions
	}
	if alias == "-" {
		if enrolled {
			return c.Default, nil
		}
		return s.profile.Default(), nil
	}
	if alias == "" {
		return "", invalid("master_version must be set.")
	}
	// What the cluster runs stays valid, also when its channel has dropped it.
	if alias == rec.live.Version {
		return alias, nil
	}
	v, ok := matching(alias, versions)
	switch {
	case ok:
		return v, nil
	case enrolled:
		return "", s.outsideChannel(alias, c)
	}
	return "", s.noSuchVersion(alias)
}

// GetServerConfig answers with the versions and image types of a location.
func (v *service) GetServerConfig(ctx context.Context, req *containerpb.GetServerConfigRequest) (*containerpb.ServerConfig, error) {
	return answer(ctx, v, func(s *Server, c *call) (*containerpb.ServerConfig, *apiError) {
		if _, e := s.locate(c, req.GetName(), ""); e != nil {
			return nil, e
		}
		out := &containerpb.ServerConfig{
			DefaultClusterVersion: s.profile.Default(),
			ValidMasterVersions:   s.offered(),
			// Nodes may be older than any control plane on offer.
			ValidNodeVersions: append(s.offered(), "1.30.14-gke.1855000", "1.29.15-gke.2554000"),
			DefaultImageType:  imageTypes[0],
			ValidImageTypes:   slices.Clone(imageTypes),
		}
		for _, ch := range s.channels {
			out.Channels = append(out.Channels, &containerpb.ServerConfig_ReleaseChannelConfig{
				Channel:              ch.Channel,
				DefaultVersion:       ch.Default,
				ValidVersions:        slices.Clone(ch.Versions),
				UpgradeTargetVersion: ch.UpgradeTarget,
			})
		}
		return out, nil
	})
}

// imageTypes are the valid image types, the default first.
var imageTypes = []string{"COS_CONTAINERD", "UBUNTU_CONTAINERD", "WINDOWS_LTSC_CONTAINERD", "COS", "UBUNTU"}
