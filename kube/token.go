// SPDX-License-Identifier: Apache-2.0

package kube

import (
	"context"
	"errors"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/pmks-go/pmks"
)

// readToken has the cloud issue a token.
func (c *connection) readToken(ctx context.Context) (string, time.Time, error) {
	t, err := issueToken(ctx, c.h, c.iid)
	return t.Value, t.ExpiresAt, err
}

// issueToken returns a token that a header can carry.
func issueToken(ctx context.Context, h pmks.ClusterHandler, iid pmks.IID) (_ pmks.Token, err error) {
	defer func() { err = annotate(err, h, "GenerateClusterToken", iid) }()
	issuer, ok := h.(pmks.TokenIssuer)
	if !ok {
		return pmks.Token{}, &pmks.Error{Code: pmks.CodeUnsupported, Message: noTokens}
	}
	t, err := issuer.GenerateClusterToken(ctx, iid)
	switch {
	case errors.Is(err, pmks.ErrUnsupported):
		return pmks.Token{}, &pmks.Error{Code: pmks.CodeUnsupported, Message: noTokens, Err: err}
	case err != nil:
		return pmks.Token{}, err
	case t.Value == "":
		return pmks.Token{}, &pmks.Error{Code: pmks.CodeInternal, Message: "the cloud issued an empty token"}
	case strings.ContainsFunc(t.Value, func(r rune) bool { return r <= ' ' || r > '~' }):
		return pmks.Token{}, &pmks.Error{Code: pmks.CodeInternal, Message: "the cloud issued a token that a header cannot carry"}
	}
	return t, nil
}

const noTokens = "this cloud issues no tokens: use its client certificate, which it issues unless the handler is opened with kubeconfigKind=exec"

// TokenSource returns a source of the bearer tokens of a cluster, for those who bring a
// transport of their own. It renews a token before it ends, one renewal at a time, and
// is safe for concurrent use. ctx bounds the renewals for as long as the source is used;
// it has no first token until it is asked for one.
//
// Token fails with ErrUnsupported where the cloud issues no tokens, and as
// GenerateClusterToken does.
func TokenSource(ctx context.Context, h pmks.ClusterHandler, clusterIID pmks.IID, opts ...Option) oauth2.TokenSource {
	s := &tokenSource{ctx: ctx, connection: connection{h: h, iid: clusterIID, opts: newOptions(opts)}}
	s.tokens = newRenewer(s.readToken, s.late("the token could not be renewed yet"))
	return s
}

type tokenSource struct {
	ctx context.Context //nolint:containedctx // Token takes none
	connection
}

// Token implements [oauth2.TokenSource].
func (s *tokenSource) Token() (*oauth2.Token, error) {
	if s.h == nil {
		return nil, &pmks.Error{Code: pmks.CodeInvalidArgument, Op: "GenerateClusterToken", Field: "h", Message: "no handler: give one that pmks.Open returned"}
	}
	if err := pmks.CheckIID("clusterIID", s.iid); err != nil {
		return nil, annotate(err, s.h, "GenerateClusterToken", s.iid)
	}
	t, err := s.tokens.get(s.ctx)
	if err != nil {
		return nil, annotate(err, s.h, "GenerateClusterToken", s.iid)
	}
	return &oauth2.Token{AccessToken: t.value, TokenType: "Bearer", Expiry: t.end}, nil
}
