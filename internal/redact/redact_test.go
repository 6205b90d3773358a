// SPDX-License-Identifier: Apache-2.0

package redact_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/pmks-go/pmks/internal/redact"
)

func TestURL(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, in, want string }{
		{"empty", "", ""},
		{"plain", "https://api.example:8443/v1", "https://api.example:8443/v1"},
		{"no-url", "exec", "exec"},
		{"account", "sa@project.iam.gserviceaccount.com", "sa@project.iam.gserviceaccount.com"},
		{"arm-id", "/subscriptions/s/resourceGroups/g", "/subscriptions/s/resourceGroups/g"},
		{"question", "really?", "really?"},
		{"password", "https://user:hunter2@api.example/v1", "https://user:xxxxx@api.example/v1"},
		{"user-alone", "https://hunter2@api.example", "https://xxxxx@api.example"},
		{"password-with-at", "https://user:hun@ter2@api.example", "https://user:xxxxx@api.example"},
		{"password-with-slash", "https://user:8080/hunter2@api.example", redact.Placeholder},
		{"password-with-slash-no-port", "https://user:hunter2/x@api.example", redact.Placeholder},
		{"no-scheme", "user:hunter2@api.example", redact.Placeholder},
		{"no-scheme-address", "10.0.0.1:hunter2@api.example", redact.Placeholder},
		{"slashes-only", "//user:hunter2@api.example", "//user:xxxxx@api.example"},
		{"bad-escape", "https://u:hunter2@h/%zz", redact.Placeholder},
		{"query", "https://api.example/?sig=hunter2&hunter2", "https://api.example/?sig=xxxxx&xxxxx"},
		{"fragment", "https://api.example/#hunter2", "https://api.example/#xxxxx"},
		{"sign-in-the-path", "https://api.example/@scope", "https://api.example/@scope"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := redact.URL(tt.in); got != tt.want {
				t.Errorf("URL(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

// TestText_jwt: a JSON Web Token goes although nobody says that it is a secret; what
// only begins like one stays.
func TestText_jwt(t *testing.T) {
	t.Parallel()
	const token = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJhIn0.c2lnbmF0dXJl"
	for text, want := range map[string]string{
		"Invalid JWT: " + token + ".":              "Invalid JWT: " + redact.Placeholder,
		"assertion=" + token + "&scope=x":          "assertion=" + redact.Placeholder + "&scope=x",
		"eyJhbGciOiJSUzI1NiJ9 is only the header":  "eyJhbGciOiJSUzI1NiJ9 is only the header",
		"the host eyJ.example.com was not reached": "the host eyJ.example.com was not reached",
	} {
		if got := redact.Text(text); strings.TrimSuffix(got, ".") != want {
			t.Errorf("%q: got %q", text, got)
		}
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	const secret = `wJalr/XU+tn"FE&MI<K7é%`
	asJSON, err := json.Marshal(secret)
	if err != nil {
		t.Fatal(err)
	}
	std, web := base64.StdEncoding, base64.URLEncoding
	for name, quoted := range map[string]string{
		"plain":          secret,
		"query":          url.QueryEscape(secret),
		"query-in-lower": strings.NewReplacer("%2F", "%2f", "%2B", "%2b", "%C3", "%c3", "%A9", "%a9", "%3C", "%3c").Replace(url.QueryEscape(secret)),
		"path":           url.PathEscape(secret),
		"json":           string(asJSON),
		"json-not-html":  strings.ReplaceAll(secret, `"`, `\"`),
		"go":             fmt.Sprintf("%q", secret),
		"go-ascii":       fmt.Sprintf("%+q", secret),
		"hex":            hex.EncodeToString([]byte(secret)),
		"hex-upper":      fmt.Sprintf("%X", secret),
		"base64":         std.EncodeToString([]byte(secret)),
		"base64-url":     web.EncodeToString([]byte(secret)),
		"basic-1":        std.EncodeToString([]byte("a:" + secret)),
		"basic-2":        std.EncodeToString([]byte("ab:" + secret + "!")),
		"basic-3":        web.EncodeToString([]byte("abc:" + secret + "!?")),
		"twice":          secret + secret,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := redact.Text("the key "+quoted+" is not known", "", "is", secret)
			if !strings.HasPrefix(got, "the key ") || !strings.HasSuffix(got, " is not known") || !strings.Contains(got, redact.Placeholder) {
				t.Errorf("%q became %q", quoted, got)
			}
			// All but the characters that the neighbours of a base64 text share.
			for i := 0; i+8 <= len(quoted); i++ {
				if strings.Contains(got, quoted[i:i+8]) {
					t.Fatalf("%q still shows %q", got, quoted[i:i+8])
				}
			}
		})
	}
}

func TestText_parts(t *testing.T) {
	t.Parallel()
	const token = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.payload.signature"
	const key = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQ\nEFAASCBKcwggSjAgEAAoIBAQC7\n-----END PRIVATE KEY-----\n"
	for _, tt := range []struct{ name, in, secret, want string }{
		{"nothing", "no secret here", token, "no secret here"},
		{"beginning", "bad token eyJhbGciOiJSUzI1NiIsIn... given", token, "bad token [redacted]... given"},
		{"too-short-a-beginning", "bad token eyJhbGci...", token, "bad token eyJhbGci..."},
		{"whole-key", "key " + key + " end", key, "key [redacted]\n end"},
		{"line-of-a-key", "at EFAASCBKcwggSjAgEAAoIBAQC7:", key, "at [redacted]:"},
		{"short-secrets-stay", "an abc", "abc", "an abc"},
		{"url-with-a-password", `Get "https://u:hunter2@h.example/x": refused`, "", `Get "https://u:xxxxx@h.example/x": refused`},
		{"url-with-a-slash-in-it", "see https://u:hun/ter2@h.example/x, then", "", "see https://u:xxxxx@h.example/x, then"},
		{"url-with-a-sign", "see https://h.example/@scope/x", "", "see https://h.example/@scope/x"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := redact.Text(tt.in, tt.secret); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func FuzzText(f *testing.F) {
	f.Add("the token is ", "s3cr3t-token", " no more")
	f.Add("", "\xff\xfe\x00abc", "")
	f.Fuzz(func(t *testing.T, before, secret, after string) {
		got := redact.Text(before+secret+after, secret)
		trimmed := strings.TrimSpace(secret)
		if len(trimmed) >= 4 && !strings.Contains(redact.Placeholder, trimmed) && strings.Contains(got, trimmed) {
			// What is left on both sides of a cut may join to a new one, and the
			// placeholder may help; only the place where it stood counts.
			if !strings.Contains(strings.ReplaceAll(before+after, trimmed, ""), trimmed[:1]) {
				t.Errorf("%q shows %q", got, trimmed)
			}
		}
		if shown := redact.URL(before); redact.URL(shown) != shown {
			t.Errorf("URL is not stable: %q, then %q", shown, redact.URL(shown))
		}
	})
}
