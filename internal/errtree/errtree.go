// SPDX-License-Identifier: Apache-2.0

// Package errtree looks into errors that wrap and join others, and joins them. It knows
// no type of ours, so that the root package, whose error the others are about, walks a
// tree as they do.
package errtree

import (
	"errors"
	"slices"
)

// All reports whether is says yes of everything that err is made of. It is asked from
// the outside inwards, and not of what lies in an error that it has decided: the cause
// of another failure does not count. What is left undecided to the end is a no, and so
// is nil.
func All(err error, is func(error) (yes, decided bool)) bool {
	if err == nil {
		return false
	}
	if yes, decided := is(err); decided {
		return yes
	}
	switch e := err.(type) { //nolint:errorlint // it walks the tree itself
	case interface{ Unwrap() error }:
		return All(e.Unwrap(), is)
	case interface{ Unwrap() []error }:
		parts := e.Unwrap()
		return len(parts) > 0 && !slices.ContainsFunc(parts, func(part error) bool { return !All(part, is) })
	}
	return false
}

// Any reports whether is holds for err or for anything inside it.
func Any(err error, is func(error) bool) bool {
	if err == nil {
		return false
	}
	if is(err) {
		return true
	}
	switch e := err.(type) { //nolint:errorlint // it walks the tree itself
	case interface{ Unwrap() error }:
		return Any(e.Unwrap(), is)
	case interface{ Unwrap() []error }:
		return slices.ContainsFunc(e.Unwrap(), func(part error) bool { return Any(part, is) })
	}
	return false
}

// Parts returns the errors that err is nothing but, as errors.Join makes it: taking it
// apart loses nothing. It returns nil for every other error.
func Parts(err error) []error {
	e, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return nil
	}
	parts := e.Unwrap()
	if again := errors.Join(parts...); again == nil || again.Error() != err.Error() {
		return nil // it has a text of its own
	}
	return parts
}

// Join joins errors, each fault once: those are the same of which fault says the same.
// Joined ones are taken apart. One that is alone comes back as it is, and none as nil.
func Join(errs []error, fault func(error) string) error {
	var once []error
	known := map[string]bool{}
	var add func([]error)
	add = func(errs []error) {
		for _, err := range errs {
			if err == nil {
				continue
			}
			if parts := Parts(err); parts != nil {
				add(parts)
			} else if text := fault(err); !known[text] {
				known[text] = true
				once = append(once, err)
			}
		}
	}
	add(errs)
	if len(once) == 1 {
		return once[0]
	}
	return errors.Join(once...)
}
