// SPDX-License-Identifier: Apache-2.0

// Package simtest gives a test an account on a simulated cloud, which speaks the
// vendor's own protocol. What is tested is the program with the provider and the vendor's
// SDK that it will run with; no account, no credentials and no network are needed.
//
//	import _ "github.com/pmks-go/pmks/aws"
//
//	func TestFleet(t *testing.T) {
//		account := simtest.Start(t, "aws", simtest.Options{})
//		client, err := pmks.Open(t.Context(), "aws", account.Config())
//		...
//	}
//
// Package fake is the other way to test: it is faster, links no SDK, and behaves as a
// good provider of the cloud would. It is for the logic of a program. simtest is for what
// lies between: settings, typed errors with the vendor's codes, which requests are made
// and how many, what a lost answer or a proxy's page does.
//
// # Clouds
//
// There are "alibaba", "aws", "azure", "ibm", "nhn" and "tencent", and "gcp" where
// package simtest/gcp is imported, because it links gRPC. No provider and no SDK is
// linked by this package: the test imports the providers that it opens.
//
// # Time
//
// An account in process takes its time from package time and starts no goroutine, so that
// inside a testing/synctest bubble the hours of a cloud pass in milliseconds. Outside of
// one, Options.Speed makes them short. An account on loopback cannot be used in a bubble:
// who waits for the network is not asleep.
//
// # What can be done to it
//
// [Account.Inject] makes requests fail in any of the ways that clouds and networks do,
// and [Account.Calls] tells what was asked. [Account.Put], [Account.Break] and
// [Account.Protect] do what other hands do behind the program's back, and [Account.Hide]
// takes the right to read something away. Calls and controls go by the names of package
// fake, so that a test can move from one to the other.
//
// # What it is not
//
// The simulators are made from the vendors' documents and SDKs. They refuse what those
// say is refused, and answer what they do not know as not simulated. They are no proof
// that a real account behaves so.
package simtest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/account"
	"github.com/pmks-go/pmks/internal/sim/kubeapi"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// Options say how an account is to be. The zero Options are an account in process, in
// the cloud's usual region, as slow as the cloud.
type Options struct {
	// Region is where the account lies; empty means the cloud's usual one.
	Region string
	// Loopback serves the account on a loopback address instead of in process: over
	// HTTP, or HTTPS where the vendor's SDK sends credentials over nothing else.
	Loopback bool
	// Speed makes the cloud work that many times faster: 1000 turns minutes into
	// hundredths of seconds. 0 means 1. A faster cloud has no rate limits, and the
	// Config keeps to none.
	Speed float64
	// Seed starts the stream of identifiers and durations. The same seed and the same
	// calls give the same cloud.
	Seed uint64
	// Latency is how long each call takes.
	Latency time.Duration
	// ReadLag makes reads show what was before, for that long of the cloud's time after
	// each change, as clouds with eventual consistency do.
	ReadLag time.Duration
	// Kubernetes puts a Kubernetes API behind each cluster, which takes the credentials
	// that the cloud hands out: on loopback at addresses of its own, in process through
	// [Account.DialKubernetes].
	Kubernetes bool
	// Without leaves things out of the account, by name or id, such as a role or a key
	// pair; see [Account.Resources].
	Without []string
	// Logger gets a line for each call with its verdict; nil means none.
	Logger *slog.Logger
}

// Account is a simulated account, which is there until its test ends. It is safe for
// concurrent use.
type Account struct {
	cloud  string
	opened *account.Opened
	config pmks.Config
	close  func() error
}

// Clouds returns the names of the clouds that Start takes, sorted.
func Clouds() []string { return account.Names() }

// Start makes an account on a cloud, which goes by the name of its provider, and closes
// it when the test ends. The test fails at once when there is no such cloud, or when the
// options are not possible.
func Start(t testing.TB, cloud string, o Options) *Account {
	t.Helper()
	a, err := start(cloud, o)
	if err != nil {
		t.Fatalf("simtest: %v", err)
	}
	t.Cleanup(func() {
		if err := a.close(); err != nil {
			t.Errorf("simtest: %v", err)
		}
	})
	return a
}

// poll is how often a provider that waits inside an operation looks at a fast cloud.
const poll = 5 * time.Millisecond

// nowhere is the URL of an account in process. No name server knows it, so that what
// goes astray reaches nobody.
const nowhere = "https://simulated.invalid"

