// SPDX-License-Identifier: Apache-2.0

package alibaba

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/client"
	"github.com/alibabacloud-go/tea/dara"
	"github.com/alibabacloud-go/tea/tea"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/once"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
)

// limiter is the one of all handlers with the same credentials: what Alibaba Cloud takes it
// counts by account and region. Whose a credential of the caller's or a bearer token is
// nobody tells, so each has its own.
func (c *Config) limiter() *fanout.Limiter {
	rates := fanout.Scaled(c.RateLimits, c.rateOf)
	if c.Credential != nil || c.BearerToken != "" {
		return fanout.NewLimiter(rates)
	}
	who := strings.Join([]string{c.AccessKeyID, c.RoleARN, c.OIDCProviderARN, c.Profile, c.ECSRole}, "/") // no secret is among them
	return fanout.Shared(fanout.Account{Provider: Name, Identity: who, Region: c.Region, Rates: c.RateLimits, Transport: c.Transport,
		Endpoint: strings.Join([]string{c.Endpoint, c.VPCEndpoint, c.ECSEndpoint, c.STSEndpoint}, " ")}, rates)
}

// rateOf returns how fast the requests of an action may be made; buckets are called by
// service and action. Alibaba Cloud publishes no figure for ACK. Its other products take
// a hundred reads a second and ten to twenty changes of each action (read in November
// 2026), of which other tools of the account draw too.
func (c *Config) rateOf(bucket string) fanout.Rate {
	service, action, _ := strings.Cut(bucket, ":")
	switch {
	case c.RateLimits == ratesNone:
		return fanout.Rate{}
	case !isRead(action):
		return fanout.Rate{PerSecond: 2, Burst: 5}
	case service == "cs":
		return fanout.Rate{PerSecond: 10, Burst: 20}
	}
	return fanout.Rate{PerSecond: 20, Burst: 40}
}

func isRead(action string) bool {
	for _, verb := range []string{"Describe", "List", "Get"} {
		if strings.HasPrefix(action, verb) {
			return true
		}
	}
	return false
}

// read makes a request of ACK that changes nothing; send one that changes something,
// once. holds reports whether an answer holds what it must hold.
func read[O any](ctx context.Context, h *Handler, action, what string, call func(csAPI) (O, error), holds func(O) bool) (O, error) {
	return fanout.Read(ctx, h.api.limiter, "cs:"+action, attempt(h, what, call, holds))
}

