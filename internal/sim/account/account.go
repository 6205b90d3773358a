// SPDX-License-Identifier: Apache-2.0

// Package account makes an account on any simulated cloud, and says how it is reached.
//
// What differs between the clouds is a table, one file for each: what an account holds,
// how its server is made, and the credentials, settings and environment that reach it.
// Package simtest and the program pmks-sim are made of it. Use it where the cloud is a
// name that somebody gave; a test of one cloud uses its simulator itself.
//
// GKE's simulator speaks gRPC, which is heavy to link. Its table is in package
// account/gcp, and is there where that is imported.
package account

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/kubeapi"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// Options are what an account is made with.
type Options struct {
	// Region is where it lies; empty means the cloud's usual one.
	Region string
	// Seed starts the stream of identifiers and durations.
	Seed uint64
	// Scale multiplies every duration; 0 means 1.
	Scale float64
	// Latency is how long each call takes.
	Latency time.Duration
	// ReadLag is how long reads go on showing what was before a change, where that is not
	// the cloud's own; Scale multiplies it too.
	ReadLag time.Duration
	// Logger gets a line for each call with its verdict; nil means none.
	Logger *slog.Logger
	// Kubernetes says whether, and how, there is a Kubernetes API behind the clusters.
	Kubernetes kubeapi.Mode
	// Without leaves things out of the account, by name or id.
	Without []string
	// Assume changes the Assumptions of the cloud's simulator, to which it gets a pointer;
	// nil means their zero value.
	Assume func(assumptions any)
}

// Assumed returns the assumptions that the options ask for.
func Assumed[A any](o Options) (a A) {
	if o.Assume != nil {
		o.Assume(&a)
	}
	return a
}

// Unlimited reports whether the published rates are off, because time passes faster
// here than the clock by which they count.
func (o Options) Unlimited() bool { return o.Scale != 0 && o.Scale != 1 }

// Lag is the ReadLag in the time of the simulators that do not multiply it.
func (o Options) Lag() time.Duration {
	return time.Duration(float64(o.ReadLag) * cmp.Or(o.Scale, 1))
}

// Server is what the server of every simulator is.
type Server interface {
	Put(core.Seed) error
	Force(cluster, nodeGroup string, state profile.State, reason string) error
	Inject(core.Fault) (cancel func())
	Calls() []simkit.Call
	Reset()
	Transport() http.RoundTripper
	Listen(addr string, secure bool) (*simkit.Listener, error)
	DialKubernetes(ctx context.Context, network, address string) (net.Conn, error)
	CloseKubernetes() error
}

// Protector is a Server whose cloud protects clusters from being deleted.
type Protector interface {
	Protect(cluster string, on bool) error
}

// Cloud is a simulated cloud, by what differs from the others.
type Cloud struct {
	// Name is that of the provider.
	Name string
	// Regions is what their names look like: an account can lie in any, but not in one
	// that could not be.
	Regions *regexp.Regexp
	// TLS: its clients send no credentials over anything else.
	TLS bool
	// Polls: the provider has the setting pollInterval.
	Polls bool
	// Requests are the calls, as the journal has them, with which a method of pmks changes
	// something; of "GetCluster" they are all the reads of one cluster.
	Requests map[string][]string
	// Facts are the calls that read what can be unreadable beside a cluster, by its word in
	// pmks.KeyUnread. The cloud tells the others with the cluster itself.
	Facts map[string][]string
	// Make makes an account that is not started.
	Make func(Options) Account
}

// Account is what a simulator has before it is started.
type Account struct {
	Holds []Kind
	// Start makes the server, with what is left of Holds.
	Start func() Server
	// Reach says how to reach the server at a base URL.
	Reach func(base string) Access
}

// Access is how an account is reached.
type Access struct {
	Region   string
	Zone     string // on zonal clouds
	Endpoint string
	// Credentials and Settings are those of pmks.Config.
	Credentials, Settings map[string]string
	// Environment is for the vendor's own tools, "NAME=value". Files are the contents of
	// files whose paths they read from variables of these names.
	Environment []string
	Files       map[string][]byte
	// TrustedBy are the variables by which the vendor's tools and the SDK learn of a file
	// with the certificate of an authority.
	TrustedBy []string
}

// Opened is an account that has been started.
type Opened struct {
	Cloud  Cloud
	Server Server
	// Kinds are what it holds.
	Kinds   []Kind
	options Options
	reach   func(base string) Access
}

// Open starts an account on a cloud.
func Open(name string, o Options) (*Opened, error) {
	c, ok := get(name)
	if !ok {
		return nil, fmt.Errorf("%q is not simulated; there are %s", name, strings.Join(Names(), ", "))
	}
	p, ok := profile.Get(name)
	if !ok {
		return nil, fmt.Errorf("there is no profile of %s", name)
	}
	if o.Region != "" && !c.Regions.MatchString(o.Region) {
		return nil, fmt.Errorf("region: %q is not the name of a region of %s, such as %s", o.Region, name, p.Region)
	}
	o.Region = cmp.Or(o.Region, p.Region)
	a := c.Make(o)
	if err := a.leaveOut(o.Without); err != nil {
		return nil, err
	}
	return &Opened{Cloud: c, Server: a.Start(), Kinds: a.Holds, options: o, reach: a.Reach}, nil
}

// Access says how the account is reached at a base URL. A provider that waits inside an
// operation looks every poll, unless that is 0.
func (a *Opened) Access(base string, poll time.Duration) Access {
	access := a.reach(base)
	access.Region = a.options.Region
	access.Endpoint = cmp.Or(access.Endpoint, base)
	if access.Settings == nil {
		access.Settings = map[string]string{}
	}
	if poll > 0 && a.Cloud.Polls {
		access.Settings["pollInterval"] = poll.String()
	}
	if a.options.Unlimited() {
		access.Settings["rateLimits"] = "none"
	}
	return access
}

var (
	mu     sync.Mutex
	clouds = map[string]Cloud{}
)

func init() {
	for _, c := range []Cloud{alibaba, aws, azure, ibm, nhn, tencent} {
		Register(c)
	}
}

// Register adds a cloud whose table is in a package of its own.
func Register(c Cloud) {
	mu.Lock()
	defer mu.Unlock()
	clouds[c.Name] = c
}

// Names returns the clouds that there are, sorted.
func Names() []string {
	mu.Lock()
	defer mu.Unlock()
	return slices.Sorted(maps.Keys(clouds))
}

func get(name string) (Cloud, bool) {
	mu.Lock()
	defer mu.Unlock()
	c, ok := clouds[name]
	return c, ok
}
