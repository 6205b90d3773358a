// SPDX-License-Identifier: Apache-2.0

package simkit

import "slices"

// Find returns the first item of a list that is what is asked for.
func Find[T any](list []T, is func(T) bool) (T, bool) {
	if i := slices.IndexFunc(list, is); i >= 0 {
		return list[i], true
	}
	var none T
	return none, false
}

// FindIn is Find that returns the place of the item, so that what is changed stays.
func FindIn[T any](list []T, is func(*T) bool) (*T, bool) {
	for i := range list {
		if is(&list[i]) {
			return &list[i], true
		}
	}
	return nil, false
}