func send[O any](ctx context.Context, h *Handler, action, what string, call func(csAPI) (O, error), holds func(O) bool) (O, error) {
	return fanout.Do(ctx, h.api.limiter, "cs:"+action, attempt(h, what, call, holds))
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

// attempt is one try of a request.
func attempt[O any](h *Handler, what string, call func(csAPI) (O, error), holds func(O) bool) func(context.Context) (O, error) {
	return func(ctx context.Context) (out O, err error) {
		keys, err := h.api.keys.get(ctx)
		if err != nil {
			return out, err
		}
		err = h.api.exchange(ctx, keys, func(web sender, keys snapshot) (err error) {
			bound := h.api.ack.get(web, keys)
			out, err = call(bound.api)
			h.api.ack.put(bound)
			return err
		})
		if err == nil && !holds(out) {
			err = errs.LostAnswer(vendor, what)
		}
		return out, err
	}
}

// rpcCall is a call of another service than ACK: an action and its parameters.
type rpcCall struct {
	action, version, auth string
	query                 map[string]string
	form                  map[string]any
}

// make makes the call with a client of the service.
func (r rpcCall) make(client *openapi.Client, out any) error {
	request := &openapi.OpenApiRequest{Query: map[string]*string{}}
	for name, value := range r.query {
		request.Query[name] = &value
	}
	if r.form != nil {
		request.Body = r.form
	}
	answer, err := client.CallApi(&openapi.Params{Action: &r.action, Version: &r.version, Protocol: tea.String("HTTPS"), Pathname: tea.String("/"),
		Method: tea.String(http.MethodPost), AuthType: &r.auth, Style: tea.String("RPC"), ReqBodyType: tea.String("formData"), BodyType: tea.String("json")},
		request, &dara.RuntimeOptions{})
	if err != nil {
		return err
	}
	return tea.Convert(answer["body"], out)
}

// readRPC makes a read of another service than ACK.
func readRPC[O any](ctx context.Context, h *Handler, connect connectRPC, service, version, action string, params map[string]string, holds func(*O) bool) (*O, error) {
	call := rpcCall{action: action, version: version, auth: "AK", query: params}
	return fanout.Read(ctx, h.api.limiter, service+":"+action, func(ctx context.Context) (*O, error) {
		var out O
		keys, err := h.api.keys.get(ctx)
		if err == nil {
			err = h.api.exchange(ctx, keys, func(web sender, keys snapshot) error { return call.make(connect(web, keys), &out) })
		}
		if err == nil && !holds(&out) {
			err = errs.LostAnswer(vendor, "answer to "+action)
		}
		return &out, err
	})
}

// listRPC reads all pages of a list of another service than ACK. items are those of one
// page, with how many there are in all; false of an answer that is none.
func listRPC[O, T any](ctx context.Context, h *Handler, connect connectRPC, service, version, action string, params map[string]string,
	id func(*T) string, items func(*O) ([]*T, *int32, bool)) ([]*T, error) {
	return readPages(vpcPage, id, func(page int) ([]*T, int, error) {
		query := maps.Clone(params)
		query["RegionId"], query["PageSize"], query["PageNumber"] = h.cfg.Region, strconv.Itoa(vpcPage), strconv.Itoa(page)
		out, err := readRPC(ctx, h, connect, service, version, action, query, func(o *O) bool { _, _, ok := items(o); return ok })
		if err != nil {
			return nil, 0, err
		}
		list, all, _ := items(out)
		return withoutNil(list), total(all), nil
	})
}

// exchange makes one request with the credentials of the moment, and turns what the SDK
// says of it into an error of pmks.
//
// The SDK has the runtime write down the whole stack of the goroutine for each request, to
// find a number in its first line for the nonce: with the stack of a listing below it that
// is a tenth of what the listing costs. So the SDK gets a goroutine of its own, with no more
// of ours below it than must be.
func (c *clients) exchange(ctx context.Context, keys snapshot, do func(web sender, keys snapshot) error) error {
	var x exchange
	answered := make(chan error)
	web := func(req *http.Request) (*http.Response, error) { return x.send(ctx, c, req) }
	go func() {
		err := errors.New("the request was given up") // unless it comes back
		defer func() {
			if r := recover(); r != nil {
				err = fanout.Panicked(r)
			}
			answered <- err
		}()
		err = do(web, keys)
	}()
	err := <-answered
	defer x.end()
	if err := x.fail(err); err != nil {
		return err
	}
	return x.denied()
}

// mostAgain is how often a list that changes is read again.
const mostAgain = 3

// readPages reads a list to its end, by page number. next gives the items of a page and how
// many there are in all, -1 where the answer does not tell.
func readPages[T any](size int, id func(T) string, next func(page int) (items []T, total int, err error)) ([]T, error) {
	all, pass := []T{}, 0
	err := walkPages(size, id, next, func(of int, fresh []T) bool {
		if of != pass {
			all, pass = all[:0], of
		}
		all = append(all, fresh...)
		return true
	})
	return all, err
}

// walkPages hands the pages of a list over, until take has enough. Items shift while they
// are read, so one may come twice, of which take sees the first; a page without a new one
// before the end would let the list go on for ever. Where one came or went meanwhile the
// list is read again, in another pass: what moved onto a page that was read would be missed.
func walkPages[T any](size int, id func(T) string, next func(page int) (items []T, total int, err error), take func(pass int, fresh []T) bool) error {
	seen := map[string]bool{}
	before, pass := 0, 0
	for page := 1; ; page++ {
		items, total, err := next(page)
		if err != nil {
			return err
		}
		if page > 1 && total != before && total >= 0 {
			if pass == mostAgain {
				return &pmks.Error{Code: pmks.CodeUnavailable, Message: "a list of " + vendor + " changed each time while it was read"}
			}
			pass, page = pass+1, 0
			clear(seen)
			continue
		}
		before = total
		var fresh []T
		for _, item := range items {
			if key := id(item); !seen[key] {
				seen[key] = true
				fresh = append(fresh, item)
			}
		}
		switch {
		case !take(pass, fresh), len(items) == 0, total >= 0 && len(seen) >= total, total < 0 && len(items) < size:
			return nil
		case len(fresh) == 0:
			return &pmks.Error{Code: pmks.CodeUnavailable, Message: vendor + " gave the same page of a list twice: it cannot be read to its end"}
		}
	}
}

// filled is as for what is written back: what a read shows as an empty text, because there
// is none, would be taken for one in a write, and so would null in a list.
func filled[T any](v any) (*T, error) {
	members, err := as[map[string]any](v)
	if err != nil {
		return nil, err
	}
	for name, value := range *members {
		if list, ok := value.([]any); ok {
			(*members)[name] = slices.DeleteFunc(list, func(item any) bool { return item == nil })
		} else if value == "" {
			delete(*members, name)
		}
	}
	return as[T](members)
}

// as turns a value of the SDK into another of its types with members of the same names:
// it has one for each call that tells the same.
func as[T any](v any) (*T, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var out T
	return &out, json.Unmarshal(text, &out)
}
