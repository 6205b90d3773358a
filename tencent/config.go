// SPDX-License-Identifier: Apache-2.0

package tencent

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
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

var (
	regionPattern  = regexp.MustCompile(`^[a-z]+(-[a-z0-9]+)+$`)
	domainPattern  = regexp.MustCompile(`^[a-z0-9-]+(\.[a-z0-9-]+)+$`)
	pricePattern   = regexp.MustCompile(`^[0-9]{1,6}(\.[0-9]{1,6})?$`)
	profilePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)
)

// clusterLevels are the sizes of a control plane.
var clusterLevels = []string{"L5", "L20", "L50", "L100", "L200", "L500", "L1000", "L3000", "L5000"}

// normalize fills the defaults in and refuses what cannot work.
func (c *Config) normalize() error {
	c.ClusterLevel = cmp.Or(c.ClusterLevel, defaultClusterLevel)
	c.EndpointAccess = cmp.Or(c.EndpointAccess, accessPublic)
	c.RateLimits = cmp.Or(c.RateLimits, ratesPublished)
	c.KubeconfigKind = cmp.Or(c.KubeconfigKind, kindCertificate)
	c.CredentialHelper = cmp.Or(c.CredentialHelper, DefaultCredentialHelper)
	c.RoleSessionName = cmp.Or(c.RoleSessionName, defaultSession)
	c.RootDomain = cmp.Or(c.RootDomain, defaultRootDomain)
	c.SpotMaxPrice = cmp.Or(c.SpotMaxPrice, defaultSpotPrice)
	if c.PollInterval <= 0 {
		c.PollInterval = defaultPollInterval
	}
	var f refuse.List
	switch {
	case c.Region == "":
		f.Add("Region", "is required: give one such as ap-seoul")
	case !regionPattern.MatchString(c.Region):
		f.Add("Region", "%q is not a region such as ap-seoul", refuse.Clip(c.Region))
	}
	for _, w := range []struct {
		field, value string
		words        []string
	}{
		{"clusterLevel", c.ClusterLevel, clusterLevels},
		{"endpointAccess", c.EndpointAccess, []string{accessPublic, accessPrivate}},
		{"kubeconfigKind", c.KubeconfigKind, []string{kindCertificate, kindExec}},
	} {
		if !slices.Contains(w.words, w.value) {
			f.Add("Settings."+w.field, "%q is not one of %s", refuse.Clip(w.value), strings.Join(w.words, ", "))
		}
	}
	if !domainPattern.MatchString(c.RootDomain) {
		f.Add("Settings.rootDomain", "%q is not a domain such as intl.tencentcloudapi.com", refuse.Clip(c.RootDomain))
	}
	if price, err := strconv.ParseFloat(c.SpotMaxPrice, 64); err != nil || !pricePattern.MatchString(c.SpotMaxPrice) || price <= 0 {
		f.Add("Settings.spotMaxPrice", "%q is not a price such as 0.5", refuse.Clip(c.SpotMaxPrice))
	}
	f.Join(fanout.CheckRates(c.RateLimits))
	c.checkCredentials(&f)
	for _, e := range []struct{ field, text string }{
		{"Endpoint", c.Endpoint}, {"Settings.asEndpoint", c.ASEndpoint}, {"Settings.cvmEndpoint", c.CVMEndpoint},
		{"Settings.stsEndpoint", c.STSEndpoint}, {"Settings.vpcEndpoint", c.VPCEndpoint},
	} {
		f.Join(endpoint.Check(e.field, e.text, false))
		if u, err := url.Parse(e.text); err == nil && strings.Trim(u.Path, "/") != "" {
			f.Add(e.field, "must hold no path: requests are signed for the path /")
		}
	}
	checkRange(&f, "podCidr", c.PodCIDR, podBits)
	checkRange(&f, "serviceCidr", c.ServiceCIDR, serviceBits)
	return f.Err()
}

