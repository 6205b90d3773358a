// SPDX-License-Identifier: Apache-2.0

package tencent

import (
	"context"
	"errors"
	"slices"
	"strings"

	tchttp "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/http"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/once"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
)

// limiter is the one of all handlers with the same keys: Tencent Cloud counts by region and
// user. Whose a credential of the caller's is nobody tells, so each has its own.
func (c *Config) limiter() *fanout.Limiter {
	rates := fanout.Scaled(c.RateLimits, c.rateOf)
	if c.Credential != nil {
		return fanout.NewLimiter(rates)
	}
	who := strings.Join([]string{c.SecretID, c.RoleARN, c.OIDCProviderID, c.Profile, c.CVMRole}, "/") // no secret is among them
	return fanout.Shared(fanout.Account{Provider: Name, Identity: who, Region: c.Region, Endpoint: c.Endpoint + " " + c.RootDomain, Rates: c.RateLimits, Transport: c.Transport}, rates)
}

// rateOf returns how fast the requests of an action may be made; buckets are called by
// service and action. Tencent Cloud takes 20 requests a second of most actions, of each
// region and user, by its own clock (read in November 2026), and counts them in every
// second, the first too, which a burst belongs to. Other tools draw from the same.
func (c *Config) rateOf(bucket string) fanout.Rate {
	_, action, _ := strings.Cut(bucket, ":")
	switch {
	case c.RateLimits == ratesNone:
		return fanout.Rate{}
	case isRead(action):
		return fanout.Rate{PerSecond: 18, Burst: 2}
	}
	return fanout.Rate{PerSecond: 5, Burst: 5}
}

func isRead(action string) bool {
	return strings.HasPrefix(action, "Describe") || strings.HasPrefix(action, "Get") || strings.HasPrefix(action, "Check")
}

// read makes a request that changes nothing. holds reports whether an answer holds what
// it must hold, which is called what.
func read[O tchttp.Response](ctx context.Context, h *Handler, in tchttp.Request, fresh func() O, what string, holds func(O) bool) (O, error) {
	out, err := fanout.Read(ctx, h.api.limiter, in.GetService()+":"+in.GetAction(), attempt(h, in, fresh, what, holds))
	if service := in.GetService(); service == "tke" || service == "as" {
		err = hinted(err)
	}
	return out, err
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

// errAnswered ends a change that was answered, though not with what came of it.
var errAnswered = errors.New("it was answered, and must not be sent again")

// settle sends a change exactly once. Only silence may be sent again: an answer that a
// fault inside is in the way leaves it open what came of the request, and so does any
// answer to a second one, which may be about what the first has done late. A look tells.
func settle(ctx context.Context, m once.Mutation) (tries int, err error) {
	sendIt, look, answered := m.Send, m.Happened, false
	m.Send = func(ctx context.Context) error {
		tries++
		err := sendIt(ctx)
		if err == nil || errs.ProviderCode(err) == "" || tries == 1 && !once.Open(err) {
			return err
		}
		if done, lookErr := look(ctx); lookErr == nil && done {
			return nil
		}
		answered = true
		return errs.With(err, func(e *pmks.Error) { e.MayHaveHappened = true })
	}
	m.Happened = func(ctx context.Context) (bool, error) {
		if answered {
			return false, errAnswered
		}
		return look(ctx)
	}
	err = once.Do(ctx, m)
	return tries, err
}

// remove removes something exactly once, as settle changes it.
func remove(ctx context.Context, sendIt func(context.Context) error, fate func(context.Context) (once.Fate, error)) error {
	answered := false
	return once.Remove(ctx, func(ctx context.Context) error {
		err := sendIt(ctx)
		if errs.ProviderCode(err) == "" || !once.Open(err) {
			return err
		}
		if now, lookErr := fate(ctx); lookErr == nil && now != once.Stays {
			return nil
		}
		answered = true
		return errs.With(err, func(e *pmks.Error) { e.MayHaveHappened = true })
	}, func(ctx context.Context) (once.Fate, error) {
		if answered {
			return once.Stays, errAnswered
		}
		return fate(ctx)
	})
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

// errStopped ends the reading of a list that nobody wants any more of.
var errStopped = errors.New("nobody reads on")

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

// chunked reads things by their ids, a page of them a call, the calls side by side. What was
// read is returned beside the faults of the rest.
func chunked[T any](ctx context.Context, ids []string, next func(context.Context, []*string) ([]T, error)) ([]T, error) {
	chunks := slices.Collect(slices.Chunk(ids, pageSize))
	lists := make([][]T, len(chunks))
	err := fanout.Each(ctx, len(chunks), func(ctx context.Context, i int) (err error) {
		lists[i], err = next(ctx, pointers(chunks[i]))
		return err
	})
	return slices.Concat(lists...), err
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
