// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net/http"
	"slices"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/once"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
)

// read makes a request that changes nothing. check, if any, looks whether the answer
// holds what it must; its error says what is lost.
func read[T any](ctx context.Context, h *Handler, bucket string, call func(context.Context) (T, error), check func(T) error) (T, error) {
	return fanout.Read(ctx, h.api.limiter, bucket, func(ctx context.Context) (T, error) {
		out, err := call(ctx)
		if err == nil && check != nil {
			err = check(out)
		}
		return out, fail(err)
	})
}

// pages reads all pages of a list, calling each for one item. A page may be empty and
// have a next one; a next page that was there already would have no end.
func pages[P, T any](ctx context.Context, h *Handler, bucket string, p *runtime.Pager[P], open func(P) (items []*T, next *string), each func(*T)) error {
	for items, err := range pageSeq(ctx, h, bucket, p, open) {
		if err != nil {
			return err
		}
		for _, item := range items {
			each(item)
		}
	}
	return nil
}

// pageSeq is pages for a loop, which may break it off: page by page, without what is
// null.
func pageSeq[P, T any](ctx context.Context, h *Handler, bucket string, p *runtime.Pager[P], open func(P) (items []*T, next *string)) iter.Seq2[[]*T, error] {
	return func(yield func([]*T, error) bool) {
		seen := map[string]bool{}
		for p.More() {
			page, err := fanout.Read(ctx, h.api.limiter, bucket, func(ctx context.Context) (P, error) {
				page, err := p.NextPage(context.WithValue(ctx, listKey{}, true))
				return page, fail(err)
			})
			if err != nil {
				yield(nil, err)
				return
			}
			items, next := open(page)
			if !yield(slices.DeleteFunc(items, func(item *T) bool { return item == nil }), nil) {
				return
			}
			if link := value(next); link != "" {
				if seen[link] {
					yield(nil, &pmks.Error{Code: pmks.CodeInternal, Message: "Azure refers to a page of a list that was there before: the list has no end"})
					return
				}
				seen[link] = true
			}
		}
	}
}

type listKey struct{}

// checkList is the policy that refuses an answer to a list that holds none: the SDK
// would take it for an empty one and its pager go on. An empty list may be null.
type checkList struct{}

// Do implements [policy.Policy].
func (checkList) Do(r *policy.Request) (*http.Response, error) {
	response, err := r.Next()
	if err != nil || response.StatusCode != http.StatusOK || r.Raw().Context().Value(listKey{}) == nil {
		return response, err
	}
	body, err := runtime.Payload(response)
	if err != nil {
		return response, err
	}
	// Whether it can be read at all says the SDK, which takes it apart.
	if text := bytes.TrimLeft(body, "\ufeff \t\r\n"); !bytes.HasPrefix(text, []byte("{")) || !bytes.Contains(body, []byte(`"value"`)) {
		return nil, lost("list")
	}
	return response, nil
}

// holds refuses an answer that is no resource: one without a name and properties.
func holds[T any](what string, name *string, properties *T) error {
	if value(name) == "" || properties == nil {
		return lost(what)
	}
	return nil
}

// lost is the error of an answer of success that does not hold what it must.
func lost(what string) error { return errs.LostAnswer("Azure", what) }

// answer is what Azure says at once to a request that it goes on working on.
type answer struct {
	status int
	body   []byte
}

// send makes a request that changes something, with a Begin call of the SDK, and
// returns what Azure answered at once. The poller is dropped: waiting is the
// caller's, and reads the resource itself.
func (h *Handler) send(ctx context.Context, bucket string, begin func(context.Context) error) (answer, error) {
	return fanout.Do(ctx, h.api.limiter, bucket, func(ctx context.Context) (answer, error) {
		var raw *http.Response
		err := begin(policy.WithCaptureResponse(ctx, &raw))
		var refused *azcore.ResponseError
		if err != nil && (raw == nil || raw.StatusCode >= 300 || errors.As(err, &refused)) {
			return answer{}, fail(err)
		}
		// What else may be wrong is the SDK's way to poll, which nobody goes.
		body, err := runtime.Payload(raw) // the SDK has read it, and keeps it
		if err != nil {
			return answer{}, fail(err)
		}
		return answer{raw.StatusCode, body}, nil
	})
}

// decode decodes a resource; an answer that was cut short says nothing of what has
// happened.
func (a answer) decode(into any) error {
	if err := json.Unmarshal(a.body, into); err != nil {
		return errs.With(lost("resource"), func(e *pmks.Error) { e.Err = err })
	}
	return nil
}

// changedMeanwhile puts right what the refusal of If-Match means.
func changedMeanwhile(err error) error {
	var e *pmks.Error
	if !errors.As(err, &e) || e.HTTPStatus != http.StatusPreconditionFailed {
		return err
	}
	return errs.With(err, func(e *pmks.Error) {
		e.Message = strings.TrimSuffix(e.Message, ".") + ": somebody changed it meanwhile; call again"
	})
}

// mutate makes a change exactly once. The token is got before: while Entra does not
// answer nothing is sent, and nothing can have happened.
func (h *Handler) mutate(ctx context.Context, m once.Mutation) error {
	if err := h.api.gate.signIn(ctx); err != nil {
		return err
	}
	return changedMeanwhile(once.Do(ctx, m))
}

// create makes something exactly once; ours looks whether what is there came of this
// very request.
func (h *Handler) create(ctx context.Context, send func(context.Context) error, ours func(context.Context) (bool, error)) error {
	if err := h.api.gate.signIn(ctx); err != nil {
		return err
	}
	return once.Create(ctx, send, ours)
}

// remove makes a deletion exactly once; look finds out what has become of it. Azure
// answers 204 where there is nothing to delete.
func (h *Handler) remove(ctx context.Context, bucket string, look func(context.Context) (once.Fate, error), begin func(context.Context) error) error {
	if err := h.api.gate.signIn(ctx); err != nil {
		return err
	}
	return once.Remove(ctx, func(ctx context.Context) error {
		got, err := h.send(ctx, bucket, begin)
		if err == nil && got.status == http.StatusNoContent {
			return &pmks.Error{Code: pmks.CodeNotFound, HTTPStatus: got.status, Message: "there is nothing of that name"}
		}
		return err
	}, look)
}

type bodyKey struct{}

// withBody returns a context in which a request of the SDK that changes something
// carries another body than the SDK would make: its types have no place for members
// that they do not know.
func withBody(ctx context.Context, body []byte) context.Context {
	return context.WithValue(ctx, bodyKey{}, body)
}

// replaceBody is the policy that withBody speaks to.
type replaceBody struct{}

// Do implements [policy.Policy].
func (replaceBody) Do(r *policy.Request) (*http.Response, error) {
	if body, ok := r.Raw().Context().Value(bodyKey{}).([]byte); ok && r.Raw().Method == http.MethodPut {
		if err := r.SetBody(streaming.NopCloser(bytes.NewReader(body)), "application/json"); err != nil {
			return nil, err
		}
	}
	return r.Next()
}
