// SPDX-License-Identifier: Apache-2.0

// Package endpoint keeps credentials at home: one rule for every endpoint that a
// setting names, and a transport that follows no redirect and reads no answer
// without end.
package endpoint

import (
	"net"
	"net/url"
	"strings"

	"github.com/pmks-go/pmks/internal/refuse"
)

// Check refuses an endpoint to which a credential must not be sent: anything but
// https, or http to this very machine. An empty text is no endpoint. The text is
// never shown, because it may hold a password. insecureAllowed lets http to other
// hosts pass, for a setting with an honest name.
func Check(field, text string, insecureAllowed bool) error {
	if text == "" {
		return nil
	}
	u, err := url.Parse(text)
	switch {
	case err != nil, u.Host == "", u.Hostname() == "":
		return refuse.Invalid(field, "is not a URL such as https://api.example.com")
	case u.User != nil:
		return refuse.Invalid(field, "must hold no user name and no password")
	case u.Fragment != "", u.RawQuery != "":
		return refuse.Invalid(field, "must hold no query and no fragment")
	case strings.EqualFold(u.Scheme, "https"):
		return nil
	case !strings.EqualFold(u.Scheme, "http"):
		return refuse.Invalid(field, "must begin with https://")
	case insecureAllowed, Loopback(u.Hostname()):
		return nil
	}
	return refuse.Invalid(field, "http would send credentials unprotected to another machine: use https, or a loopback address")
}

// Loopback reports whether a host name is this very machine.
func Loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
