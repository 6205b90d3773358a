// SPDX-License-Identifier: Apache-2.0

package simkit

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

type inner struct {
	Deep []int32 `json:"deep"`
}

type body struct {
	inner
	Name  string            `json:"name"`
	Size  *int32            `json:"size"`
	Share float64           `json:"share"`
	On    bool              `json:"on"`
	Tags  map[string]string `json:"tags"`
	List  []inner           `json:"list"`
	Later any               `json:"later" sim:"no"`
	Old   any               `json:"old" sim:"read"`
	Any   any               `json:"any"`
}

func TestDecode(t *testing.T) {
	t.Parallel()
	var got body
	const text = `{"name":"a","size":3,"share":0.5,"on":true,"tags":{"k":"v"},"list":[{"deep":[1,2]}],"deep":[7],"later":null,"old":{"x":[{}]},"any":{"b":1}}`
	if err := Decode([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	if got.Name != "a" || *got.Size != 3 || got.Share != 0.5 || !got.On || got.Tags["k"] != "v" || got.List[0].Deep[1] != 2 || got.Deep[0] != 7 || got.Old != nil {
		t.Errorf("got %+v", got)
	}
	for _, test := range []struct {
		text  string
		fault MemberFault
		path  string
	}{
		{`{"colour":1}`, Unknown, "colour"},
		{`{"Name":"a"}`, Unknown, "Name"},
		{`{"list":[{},{"deeper":1}]}`, Unknown, "list[1].deeper"},
		{`{"name":"a","name":"a"}`, Repeated, "name"},
		{`{"tags":{"a":"","a":""}}`, Repeated, "tags.a"},
		{`{"name":1}`, WrongType, "name"},
		{`{"size":"1"}`, WrongType, "size"},
		{`{"size":1.5}`, WrongType, "size"},
		{`{"size":3000000000}`, WrongType, "size"},
		{`{"on":"true"}`, WrongType, "on"},
		{`{"tags":[]}`, WrongType, "tags"},
		{`{"list":{}}`, WrongType, "list"},
		{`{"later":{}}`, NotSimulated, "later"},
		{`{"later":1,"colour":1}`, NotSimulated, "later"},
		{`{"name"`, Malformed, ""},
		{`{} {}`, Malformed, ""},
		{`[]`, Malformed, ""},
		{`null`, Malformed, ""},
		{``, Malformed, ""},
	} {
		err := Decode([]byte(test.text), &body{})
		wrong := &DecodeError{}
		if !errors.As(err, &wrong) || wrong.Fault != test.fault || wrong.Path != test.path || wrong.Text == "" || !strings.HasPrefix(err.Error(), test.path) {
			t.Errorf("%s: got %#v", test.text, err)
		}
	}
}

func TestMatchPath(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		pattern, path string
		equal         func(a, b string) bool
		want          map[string]string // nil: no match
	}{
		{"/a/{x}/b/{y}", "/a/1/b/2", Exactly, map[string]string{"x": "1", "y": "2"}},
		{"/a/{x}", "/a/1%2F2", Exactly, map[string]string{"x": "1/2"}},
		{"/a", "/a", Exactly, map[string]string{}},
		{"/a/{x}", "/A/1", Exactly, nil},
		{"/a/{x}", "/A/B", AnyCase, map[string]string{"x": "B"}},
		{"/a/{x}", "/a/", Exactly, nil},
		{"/a/{x}", "/a", Exactly, nil},
		{"/a/{x}", "/a/1/b", Exactly, nil},
		{"/a", "/a%2Fb", Exactly, nil},
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://sim.example"+test.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		got, ok := MatchPath(test.pattern, Segments(r), test.equal)
		if ok != (test.want != nil) || !maps.Equal(got, test.want) {
			t.Errorf("%s with %s: got %v %v, want %v", test.path, test.pattern, got, ok, test.want)
		}
	}
}

func TestPage(t *testing.T) {
	t.Parallel()
	k, other := New(Options{Seed: 1}), New(Options{Seed: 2})
	list := []uint64{10, 20, 30, 40, 50}
	self := func(n uint64) uint64 { return n }
	pages := map[string]func(k *Kit, x *Exchange, kind, token string, list []uint64) ([]uint64, string, bool){
		"by-position": func(k *Kit, x *Exchange, kind, token string, list []uint64) ([]uint64, string, bool) {
			return Page(k, x, kind, token, 2, list, self)
		},
		"by-number": func(k *Kit, x *Exchange, kind, token string, list []uint64) ([]uint64, string, bool) {
			return PageByNumber(k, x, kind, token, 2, list)
		},
	}
	for name, page := range pages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var all []uint64
			token, sizes := "", []int{}
			for {
				items, next, ok := page(k, &Exchange{}, "L", token, list)
				if !ok {
					t.Fatalf("the token %q is refused", token)
				}
				all, sizes = append(all, items...), append(sizes, len(items))
				for _, bad := range []string{next + "0", "x" + next, strings.Repeat("0", 17)} {
					if _, _, ok := page(k, &Exchange{}, "L", bad, list); ok {
						t.Errorf("the token %q is taken", bad)
					}
				}
				if next == "" {
					break
				}
				if _, _, ok := page(k, &Exchange{}, "M", next, list); ok {
					t.Error("the token of another list is taken")
				}
				if _, _, ok := page(other, &Exchange{}, "L", next, list); ok {
					t.Error("the token of another account is taken")
				}
				token = next
			}
			if !slices.Equal(all, list) || !slices.Equal(sizes, []int{2, 2, 1}) {
				t.Errorf("got %v in pages of %v", all, sizes)
			}
			_, first, _ := page(k, &Exchange{repeatPage: true}, "L", "", list)
			items, again, _ := page(k, &Exchange{repeatPage: true}, "L", first, list)
			if first == "" || again != first || !slices.Equal(items, list[2:4]) {
				t.Errorf("a page that repeats: %v, %q behind %q", items, again, first)
			}
		})
	}
	// What went away meanwhile moves nothing.
	_, next, _ := Page(k, &Exchange{}, "L", "", 2, list, self)
	if items, _, _ := Page(k, &Exchange{}, "L", next, 2, []uint64{30, 40}, self); !slices.Equal(items, []uint64{30, 40}) {
		t.Errorf("after a deletion: %v", items)
	}
}

