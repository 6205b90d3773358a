// SPDX-License-Identifier: Apache-2.0

package tencent

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common"
	tchttp "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/http"
	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/profile"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/endpoint"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/redact"
	"github.com/pmks-go/pmks/internal/refuse"
)

// clients holds what makes the requests. The SDK's clients of the services are the one of
// all with a method for each action; without them a program holds no more than the
// actions that are used.
type clients struct {
	base    *common.Client
	hosts   map[string]*url.URL // by service, of those with an endpoint of their own
	keys    *keyring
	limiter *fanout.Limiter
	idle    func()
	next    http.RoundTripper
	// ahead is how far the clock of the vendor is before ours, as its last answer told.
	ahead atomic.Int64
}

func newClients(cfg *Config) (*clients, error) {
	if common.DefaultHttpClient != nil {
		return nil, refuse.Precondition("common.DefaultHttpClient of the SDK is set: this handler would change its transport and time limit, so leave it nil and give a Transport")
	}
	guarded, idle := endpoint.Transport(cfg.Transport)
	c := &clients{hosts: map[string]*url.URL{}, idle: idle, limiter: cfg.limiter()}
	c.keys = newKeyring(cfg, c)
	c.next = &endpoint.Carrier{Next: guarded, Provider: Name, Logger: cfg.Logger, Secrets: c.keys.secrets}
	c.base = new(common.Client).Init(cfg.Region).WithProfile(sdkProfile(cfg)).WithHttpTransport(c).WithRequestClient("pmks")
	for service, text := range map[string]string{"tke": "", "as": cfg.ASEndpoint, "cvm": cfg.CVMEndpoint, "sts": cfg.STSEndpoint, "vpc": cfg.VPCEndpoint} {
		if text = cmp.Or(text, cfg.Endpoint); text == "" {
			continue
		}
		u, err := url.Parse(text)
		if err != nil {
			return nil, refuse.Invalid("Endpoint", "is not a URL")
		}
		c.hosts[service] = u
	}
	return c, nil
}

// sdkProfile is how the SDK is to make requests: once, in English, and with no time limit
// of its own.
func sdkProfile(cfg *Config) *profile.ClientProfile {
	p := profile.NewClientProfile()
	p.Language, p.DisableRegionBreaker = "en-US", true
	p.HttpProfile.ReqMethod, p.HttpProfile.ReqTimeout, p.HttpProfile.RootDomain = http.MethodPost, 0, cfg.RootDomain
	return p
}

// exchange is what one request was answered: the SDK drops the status and the headers.
type exchange struct {
	status int
	header http.Header
	// err is why there is no answer that could be the vendor's.
	err error
}

type exchangeKey struct{}

// call makes one request and turns what the SDK says of it into an error of pmks.
func (c *clients) call(ctx context.Context, keys snapshot, in tchttp.Request, out tchttp.Response) error {
	var x exchange
	in.SetContext(context.WithValue(ctx, exchangeKey{}, &x))
	if u := c.hosts[in.GetService()]; u != nil {
		in.SetScheme(u.Scheme)
		in.SetDomain(u.Host)
		in.SetPath("/")
	}
	one := *c.base
	return x.fail(ctx, one.WithCredential(keys).Send(in, out))
}

// RoundTrip implements [http.RoundTripper] for the SDK: it makes a request and reads its
// answer whole. What cannot be an answer of the vendor is an error of ours; the SDK would
// end the program over some, and of others quote all they hold.
func (c *clients) RoundTrip(req *http.Request) (*http.Response, error) {
	x, ok := req.Context().Value(exchangeKey{}).(*exchange)
	if !ok {
		x = &exchange{}
	}
	resp, err := c.next.RoundTrip(req)
	var whole *endpoint.Whole
	if err == nil {
		whole, err = endpoint.ReadWhole(resp.Body, resp.ContentLength)
	}
	if err != nil {
		x.err = unreached(req.Context(), err)
		return nil, x.err
	}
	x.status, x.header = resp.StatusCode, resp.Header
	if at, err := http.ParseTime(x.header.Get("Date")); err == nil {
		c.ahead.Store(int64(time.Until(at)))
	}
	body := bytes.TrimSpace(whole.Bytes())
	if x.status >= 300 && x.status < 400 || !bytes.HasPrefix(body, []byte("{")) {
		x.err = x.foreign(errs.Foreign(x.header, body))
		_ = whole.Close() // it cannot fail
		return nil, x.err
	}
	plain := *resp
	plain.Header = http.Header{"Content-Type": {"application/json"}}
	plain.Body, plain.ContentLength = whole, int64(len(whole.Bytes())) // the SDK keeps nothing of it beyond Close
	if bytes.Contains(body, []byte(`"Error"`)) {                       // refusals have the status of a success
		text := redact.Text(string(body), c.keys.secrets()...)
		_ = whole.Close() // it cannot fail
		plain.Body, plain.ContentLength = io.NopCloser(strings.NewReader(text)), int64(len(text))
	}
	return &plain, nil
}

// now is the time by the clock of the vendor, as far as its answers tell. They tell
// seconds, so less is no difference.
func (c *clients) now() time.Time {
	ahead := time.Duration(c.ahead.Load())
	if ahead.Abs() < 3*time.Second {
		ahead = 0
	}
	return time.Now().Add(ahead)
}

// foreign is the error of what is no answer of the vendor.
func (x *exchange) foreign(page bool) error {
	e := &pmks.Error{Code: errs.ByStatus(x.status), HTTPStatus: x.status, RetryAfter: errs.RetryAfter(x.header), Message: errs.ForeignText(vendor, x.status)}
	switch {
	case x.status < 300 && !page:
		e.Code, e.Message = pmks.CodeUnavailable, "the answer of "+vendor+" cannot be read: it counts as lost"
	case x.status >= 400 && !page:
		e.Message += ", and gives no code that says what is wrong"
	}
	return e
}

// unreached is the error of a request that was not answered.
func unreached(ctx context.Context, err error) error {
	e := &pmks.Error{Code: pmks.CodeUnavailable, Err: err, Message: "the answer of " + vendor + " cannot be read: it counts as lost"}
	if cause, ok := errs.Transport(err); ok {
		e.Message = vendor + " could not be reached, or its answer was lost: " + cause
	}
	if end := ctx.Err(); end != nil && errors.Is(err, end) {
		e.Code, e.Message = pmks.CodeOf(end), "the context ended during a request"
	}
	return e
}
