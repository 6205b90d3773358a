// SPDX-License-Identifier: Apache-2.0

package pmks_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"unicode/utf8"

	"github.com/pmks-go/pmks"
)

// FuzzParseRequest checks that no text panics, that every error is a typed one, that
// what is accepted is JSON, and that a request written as JSON is read back as it
// was.
func FuzzParseRequest(f *testing.F) {
	examples, err := filepath.Glob("examples/requests/*.json")
	if err != nil || len(examples) == 0 {
		f.Fatalf("no example requests: %v", err)
	}
	for _, name := range examples {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	for _, text := range []string{full, restForm, `{}`, `null`, `[1,]`, `{"a":`, `{"IId":{"NameId":"\ud83d"}}`,
		`{"NodeGroupList":[{"MinNodeSize":-0,"MaxNodeSize":"-0"}]}`, "\uFEFF{}", "\xff"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		info, err := pmks.ParseRequest(data)
		if err != nil {
			if !errors.Is(err, pmks.ErrInvalidArgument) || !utf8.ValidString(err.Error()) {
				t.Fatalf("error %q", err)
			}
			if len(faultFields(t, err)) == 0 {
				t.Fatalf("no fault in %v", err)
			}
			return
		}
		trimmed := data
		if len(data) >= 3 && string(data[:3]) == "\uFEFF" {
			trimmed = data[3:]
		}
		if !json.Valid(trimmed) {
			t.Fatalf("accepted what is not JSON: %q", data)
		}
		written, err := json.Marshal(info)
		if err != nil {
			t.Fatal(err)
		}
		if len(written) > pmks.MaxRequestSize {
			return // white space and escapes may have kept the original smaller
		}
		again, err := pmks.ParseRequest(written)
		if err != nil {
			t.Fatalf("%v\nreading %s", err, written)
		}
		if !reflect.DeepEqual(info, again) {
			t.Fatalf("read back differently: %s", diff(info, again))
		}
	})
}
