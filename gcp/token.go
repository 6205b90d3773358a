// SPDX-License-Identifier: Apache-2.0

package gcp

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"cloud.google.com/go/auth"
	"golang.org/x/oauth2"
	"google.golang.org/grpc"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/redact"
)

const (
	// early is how long before its end a token is replaced: one that goes into a
	// kubeconfig should live for a while.
	early = 10 * time.Minute
	// fetchTimeout bounds the getting of a token, whoever waits for it.
	fetchTimeout = 30 * time.Second
	// fetchPause is how long a token that still lives is used before another try to
	// replace it.
	fetchPause = 10 * time.Second
)

// tokens keeps the access token that all requests share. While a new one cannot be
// got the old one is used to its end, and a caller whose context ends does not wait
// for the others' request.
type tokens struct {
	source auth.TokenProvider

	mu      sync.Mutex
	current *auth.Token
	// stale is from when on current should be replaced, and again when that may be
	// tried the next time.
	stale, again time.Time
	running      *fetch
}

// fetch is one request for a token, for all who wait for it.
type fetch struct {
	done    chan struct{}
	token   *auth.Token
	err     error
	waiting int
	cancel  context.CancelFunc
}

// Token implements [auth.TokenProvider].
func (t *tokens) Token(ctx context.Context) (*auth.Token, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	t.mu.Lock()
	if now := time.Now(); lives(t.current, now) && (now.Before(t.stale) || now.Before(t.again)) {
		defer t.mu.Unlock()
		return t.current, nil
	}
	f := t.running
	if f == nil {
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTimeout)
		f = &fetch{done: make(chan struct{}), cancel: cancel}
		t.running = f
		go t.run(bounded, f)
	}
	f.waiting++
	t.mu.Unlock()
	select {
	case <-f.done:
		return f.token, f.err
	case <-ctx.Done():
		t.mu.Lock()
		defer t.mu.Unlock()
		if f.waiting--; f.waiting == 0 {
			// Nobody wants it any more.
			f.cancel()
			if t.running == f {
				t.running = nil
			}
		}
		return nil, ctx.Err()
	}
}

// values are the tokens that requests may have carried.
func (t *tokens) values() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.current == nil {
		return nil
	}
	return []string{t.current.Value}
}

