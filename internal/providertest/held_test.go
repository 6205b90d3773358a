// SPDX-License-Identifier: Apache-2.0

package providertest

import (
	"net/url"
	"slices"
	"testing"
)

// Here net/url is the vendor's SDK, and its URL a client.
type (
	inAny       struct{ parts *anyParts }
	anyParts    struct{ first, second any }
	inInterface struct {
		client interface{ Hostname() string }
	}
	inResult   struct{ _ int }
	inArgument struct {
		do func(map[string][]*url.URL) error
	}
	inField    struct{ client *url.URL }
	vendorOnly struct{ inField inField }
	functions  struct{ host func() string }
)

func (*inResult) Client() []url.URL { return nil }

func (*vendorOnly) Vendor() *url.URL { return nil }

// TestHeld: a client is found in a field, in what an interface holds, in a result and in
// what a function takes; not by one of its methods, nor where the build tag takes it away.
func TestHeld(t *testing.T) {
	t.Parallel()
	client := &url.URL{Host: "sdk"}
	w := Held{Packages: []string{"net/"}, Names: []string{"URL"}, Apart: []string{"vendorOnly.Vendor", "vendorOnly.inField"}}
	for name, test := range map[string]struct {
		handler any
		want    []string
	}{
		"field":     {&inField{}, []string{"Handler.client is url.URL"}},
		"any":       {&inAny{&anyParts{first: "no client", second: client}}, []string{"Handler.parts.second is url.URL"}},
		"interface": {&inInterface{client}, []string{"Handler.client is url.URL"}},
		"result":    {&inResult{}, []string{"Handler.Client() is url.URL"}},
		"argument":  {&inArgument{do: nil}, []string{"Handler.do is url.URL"}},
		"apart":     {&vendorOnly{inField{client}}, nil},
		"method":    {&functions{client.Hostname}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := w.find(test.handler); !slices.Equal(got, test.want) {
				t.Errorf("found %q, want %q", got, test.want)
			}
		})
	}
	w.Test(t, &vendorOnly{inField{client}})
}
