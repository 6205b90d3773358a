// SPDX-License-Identifier: Apache-2.0

package wiretest

import (
	"encoding/json"
	"testing"
)

// Request is a request that a simulator accepts, from which wrong ones are made.
type Request struct {
	Op   string
	Body any
	// Send sends a body in its place, each time to a simulator with the same things
	// in it.
	Send func(t *testing.T, body string) (status int, answer string)
}

// Run sends the request itself, those that break one rule of the vendor's model, each
// of which must be refused, and those that differ in one member, each of which must
// have an answer in JSON.
func (r Request) Run(t *testing.T, table *Table) {
	t.Helper()
	good, err := json.Marshal(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	if status, answer := r.Send(t, string(good)); status >= 300 {
		t.Fatalf("the good request: %d %s\n%s", status, answer, good)
	}
	n := 0
	for v := range table.Violations(r.Op, r.Body) {
		n++
		if status, answer := r.Send(t, v.Body); status < 400 || status == 500 {
			t.Errorf("%s, %s: got %d %.500s\n%.500s", v.Path, v.Rule, status, answer, v.Body)
		}
	}
	if n == 0 {
		t.Errorf("the table has no rule for %s", r.Op)
	}
	for body := range Mutations(r.Body) {
		if status, answer := r.Send(t, body); status == 500 || answer != "" && !json.Valid([]byte(answer)) {
			t.Errorf("got %d %.500s\n%.500s", status, answer, body)
		}
	}
}
