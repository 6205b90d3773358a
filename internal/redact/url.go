// SPDX-License-Identifier: Apache-2.0

// Package redact hides secrets in what is shown: passwords in URLs, and in a
// text of somebody else whatever it quotes of the credential it was sent. Every
// package that prints a setting, an endpoint or a vendor's message uses it, so
// that there is one rule. It imports the standard library only.
package redact

import (
	"net/url"
	"regexp"
	"strings"
)

const (
	// Placeholder stands for a secret wherever one is printed.
	Placeholder = "[redacted]"
	// urlPlaceholder is Placeholder inside a URL, where brackets would not do; it
	// is the word that net/url uses.
	urlPlaceholder = "xxxxx"
)

// URL returns a URL without its password (or a user that stands alone), the values
// of its query and its fragment: each may be a credential. What is no URL and holds something like
// "user:password@" is hidden whole. Everything else comes back as it is, so that
// any setting may be passed.
func URL(s string) string {
	if !strings.ContainsAny(s, "@?#") {
		return s
	}
	u, err := url.Parse(s)
	if err != nil {
		return Placeholder
	}
	rest := *u
	rest.User, rest.Scheme = nil, ""
	if u.Opaque != "" {
		rest.Scheme = u.Scheme
	}
	// A password with a slash in it is no part of the user for the parser.
	shown := rest.String()
	if at := strings.LastIndex(shown, "@"); at >= 0 && strings.Contains(shown[:at], ":") {
		return Placeholder
	}
	if u.Host == "" {
		return s
	}
	if u.User != nil {
		if _, ok := u.User.Password(); ok {
			u.User = url.UserPassword(u.User.Username(), urlPlaceholder)
		} else {
			u.User = url.User(urlPlaceholder) // some take a token there
		}
	}
	if u.RawQuery != "" {
		query := strings.Split(u.RawQuery, "&")
		for i, pair := range query {
			if key, _, ok := strings.Cut(pair, "="); ok {
				query[i] = key + "=" + urlPlaceholder
			} else {
				query[i] = urlPlaceholder
			}
		}
		u.RawQuery = strings.Join(query, "&")
	}
	if u.Fragment != "" {
		u.Fragment, u.RawFragment = urlPlaceholder, ""
	}
	return u.String()
}

// inText finds what may be a URL with a user in a text.
var inText = regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*://[^\s"'<>` + "`" + `]*@[^\s"'<>,;` + "`" + `]*`)

// urls hides the passwords of the URLs in a text. Queries stay: a vendor's message
// points at its documentation with them.
func urls(text string) string {
	if !strings.Contains(text, "@") {
		return text
	}
	return inText.ReplaceAllStringFunc(text, func(found string) string {
		scheme, rest, _ := strings.Cut(found, "://")
		end := strings.LastIndex(rest, "@")
		if slash := strings.IndexAny(rest, "/?#"); slash >= 0 && slash < end && !strings.Contains(rest[:slash], ":") {
			return found // the sign is in the path
		}
		shown := urlPlaceholder
		if user, _, ok := strings.Cut(rest[:end], ":"); ok {
			shown = user + ":" + urlPlaceholder
		}
		return scheme + "://" + shown + rest[end:]
	})
}
