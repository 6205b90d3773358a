// SPDX-License-Identifier: Apache-2.0

package wiretest

import (
	"fmt"
	"slices"
	"testing"
)

// Pages reads a list page by page. get makes one call with a token, empty at first,
// and returns the names on the page and the next token.
type Pages struct {
	Get func(token string) (names []string, next string, err error)
	// Want is the whole list, Limit what a page may hold.
	Want  []string
	Limit int
	// Refused reports whether an error is the refusal of a token.
	Refused func(error) bool
}

// Run reads the list and makes its tokens wrong.
func (p Pages) Run(t *testing.T) {
	t.Helper()
	for _, fault := range p.faults() {
		t.Error(fault)
	}
}

func (p Pages) faults() (faults []string) {
	var all []string
	token := ""
	for n := 0; ; n++ {
		names, next, err := p.Get(token)
		if err != nil {
			return append(faults, fmt.Sprintf("page %d: %v", n, err))
		}
		if len(names) > p.Limit || next != "" && len(names) == 0 || next == token && token != "" || n > len(p.Want) {
			return append(faults, fmt.Sprintf("page %d has %d names, its token is %q behind %q", n, len(names), next, token))
		}
		all = append(all, names...)
		if next == "" {
			break
		}
		for _, bad := range []string{"x" + next, next + "1", next[1:]} {
			if _, _, err := p.Get(bad); err == nil || !p.Refused(err) {
				faults = append(faults, fmt.Sprintf("the token %q, which is none: %v", bad, err))
			}
		}
		token = next
	}
	if token == "" && len(p.Want) > p.Limit {
		faults = append(faults, "there was one page")
	}
	if !slices.Equal(all, p.Want) {
		faults = append(faults, fmt.Sprintf("got %v, want %v", all, p.Want))
	}
	return faults
}
