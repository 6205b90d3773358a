// SPDX-License-Identifier: Apache-2.0

package redact

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const (
	// shortest is how long a secret must be to be looked for: a shorter one is
	// found in every second sentence, and gives itself away by what is missing.
	shortest = 4
	// shortestLine is that for one line of a secret with several.
	shortestLine = 16
	// shortestStart is how much of the beginning of a long secret gives it away.
	shortestStart = 12
)

// Text returns text without the secrets that it quotes, and without the passwords
// of the URLs in it. A secret is also found as it stands in a URL, in JSON, in a
// quoted text, in hexadecimal digits and in base64, there also as a part of more
// (Basic authentication encodes "id:secret"); of a secret with several lines (a
// key in PEM) each line is one; of a long one, so is its beginning, which is what
// vendors quote of a token. JSON Web Tokens go whatever the secrets are.
func Text(text string, secrets ...string) string {
	return urls(jwtPattern.ReplaceAllString(cut(text, forms(secrets)), Placeholder))
}

// jwtPattern matches a JSON Web Token, which is a credential whoever made it: an
// assertion that was signed for one request is in no list of secrets.
var jwtPattern = regexp.MustCompile(`\beyJ[A-Za-z0-9_-]+\.eyJ[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]*)?`)

// forms returns everything to look for.
func forms(secrets []string) []string {
	var all []string
	for _, secret := range secrets {
		if secret = strings.TrimSpace(secret); len(secret) < shortest {
			continue
		}
		all = append(all, spellings(secret)...)
		if !strings.Contains(secret, "\n") {
			continue
		}
		for line := range strings.Lines(secret) {
			if line = strings.TrimSpace(line); len(line) >= shortestLine && !strings.HasPrefix(line, "-----") {
				all = append(all, spellings(line)...)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// spellings returns a secret as it may stand in a text.
func spellings(secret string) []string {
	raw := []byte(secret)
	all := []string{
		secret, url.QueryEscape(secret), url.PathEscape(secret),
		lowerEscapes(url.QueryEscape(secret)), lowerEscapes(url.PathEscape(secret)),
		hex.EncodeToString(raw), strings.ToUpper(hex.EncodeToString(raw)),
	}
	quoted := []string{strconv.Quote(secret), strconv.QuoteToASCII(secret)}
	if encoded, err := json.Marshal(secret); err == nil {
		quoted = append(quoted, string(encoded))
	}
	var plain strings.Builder
	e := json.NewEncoder(&plain)
	e.SetEscapeHTML(false)
	if err := e.Encode(secret); err == nil {
		quoted = append(quoted, strings.TrimSuffix(plain.String(), "\n"))
	}
	for _, q := range quoted {
		all = append(all, q[1:len(q)-1])
	}
	return append(all, base64Forms(raw)...)
}

// lowerEscapes writes the digits of %2F as %2f.
func lowerEscapes(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			b.WriteString(strings.ToLower(s[i : i+3]))
			i += 2
		} else {
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

// base64Forms returns what stands in every base64 text of something that holds
// raw: three bytes become four characters, so there are three, each without the
// characters that depend on what comes before and after.
func base64Forms(raw []byte) []string {
	var all []string
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for before := range 3 {
			text := encoding.EncodeToString(append(make([]byte, before), raw...))
			whole := (before + len(raw)) / 3 * 4
			first := []int{0, 2, 3}[before]
			if whole-first >= 2*shortest {
				all = append(all, text[first:whole])
			} else if before == 0 && len(text) >= shortest {
				all = append(all, text)
			}
		}
	}
	return all
}

// cut replaces what stands in text of any form: the whole of it, or the beginning
// of a long one.
func cut(text string, forms []string) string {
	var b strings.Builder
	rest := 0
	for i := 0; i < len(text); {
		n := 0
		for _, form := range forms {
			same := common(text[i:], form)
			if same == len(form) || same >= shortestStart && len(form) >= 2*shortestStart {
				n = max(n, same)
			}
		}
		if n == 0 {
			i++
			continue
		}
		b.WriteString(text[rest:i])
		b.WriteString(Placeholder)
		i += n
		rest = i
	}
	if rest == 0 {
		return text
	}
	return b.String() + text[rest:]
}

// common returns how long the beginning is that two texts share.
func common(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}
