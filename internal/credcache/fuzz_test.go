// SPDX-License-Identifier: Apache-2.0

//go:build unix

package credcache

import (
	"os"
	"testing"
	"time"
)

// FuzzCache_read: whatever stands in a file of the cache, what is given out is whole, is of
// that key, and has not ended.
func FuzzCache_read(f *testing.F) {
	now := time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)
	for _, text := range []string{
		``, `{}`, `null`, `{"version":1,"key":"k"`, `[[[[`,
		`{"version":1,"key":"k","token":"t","minted":"2026-11-02T11:59:00Z","expires":"2026-11-02T13:00:00Z"}`,
		`{"version":1,"key":"k","token":"t","minted":"2026-11-02T11:59:00Z","expires":"2026-11-02T13:00:00Z"} {}`,
		`{"version":1,"key":"k","token":"t","certificate":"c","privateKey":"p","minted":"2026-11-02T11:59:00Z","expires":"9999-11-02T13:00:00Z"}`,
		`{"version":1,"key":"k","certificate":"c","minted":"0001-01-01T00:00:00Z","expires":"0001-01-01T00:00:00Z","given":[{"pid":-1,"at":"x"}]}`,
	} {
		f.Add([]byte(text))
	}
	c := &Cache{dir: f.TempDir(), now: func() time.Time { return now }}
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(c.path("k"), text, 0o600); err != nil {
			t.Fatal(err)
		}
		e, ok := c.read("k")
		if !ok {
			return
		}
		if e.Key != "k" || !now.Before(e.Expires) || e.Token == "" && (e.Certificate == "" || e.PrivateKey == "") {
			t.Errorf("%q is given out as %+v", text, e)
		}
	})
}