func TestAuthority(t *testing.T) {
	t.Parallel()
	authority := func(seed uint64) Authority {
		a, err := NewAuthority("ca", New(Options{Seed: seed}).Random.Key())
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	a := authority(1)
	if a.Certificate != authority(1).Certificate || a.Certificate == authority(2).Certificate {
		t.Error("the certificate does not follow from the seed")
	}
	certificate, key, err := a.Issue("me", "org")
	if err != nil {
		t.Fatal(err)
	}
	parse := func(text string) []byte {
		raw, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		block, _ := pem.Decode(raw)
		if block == nil {
			t.Fatalf("not PEM: %s", raw)
		}
		return block.Bytes
	}
	leaf, err := x509.ParseCertificate(parse(certificate))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := x509.ParsePKCS8PrivateKey(parse(key)); err != nil {
		t.Error(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(a.parsed)
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: pool, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}); err != nil || leaf.Subject.CommonName != "me" {
		t.Errorf("%s: %v", leaf.Subject, err)
	}
}

func TestRandom(t *testing.T) {
	t.Parallel()
	a, b, c := New(Options{Seed: 1}), New(Options{Seed: 1}), New(Options{Seed: 1, Stream: 2})
	id := a.Random.UUID()
	if id != b.Random.UUID() || id == c.Random.UUID() || len(id) != 36 || id[14] != '4' {
		t.Errorf("the id is %s", id)
	}
	if text := a.Random.Text(5, "x"); text != "xxxxx" || a.Random.Next() != 1 || a.Random.Next() != 2 {
		t.Errorf("got %s", text)
	}
}

func TestForce(t *testing.T) {
	t.Parallel()
	aws, _ := profile.Get("aws")
	w, now := core.New(aws, core.Options{}), time.Date(2026, 11, 2, 9, 30, 0, 0, time.UTC)
	c, err := w.Put(now, core.Seed{Name: "a", Groups: []pmks.NodeGroupInfo{{IId: pmks.IID{NameId: "g"}}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{Force(w, now, c, "", profile.Updating, ""), Force(w, now, c, "g", profile.Degraded, "why"), Protect(w, now, c, true)} {
		if err != nil {
			t.Error(err)
		}
	}
	if c.State != profile.Updating || c.Groups[0].State != profile.Degraded || c.Groups[0].Reason != "why" || !c.Protected {
		t.Errorf("got %+v %+v", c, c.Groups[0])
	}
	if Force(w, now, c, "none", profile.Active, "") == nil {
		t.Error("a node group that is not there is forced")
	}
}
