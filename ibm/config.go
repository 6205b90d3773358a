// SPDX-License-Identifier: Apache-2.0

package ibm

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/endpoint"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/provider/look"
	"github.com/pmks-go/pmks/internal/provider/memo"
	"github.com/pmks-go/pmks/internal/redact"
	"github.com/pmks-go/pmks/internal/refuse"
)

var (
	regionPattern = regexp.MustCompile(`^[a-z]{2}-[a-z]+[0-9]?$`)
	zonePattern   = regexp.MustCompile(`^([a-z]{2}-[a-z]+[0-9]?)-[0-9]+$`)
	groupPattern  = regexp.MustCompile(`^[0-9a-f]{32}$`)
)

// regionOf is the region of a zone; empty for what is none.
func regionOf(zone string) string {
	if m := zonePattern.FindStringSubmatch(zone); m != nil {
		return m[1]
	}
	return ""
}

// normalize fills the defaults in and refuses what cannot work.
func (c *Config) normalize() error {
	c.KubeconfigKind = cmp.Or(c.KubeconfigKind, kindAdmin)
	c.CredentialHelper = cmp.Or(c.CredentialHelper, DefaultCredentialHelper)
	c.EndpointType = cmp.Or(c.EndpointType, endpointPublic)
	c.RateLimits = cmp.Or(c.RateLimits, ratesPublished)
	if c.PollInterval <= 0 {
		c.PollInterval = defaultPollInterval
	}
	var f refuse.List
	switch {
	case c.Region == "":
		f.Add("Region", "is required: give one such as us-south")
	case !regionPattern.MatchString(c.Region):
		f.Add("Region", "%q is not a region such as us-south", refuse.Clip(c.Region))
	}
	for _, word := range []struct {
		field, value string
		words        []string
	}{
		{"Settings.endpointType", c.EndpointType, []string{endpointPublic, endpointPrivate, endpointVPE}},
		{"Settings.kubeconfigKind", c.KubeconfigKind, []string{kindAdmin, kindToken, kindExec}},
	} {
		if !slices.Contains(word.words, word.value) {
			f.Add(word.field, "%q is not one of %s", refuse.Clip(word.value), strings.Join(word.words, ", "))
		}
	}
	f.Join(fanout.CheckRates(c.RateLimits))
	checkRange(&f, "Settings.podSubnet", c.PodSubnet, 23)
	checkRange(&f, "Settings.serviceSubnet", c.ServiceSubnet, 24)
	if strings.ContainsAny(c.APIKey, "{}\"\n\r") {
		f.Add("Credentials.apiKey", "is not an API key: it stands in quotes or braces, or has several lines")
	}
	if c.APIKey != "" && c.Authenticator != nil {
		f.Add("Credentials.apiKey", "and an Authenticator exclude each other: give one")
	}
	for _, e := range []struct{ field, text string }{
		{"Endpoint", c.Endpoint}, {"Settings.iamEndpoint", c.IAMEndpoint}, {"Settings.vpcEndpoint", c.VPCEndpoint},
		{"Settings.resourceManagerEndpoint", c.ResourceManagerEndpoint},
	} {
		f.Join(endpoint.Check(e.field, e.text, false))
	}
	return f.Err()
}

// checkRange refuses what is no range, or one that holds too few addresses.
func checkRange(f *refuse.List, field, text string, longest int) {
	if text == "" {
		return
	}
	if p, err := netip.ParsePrefix(text); err != nil || !p.Addr().Is4() || p.Bits() > longest {
		f.Add(field, "%q is not a range such as 172.30.0.0/16, of at least a /%d", refuse.Clip(text), longest)
	}
}

// urls are where the services are.
type urls struct{ iks, iam, vpc, manager, tagging string }

