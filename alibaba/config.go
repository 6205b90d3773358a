// SPDX-License-Identifier: Apache-2.0

package alibaba

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
	"github.com/pmks-go/pmks/internal/provider/claim"
	"github.com/pmks-go/pmks/internal/provider/endpoint"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/provider/look"
	"github.com/pmks-go/pmks/internal/provider/memo"
	"github.com/pmks-go/pmks/internal/redact"
	"github.com/pmks-go/pmks/internal/refuse"
)

var regionPattern = regexp.MustCompile(`^[a-z]+(-[a-z0-9]+)+$`)

// normalize fills the defaults in and refuses what cannot work.
func (c *Config) normalize() error {
	c.ClusterSpec = cmp.Or(c.ClusterSpec, defaultClusterSpec)
	c.Autoscaler = cmp.Or(c.Autoscaler, scalerInstant)
	c.RateLimits = cmp.Or(c.RateLimits, ratesPublished)
	c.KubeconfigKind = cmp.Or(c.KubeconfigKind, kindCertificate)
	c.CredentialHelper = cmp.Or(c.CredentialHelper, DefaultCredentialHelper)
	c.RoleSessionName = cmp.Or(c.RoleSessionName, defaultSession)
	if c.PollInterval <= 0 {
		c.PollInterval = defaultPollInterval
	}
	var f refuse.List
	switch {
	case c.Region == "":
		f.Add("Region", "is required: give one such as ap-northeast-1")
	case !regionPattern.MatchString(c.Region):
		f.Add("Region", "%q is not a region such as ap-northeast-1", refuse.Clip(c.Region))
	}
	for _, w := range []struct {
		field, value string
		words        []string
	}{
		{"autoscaler", c.Autoscaler, []string{scalerInstant, scalerCluster, scalerNone}},
		{"kubeconfigKind", c.KubeconfigKind, []string{kindCertificate, kindExec}},
	} {
		if !slices.Contains(w.words, w.value) {
			f.Add("Settings."+w.field, "%q is not one of %s", refuse.Clip(w.value), strings.Join(w.words, ", "))
		}
	}
	f.Join(fanout.CheckRates(c.RateLimits))
	c.checkCredentials(&f)
	for _, e := range []struct{ field, text string }{
		{"Endpoint", c.Endpoint}, {"Settings.vpcEndpoint", c.VPCEndpoint}, {"Settings.ecsEndpoint", c.ECSEndpoint}, {"Settings.stsEndpoint", c.STSEndpoint},
	} {
		f.Join(endpoint.Check(e.field, e.text, false))
		if u, err := url.Parse(e.text); err == nil && strings.Trim(u.Path, "/") != "" {
			f.Add(e.field, "must hold no path: the SDK takes a host alone")
		}
	}
	checkRange(&f, "podCidr", c.PodCIDR, podBits)
	checkRange(&f, "serviceCidr", c.ServiceCIDR, serviceBits)
	return f.Err()
}

// checkRange refuses a range that ACK would not take for pods or services.
func checkRange(f *refuse.List, name, text string, bits [2]int) {
	if text == "" {
		return
	}
	p, err := netip.ParsePrefix(text)
	if err != nil || p.Masked() != p || !isPrivate(p) || p.Bits() < bits[0] || p.Bits() > bits[1] {
		f.Add("Settings."+name, "%q is not a private range such as 172.20.0.0/16, with a mask from %d to %d", refuse.Clip(text), bits[0], bits[1])
	}
}

func (c *Config) checkCredentials(f *refuse.List) {
	if (c.AccessKeyID == "") != (c.AccessKeySecret == "") {
		f.Add("Credentials", "accessKeyId and accessKeySecret go together: give both or none")
	}
	if c.SecurityToken != "" && c.AccessKeyID == "" {
		f.Add("Credentials.securityToken", "goes with accessKeyId and accessKeySecret")
	}
	if (c.OIDCProviderARN == "") != (c.OIDCTokenFile == "") {
		f.Add("Settings.oidcTokenFile", "goes with oidcProviderArn: give both or none")
	}
	oidc := c.OIDCProviderARN != ""
	ways := 0
	for _, given := range []bool{c.AccessKeyID != "", c.BearerToken != "", oidc, c.Profile != "", c.ECSRole != "", c.Credential != nil} {
		if given {
			ways++
		}
	}
	if ways > 1 {
		f.Add("Credentials", "an access key, bearerToken, oidcProviderArn, profile and ecsRole exclude each other: give one")
	}
	switch {
	case c.RoleARN == "" && oidc:
		f.Add("Settings.roleArn", "oidcProviderArn needs it")
	case c.RoleARN != "" && (c.BearerToken != "" || c.Credential != nil):
		f.Add("Settings.roleArn", "is assumed with keys, or with oidcProviderArn and oidcTokenFile: give those")
	}
}

// Format prints c with its secrets redacted, whatever the verb.
func (c Config) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "{Region:%s AccessKeyID:%s Profile:%s RoleARN:%s ECSRole:%s ClusterSpec:%s Endpoint:%s}",
		c.Region, c.AccessKeyID, c.Profile, c.RoleARN, c.ECSRole, c.ClusterSpec, redact.URL(c.Endpoint))
}

// MarshalText gives JSON, and whatever else writes text, what Format prints.
func (c Config) MarshalText() ([]byte, error) { return []byte(fmt.Sprint(c)), nil }

// LogValue logs c with its secrets redacted.
func (c Config) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(c)) }

// Handler is a [pmks.ClusterHandler] for one region of ACK. It is safe for concurrent
// use. Close it when it is no longer needed.
type Handler struct {
	cfg    *Config // behind a pointer fmt does not look, whatever holds the handler
	api    *clients
	claims claim.Account
	looks  look.Shared[pmks.State]
	// What was read, by id: the names of the clusters that pmks shows, and the versions of
	// pools.
	shown    memo.Facts[string]
	versions sync.Map
	// zones holds where vSwitches are, by id; private, of clusters, whether their API was
	// closed to the outside when it was last read.
	zones, private sync.Map
	// vswitches are those of VPCs, for callers who ask at the same time.
	vswitches memo.Facts[[]*vswitch]
	// upgrades holds the versions that upgrades were sent to, by cluster.
	upgrades sync.Map
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

// New makes a handler. It reads no file and makes no call: credentials are looked for
// when the first request needs them. ErrInvalidArgument names what is wrong with cfg.
func New(_ context.Context, cfg Config) (*Handler, error) {
	if err := cfg.normalize(); err != nil {
		return nil, err
	}
	api, err := newClients(&cfg)
	if err != nil {
		return nil, err
	}
	h := &Handler{cfg: &cfg, api: api, claims: claim.NewAccount(Name, cfg.Region, cfg.Endpoint, cfg.AccessKeyID+cfg.Profile+cfg.RoleARN, cfg.Transport, listLag)}
	h.vswitches.Life = vswitchesLife
	return h, nil
}

// Close ends the connections.
func (h *Handler) Close() error {
	h.api.idle()
	return nil
}

// Format prints h without its secrets, whatever the verb: fmt would walk into its
// configuration, where the methods of Config do not count.
func (h *Handler) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "alibaba.Handler%v", h.cfg) }

// LogValue logs h as Format prints it.
func (h *Handler) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(h)) }

// Capabilities implements [pmks.CapabilityReporter].
func (h *Handler) Capabilities() pmks.Capabilities { return capabilities.Clone() }
