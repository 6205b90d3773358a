// SPDX-License-Identifier: Apache-2.0

package nhn

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/endpoint"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/provider/look"
	"github.com/pmks-go/pmks/internal/provider/memo"
	"github.com/pmks-go/pmks/internal/redact"
	"github.com/pmks-go/pmks/internal/refuse"
)

const (
	smallestPodSubnet = 20
	largestPodSubnet  = 28
	// smallestNetwork is the longest prefix that a network of a cluster may have.
	smallestNetwork = 24
)

var (
	regionPattern = regexp.MustCompile(`^[A-Z]{2}[0-9]+$`)
	tenantPattern = regexp.MustCompile(`^[0-9a-f]{32}$`)
)

// tenantSetting sets the tenant where the credentials do not name the same.
func tenantSetting(c *Config, text string) error {
	if text = strings.TrimSpace(text); c.TenantID != "" && c.TenantID != text {
		return fmt.Errorf("%q is another tenant than that of the credentials, %q", text, c.TenantID)
	}
	c.TenantID = text
	return nil
}

// fromEnvironment fills in what is not given. A user and a password go together: one
// of both alone is not completed with somebody else's.
func (c *Config) fromEnvironment() {
	if c.Username == "" && c.Password == "" {
		c.Username, c.Password = os.Getenv("OS_USERNAME"), os.Getenv("OS_PASSWORD")
	}
	c.TenantID = cmp.Or(c.TenantID, os.Getenv("OS_TENANT_ID"), os.Getenv("OS_PROJECT_ID"))
	c.Region = cmp.Or(c.Region, os.Getenv("OS_REGION_NAME"))
	c.IdentityEndpoint = cmp.Or(c.IdentityEndpoint, os.Getenv("OS_AUTH_URL"), DefaultIdentityEndpoint)
}

// normalize fills the defaults in and refuses what cannot work.
func (c *Config) normalize() error {
	c.fromEnvironment()
	c.Region = strings.ToUpper(c.Region)
	c.KubeconfigKind = cmp.Or(c.KubeconfigKind, kindCertificate)
	c.CredentialHelper = cmp.Or(c.CredentialHelper, DefaultCredentialHelper)
	c.RateLimits = cmp.Or(c.RateLimits, ratesPublished)
	if c.PollInterval <= 0 {
		c.PollInterval = defaultPollInterval
	}
	var f refuse.List
	f.Join(fanout.CheckRates(c.RateLimits))
	if c.KubeconfigKind != kindCertificate && c.KubeconfigKind != kindExec {
		f.Add("Settings.kubeconfigKind", "is neither %s nor %s", kindCertificate, kindExec)
	}
	switch {
	case c.Region == "":
		f.Add("Region", "is required: give KR1, KR2 or KR3")
	case !regionPattern.MatchString(c.Region):
		f.Add("Region", "%q is not a region such as KR1", refuse.Clip(c.Region))
	}
	if c.Username == "" {
		f.Add("Credentials.username", "is required: the API user, or OS_USERNAME in the environment")
	}
	if c.Password == "" {
		f.Add("Credentials.password", "is required: the API password of the user, which is set in the console and is not that of the console, or OS_PASSWORD in the environment")
	}
	switch {
	case c.TenantID == "":
		f.Add("Credentials.tenantId", "is required: the id of the tenant, or OS_TENANT_ID in the environment")
	case !tenantPattern.MatchString(c.TenantID):
		f.Add("Credentials.tenantId", "%q is not the id of a tenant: 32 hexadecimal digits", refuse.Clip(c.TenantID))
	}
	for _, e := range c.endpoints() {
		f.Join(endpoint.Check(e.field, e.url, false))
	}
	for _, g := range []struct{ field, id string }{{"Settings.ncrGateway", c.NCRGateway}, {"Settings.obsGateway", c.OBSGateway}} {
		if g.id != "" && !uuidPattern.MatchString(g.id) {
			f.Add(g.field, "%q is not the UUID of a service gateway", refuse.Clip(g.id))
		}
	}
	if (c.NCRGateway == "") != (c.OBSGateway == "") {
		f.Add("Settings.ncrGateway", "ncrGateway and obsGateway go together: give both or none")
	}
	c.checkNetworks(&f)
	return f.Err()
}

// namedEndpoint is an endpoint and the field that sets it.
type namedEndpoint struct{ field, url string }

