// SPDX-License-Identifier: Apache-2.0

// Package fake is a cloud in memory: a [pmks.ClusterHandler] that behaves as a
// good provider of one of the seven clouds does. It refuses what that cloud
// refuses, takes as long as that cloud takes, and fails as it is told to.
//
//	h := fake.New(fake.WithProfile("aws"))
//
// # What it manages
//
// Clusters and node groups that exist only in the handler. Each profile holds the
// words, rules, limits, versions and durations of one cloud; "neutral", the
// default, is a friendly Type-II cloud without surprises.
//
// # Time
//
// It takes its time from package time, so that inside a testing/synctest bubble
// its hours pass in microseconds. Outside, [WithSpeed] makes them short.
//
// # Kubernetes
//
// A cluster has an endpoint and a kubeconfig, and no Kubernetes API behind them,
// unless [WithKubernetesAPI] serves one.
//
// # Faults
//
// [Handler.Inject] makes calls fail: refused, throttled, delayed, lost on the way
// there or back, failing later, or never ending. [Handler.Hide] makes a fact of a
// read unreadable. [Handler.Break] puts a cluster or a group into a state that
// clouds get into by themselves. [Handler.Calls] tells what was asked of the cloud.
package fake

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/refuse"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// Name is the name under which the fake is registered.
const Name = "fake"

// Handler is a cloud in memory. It is safe for concurrent use.
type Handler struct {
	profile *profile.Profile
	caps    pmks.Capabilities
	latency time.Duration
	lag     time.Duration
	logger  *slog.Logger
	// scale is that of durations.
	scale float64

	mu    sync.Mutex
	world *core.World
	plan  core.Plan
	calls []Call
	// findings are those of SetFindings, by the id of the cluster.
	findings map[string][]pmks.UpgradeFinding
	// hidden is what reads cannot tell.
	hidden []*Unread
	// requests counts the requests that reached the cloud, for their ids.
	requests int

	// kubernetes serves the API of the clusters; nil without WithKubernetesAPI.
	kubernetes kubernetesAPI
}

var (
	_ pmks.ClusterHandler     = (*Handler)(nil)
	_ pmks.CapabilityReporter = (*Handler)(nil)
	_ pmks.IIDLister          = (*Handler)(nil)
	_ pmks.TokenIssuer        = (*Handler)(nil)
	_ pmks.VersionLister      = (*Handler)(nil)
	_ pmks.RequestChecker     = (*Handler)(nil)
	_ pmks.AccessOpener       = (*Handler)(nil)
	_ pmks.StateReader        = (*Handler)(nil)
	_ pmks.OperationReader    = (*Handler)(nil)
	_ pmks.NodeGroupReader    = (*Handler)(nil)
	_ pmks.TagSetter          = (*Handler)(nil)
	_ pmks.ClusterStreamer    = (*Handler)(nil)
	_ pmks.UpgradeAdvisor     = (*Handler)(nil)
)

// Option configures New.
type Option func(*config)

type config struct {
	profile  *profile.Profile
	core     core.Options
	typical  pmks.Durations
	latency  time.Duration
	logger   *slog.Logger
	faults   []Fault
	clusters []Cluster
	limits   *Limits
	// kubernetes makes what WithKubernetesAPI asks for.
	kubernetes func(*Handler) kubernetesAPI
}

// Profiles returns the names that WithProfile takes.
func Profiles() []string { return profile.Names() }

// WithProfile chooses the cloud to behave like, one of [Profiles]. It panics on
// another name.
func WithProfile(name string) Option {
	p, ok := profile.Get(name)
	if !ok {
		panic(fmt.Sprintf("fake: there is no profile %q; there are %s", name, strings.Join(Profiles(), ", ")))
	}
	return func(c *config) { c.profile = p }
}

// WithSeed starts the stream of identifiers and durations elsewhere. The same
// seed and the same calls give the same cloud.
func WithSeed(seed uint64) Option { return func(c *config) { c.core.Seed = seed } }

// WithRegion names the region; the default is the profile's.
func WithRegion(region string) Option { return func(c *config) { c.core.Region = region } }

// WithSpeed makes the cloud work that many times faster: 1000 turns minutes into
// hundredths of seconds. The setting "speed" says the same. It panics unless speed
// is from 1e-6 to 1e12: beyond this a duration is no whole number of nanoseconds.
func WithSpeed(speed float64) Option {
	if !speedy(speed) {
		panic(fmt.Sprintf("fake: WithSpeed: %v is not from 1e-6 to 1e12", speed))
	}
	return func(c *config) { c.core.Scale = 1 / speed }
}

// WithScale shortens every duration by a factor: 0.001 is WithSpeed(1000).
//
// Deprecated: use [WithSpeed], which says what the setting "speed" says.
func WithScale(scale float64) Option { return WithSpeed(1 / scale) }

func speedy(speed float64) bool { return speed >= 1e-6 && speed <= 1e12 }

// WithDurations replaces the typical durations of the profile by those that are
// not zero, in Capabilities too.
func WithDurations(d pmks.Durations) Option { return func(c *config) { c.typical = d } }

