// SPDX-License-Identifier: Apache-2.0

package simkit

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"strings"
	"testing"
)

// strictBody is body without what Decode reads over.
type strictBody struct {
	Name  string            `json:"name"`
	Size  *int32            `json:"size"`
	Share float64           `json:"share"`
	On    bool              `json:"on"`
	Tags  map[string]string `json:"tags"`
	List  []inner           `json:"list"`
}

// FuzzDecode: what is taken is what the standard library takes when it is strict too,
// and what was decoded decodes again.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"name":"a","size":3,"share":0.5,"on":true,"tags":{"k":"v"},"list":[{"deep":[1,2]}]}`,
		`{"name":1}`, `{"Name":"a"}`, `{"name":"a","name":"b"}`, `{} {}`, `[]`, `null`, `{"size":1e9}`, `{"tags":{"":null}}`, "{\"name\":\"\xff\"}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var got strictBody
		err := Decode(data, &got)
		wrong := &DecodeError{}
		if err != nil {
			if !errors.As(err, &wrong) || wrong.Text == "" {
				t.Fatalf("the error is %#v", err)
			}
			return
		}
		var want strictBody
		d := json.NewDecoder(bytes.NewReader(data))
		d.DisallowUnknownFields()
		if err := d.Decode(&want); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("got %+v, the standard library %+v: %v", got, want, err)
		}
		again, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		var second strictBody
		if err := Decode(again, &second); err != nil {
			t.Fatalf("%s: %v", again, err)
		}
	})
}

// FuzzMatchPath: a path that is made of a pattern matches it with the same variables.
func FuzzMatchPath(f *testing.F) {
	f.Add("a", "b/c")
	f.Add("..", "%2F")
	f.Add("", "ü ?#")
	f.Fuzz(func(t *testing.T, x, y string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://sim.example", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.URL.Path = "/clusters/" + x + "/groups/" + y
		r.URL.RawPath = "/clusters/" + escape(x) + "/groups/" + escape(y)
		vars, ok := MatchPath("/clusters/{x}/groups/{y}", Segments(r), Exactly)
		if ok != (x != "" && y != "") || ok && (vars["x"] != x || vars["y"] != y) {
			t.Errorf("%q, %q: got %v, %v", x, y, vars, ok)
		}
	})
}

// escape writes every byte as a path would have it.
func escape(s string) string {
	var b strings.Builder
	for i := range len(s) {
		b.WriteByte('%')
		b.WriteByte(UpperHex[s[i]>>4])
		b.WriteByte(UpperHex[s[i]&15])
	}
	return b.String()
}
