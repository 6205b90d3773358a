// SPDX-License-Identifier: Apache-2.0

package gcp

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/endpoint"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/provider/look"
	"github.com/pmks-go/pmks/internal/redact"
	"github.com/pmks-go/pmks/internal/refuse"
)

// location is where clusters are made and names are looked up.
func (c *Config) location() string {
	if c.Regional {
		return c.Region
	}
	return c.Zone
}

// normalize fills the defaults in and refuses what cannot work.
func (c *Config) normalize() error {
	c.Region = cmp.Or(c.Region, regionOf(c.Zone))
	c.KubeconfigKind = cmp.Or(c.KubeconfigKind, kindToken)
	c.CredentialHelper = cmp.Or(c.CredentialHelper, DefaultCredentialHelper)
	if c.PollInterval <= 0 {
		c.PollInterval = defaultPollInterval
	}
	var f refuse.List
	c.RateLimits = cmp.Or(c.RateLimits, ratesPublished)
	f.Join(fanout.CheckRates(c.RateLimits))
	switch {
	case c.Regional && c.Region == "":
		f.Add("Region", "is required for regional clusters: give one such as asia-northeast3")
	case !c.Regional && c.Zone == "":
		f.Add("Zone", "is required: give one such as asia-northeast3-a, or the setting regional=true with a Region")
	}
	if c.Zone != "" && !zonePattern.MatchString(c.Zone) {
		f.Add("Zone", "%q is not a zone such as asia-northeast3-a", c.Zone)
	} else if c.Zone != "" && c.Region != regionOf(c.Zone) {
		f.Add("Zone", "%q is not in the region %q", c.Zone, c.Region)
	}
	if c.Region != "" && !regionPattern.MatchString(c.Region) {
		f.Add("Region", "%q is not a region such as asia-northeast3", c.Region)
	}
	if c.ProjectID != "" && !projectPattern.MatchString(c.ProjectID) {
		f.Add("Credentials.projectId", "%q is not the id of a project; its number and its name are not it", c.ProjectID)
	}
	c.checkCredentials(&f)
	f.Join(endpoint.Check("Endpoint", c.Endpoint, false))
	if c.Transport != nil {
		c.Protocol = cmp.Or(c.Protocol, protocolREST)
	}
	c.Protocol = cmp.Or(c.Protocol, protocolGRPC)
	return f.Err()
}

func (c *Config) checkCredentials(f *refuse.List) {
	ways := 0
	for _, given := range []bool{c.CredentialsJSON != "", c.CredentialsFile != "", c.ClientEmail != "" || c.PrivateKey != "", c.TokenSource != nil} {
		if given {
			ways++
		}
	}
	if ways > 1 {
		f.Add("Credentials", "credentialsJson, credentialsFile and clientEmail with privateKey exclude each other: give one")
	}
	if (c.ClientEmail == "") != (c.PrivateKey == "") {
		f.Add("Credentials", "clientEmail and privateKey go together: give both or none")
	}
	if c.ClientEmail != "" && c.ProjectID == "" {
		f.Add("Credentials.projectId", "is required with clientEmail and privateKey")
	}
}

// Format prints c with its secrets redacted, whatever the verb.
func (c Config) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "{ProjectID:%s Zone:%s Region:%s Regional:%t ClientEmail:%s CredentialsFile:%s Protocol:%s Endpoint:%s}",
		c.ProjectID, c.Zone, c.Region, c.Regional, c.ClientEmail, c.CredentialsFile, c.Protocol, redact.URL(c.Endpoint))
}

// MarshalText gives JSON, and whatever else writes text, what Format prints.
func (c Config) MarshalText() ([]byte, error) { return []byte(fmt.Sprint(c)), nil }

// LogValue logs c with its secrets redacted.
func (c Config) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(c)) }

// Handler is a [pmks.ClusterHandler] for one zone or region of a project. It is
// safe for concurrent use. Close it when it is no longer needed.
type Handler struct {
	cfg *Config // behind a pointer fmt does not look, whatever holds the handler
	api clients
	// lists says whether a listing asks for them.
	lists worth
	looks look.Shared[pmks.State]
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
// call of GKE; where the default credentials are those of the machine, it asks the
// machine's metadata server. ErrInvalidArgument names what is wrong with cfg.
func New(ctx context.Context, cfg Config) (*Handler, error) {
	if err := cfg.normalize(); err != nil {
		return nil, err
	}
	api, err := newClients(ctx, &cfg)
	if err != nil {
		return nil, err
	}
	return &Handler{cfg: &cfg, api: api}, nil
}

// Close ends the connections.
func (h *Handler) Close() error { return h.api.close() }

// Format prints which project and location h is for, and no secret.
func (h *Handler) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "gcp.Handler%v", h.cfg) }

// LogValue logs h as Format prints it.
func (h *Handler) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(h)) }

// Capabilities implements [pmks.CapabilityReporter].
func (h *Handler) Capabilities() pmks.Capabilities { return capabilities.Clone() }
