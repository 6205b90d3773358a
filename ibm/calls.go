// SPDX-License-Identifier: Apache-2.0

package ibm

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"

	"github.com/IBM/go-sdk-core/v5/core"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/once"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
)

// cloud is how messages call the service.
const cloud = "IKS"

// vpcVersion is the version of the VPC API, a date, that its requests say.
const vpcVersion = "2026-04-07"

// call is one request.
type call struct {
	method, path string
	params       map[string]string // in the path
	query        []string          // pairs
	group        string            // resource group; reads send none
	body         any
	// status is that of a success which has no body to tell it by, and or another one that
	// counts; 0 where it has one.
	status, or int
}

// get is a read of IKS.
func get(path string, query ...string) call {
	return call{method: http.MethodGet, path: path, query: query}
}

// post is a change that IKS answers with a status.
func post(path, group string, body any, status int) call {
	return call{method: http.MethodPost, path: path, group: group, body: body, status: status}
}

// read makes a read of IKS. check says what is wrong with an answer that arrived.
func read[T any](ctx context.Context, h *Handler, c call, check func(T) error) (T, error) {
	return readFrom(ctx, h, h.api.iks, bucketIKS, cloud, c, check)
}

func readFrom[T any](ctx context.Context, h *Handler, s *core.BaseService, bucket, name string, c call, check func(T) error) (T, error) {
	return fanout.Read(ctx, h.api.limiter, bucket, func(ctx context.Context) (T, error) {
		var out T
		a, err := h.send(ctx, s, name, c)
		if err == nil {
			err = a.decode(name, &out)
		}
		if err == nil {
			err = check(out)
		}
		return out, err
	})
}

// mutate makes a change of IKS, once. Whether it is sent again decides package once.
func (h *Handler) mutate(ctx context.Context, c call) (answer, error) {
	return fanout.Do(ctx, h.api.limiter, bucketIKS, func(ctx context.Context) (answer, error) {
		a, err := h.send(ctx, h.api.iks, cloud, c)
		if err == nil && c.status != 0 && a.status != c.status && a.status != c.or {
			err = errs.LostAnswer(cloud, "sign of success ("+http.StatusText(c.status)+")")
		}
		return a, err
	})
}

// change makes a change that leaves something behind by which it is known again.
func (h *Handler) change(ctx context.Context, c call, happened func(context.Context) (bool, error)) error {
	if err := h.signIn(ctx); err != nil {
		return err
	}
	tries := 0
	err := once.Do(ctx, once.Mutation{
		Send:     func(ctx context.Context) error { tries++; _, err := h.mutate(ctx, c); return err },
		Happened: happened,
	})
	return afterLost(err, tries)
}

// afterLost says of a refusal of a second try that it may be because of the first, whose
// answer was lost and whose effect reads may show late.
func afterLost(err error, tries int) error {
	if tries < 2 {
		return err
	}
	return errs.With(err, func(e *pmks.Error) {
		e.MayHaveHappened = e.MayHaveHappened || e.HTTPStatus >= 400 && e.HTTPStatus < 500
	})
}

// answer is a success.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// decode reads a success. Nothing, and null, are no answer.
func (a answer) decode(name string, into any) error {
	if text := bytes.TrimSpace(a.body); len(text) == 0 || string(text) == "null" {
		return errs.LostAnswer(name, "body")
	}
	if err := json.Unmarshal(a.body, into); err != nil {
		return unreadable(name, a.status, a.header, a.body, err)
	}
	return nil
}

// send makes one request. A token that is refused is replaced once: nothing has
// happened then.
func (h *Handler) send(ctx context.Context, s *core.BaseService, name string, c call) (answer, error) {
	t, err := h.api.tokens.Get(ctx)
	if err != nil {
		return answer{}, unreachable(iam, err)
	}
	a, err := sendWith(ctx, s, name, c, t)
	if e := asRefusal(err); e == nil || e.HTTPStatus != http.StatusUnauthorized {
		return a, err
	}
	h.api.tokens.Drop(func(b bearer) bool { return b.value == t.value })
	if t, err = h.api.tokens.Get(ctx); err != nil {
		return answer{}, unreachable(iam, err)
	}
	return sendWith(ctx, s, name, c, t)
}

// asRefusal is err as it is made here; nil for nil.
func asRefusal(err error) *pmks.Error {
	e, _ := err.(*pmks.Error) //nolint:errorlint // it has just been made
	return e
}

func sendWith(ctx context.Context, s *core.BaseService, name string, c call, t bearer) (answer, error) {
	b := core.NewRequestBuilder(c.method).WithContext(ctx)
	if _, err := b.ResolveRequestURL(s.Options.URL, c.path, c.params); err != nil {
		return answer{}, unsendable(err)
	}
	for i := 0; i+1 < len(c.query); i += 2 {
		b.AddQuery(c.query[i], c.query[i+1])
	}
	b.AddHeader("Authorization", "Bearer "+t.value)
	b.AddHeader("Accept", "application/json")
	if c.group != "" {
		b.AddHeader("X-Auth-Resource-Group", c.group)
	}
	if c.body != nil {
		b.AddHeader("Content-Type", "application/json")
		if _, err := b.SetBodyContentJSON(c.body); err != nil {
			return answer{}, unsendable(err)
		}
	}
	req, err := b.Build()
	if err != nil {
		return answer{}, unsendable(err)
	}
	// The body is read here: the SDK decodes by what the content type says, and the
	// service does not always say it.
	var body io.ReadCloser
	resp, err := s.Request(req, &body)
	if err != nil {
		return answer{}, answered(name, resp, err)
	}
	a := answer{status: resp.StatusCode, header: resp.Headers}
	if body == nil {
		return a, nil
	}
	a.body, err = io.ReadAll(body)
	if closeErr := body.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return answer{}, unreachable(name, err)
	}
	return a, nil
}

// unsendable is the error of a request that cannot be built.
func unsendable(err error) error {
	return &pmks.Error{Code: pmks.CodeInternal, Message: "the request cannot be built", Err: err}
}
