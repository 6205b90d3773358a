// SPDX-License-Identifier: Apache-2.0

package pmks

import (
	"errors"

	"github.com/pmks-go/pmks/internal/errtree"
)

// Annotate says where an error happened: every [*Error] in err gets the Provider,
// Op, Cluster and NodeGroup of where, unless it has its own, and what is not an
// *Error is wrapped into one with the code of [CodeOf]. Joined errors stay joined;
// a fault that is among them twice, as when two reads side by side meet it, stands
// once. Nil stays nil. Handlers and [Client] call it once for each method.
func Annotate(err error, where Error) error {
	if err == nil {
		return nil
	}
	if e, ok := err.(*Error); ok { //nolint:errorlint // one inside another text keeps that text
		c := *e
		c.Code = c.code()
		if c.Provider == "" {
			c.Provider = where.Provider
		}
		if c.Op == "" {
			c.Op = where.Op
		}
		if c.Cluster.IsZero() {
			c.Cluster = where.Cluster
		}
		if c.NodeGroup.IsZero() {
			c.NodeGroup = where.NodeGroup
		}
		return &c
	}
	if parts := errtree.Parts(err); parts != nil {
		joined := make([]error, len(parts))
		for i, part := range parts {
			joined[i] = Annotate(part, where)
		}
		return joinOnce(joined)
	}
	e := where // a copy: where itself would be on the heap for a nil err too
	var inner *Error
	if errors.As(err, &inner) {
		// Someone put text around an *Error; keep that text and the code.
		e.Code, e.MayHaveHappened, e.RetryAfter = inner.code(), mayHaveHappened(err), inner.RetryAfter
	} else {
		e.Code = CodeOf(err)
	}
	e.Err = err
	return &e
}

// joinOnce joins errors, each fault once: they may differ in the request that met
// them. One that is alone comes back as it is.
func joinOnce(errs []error) error { return errtree.Join(errs, faultOf) }

// faultOf is the text of an error without what is of one request alone.
func faultOf(err error) string {
	e, ok := err.(*Error) //nolint:errorlint // one inside another text is another fault
	if !ok {
		return err.Error()
	}
	c := *e
	c.RequestID, c.RetryAfter = "", 0
	return c.Error()
}

// mayHaveHappened reports whether any [*Error] in err says so.
func mayHaveHappened(err error) bool {
	return errtree.Any(err, func(err error) bool {
		e, ok := err.(*Error) //nolint:errorlint // Any walks the tree
		return ok && e.MayHaveHappened
	})
}
