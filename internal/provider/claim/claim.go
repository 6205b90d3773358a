// SPDX-License-Identifier: Apache-2.0

// Package claim keeps the names that are about to be used, and the ranges of addresses
// that go with them, for all handlers of a program that reach the same account. Use it
// where a cloud lets two things have one name, chooses no ranges by itself, or shows
// late what was made: two callers would both find a name or a range free.
package claim

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
)

// ErrLookAgain is told to who has waited for another: what was looked up before holds no
// longer.
var ErrLookAgain = errors.New("another of this name was tried meanwhile")

// Claim is a name that is about to be used, or was used a moment ago: of a cluster, or
// of a node group with its cluster as the parent.
type Claim struct {
	Parent, Name string
	// VPC is where Ranges must not overlap with those of others.
	VPC    string
	Ranges []netip.Prefix
	// There reports whether what another has made is not gone by now: it may have been
	// removed by other hands. Nil means that it is there.
	There func(id string) bool

	done chan struct{} // closed when it is decided
	id   string        // what was made
	open bool          // whether it was made is not known
}

// Account is which claims meet.
type Account struct {
	cloud, region, endpoint, key string
	transport                    any
	lag                          time.Duration
}

// NewAccount returns the account that a handler reaches. key tells whose it is; without
// one nobody else has the account, as far as can be known. lag is how long the lists of
// the cloud may not show what was made.
func NewAccount(cloud, region, endpoint, key string, transport http.RoundTripper, lag time.Duration) Account {
	a := Account{cloud: cloud, region: region, endpoint: endpoint, key: key, transport: transport, lag: lag}
	if key == "" || transport != nil && !reflect.TypeOf(transport).Comparable() {
		a.transport = &Claim{}
	}
	return a
}

// claimed holds the claims of all handlers of the program, while they count.
var claimed struct {
	mu   sync.Mutex
	held map[Account][]*Claim
}

// Take claims a name for one caller, who settles it. While another makes something of
// that name Take waits what comes of it, until the lists would show it, and gives
// ErrLookAgain, or AlreadyExists. choose is called with the ranges that others in the VPC
// have claimed, before anybody else can claim; it may set those of want.
func (a Account) Take(ctx context.Context, want *Claim, choose func(taken []netip.Prefix) error) error {
	other, err := a.try(want, choose)
	if other == nil {
		return err
	}
	select {
	case <-other.done:
	case <-ctx.Done():
		return errs.Over(ctx)
	}
	switch {
	case other.id != "" && want.There != nil && !want.There(other.id):
		a.Forget(other.id)
	case other.id != "":
		return &pmks.Error{Code: pmks.CodeAlreadyExists, Field: "IId.NameId", Message: "there is one of this name: " + other.id}
	case other.open:
		select {
		case <-time.After(a.lag):
		case <-ctx.Done():
			return errs.Over(ctx)
		}
	}
	return ErrLookAgain
}

// try claims a name, or returns who holds it.
func (a Account) try(want *Claim, choose func(taken []netip.Prefix) error) (other *Claim, err error) {
	claimed.mu.Lock()
	defer claimed.mu.Unlock()
	var taken []netip.Prefix
	for _, held := range claimed.held[a] {
		if held.Parent == want.Parent && held.Name == want.Name {
			return held, nil
		}
		if want.VPC != "" && held.VPC == want.VPC {
			taken = append(taken, held.Ranges...)
		}
	}
	if err := choose(taken); err != nil {
		return nil, err
	}
	want.done = make(chan struct{})
	if claimed.held == nil {
		claimed.held = map[Account][]*Claim{}
	}
	claimed.held[a] = append(claimed.held[a], want)
	return nil, nil
}

// Settle says what came of a claim: the id of what was made, or "". What was made counts
// until the lists show it. Where that is open the ranges count as long, and the name is
// free to be looked for.
func (a Account) Settle(held *Claim, id string, open bool) {
	claimed.mu.Lock()
	held.open = open
	if held.id = id; id == "" {
		held.Name = ""
	}
	close(held.done)
	claimed.mu.Unlock()
	if id == "" && !open {
		a.drop(func(c *Claim) bool { return c == held })
		return
	}
	time.AfterFunc(a.lag, func() { a.drop(func(c *Claim) bool { return c == held }) })
}

// Forget drops what was made and removed again.
func (a Account) Forget(id string) { a.drop(func(c *Claim) bool { return c.id == id }) }

func (a Account) drop(is func(*Claim) bool) {
	claimed.mu.Lock()
	defer claimed.mu.Unlock()
	if left := slices.DeleteFunc(claimed.held[a], is); len(left) > 0 {
		claimed.held[a] = left
	} else {
		delete(claimed.held, a)
	}
}

// Made reports whether something was made below a parent a moment ago, and not removed
// again.
func (a Account) Made(parent, id string) bool {
	claimed.mu.Lock()
	defer claimed.mu.Unlock()
	return slices.ContainsFunc(claimed.held[a], func(c *Claim) bool { return c.Parent == parent && c.id == id })
}

// Recent returns the ids of what was made a moment ago below a parent, under a name if
// one is given.
func (a Account) Recent(parent, name string) []string {
	claimed.mu.Lock()
	defer claimed.mu.Unlock()
	var ids []string
	for _, held := range claimed.held[a] {
		if held.id != "" && held.Parent == parent && (name == "" || held.Name == name) {
			ids = append(ids, held.id)
		}
	}
	return ids
}