func start(cloud string, o Options) (*Account, error) {
	if cloud == "gcp" && !slices.Contains(Clouds(), cloud) {
		return nil, errors.New(`the simulator of "gcp" links gRPC and is added by its import: import _ "github.com/pmks-go/pmks/simtest/gcp"`)
	}
	if !(o.Speed >= 0 && o.Speed <= 1e9) { // not a number is neither
		return nil, fmt.Errorf("the speed %v is not between 0 and 1e9", o.Speed)
	}
	if o.Latency < 0 || o.ReadLag < 0 {
		return nil, errors.New("the latency or the read lag is negative")
	}
	inner := account.Options{Region: o.Region, Seed: o.Seed, Latency: o.Latency, ReadLag: o.ReadLag, Without: o.Without, Logger: o.Logger}
	var every time.Duration
	if o.Speed != 0 {
		inner.Scale = 1 / o.Speed
	}
	if o.Speed > 1 {
		every = poll
	}
	switch {
	case o.Kubernetes && o.Loopback:
		inner.Kubernetes = kubeapi.Loopback
	case o.Kubernetes:
		inner.Kubernetes = kubeapi.InProcess
	}
	opened, err := account.Open(cloud, inner)
	if err != nil {
		return nil, err
	}
	a := &Account{cloud: cloud, opened: opened, close: opened.Server.CloseKubernetes}
	base, transport := nowhere, opened.Server.Transport()
	if o.Loopback {
		l, err := opened.Server.Listen("127.0.0.1:0", opened.Cloud.TLS)
		if err != nil {
			return nil, err
		}
		own := transportTo(l)
		base, transport = l.URL(), own
		a.close = func() error {
			own.CloseIdleConnections()
			return errors.Join(l.Close(), opened.Server.CloseKubernetes())
		}
	}
	access := opened.Access(base, every)
	a.config = pmks.Config{
		Region: access.Region, Zone: access.Zone, Endpoint: access.Endpoint,
		Credentials: access.Credentials, Settings: access.Settings, Transport: transport,
	}
	return a, nil
}

// transportTo makes what carries requests to a listener and to nobody else's proxy. Each
// account has its own: a listener may get the port of one before it.
func transportTo(l *simkit.Listener) *http.Transport {
	roots := l.CertPool()
	if roots == nil {
		roots = x509.NewCertPool()
	}
	return &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true}
}

// Config returns a configuration that reaches the account, for [pmks.Open] with the
// provider of the cloud. It is the caller's own: settings may be added to it.
//
// Its Transport carries all requests. A test that looks at them wraps it.
func (a *Account) Config() pmks.Config { return a.config.Clone() }

// ClusterRequest returns a full and valid request for a cluster of that name, with the
// network that the account has and one node group of two nodes. [pmks.Provision] takes it
// as it is; CreateCluster of a Type-I cloud takes it without the group.
func (a *Account) ClusterRequest(name string) pmks.ClusterInfo {
	req := a.profile().SampleRequest(name)
	a.relocate(&req.Network.VpcIID)
	for i := range req.Network.SubnetIIDs {
		a.relocate(&req.Network.SubnetIIDs[i])
	}
	return req
}

// NodeGroupRequest returns a full and valid request for a node group of that name: two
// nodes, bounds of one and three, autoscaling off.
func (a *Account) NodeGroupRequest(name string) pmks.NodeGroupInfo {
	return a.profile().SampleNodeGroup(name)
}

// profile is that of the cloud, which Start has seen.
func (a *Account) profile() *profile.Profile {
	p, _ := profile.Get(a.cloud)
	return p
}

// relocate corrects an id that has the region in it.
func (a *Account) relocate(iid *pmks.IID) {
	iid.SystemId = strings.ReplaceAll(iid.SystemId, "/regions/"+a.profile().Region+"/", "/regions/"+a.config.Region+"/")
}

// Resource is something that the account has and requests refer to.
type Resource struct {
	// Kind is what the vendor calls it, such as "vSwitch" or "subnetwork".
	Kind string
	// ID is empty where things have no ids but their names.
	ID, Name string
}

// Resources returns what the account has: networks, subnets, security groups, key pairs
// and roles, as far as the cloud has such things.
func (a *Account) Resources() []Resource {
	var list []Resource
	for _, k := range a.opened.Kinds {
		if k.Label == "" {
			continue
		}
		for _, t := range k.List() {
			list = append(list, Resource{Kind: k.Label, ID: t.ID, Name: t.Name})
		}
	}
	return list
}

// DialKubernetes connects to the Kubernetes API of a cluster in process; address is that
// of its endpoint, with a port. It fits http.Transport.DialContext and the Dial of
// client-go's rest.Config. See Options.Kubernetes.
func (a *Account) DialKubernetes(ctx context.Context, network, address string) (net.Conn, error) {
	return a.opened.Server.DialKubernetes(ctx, network, address)
}
