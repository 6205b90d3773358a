// SPDX-License-Identifier: Apache-2.0

package tencent

import (
	"context"
	"errors"
	"strings"

	tchttp "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/http"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/once"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
)

// rateOf returns how fast the requests of an action may be made; buckets are called by
// service and action. Tencent Cloud takes 20 requests a second of most actions, of each
// region and user, by its own clock (read in November 2026). Other tools draw from the
// same.
func (c *Config) rateOf(bucket string) fanout.Rate {
	_, action, _ := strings.Cut(bucket, ":")
	switch {
	case c.RateLimits == ratesNone:
		return fanout.Rate{}
	case isRead(action):
		return fanout.Rate{PerSecond: 14, Burst: 14}
	}
	return fanout.Rate{PerSecond: 5, Burst: 5}
}

func isRead(action string) bool {
	return strings.HasPrefix(action, "Describe") || strings.HasPrefix(action, "Get") || strings.HasPrefix(action, "Check")
}

// read makes a request that changes nothing. holds reports whether an answer holds what
// it must hold, which is called what.
func read[O tchttp.Response](ctx context.Context, h *Handler, in tchttp.Request, fresh func() O, what string, holds func(O) bool) (O, error) {
	return fanout.Read(ctx, h.api.limiter, in.GetService()+":"+in.GetAction(), attempt(h, in, fresh, what, holds))
}

// send makes a request that changes something, once.
func send[O tchttp.Response](ctx context.Context, h *Handler, in tchttp.Request, fresh func() O, what string, holds func(O) bool) (O, error) {
	return fanout.Do(ctx, h.api.limiter, in.GetService()+":"+in.GetAction(), attempt(h, in, fresh, what, holds))
}

// attempt is one try of a request.
func attempt[O tchttp.Response](h *Handler, in tchttp.Request, fresh func() O, what string, holds func(O) bool) func(context.Context) (O, error) {
	return func(ctx context.Context) (O, error) {
		out := fresh()
		keys, err := h.api.keys.get(ctx)
		if err == nil {
			err = h.api.call(ctx, keys, in, out)
		}
		if err == nil && !holds(out) {
			err = errs.LostAnswer(vendor, what)
		}
		return out, err
	}
}

// settle sends a change exactly once. What is refused after a try whose answer was lost may
// be refused because of that very try, which was done late: a look tells.
func settle(ctx context.Context, m once.Mutation) (tries int, err error) {
	sendIt := m.Send
	m.Send = func(ctx context.Context) error {
		tries++
		err := sendIt(ctx)
		if tries == 1 || !isRefusal(err) {
			return err
		}
		done, lookErr := m.Happened(ctx)
		switch {
		case lookErr != nil:
			return errs.With(err, func(e *pmks.Error) { e.MayHaveHappened = true })
		case done:
			return nil
		}
		return err
	}
	err = once.Do(ctx, m)
	return tries, err
}

// assign sends a change that sets something to want, exactly once. TKE keeps no trace of
// such a request: while it shows what was there before, nothing has happened; what
// neither was there nor is wanted somebody else has set meanwhile.
func assign[S comparable](ctx context.Context, was, want S, sendIt func(context.Context) error, look func(context.Context) (S, error)) error {
	_, err := settle(ctx, once.Mutation{Send: sendIt, Happened: func(ctx context.Context) (bool, error) {
		now, err := look(ctx)
		if err == nil && now != want && now != was {
			err = errors.New("it was changed by somebody else")
		}
		return err == nil && now == want, err
	}})
	return err
}

// mostAgain is how often a list that changes is read again.
const mostAgain = 3

// pageSize is the largest page of all lists.
const pageSize = 100

// readPages reads a list to its end. Items shift while they are read, so one may come
// twice; a page without a new one before the end would let the list go on for ever.
func readPages[T any](id func(T) string, next func(offset int) (items []T, total int, err error)) ([]T, error) {
	all := []T{}
	seen := map[string]bool{}
	before, again := -1, 0
	for offset := 0; ; {
		items, total, err := next(offset)
		if err != nil {
			return all, err
		}
		if offset > 0 && total != before {
			if again == mostAgain {
				return all, &pmks.Error{Code: pmks.CodeUnavailable, Message: "a list of " + vendor + " changed each time while it was read"}
			}
			// One came or went: what moved onto a page that was read would be missed.
			again, offset = again+1, 0
			clear(seen)
			all = all[:0]
			continue
		}
		before = total
		fresh := 0
		for _, item := range items {
			if key := id(item); !seen[key] {
				seen[key] = true
				all, fresh = append(all, item), fresh+1
			}
		}
		switch offset += len(items); {
		case len(seen) >= total:
			return all, nil
		case fresh == 0:
			return all, &pmks.Error{Code: pmks.CodeUnavailable, Message: vendor + " gave no new page of a list before its end: it cannot be read to its end"}
		}
	}
}

// deref is the value of a member that may be null.
func deref[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

// withoutNil leaves out the items that the vendor has written as null.
func withoutNil[T any](list []*T) []*T {
	var out []*T
	for _, item := range list {
		if item != nil {
			out = append(out, item)
		}
	}
	return out
}

// texts are the values of a list of texts.
func texts(list []*string) []string {
	out := make([]string, 0, len(list))
	for _, t := range withoutNil(list) {
		out = append(out, *t)
	}
	return out
}

// pointers is a list of texts as the SDK takes it.
func pointers(list []string) []*string {
	out := make([]*string, len(list))
	for i := range list {
		out[i] = &list[i]
	}
	return out
}
