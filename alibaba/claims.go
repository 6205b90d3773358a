// SPDX-License-Identifier: Apache-2.0

package alibaba

import (
	"context"
	"errors"
	"net/netip"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
)

// listLag is how long a list may not show what was made (vendor's notice of November
// 2024: 1 to 10 seconds), with something to spare.
const listLag = 12 * time.Second

// claim is a name that is about to be used, of a cluster or of a node pool in a cluster,
// or was used a moment ago, and the ranges of addresses that go with it. ACK lets two
// things have one name and shows neither for a while, so that two callers would both find
// it free.
type claim struct {
	parent, name string
	vpc          string
	ranges       []netip.Prefix

	done chan struct{} // closed when it is decided
	id   string        // what was made
	open bool          // whether it was made is not known
}

// errLookAgain is told to who has waited for another: what was looked up before holds no
// longer.
var errLookAgain = errors.New("another of this name was tried meanwhile")

// account is which claims meet: those of all handlers of a program that reach the same
// clusters with the same key.
type account struct {
	region, endpoint, key string
	transport             any
}

// claimed holds the claims of all handlers of the program, while they count.
var claimed struct {
	mu   sync.Mutex
	held map[account][]*claim
}

func newAccount(c *Config) account {
	a := account{region: c.Region, endpoint: c.Endpoint, key: c.AccessKeyID + c.Profile + c.RoleARN, transport: c.Transport}
	if a.key == "" || c.Transport != nil && !reflect.TypeOf(c.Transport).Comparable() {
		a.transport = &claim{} // nobody else has it: whose keys they are is not known
	}
	return a
}

// take claims a name for one caller. While another makes something of that name it waits
// what comes of it, until the lists would show it, and gives errLookAgain. there reports
// whether what another has made is not gone again. choose is called with the ranges that
// others in the VPC have claimed, alone, before anybody else can claim.
func (a account) take(ctx context.Context, want *claim, there func(id string) bool, choose func(taken []netip.Prefix) error) error {
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
	case other.id != "" && !there(other.id):
		a.forget(other.id)
	case other.id != "":
		return &pmks.Error{Code: pmks.CodeAlreadyExists, Field: "IId.NameId", Message: "there is one of this name: " + other.id}
	case other.open:
		select {
		case <-time.After(listLag):
		case <-ctx.Done():
			return errs.Over(ctx)
		}
	}
	return errLookAgain
}

// try claims a name, or returns who holds it.
func (a account) try(want *claim, choose func(taken []netip.Prefix) error) (other *claim, err error) {
	claimed.mu.Lock()
	defer claimed.mu.Unlock()
	var taken []netip.Prefix
	for _, held := range claimed.held[a] {
		if held.parent == want.parent && held.name == want.name {
			return held, nil
		}
		if want.vpc != "" && held.vpc == want.vpc {
			taken = append(taken, held.ranges...)
		}
	}
	if err := choose(taken); err != nil {
		return nil, err
	}
	want.done = make(chan struct{})
	if claimed.held == nil {
		claimed.held = map[account][]*claim{}
	}
	claimed.held[a] = append(claimed.held[a], want)
	return nil, nil
}

// settle says what came of a claim: the id of what was made, or "". What was made counts
// until the lists show it. Where that is open the ranges count as long, and the name is
// free to be looked for.
func (a account) settle(held *claim, id string, open bool) {
	claimed.mu.Lock()
	held.open = open
	if held.id = id; id == "" {
		held.name = ""
	}
	close(held.done)
	claimed.mu.Unlock()
	if id == "" && !open {
		a.drop(func(c *claim) bool { return c == held })
		return
	}
	time.AfterFunc(listLag, func() { a.drop(func(c *claim) bool { return c == held }) })
}

// forget drops what was made and removed again.
func (a account) forget(id string) { a.drop(func(c *claim) bool { return c.id == id }) }

func (a account) drop(is func(*claim) bool) {
	claimed.mu.Lock()
	defer claimed.mu.Unlock()
	if left := slices.DeleteFunc(claimed.held[a], is); len(left) > 0 {
		claimed.held[a] = left
	} else {
		delete(claimed.held, a)
	}
}

// made reports whether something was made below a parent a moment ago, and not removed
// again.
func (a account) made(parent, id string) bool {
	claimed.mu.Lock()
	defer claimed.mu.Unlock()
	return slices.ContainsFunc(claimed.held[a], func(c *claim) bool { return c.parent == parent && c.id == id })
}

// recent returns the ids of what was made a moment ago below a parent, under a name if one
// is given.
func (a account) recent(parent, name string) []string {
	claimed.mu.Lock()
	defer claimed.mu.Unlock()
	var ids []string
	for _, held := range claimed.held[a] {
		if held.id != "" && held.parent == parent && (name == "" || held.name == name) {
			ids = append(ids, held.id)
		}
	}
	return ids
}
