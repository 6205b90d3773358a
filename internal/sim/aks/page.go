// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"fmt"
	"hash/fnv"
	"strconv"
)

// paged cuts the page that a call asks for out of a whole list. A token keeps its
// place by number.
func paged[T any](s *Server, c *call, all list[T]) (*answer, *apiError) {
	from, valid := s.readPosition(c, skipToken(c.query))
	if !valid {
		return nil, badToken()
	}
	items := all.Value[min(from, len(all.Value)):]
	out := list[T]{Value: items}
	if len(items) > s.pageSize {
		out.Value = items[:s.pageSize]
		out.NextLink = nextLink(c, s.position(c, from+s.pageSize))
	}
	return ok(out)
}

// position hides a number behind a checksum, so that callers do not make their
// own.
func (s *Server) position(c *call, n int) string {
	sum := fnv.New64a()
	fmt.Fprintf(sum, "%d/%s/%s/%d", s.seed, c.op, c.resource(), n)
	return fmt.Sprintf("%016x%d", sum.Sum64(), n)
}

func (s *Server) readPosition(c *call, token string) (n int, valid bool) {
	if token == "" {
		return 0, true
	}
	if len(token) <= 16 {
		return 0, false
	}
	n, err := strconv.Atoi(token[16:])
	return n, err == nil && n >= 0 && s.position(c, n) == token
}