// durations returns the typical durations of a profile with replacements.
func durations(typical, replace pmks.Durations) pmks.Durations {
	return pmks.Durations{
		CreateCluster:       cmp.Or(replace.CreateCluster, typical.CreateCluster),
		DeleteCluster:       cmp.Or(replace.DeleteCluster, typical.DeleteCluster),
		AddNodeGroup:        cmp.Or(replace.AddNodeGroup, typical.AddNodeGroup),
		RemoveNodeGroup:     cmp.Or(replace.RemoveNodeGroup, typical.RemoveNodeGroup),
		ScaleNodeGroup:      cmp.Or(replace.ScaleNodeGroup, typical.ScaleNodeGroup),
		UpgradeControlPlane: cmp.Or(replace.UpgradeControlPlane, typical.UpgradeControlPlane),
		UpgradeNodeGroup:    cmp.Or(replace.UpgradeNodeGroup, typical.UpgradeNodeGroup),
	}
}

// WithLatency makes every request take that long.
func WithLatency(d time.Duration) Option { return func(c *config) { c.latency = d } }

// WithReadLag makes reads show what was before, for that long after each change,
// as clouds with eventual consistency do.
func WithReadLag(d time.Duration) Option { return func(c *config) { c.core.ReadLag = d } }

// WithLogger logs each request for debugging.
func WithLogger(l *slog.Logger) Option { return func(c *config) { c.logger = l } }

// WithFaults injects faults from the start, as [Handler.Inject] does.
func WithFaults(faults ...Fault) Option {
	return func(c *config) { c.faults = append(c.faults, faults...) }
}

// WithClusters starts with clusters that exist already.
func WithClusters(clusters ...Cluster) Option {
	return func(c *config) { c.clusters = append(c.clusters, clusters...) }
}

// WithInventory says what exists beside clusters; a request that names anything
// else is refused. Without it every reference exists.
func WithInventory(inv Inventory) Option {
	return func(c *config) { c.core.Inventory = inv.core() }
}

// Limits are quotas; zero means none.
type Limits struct {
	// Clusters and the others are the most that there may be; 0 means no limit.
	Clusters      int
	NodeGroups    int // in each cluster
	NodesPerGroup int
}

// WithLimits replaces the default quotas of the profile.
func WithLimits(l Limits) Option { return func(c *config) { c.limits = &l } }

// New makes a cloud. The profile is "neutral" unless an option says otherwise. It
// panics when a cluster of WithClusters is not possible.
func New(opts ...Option) *Handler {
	neutral, _ := profile.Get("neutral")
	c := &config{profile: neutral}
	for _, opt := range opts {
		opt(c)
	}
	c.profile = c.profile.Clone()
	c.profile.Caps.Typical = durations(c.profile.Caps.Typical, c.typical)
	if c.limits != nil {
		c.profile.Limits = profile.Limits(*c.limits)
	}
	h := &Handler{
		profile: c.profile,
		caps:    c.profile.Caps,
		latency: c.latency,
		lag:     c.core.ReadLag,
		scale:   cmp.Or(c.core.Scale, 1),
		logger:  c.logger,
		world:   core.New(c.profile, c.core),
	}
	if c.kubernetes != nil {
		h.kubernetes = c.kubernetes(h)
		h.world.OnChange(h.kubernetes.changed)
	}
	for _, f := range c.faults {
		h.Inject(f)
	}
	for _, cluster := range c.clusters {
		if err := h.Put(cluster); err != nil {
			panic("fake: WithClusters: " + err.Error())
		}
	}
	return h
}

// Capabilities implements [pmks.CapabilityReporter]: those of the cloud that the
// fake behaves like, its name as the provider included.
func (h *Handler) Capabilities() pmks.Capabilities { return h.profile.Clone().Caps }

// The settings of the registered provider.
var settings = []pmks.Setting{
	{Name: "latency", Default: "0s", Help: "how long every request takes"},
	{Name: "profile", Default: "neutral", Help: "cloud to behave like: " + strings.Join(profile.Names(), ", ")},
	{Name: "seed", Default: "0", Help: "where the stream of identifiers and durations starts"},
	{Name: "speed", Default: "1x", Help: "how many times faster the cloud works: 1000x turns minutes into hundredths of seconds"},
}

func init() {
	neutral, _ := profile.Get("neutral")
	pmks.Register(pmks.Provider{
		Name:         Name,
		Title:        "a cloud in memory",
		Credentials:  []pmks.Setting{{Name: "token", Help: "anything; it is not checked, and never shown"}},
		Settings:     settings,
		Capabilities: neutral.Caps,
		Open:         open,
	})
}

func open(_ context.Context, cfg pmks.Config) (pmks.ClusterHandler, error) {
	opts := []Option{WithRegion(cfg.Region), WithLogger(cfg.Logger)}
	var f refuse.List
	for _, key := range slices.Sorted(maps.Keys(cfg.Settings)) {
		value := cfg.Settings[key]
		field := "Settings." + key
		switch key {
		case "latency":
			d, err := time.ParseDuration(value)
			if err != nil || d < 0 {
				f.Add(field, "%q is not a duration such as 40ms", value)
			}
			opts = append(opts, WithLatency(d))
		case "profile":
			if _, ok := profile.Get(value); !ok {
				f.Add(field, "there is no profile %q; there are %s", value, strings.Join(Profiles(), ", "))
				continue
			}
			opts = append(opts, WithProfile(value))
		case "seed":
			seed, err := strconv.ParseUint(value, 10, 64)
			if err != nil {
				f.Add(field, "%q is not a number", value)
			}
			opts = append(opts, WithSeed(seed))
		case "speed":
			speed, err := strconv.ParseFloat(strings.TrimSuffix(value, "x"), 64)
			if err != nil || !speedy(speed) {
				f.Add(field, "%q is not a factor such as 1000x", value)
				continue
			}
			opts = append(opts, WithSpeed(speed))
		}
	}
	if err := f.Err(); err != nil {
		return nil, err
	}
	return New(opts...), nil
}