// checkRange refuses a range that TKE would not take for pods or services.
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
	if (c.SecretID == "") != (c.SecretKey == "") {
		f.Add("Credentials", "secretId and secretKey go together: give both or none")
	}
	if c.Token != "" && c.SecretID == "" {
		f.Add("Credentials.token", "goes with secretId and secretKey")
	}
	if (c.OIDCProviderID == "") != (c.OIDCTokenFile == "") {
		f.Add("Settings.oidcTokenFile", "goes with oidcProviderId: give both or none")
	}
	if c.Profile != "" && !profilePattern.MatchString(c.Profile) {
		f.Add("Settings.profile", "%q is not the name of a profile", refuse.Clip(c.Profile))
	}
	if c.CVMRole != "" && !profilePattern.MatchString(c.CVMRole) {
		f.Add("Settings.cvmRole", "%q is not the name of a role", refuse.Clip(c.CVMRole))
	}
	oidc := c.OIDCProviderID != ""
	ways := 0
	for _, given := range []bool{c.SecretID != "", oidc, c.Profile != "", c.CVMRole != "", c.Credential != nil} {
		if given {
			ways++
		}
	}
	if ways > 1 {
		f.Add("Credentials", "an API key, oidcProviderId, profile and cvmRole exclude each other: give one")
	}
	if c.RoleARN == "" && oidc {
		f.Add("Settings.roleArn", "oidcProviderId needs it")
	}
}

// Format prints c with its secrets redacted, whatever the verb.
func (c Config) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "{Region:%s SecretID:%s Profile:%s RoleARN:%s CVMRole:%s ClusterLevel:%s Endpoint:%s}",
		c.Region, c.SecretID, c.Profile, c.RoleARN, c.CVMRole, c.ClusterLevel, redact.URL(c.Endpoint))
}

// MarshalText gives JSON, and whatever else writes text, what Format prints.
func (c Config) MarshalText() ([]byte, error) { return []byte(fmt.Sprint(c)), nil }

// LogValue logs c with its secrets redacted.
func (c Config) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(c)) }

// Handler is a [pmks.ClusterHandler] for one region of TKE. It is safe for concurrent
// use. Close it when it is no longer needed.
type Handler struct {
	cfg    *Config // behind a pointer fmt does not look, whatever holds the handler
	api    *clients
	claims claim.Account
	// names are those of clusters that were read, by id: all are ones that pmks covers.
	names memo.Facts[string]
	// looks are those of the waits, which share them.
	looks look.Shared[pmks.State]
	// versions are those that nodes were seen to run, by id: nothing leads back. seenAt is
	// since when clusters were seen at theirs, nodesSent when upgrades of nodes were sent.
	versions          memo.Facts[string]
	seenAt, nodesSent sync.Map
	// moves are the last changes of pools, by id.
	moves sync.Map
	// upgrades are the versions that upgrades were sent to, by cluster.
	upgrades sync.Map
	// tagged are the clusters that were seen with tags of pmks, by id.
	tagged sync.Map
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
	key := cmp.Or(cfg.SecretID, cfg.Profile, cfg.CVMRole)
	if key != "" {
		key += "/" + cfg.RoleARN
	}
	return &Handler{cfg: &cfg, api: api, claims: claim.NewAccount(Name, cfg.Region, cfg.Endpoint+cfg.RootDomain, key, cfg.Transport, listLag)}, nil
}

// Close ends the connections.
func (h *Handler) Close() error {
	h.api.idle()
	return nil
}

// Format prints h without its secrets, whatever the verb: fmt would walk into its
// configuration, where the methods of Config do not count.
func (h *Handler) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "tencent.Handler%v", h.cfg) }

// LogValue logs h as Format prints it.
func (h *Handler) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(h)) }

// Capabilities implements [pmks.CapabilityReporter].
func (h *Handler) Capabilities() pmks.Capabilities { return capabilities.Clone() }
