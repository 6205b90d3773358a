// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"regexp"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/endpoint"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/provider/look"
	"github.com/pmks-go/pmks/internal/redact"
	"github.com/pmks-go/pmks/internal/refuse"
)

var (
	subscriptionPattern = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
	locationPattern     = regexp.MustCompile(`^[a-z0-9]+$`)
	userPattern         = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,31}$`)
)

// normalize fills the defaults in and refuses what cannot work.
func (c *Config) normalize() error {
	c.SubscriptionID = cmp.Or(c.SubscriptionID, os.Getenv("AZURE_SUBSCRIPTION_ID"))
	c.NetworkResourceGroup = cmp.Or(c.NetworkResourceGroup, c.ResourceGroup)
	c.SKUTier = cmp.Or(c.SKUTier, "Free")
	c.NetworkMode = cmp.Or(c.NetworkMode, modeOverlay)
	c.PodCIDR = cmp.Or(c.PodCIDR, defaultPodCIDR)
	c.MaxPods = cmp.Or(c.MaxPods, DefaultMaxPods)
	c.AdminUsername = cmp.Or(c.AdminUsername, DefaultAdminUsername)
	c.KubeconfigKind = cmp.Or(c.KubeconfigKind, kindAdmin)
	c.CredentialHelper = cmp.Or(c.CredentialHelper, DefaultCredentialHelper)
	c.Cloud = cmp.Or(c.Cloud, "public")
	c.RateLimits = cmp.Or(c.RateLimits, limitsPublished)

	var f refuse.List
	c.checkPlace(&f)
	c.checkCredentials(&f)
	c.checkClusters(&f)
	return f.Err()
}

// checkPlace checks where clusters are.
func (c *Config) checkPlace(f *refuse.List) {
	switch {
	case c.SubscriptionID == "":
		f.Add("Credentials.subscriptionId", "is required: give it, or set AZURE_SUBSCRIPTION_ID")
	case !subscriptionPattern.MatchString(c.SubscriptionID):
		f.Add("Credentials.subscriptionId", "%q is not the id of a subscription, such as 00000000-0000-0000-0000-000000000000", c.SubscriptionID)
	}
	switch {
	case c.ResourceGroup == "":
		f.Add("Settings.resourceGroup", "is required: name a resource group that exists; pmks makes none")
	case !namePattern.MatchString(c.ResourceGroup):
		f.Add("Settings.resourceGroup", "%q is not the name of a resource group", c.ResourceGroup)
	}
	if c.ResourceGroup != "" && !namePattern.MatchString(c.NetworkResourceGroup) {
		f.Add("Settings.networkResourceGroup", "%q is not the name of a resource group", c.NetworkResourceGroup)
	}
	if !locationPattern.MatchString(c.Location) {
		f.Add("Region", "%q is not a region: give one in Azure's short form, such as koreacentral", c.Location)
	}
	f.Join(endpoint.Check("Endpoint", c.Endpoint, false))
	if err := endpoint.Check("Settings.authorityHost", c.AuthorityHost, false); err != nil {
		f.Join(err)
	} else if c.AuthorityHost != "" && !strings.HasPrefix(strings.ToLower(c.AuthorityHost), "https:") {
		f.Add("Settings.authorityHost", "must begin with https://: the SDK gets tokens over nothing else")
	}
}

// checkCredentials checks that one way to get a token is given, or none.
func (c *Config) checkCredentials(f *refuse.List) {
	ways := 0
	for _, given := range []string{c.ClientSecret, c.CertificateFile, c.FederatedTokenFile} {
		if given != "" {
			ways++
		}
	}
	switch {
	case ways > 1:
		f.Add("Credentials", "clientSecret, certificateFile and federatedTokenFile exclude each other: give one")
	case ways == 1 && (c.TenantID == "" || c.ClientID == ""):
		f.Add("Credentials", "clientSecret, certificateFile and federatedTokenFile go with tenantId and clientId")
	}
	if c.CertificatePassword != "" && c.CertificateFile == "" {
		f.Add("Credentials.certificatePassword", "goes with certificateFile")
	}
}

// checkClusters checks what new clusters are to be like.
func (c *Config) checkClusters(f *refuse.List) {
	if c.MaxPods < 10 || c.MaxPods > 250 {
		f.Add("Settings.maxPods", "must be 10 to 250, got %d", c.MaxPods)
	}
	if !userPattern.MatchString(c.AdminUsername) {
		f.Add("Settings.adminUsername", "%q is not a user name: a letter, then at most 31 letters, digits, - or _", c.AdminUsername)
	}
	for field, text := range map[string]string{"Settings.podCidr": c.PodCIDR, "Settings.serviceCidr": c.ServiceCIDR} {
		if p, err := netip.ParsePrefix(text); text != "" && (err != nil || !p.Addr().Is4() || p != p.Masked()) {
			f.Add(field, "%q is not a range such as %s", text, defaultPodCIDR)
		}
	}
	if p, err := netip.ParsePrefix(c.ServiceCIDR); err == nil && (p.Bits() <= 12 || p.Bits() > 28) {
		f.Add("Settings.serviceCidr", "must be smaller than a /12 and at least a /28, got %s", p)
	}
	if c.IdentityID != "" {
		if id, err := arm.ParseResourceID(c.IdentityID); err != nil || !strings.EqualFold(id.ResourceType.String(), identityType) {
			f.Add("Settings.identityId", "%q is not the ARM id of a managed identity", c.IdentityID)
		}
	}
	f.Join(fanout.CheckRates(c.RateLimits))
	if c.DisableLocalAccounts && len(c.EntraAdmins) == 0 {
		f.Add("Settings.disableLocalAccounts", "needs entraAdmins: nobody could log in")
	}
}

// Format prints c with its secrets redacted, whatever the verb.
func (c Config) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "{SubscriptionID:%s ResourceGroup:%s Location:%s TenantID:%s ClientID:%s CertificateFile:%s FederatedTokenFile:%s Endpoint:%s}",
		c.SubscriptionID, c.ResourceGroup, c.Location, c.TenantID, c.ClientID, c.CertificateFile, c.FederatedTokenFile, redact.URL(c.Endpoint))
}

// MarshalText gives JSON, and whatever else writes text, what Format prints.
func (c Config) MarshalText() ([]byte, error) { return []byte(fmt.Sprint(c)), nil }

// LogValue logs c with its secrets redacted.
func (c Config) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(c)) }

// Handler is a [pmks.ClusterHandler] for one region of one subscription. It is
// safe for concurrent use.
type Handler struct {
	cfg *Config // behind a pointer fmt does not look, whatever holds the handler
	api clients

	usage usage
	looks look.Shared[glimpse]
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
// network call. ErrInvalidArgument names what is wrong with cfg.
func New(_ context.Context, cfg Config) (*Handler, error) {
	if err := cfg.normalize(); err != nil {
		return nil, err
	}
	api, err := newClients(cfg)
	if err != nil {
		return nil, err
	}
	return &Handler{cfg: &cfg, api: api}, nil
}

// Format prints which subscription and resource group h is for, and no secret.
func (h *Handler) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "azure.Handler%v", h.cfg) }

// LogValue logs h as Format prints it.
func (h *Handler) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(h)) }

// Capabilities implements [pmks.CapabilityReporter].
func (h *Handler) Capabilities() pmks.Capabilities { return capabilities.Clone() }