// run gets a token.
func (t *tokens) run(ctx context.Context, f *fetch) {
	defer close(f.done)
	defer f.cancel()
	var token *auth.Token
	err := fanout.Guarded(func() (err error) {
		token, err = t.source.Token(ctx)
		return err
	})
	if err == nil && (token == nil || token.Value == "") {
		err = errs.LostAnswer("the token endpoint", "token")
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	switch {
	case err == nil:
		t.current = token
		t.stale = token.Expiry.Add(-min(early, token.Expiry.Sub(now)/2))
	case lives(t.current, now):
		token, err = t.current, nil
	}
	t.again = now.Add(fetchPause)
	f.token, f.err = token, err
	if t.running == f {
		t.running = nil
	}
}

// lives reports whether a token may be used again without asking. One that does not
// say when it ends comes from a source that is asked each time.
func lives(token *auth.Token, now time.Time) bool {
	return token != nil && !token.Expiry.IsZero() && now.Before(token.Expiry)
}

// interceptor gets the token before a call of gRPC, which keeps nothing but the text
// of why there is none.
func (t *tokens) interceptor(ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	if _, err := t.Token(ctx); err != nil {
		return noToken(err)
	}
	return invoke(ctx, method, req, reply, conn, opts...)
}

// bearer signs requests, and logs them without their bodies.
type bearer struct {
	tokens *tokens
	next   http.RoundTripper
	logger *slog.Logger
}

// RoundTrip implements [http.RoundTripper].
func (b *bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	token, err := b.tokens.Token(r.Context())
	if err != nil {
		return nil, noToken(err)
	}
	signed := r.Clone(r.Context())
	signed.Header.Set("Authorization", "Bearer "+token.Value)
	start := time.Now()
	response, err := b.next.RoundTrip(signed)
	if err == nil && response.StatusCode >= 400 {
		cutToken(response, token.Value)
	}
	if b.logger != nil {
		status := 0
		if response != nil {
			status = response.StatusCode
		}
		b.logger.DebugContext(r.Context(), "gcp: request", "method", r.Method, "path", r.URL.Path, "status", status, "failed", err != nil, "took", time.Since(start))
	}
	return response, err
}

// failing is the rest of a body that could not be read.
type failing struct{ err error }

// Read implements [io.Reader].
func (f failing) Read([]byte) (int, error) { return 0, f.err }

// cutToken cuts out of a refusal what it quotes of the token: the client library's own
// error is kept, and everybody may print that.
func cutToken(response *http.Response, token string) {
	body, err := io.ReadAll(response.Body)
	_ = response.Body.Close() // what was read of it counts
	text := strings.NewReader(redact.Text(string(body), token))
	if response.Body = io.NopCloser(text); err != nil {
		response.Body = io.NopCloser(io.MultiReader(text, failing{err}))
	}
	response.ContentLength = -1
}

const (
	tokenEndpoint      = "the token endpoint of Google"
	refusedCredentials = "Google refused the credentials: check the service account, that its key is not revoked, and the clock of this machine"
)

// noToken says why there is no token. Only what the token endpoint refuses with a
// word of its own means that the credentials are wrong.
func noToken(err error) error {
	if err == nil {
		return nil
	}
	var known *pmks.Error
	if errors.As(err, &known) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	e := &pmks.Error{Code: pmks.CodeUnauthenticated, Err: err, Message: refusedCredentials}
	response, body := tokenAnswer(err) //nolint:bodyclose // the token library has read it and closed it
	if response == nil {
		if cause, ok := errs.Transport(err); ok {
			e.Code, e.Message = pmks.CodeUnavailable, tokenEndpoint+" could not be reached, or its answer was lost: "+cause
		} else if isDecodeError(err) {
			e.Code, e.Message = pmks.CodeUnavailable, "the answer of "+tokenEndpoint+" cannot be read: it counts as lost"
		}
		return e
	}
	e.HTTPStatus, e.RetryAfter = response.StatusCode, errs.RetryAfter(response.Header)
	var said struct {
		Code        string `json:"error"`
		Description string `json:"error_description"`
	}
	_ = json.Unmarshal(body, &said) // a body that is not JSON says nothing
	e.ProviderCode = said.Code
	words := strings.TrimSuffix(strings.TrimSpace(said.Code+": "+said.Description), ":")
	switch status := response.StatusCode; {
	case status == http.StatusTooManyRequests:
		e.Code, e.Message = pmks.CodeThrottled, tokenEndpoint+" is asked too often: "+cmp.Or(words, http.StatusText(status))
	case status >= 500, said.Code == "temporarily_unavailable", said.Code == "server_error", said.Code == "internal_failure":
		e.Code, e.Message = pmks.CodeUnavailable, tokenEndpoint+" issues no tokens at the moment: "+cmp.Or(words, http.StatusText(status))
	case said.Code == "":
		e.Code, e.Message = errs.ByStatus(status), errs.ForeignText(tokenEndpoint, status)
	default:
		e.Message += ": " + words
	}
	return e
}

// tokenAnswer is the answer of the token endpoint inside an error, if there was one.
func tokenAnswer(err error) (*http.Response, []byte) {
	var refused *auth.Error
	if errors.As(err, &refused) {
		return refused.Response, refused.Body
	}
	var retrieve *oauth2.RetrieveError
	if errors.As(err, &retrieve) {
		return retrieve.Response, retrieve.Body
	}
	return nil, nil
}

func isDecodeError(err error) bool {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	return errors.As(err, &syntax) || errors.As(err, &kind)
}
