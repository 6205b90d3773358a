// SPDX-License-Identifier: Apache-2.0

package pmks

import (
	"errors"
	"slices"
)

// Annotate says where an error happened: every [*Error] in err gets the Provider,
// Op, Cluster and NodeGroup of where, unless it has its own, and what is not an
// *Error is wrapped into one with the code of [CodeOf]. Joined errors stay joined;
// a fault that is among them twice, as when two reads side by side meet it, stands
// once. Nil stays nil. Handlers and [Client] call it once for each method.
func Annotate(err error, where Error) error {
	switch e := err.(type) { //nolint:errorlint // it walks the tree itself
	case nil:
		return nil
	case *Error:
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
	case interface{ Unwrap() []error }:
		parts := e.Unwrap()
		if !joinedOnly(err, parts) {
			break // a WaitError, for one, has a text and fields of its own
		}
		joined := make([]error, len(parts))
		for i, part := range parts {
			joined[i] = Annotate(part, where)
		}
		return joinOnce(joined)
	}
	var inner *Error
	if errors.As(err, &inner) {
		// Someone put text around an *Error; keep that text and the code.
		where.Code, where.MayHaveHappened, where.RetryAfter = inner.code(), mayHaveHappened(err), inner.RetryAfter
	} else {
		where.Code = CodeOf(err)
	}
	where.Err = err
	return &where
}

// joinOnce joins errors, each fault once: they may differ in the request that met
// them. One that is alone comes back as it is.
func joinOnce(errs []error) error {
	var once []error
	known := map[string]bool{}
	for _, err := range errs {
		if err == nil {
			continue
		}
		if fault := faultOf(err); !known[fault] {
			known[fault] = true
			once = append(once, err)
		}
	}
	if len(once) == 1 {
		return once[0]
	}
	return errors.Join(once...)
}

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
	switch e := err.(type) { //nolint:errorlint // it walks the tree itself
	case *Error:
		return e.MayHaveHappened || mayHaveHappened(e.Err)
	case interface{ Unwrap() error }:
		return mayHaveHappened(e.Unwrap())
	case interface{ Unwrap() []error }:
		return slices.ContainsFunc(e.Unwrap(), mayHaveHappened)
	}
	return false
}

// joinedOnly reports whether err is nothing but its parts, as errors.Join makes
// it: taking it apart loses nothing.
func joinedOnly(err error, parts []error) bool {
	joined := errors.Join(parts...)
	return joined != nil && joined.Error() == err.Error()
}
