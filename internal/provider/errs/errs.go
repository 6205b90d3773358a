// SPDX-License-Identifier: Apache-2.0

// Package errs holds what every provider does with errors in the same way: say
// where one happened, change one without touching the original, name the cause
// of a transport failure, read Retry-After, and map an HTTP status that comes
// without a code that is known. What a cloud's own codes mean stays with its
// provider.
package errs

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/errtree"
)

// Annotate says where *err happened. A provider defers it once in each method of
// its handler.
func Annotate(err *error, provider, op string, cluster, nodeGroup pmks.IID) {
	*err = pmks.Annotate(*err, pmks.Error{Provider: provider, Op: op, Cluster: cluster, NodeGroup: nodeGroup})
}

// With returns err with a change made to a copy of its [pmks.Error], or to those
// of each part of a joined error. What holds none is wrapped in one first. Nil
// stays nil.
func With(err error, change func(*pmks.Error)) error {
	if err == nil {
		return nil
	}
	if e, ok := err.(*pmks.Error); ok { //nolint:errorlint // one inside another text comes below
		c := *e
		change(&c)
		return &c
	}
	if parts := errtree.Parts(err); parts != nil {
		changed := make([]error, len(parts))
		for i, part := range parts {
			changed[i] = With(part, change)
		}
		return errors.Join(changed...)
	}
	c := pmks.Error{Code: pmks.CodeOf(err), Err: err}
	var inner *pmks.Error
	if errors.As(err, &inner) {
		c = *inner
	}
	change(&c)
	return &c
}

// OfCluster and OfNodeGroup say what an error speaks of, in place of what it said.
func OfCluster(err error, cluster pmks.IID) error {
	return With(err, func(e *pmks.Error) { e.Cluster = cluster })
}

// OfNodeGroup is OfCluster for a node group.
func OfNodeGroup(err error, nodeGroup pmks.IID) error {
	return With(err, func(e *pmks.Error) { e.NodeGroup = nodeGroup })
}

// Is reports whether err has a code; of joined errors all parts must have it. The
// cause of another failure does not count.
func Is(err error, code pmks.Code) bool {
	if err == nil {
		return code == pmks.CodeOK
	}
	return errtree.All(err, func(err error) (yes, decided bool) {
		_, ours := err.(*pmks.Error) //nolint:errorlint // All walks the tree
		_, joined := err.(interface{ Unwrap() []error })
		return pmks.CodeOf(err) == code, ours || !joined && errors.Unwrap(err) == nil
	})
}

// IgnoreNotFound is nil for an error that says that something does not exist and
// nothing else, and err otherwise.
func IgnoreNotFound(err error) error {
	if Is(err, pmks.CodeNotFound) {
		return nil
	}
	return err
}

// ProviderCode returns the vendor's own code of err.
func ProviderCode(err error) string {
	var e *pmks.Error
	if errors.As(err, &e) {
		return e.ProviderCode
	}
	return ""
}

// Ended puts right what err says of contexts. When ctx has ended, the result is
// that end, whatever else err says. While ctx lives, an error that speaks of an
// ended context means a time limit of the SDK or of one attempt: that is no end
// of the caller's, and Unavailable.
func Ended(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if end := ctx.Err(); end != nil {
		return With(err, func(e *pmks.Error) {
			if !errors.Is(err, end) || !isContextError(e) {
				e.Message = "the context ended during a request"
				if e.Err == nil || !errors.Is(e.Err, end) {
					e.Err = errors.Join(end, e.Err)
				}
			}
			e.Code = pmks.CodeOf(end)
		})
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return With(err, func(e *pmks.Error) {
			*e = pmks.Error{Code: pmks.CodeUnavailable, Provider: e.Provider, Op: e.Op, Cluster: e.Cluster, NodeGroup: e.NodeGroup,
				ProviderCode: e.ProviderCode, HTTPStatus: e.HTTPStatus, RequestID: e.RequestID, MayHaveHappened: e.MayHaveHappened,
				Message: "no answer came in time", Err: hidden{err}}
		})
	}
	return err
}

// isContextError reports whether e has the code of an ended context.
func isContextError(e *pmks.Error) bool {
	return e.Code == pmks.CodeTimeout || e.Code == pmks.CodeCanceled
}

// hidden keeps the text of an error and lets nobody see through it: a context
// error inside would be taken for the caller's.
type hidden struct{ err error }

func (h hidden) Error() string { return h.err.Error() }

// Over is the end of ctx as an error, before anything was sent; nil while it
// lives.
func Over(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return &pmks.Error{Code: pmks.CodeOf(err), Message: "the context ended before the request was sent", Err: err}
	}
	return nil
}

// HalfDone says of an error what has been done before it.
func HalfDone(err error, what string) error {
	return With(err, func(e *pmks.Error) { e.Message = strings.TrimSuffix(what+": "+e.Message, ": ") })
}

// LostAnswer is the error of an answer that does not hold what it must hold: it is
// empty, null or about something else. Whether a mutation happened is open then.
func LostAnswer(cloud, what string) error {
	return &pmks.Error{Code: pmks.CodeUnavailable, Message: fmt.Sprintf("the answer of %s holds no %s: it counts as lost", cloud, what)}
}

// Join joins errors without doubles: parallel calls that meet the same fault say it
// once. A single one is returned as it is.
func Join(errs ...error) error { return errtree.Join(errs, withoutRequest) }

// withoutRequest is the text by which two errors are the same fault: the id of the
// request differs always.
func withoutRequest(err error) string {
	if e, ok := err.(*pmks.Error); ok { //nolint:errorlint // the outermost error is meant
		c := *e
		c.RequestID = ""
		return c.Error()
	}
	return err.Error()
}
