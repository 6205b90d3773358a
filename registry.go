// SPDX-License-Identifier: Apache-2.0

package pmks

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/pmks-go/pmks/internal/redact"
)

// Config says how to reach a cloud. It prints with its credentials, and the
// passwords in its endpoints, redacted under every fmt verb, in slog and in JSON.
type Config struct {
	// Region is the cloud's region, such as "us-east-2".
	Region string
	// Zone is the zone of zonal clouds (GKE) and of clouds that place nodes by
	// zone (NKS).
	Zone string
	// Credentials holds the provider's credentials by the names that its
	// documentation lists. None: the vendor's own default chain applies.
	Credentials map[string]string
	// Settings holds the provider's other settings by name.
	Settings map[string]string
	// Endpoint replaces the cloud's URL, for simulators, proxies and private
	// endpoints.
	Endpoint string
	// Transport carries the requests; nil means the vendor SDK's own.
	Transport http.RoundTripper `json:"-"`
	// Logger gets what the provider has to say; nil means silence.
	Logger *slog.Logger `json:"-"`
}

// Clone returns a copy whose maps are its own. Transport and Logger are shared.
func (c Config) Clone() Config {
	c.Credentials = maps.Clone(c.Credentials)
	c.Settings = maps.Clone(c.Settings)
	return c
}

// masked returns a copy that may be shown.
func (c Config) masked() Config {
	c = c.Clone()
	for k := range c.Credentials {
		c.Credentials[k] = redact.Placeholder
	}
	for k, v := range c.Settings { // some are endpoints
		c.Settings[k] = redact.URL(v)
	}
	c.Endpoint = redact.URL(c.Endpoint)
	return c
}

func (c Config) redacted() string {
	m := c.masked()
	return fmt.Sprintf("{Region:%s Zone:%s Credentials:%v Settings:%v Endpoint:%s}",
		m.Region, m.Zone, m.Credentials, m.Settings, m.Endpoint)
}

// String returns c with its credentials redacted.
func (c Config) String() string { return c.redacted() }

// Format prints c with its credentials redacted, whatever the verb.
func (c Config) Format(f fmt.State, _ rune) { fmt.Fprint(f, c.redacted()) }

// LogValue logs c with its credentials redacted.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.redacted()) }

// MarshalJSON encodes c with its credentials redacted, and without Transport and
// Logger.
func (c Config) MarshalJSON() ([]byte, error) {
	m := c.masked()
	return json.Marshal(struct {
		Region, Zone          string
		Credentials, Settings map[string]string
		Endpoint              string
	}{m.Region, m.Zone, m.Credentials, m.Settings, m.Endpoint})
}

// Setting describes one entry of Config.Credentials or Config.Settings.
type Setting struct {
	// Name is the key in Config.Settings or Config.Credentials.
	Name string
	// Help is one sentence: what it is, its unit, where it comes from.
	Help string
	// Default is what an empty value means, for documentation.
	Default string
	// Required settings must be given to Open.
	Required bool
}

// Provider is what a provider registers.
type Provider struct {
	// Name is the name to open, such as "aws".
	Name string
	// Title is the cloud and its service, such as "Amazon Web Services EKS".
	Title        string
	Credentials  []Setting
	Settings     []Setting
	Capabilities Capabilities
	// Open makes a handler. The Config is the handler's own copy; its keys are
	// known ones and the required ones are there.
	Open func(ctx context.Context, cfg Config) (ClusterHandler, error)
}

var (
	providersMu sync.RWMutex
	providers   = map[string]Provider{}
)

// Register makes a provider available to Open. Providers call it when they are
// imported. It panics when the name or Open is missing, or when the name is
// taken.
func Register(p Provider) {
	providersMu.Lock()
	defer providersMu.Unlock()
	if p.Name == "" || p.Open == nil {
		panic("pmks: Register: a provider needs a Name and an Open function")
	}
	if _, ok := providers[p.Name]; ok {
		panic("pmks: Register: provider " + p.Name + " is registered twice")
	}
	providers[p.Name] = p
}

// Providers returns what is registered, sorted by name.
func Providers() []Provider {
	providersMu.RLock()
	defer providersMu.RUnlock()
	list := make([]Provider, 0, len(providers))
	for _, name := range slices.Sorted(maps.Keys(providers)) { // names, as a sort of Providers is 18 KB of every program
		p := providers[name]
		p.Credentials, p.Settings = slices.Clone(p.Credentials), slices.Clone(p.Settings)
		p.Capabilities = p.Capabilities.Clone()
		list = append(list, p)
	}
	return list
}

// Open makes a Client for the provider registered under name.
//
// ErrInvalidArgument: the name is not registered (the error lists those that
// are), or cfg holds a key that the provider does not know, or lacks one that it
// needs; every fault is named. Errors of the provider itself are passed on.
func Open(ctx context.Context, name string, cfg Config, opts ...Option) (*Client, error) {
	where := Error{Provider: name, Op: "Open"}
	if err := ctx.Err(); err != nil {
		return nil, Annotate(err, where)
	}
	p, err := lookup(name)
	if err != nil {
		return nil, Annotate(err, Error{Op: "Open"})
	}
	var f faults
	checkKeys(&f, "Credentials", cfg.Credentials, p.Credentials)
	checkKeys(&f, "Settings", cfg.Settings, p.Settings)
	if err := f.err(); err != nil {
		return nil, Annotate(err, where)
	}
	h, err := p.Open(ctx, cfg.Clone())
	if err != nil {
		return nil, Annotate(err, where)
	}
	opts = append([]Option{withProvider(name), WithLogger(cfg.Logger)}, opts...)
	return New(h, opts...), nil
}

// lookup finds what is registered under name.
func lookup(name string) (Provider, error) {
	providersMu.RLock()
	p, ok := providers[name]
	providersMu.RUnlock()
	if !ok {
		return Provider{}, unknownProvider(name)
	}
	return p, nil
}

// ownProviders are the providers of this module, whose import is known.
var ownProviders = []string{"alibaba", "aws", "azure", "fake", "gcp", "ibm", "nhn", "tencent"}

func unknownProvider(name string) error {
	var names []string
	for _, p := range Providers() {
		names = append(names, p.Name)
	}
	registered := "none is"
	if len(names) > 0 {
		registered = "registered are " + strings.Join(names, ", ")
	}
	for _, own := range ownProviders {
		if strings.EqualFold(strings.TrimSpace(name), own) && !slices.Contains(names, own) {
			return invalid("provider", "%q is not registered; add its import: import _ \"github.com/pmks-go/pmks/%s\" (%s)", clip(name), own, registered)
		}
	}
	return invalid("provider", "%q is not registered; %s; pmks has %s, each registered by its import, such as import _ \"github.com/pmks-go/pmks/fake\"",
		clip(name), registered, strings.Join(ownProviders, ", "))
}

// checkKeys refuses keys that the provider does not know, and misses the
// required ones. Values are never shown.
func checkKeys(f *faults, field string, given map[string]string, known []Setting) {
	var names []string
	for _, s := range known {
		names = append(names, s.Name)
		if s.Required && given[s.Name] == "" {
			f.add(field+"."+s.Name, "is required: %s", s.Help)
		}
	}
	slices.Sort(names)
	list := "there are none"
	if len(names) > 0 {
		list = "known are " + strings.Join(names, ", ")
	}
	for _, key := range slices.Sorted(maps.Keys(given)) {
		if !slices.Contains(names, key) {
			f.add(field+"."+clip(key), "is not known; %s", list)
		}
	}
}
