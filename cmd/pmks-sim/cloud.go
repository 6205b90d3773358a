// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pmks-go/pmks/internal/sim/kubeapi"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// options are what the flags say.
type options struct {
	listen  string
	scale   float64
	seed    uint64
	secure  bool
	region  string
	latency time.Duration
	// without leaves named things out of the account.
	without []string
	logger  *slog.Logger
	// kubernetes says whether there is an API behind the clusters.
	kubernetes kubeapi.Mode
}

// unlimited reports whether the published rates are off, because time passes faster
// here than the clock by which they count.
func (o options) unlimited() bool { return o.scale != 1 }

// cloud is a simulator that can be served, by what differs from the others.
type cloud struct {
	// regions is what their names look like: an account can lie in any, but not in one
	// that could not be.
	regions *regexp.Regexp
	// secure: https whatever the flags say.
	secure bool
	// account makes one, in a region that the options name.
	account func(options) account
}

// account is what a simulator has before it is started.
type account struct {
	holds []kind
	// start makes the server, with what is left of holds.
	start func() server
	// reach says how to reach the server at a base URL.
	reach func(base string) (access, error)
}

type server interface {
	Listen(addr string, secure bool) (*simkit.Listener, error)
	CloseKubernetes() error
}

// access is how a simulator is reached.
type access struct {
	endpoint string // empty means the base URL
	zone     string // on zonal clouds
	// environment reaches it with the vendor's own tools, settings with pmks.
	environment, settings []string
	// trustedBy are the variables by which the vendor's tools and the SDK learn of a
	// file with the certificate of its authority.
	trustedBy []string
	// remove takes back what was made; nil means nothing was.
	remove func() error
}

// thing is one of an account, by the words that name it and others that tell of it.
type thing struct{ id, name, about string }

// kind is all things of a kind in an account.
type kind struct {
	label string // empty: not listed
	list  func() []thing
	// remove takes out what has that name or id, and tells whether there was any.
	remove func(name string) bool
}

// things is a kind that an account has in a slice.
func things[T any](label string, all *[]T, tell func(T) thing) kind {
	return kind{
		label: label,
		list: func() (list []thing) {
			for _, x := range *all {
				list = append(list, tell(x))
			}
			return list
		},
		remove: func(name string) bool {
			before := len(*all)
			*all = slices.DeleteFunc(*all, func(x T) bool {
				t := tell(x)
				return strings.EqualFold(name, t.id) || strings.EqualFold(name, t.name)
			})
			return len(*all) < before
		},
	}
}

// named tells of what is nothing but a name.
func named(name string) thing { return thing{name: name} }

// leaveOut removes things by name or id, to see what happens without them.
func (a account) leaveOut(names []string) error {
	for _, name := range names {
		found := false
		for _, k := range a.holds {
			found = k.remove(name) || found
		}
		if !found || name == "" {
			return fmt.Errorf("-without: the account has no %q", name)
		}
	}
	return nil
}

// describe says what the account holds, a line each.
func (a account) describe() (lines []string) {
	for _, k := range a.holds {
		if k.label == "" {
			continue
		}
		for _, t := range k.list() {
			words := slices.DeleteFunc([]string{t.id, t.name, t.about}, func(word string) bool { return word == "" })
			lines = append(lines, fmt.Sprintf("%-16s %s", k.label, strings.Join(words, "  ")))
		}
	}
	return lines
}

// simulator is one cloud, being served.
type simulator struct {
	access
	provider, region string
	// certificate is the PEM of the authority to trust; empty without TLS.
	certificate string
	resources   []string
	// kubernetes: there is an API behind the clusters.
	kubernetes bool
	close      func() error
}

// serve starts the simulator of that name.
func serve(name string, o options) (simulator, error) {
	c := clouds[name]
	p, _ := profile.Get(name)
	if o.region != "" && !c.regions.MatchString(o.region) {
		return simulator{}, fmt.Errorf("-region: %q is not the name of a region of %s, such as %s", o.region, name, p.Region)
	}
	o.region = cmp.Or(o.region, p.Region)
	a := c.account(o)
	if err := a.leaveOut(o.without); err != nil {
		return simulator{}, err
	}
	server := a.start()
	listener, err := server.Listen(o.listen, o.secure || c.secure)
	if err != nil {
		return simulator{}, err
	}
	closing := func() error { return errors.Join(listener.Close(), server.CloseKubernetes()) }
	s := simulator{provider: name, region: o.region, resources: a.describe(), kubernetes: o.kubernetes != kubeapi.Off, close: closing}
	if s.access, err = a.reach(listener.URL()); err != nil {
		return simulator{}, errors.Join(err, closing())
	}
	s.endpoint = cmp.Or(s.endpoint, listener.URL())
	if s.remove != nil {
		s.close = func() error { return errors.Join(closing(), s.remove()) }
	}
	if o.unlimited() {
		s.settings = append(s.settings, "rateLimits=none")
	}
	if x := listener.Certificate(); x != nil {
		s.certificate = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: x.Raw}))
	}
	return s, nil
}
