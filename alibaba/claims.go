// SPDX-License-Identifier: Apache-2.0

package alibaba

import (
	"context"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
)

// listLag is how long a list may not show what was made (vendor's notice of November
// 2024: 1 to 10 seconds), with something to spare.
const listLag = 12 * time.Second

// claims are the names and ranges of addresses that a handler is about to use, or has
// used a moment ago. ACK lets two things have one name, and shows neither for a while, so
// that two callers of one handler would both find it free.
type claims struct {
	mu   sync.Mutex
	held []*claim
}

// claim is a name: of a cluster, or of a node pool in a cluster.
type claim struct {
	parent, name string
	vpc          string
	ranges       []netip.Prefix

	done chan struct{} // closed when it is decided
	id   string        // what was made; "" while nothing is
	last time.Time     // until when the claim counts, once it is decided
}

// take claims a name for one caller. While another makes something of that name it waits
// what comes of it. choose is called with the ranges that others in the VPC have claimed,
// alone, before anybody else can claim.
func (c *claims) take(ctx context.Context, want *claim, choose func(taken []netip.Prefix) error) error {
	for {
		c.mu.Lock()
		other := c.find(want.parent, want.name)
		if other == nil {
			var taken []netip.Prefix
			for _, held := range c.held {
				if want.vpc != "" && held.vpc == want.vpc {
					taken = append(taken, held.ranges...)
				}
			}
			err := choose(taken)
			if err == nil {
				want.done = make(chan struct{})
				c.held = append(c.held, want)
			}
			c.mu.Unlock()
			return err
		}
		c.mu.Unlock()
		select {
		case <-other.done:
			if other.id != "" {
				return &pmks.Error{Code: pmks.CodeAlreadyExists, Field: "IId.NameId", Message: "there is one of this name: " + other.id}
			}
		case <-ctx.Done():
			return errs.Over(ctx)
		}
	}
}

// find returns who holds a name; what was made long enough ago is in the lists.
func (c *claims) find(parent, name string) *claim {
	now := time.Now()
	kept := c.held[:0]
	var found *claim
	for _, held := range c.held {
		if !held.last.IsZero() && now.After(held.last) {
			continue
		}
		kept = append(kept, held)
		if held.parent == parent && held.name == name {
			found = held
		}
	}
	clear(c.held[len(kept):])
	c.held = kept
	return found
}

// settle says what came of a claim: the id of what was made, or "". Where that is open the
// ranges stay claimed for a while, and the name is free to be looked for.
func (c *claims) settle(held *claim, id string, open bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	held.id, held.last = id, time.Now().Add(listLag)
	switch {
	case id != "":
	case open:
		held.name = ""
	default:
		c.held = slices.DeleteFunc(c.held, func(other *claim) bool { return other == held })
	}
	close(held.done)
}

// forget drops what was made and removed again.
func (c *claims) forget(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held = slices.DeleteFunc(c.held, func(held *claim) bool { return held.id == id })
}

// recent returns the ids of what was made a moment ago below a parent, under a name if one
// is given.
func (c *claims) recent(parent, name string) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.find("", "") // drops what is over
	var ids []string
	for _, held := range c.held {
		if held.id != "" && held.parent == parent && (name == "" || held.name == name) {
			ids = append(ids, held.id)
		}
	}
	return ids
}