func (c *Config) endpoints() []namedEndpoint {
	return []namedEndpoint{
		{"Endpoint", c.IdentityEndpoint},
		{"Settings.kubernetesEndpoint", c.KubernetesEndpoint},
		{"Settings.computeEndpoint", c.ComputeEndpoint},
		{"Settings.networkEndpoint", c.NetworkEndpoint},
		{"Settings.imageEndpoint", c.ImageEndpoint},
	}
}

// checkNetworks checks the networks inside new clusters (NKS API guide, "Create a
// Cluster").
func (c *Config) checkNetworks(f *refuse.List) {
	pods := c.network(f, "Settings.podCidr", c.PodCIDR)
	services := c.network(f, "Settings.serviceCidr", c.ServiceCIDR)
	if pods.IsValid() && services.IsValid() && pods.Overlaps(services) {
		f.Add("Settings.podCidr", "%s and the serviceCidr %s overlap", pods, services)
	}
	switch size := c.PodSubnetSize; {
	case size == 0:
	case size < smallestPodSubnet || size > largestPodSubnet:
		f.Add("Settings.podSubnetSize", "must lie between %d and %d, got %d", smallestPodSubnet, largestPodSubnet, size)
	case pods.IsValid() && size < pods.Bits()+2:
		f.Add("Settings.podSubnetSize", "must be larger than the prefix of podCidr %s by 2 at least, got %d", pods, size)
	}
}

func (c *Config) network(f *refuse.List, field, text string) netip.Prefix {
	if text == "" {
		return netip.Prefix{}
	}
	p, err := netip.ParsePrefix(text)
	switch {
	case err != nil || !p.Addr().Is4() || p.Masked() != p:
		f.Add(field, "%q is not a network such as 10.100.0.0/16", refuse.Clip(text))
		return netip.Prefix{}
	case p.Bits() > smallestNetwork:
		f.Add(field, "%s is too small: /%d at least", p, smallestNetwork)
	}
	for _, taken := range takenNetworks {
		if p.Overlaps(taken) {
			f.Add(field, "%s overlaps with %s, which NKS keeps for itself", p, taken)
		}
	}
	return p
}

// takenNetworks are those that nothing of a cluster may overlap with.
var takenNetworks = []netip.Prefix{netip.MustParsePrefix("169.254.0.0/16"), netip.MustParsePrefix("198.18.0.0/19")}

// Format prints c with its secrets redacted, whatever the verb.
func (c Config) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "{Region:%s Zone:%s TenantID:%s Username:%s IdentityEndpoint:%s", c.Region, c.Zone, c.TenantID, c.Username, redact.URL(c.IdentityEndpoint))
	for _, e := range c.endpoints()[1:] {
		if e.url != "" {
			fmt.Fprintf(f, " %s:%s", strings.TrimPrefix(e.field, "Settings."), redact.URL(e.url))
		}
	}
	fmt.Fprint(f, "}")
}

// MarshalText gives JSON, and whatever else writes text, what Format prints.
func (c Config) MarshalText() ([]byte, error) { return []byte(fmt.Sprint(c)), nil }

// LogValue logs c with its secrets redacted.
func (c Config) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(c)) }

// Handler is a [pmks.ClusterHandler] for one region of a tenant. It is safe for
// concurrent use. Close it when it is no longer needed.
type Handler struct {
	cfg   *Config // behind a pointer fmt does not look, whatever holds the handler
	api   *client
	names *catalog
	// unseen are the clusters that this handler has made and NKS has not shown yet, with
	// the time when.
	unseen sync.Map
	// called are the names of clusters by their ids, as they were last read: a node group
	// does not tell that of its cluster.
	called memo.Facts[string]
	// looks are those of the waits, which share them.
	looks look.Shared[pmks.State]
	// labelForm is the form in which NKS has taken the labels of nodes.
	labelForm atomic.Int32
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
	_ pmks.UpgradeAdvisor     = (*Handler)(nil)
)

// New makes a handler. It makes no call. ErrInvalidArgument names what is wrong with
// cfg.
func New(_ context.Context, cfg Config) (*Handler, error) {
	if err := cfg.normalize(); err != nil {
		return nil, err
	}
	api := newClient(cfg)
	cfg.Password = "" // a handler may be printed
	api.cfg = cfg
	h := &Handler{cfg: &cfg, api: api}
	h.names = &catalog{h: h, memo: memo.Facts[known]{Life: namesLife}}
	return h, nil
}

// Close ends the idle connections.
func (h *Handler) Close() error {
	h.api.idle()
	return nil
}

// Capabilities implements [pmks.CapabilityReporter].
func (h *Handler) Capabilities() pmks.Capabilities { return capabilities.Clone() }
