// SPDX-License-Identifier: Apache-2.0

package simkit

import (
	"fmt"
	"hash/fnv"
	"iter"
	"slices"
	"sort"
	"strconv"
)

// Token hides a position in a list behind a checksum, so that callers do not make
// their own. The kind says which list it is.
func (k *Kit) Token(kind, position string) string {
	sum := fnv.New64a()
	fmt.Fprintf(sum, "%d/%s/%s", k.seed, kind, position)
	return fmt.Sprintf("%016x%s", sum.Sum64(), position)
}

// ReadToken returns the position that a token hides; empty for no token.
func (k *Kit) ReadToken(kind, token string) (position string, ok bool) {
	if token == "" {
		return "", true
	}
	if len(token) <= 16 {
		return "", false
	}
	position = token[16:]
	return position, k.Token(kind, position) == token
}

// NextToken returns the token that an answer shows, given the one that the call
// came with and the one that is due. A core.FaultRepeatPage gives the same again.
func (x *Exchange) NextToken(given, due string) string {
	if x.repeatPage && given != "" {
		return given
	}
	return due
}

// Page returns up to limit items behind the place that token names. A list that
// changes meanwhile loses none and shows none twice, as the positions of its items
// rise and stay. ok is false for a token that is none of the list's.
func Page[T any](k *Kit, x *Exchange, kind, token string, limit int, list []T, position func(T) uint64) (items []T, next string, ok bool) {
	after := func(place uint64) iter.Seq[T] {
		return slices.Values(list[sort.Search(len(list), func(i int) bool { return position(list[i]) > place }):])
	}
	return PageOf(k, x, kind, token, limit, after, position)
}

// PageOf is Page for a list that is not at hand: after goes through the items whose
// positions are above the one given, and no further than it is asked.
func PageOf[T any](k *Kit, x *Exchange, kind, token string, limit int, after func(uint64) iter.Seq[T], position func(T) uint64) (items []T, next string, ok bool) {
	text, ok := k.ReadToken(kind, token)
	place := uint64(0)
	if ok && text != "" {
		n, err := strconv.ParseUint(text, 10, 64)
		place, ok = n, err == nil
	}
	if !ok {
		return nil, "", false
	}
	for item := range after(place) {
		if len(items) == limit {
			next = k.Token(kind, strconv.FormatUint(position(items[limit-1]), 10))
			break
		}
		items = append(items, item)
	}
	return items, x.NextToken(token, next), true
}

// PageByNumber is Page for lists without positions: a token keeps its place by
// number.
func PageByNumber[T any](k *Kit, x *Exchange, kind, token string, limit int, list []T) (items []T, next string, ok bool) {
	text, ok := k.ReadToken(kind, token)
	from := 0
	if ok && text != "" {
		n, err := strconv.Atoi(text)
		from, ok = min(n, len(list)), err == nil && n >= 0
	}
	if !ok {
		return nil, "", false
	}
	if items = list[from:]; len(items) > limit {
		items = items[:limit]
		next = k.Token(kind, strconv.Itoa(from+limit))
	}
	return items, x.NextToken(token, next), true
}