// urls returns them with what the configuration replaces. A simulated cloud has one
// listener for all.
func (c *Config) urls() urls {
	u := urls{
		iks:     "https://containers.cloud.ibm.com/global",
		iam:     "https://iam.cloud.ibm.com",
		vpc:     "https://" + c.Region + ".iaas.cloud.ibm.com/v1",
		manager: "https://resource-controller.cloud.ibm.com",
		tagging: "https://tags.global-search-tagging.cloud.ibm.com",
	}
	if c.Endpoint != "" {
		u.iks = strings.TrimRight(c.Endpoint, "/")
		if parsed, err := url.Parse(c.Endpoint); err == nil && endpoint.Loopback(parsed.Hostname()) {
			root := strings.TrimSuffix(u.iks, "/global")
			u = urls{iks: root + "/global", iam: root, vpc: root + "/v1", manager: root, tagging: root}
		}
	}
	for _, replaced := range []struct {
		url *string
		by  string
	}{{&u.iam, c.IAMEndpoint}, {&u.vpc, c.VPCEndpoint}, {&u.manager, c.ResourceManagerEndpoint}} {
		*replaced.url = cmp.Or(strings.TrimRight(replaced.by, "/"), *replaced.url)
	}
	return u
}

// Format prints c with its secrets redacted, whatever the verb.
func (c Config) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "{Region:%s ResourceGroup:%s KubeconfigKind:%s Endpoint:%s IAMEndpoint:%s VPCEndpoint:%s}",
		c.Region, c.ResourceGroup, c.KubeconfigKind, redact.URL(c.Endpoint), redact.URL(c.IAMEndpoint), redact.URL(c.VPCEndpoint))
}

// MarshalText gives JSON, and whatever else writes text, what Format prints.
func (c Config) MarshalText() ([]byte, error) { return []byte(fmt.Sprint(c)), nil }

// LogValue logs c with its secrets redacted.
func (c Config) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(c)) }

// Handler is a [pmks.ClusterHandler] for one region of an account. It is safe for
// concurrent use.
type Handler struct {
	cfg *Config // behind a pointer fmt does not look, whatever holds the handler
	api clients
	// names are those of clusters by their ids: IBM never changes one. made are the ids of
	// what this handler has made and not yet seen, with the time.
	names memo.Facts[string]
	made  sync.Map
	// looks are those of the waits. listedSince is since when lists alone have told of
	// clusters, by their ids, that they are being made.
	looks       look.Shared[pmks.State]
	listedSince sync.Map
	// together is what the handlers of a program tell each other.
	together *together
}

var (
	_ pmks.ClusterHandler     = (*Handler)(nil)
	_ pmks.CapabilityReporter = (*Handler)(nil)
	_ pmks.IIDLister          = (*Handler)(nil)
	_ pmks.TokenIssuer        = (*Handler)(nil)
	_ pmks.VersionLister      = (*Handler)(nil)
	_ pmks.RequestChecker     = (*Handler)(nil)
	_ pmks.StateReader        = (*Handler)(nil)
	_ pmks.OperationReader    = (*Handler)(nil)
	_ pmks.NodeGroupReader    = (*Handler)(nil)
	_ pmks.ClusterStreamer    = (*Handler)(nil)
	_ pmks.TagSetter          = (*Handler)(nil)
	_ pmks.UpgradeAdvisor     = (*Handler)(nil)
)

// New makes a handler. It reads the environment and credential files and makes no
// request. ErrInvalidArgument names what is wrong with cfg, ErrUnauthenticated says
// where credentials were looked for.
func New(_ context.Context, cfg Config) (*Handler, error) {
	if err := cfg.normalize(); err != nil {
		return nil, err
	}
	api, err := newClients(&cfg)
	if err != nil {
		return nil, err
	}
	cfg.APIKey, cfg.Authenticator = "", nil // they are with the tokens, where no printing of the handler finds them
	return &Handler{cfg: &cfg, api: api, together: togetherBy(api.limiter)}, nil
}

// Capabilities implements [pmks.CapabilityReporter].
func (h *Handler) Capabilities() pmks.Capabilities { return capabilities.Clone() }

// Close ends the idle connections.
func (h *Handler) Close() error {
	h.api.idle()
	return nil
}

// Format prints h without its secrets, whatever the verb: fmt would walk into its tokens.
func (h *Handler) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "ibm.Handler%v", h.cfg) }

// LogValue logs h as Format prints it.
func (h *Handler) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(h)) }
