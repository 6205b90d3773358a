// SPDX-License-Identifier: Apache-2.0

package account

import (
	"fmt"
	"slices"
	"strings"
)

// Thing is one of an account, by the words that name it and others that tell of it.
type Thing struct{ ID, Name, About string }

// Kind is all things of a kind in an account.
type Kind struct {
	// Label is the kind in words; empty: it is of no interest to list.
	Label string
	List  func() []Thing
	// remove takes out what has that name or id, and tells whether there was any.
	remove func(name string) bool
}

// Things is a kind that an account has in a slice.
func Things[T any](label string, all *[]T, tell func(T) Thing) Kind {
	return Kind{
		Label: label,
		List: func() (list []Thing) {
			for _, x := range *all {
				list = append(list, tell(x))
			}
			return list
		},
		remove: func(name string) bool {
			before := len(*all)
			*all = slices.DeleteFunc(*all, func(x T) bool {
				t := tell(x)
				return strings.EqualFold(name, t.ID) || strings.EqualFold(name, t.Name)
			})
			return len(*all) < before
		},
	}
}

// Named tells of what is nothing but a name.
func Named(name string) Thing { return Thing{Name: name} }

// leaveOut removes things by name or id, to see what happens without them.
func (a Account) leaveOut(names []string) error {
	for _, name := range names {
		found := false
		for _, k := range a.Holds {
			found = k.remove(name) || found
		}
		if !found || name == "" {
			return fmt.Errorf("without: the account has no %q", name)
		}
	}
	return nil
}
