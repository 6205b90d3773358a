// SPDX-License-Identifier: Apache-2.0

package pmks

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/pmks-go/pmks/internal/redact"
)

// AccessMode says from where the Kubernetes API of a cluster can be reached.
type AccessMode string

// The modes. A cloud whose private address is always there has no AccessPublic: see
// [AccessRule].
const (
	// AccessPublic: from the internet alone; nodes go that way too.
	AccessPublic AccessMode = "public"
	// AccessPrivate: from the networks of the cluster alone.
	AccessPrivate AccessMode = "private"
	// AccessPublicAndPrivate: both ways.
	AccessPublicAndPrivate AccessMode = "public-and-private"
)

// Access says from where the Kubernetes API of a cluster can be reached, and by whom.
//
// A request uses Mode and CIDRs; the endpoints are filled on output and ignored on input.
type Access struct {
	// Mode in a request overrules the provider's settings; "" leaves it to them. On
	// output it is "" where the cloud does not tell it.
	Mode AccessMode
	// CIDRs lists the networks that may reach the public endpoint, such as
	// "198.51.100.0/24"; the private one as well where the cloud holds one list for both
	// (GKE). None means that everybody may. Your own address should be among them: no
	// cloud checks that.
	CIDRs []string

	// PublicEndpoint and PrivateEndpoint are the URLs of the Kubernetes API at its two
	// addresses; each is empty where there is none, or not yet. AccessInfo.Endpoint is
	// the one that the kubeconfig uses.
	PublicEndpoint  string
	PrivateEndpoint string
}

// AccessInfo is the way into a cluster. Both texts are empty until the control
// plane is up, and ListCluster leaves Kubeconfig out.
//
// It prints redacted under every fmt verb, in slog and in JSON, alone and inside
// other values; read Kubeconfig to use or to store it.
type AccessInfo struct {
	// Endpoint is the URL of the Kubernetes API.
	Endpoint string
	// Kubeconfig works in kubectl with nothing else installed, unless the
	// provider's settings ask for another kind. It is a secret.
	Kubeconfig string
	// ExpiresAt is when the credential in Kubeconfig ends; zero if it does not
	// end soon.
	ExpiresAt time.Time
}

// Token is a bearer token for the Kubernetes API of a cluster. It prints
// redacted everywhere, JSON included; read Value to use it.
type Token struct {
	// Value is the bearer token, a secret that only reading the field shows; ExpiresAt is
	// when the cluster refuses it, in UTC.
	Value     string
	ExpiresAt time.Time
}

func (a AccessInfo) redacted() string {
	kubeconfig := ""
	if a.Kubeconfig != "" {
		kubeconfig = redact.Placeholder
	}
	return fmt.Sprintf("{Endpoint:%s Kubeconfig:%s ExpiresAt:%s}", a.Endpoint, kubeconfig, formatTime(a.ExpiresAt))
}

// String returns the endpoint and the expiry; the kubeconfig is redacted.
func (a AccessInfo) String() string { return a.redacted() }

// Format prints a redacted, whatever the verb.
func (a AccessInfo) Format(f fmt.State, _ rune) { fmt.Fprint(f, a.redacted()) }

// LogValue logs a redacted.
func (a AccessInfo) LogValue() slog.Value { return slog.StringValue(a.redacted()) }

// MarshalJSON encodes a with its kubeconfig redacted: slog's JSON handler would
// write whatever holds an AccessInfo with it.
func (a AccessInfo) MarshalJSON() ([]byte, error) {
	type plain AccessInfo // without this method
	if a.Kubeconfig != "" {
		a.Kubeconfig = redact.Placeholder
	}
	return json.Marshal(plain(a))
}

func (t Token) redacted() string {
	value := ""
	if t.Value != "" {
		value = redact.Placeholder
	}
	return fmt.Sprintf("{Value:%s ExpiresAt:%s}", value, formatTime(t.ExpiresAt))
}

// String returns the expiry; the value is redacted.
func (t Token) String() string { return t.redacted() }

// Format prints t redacted, whatever the verb.
func (t Token) Format(f fmt.State, _ rune) { fmt.Fprint(f, t.redacted()) }

// LogValue logs t redacted.
func (t Token) LogValue() slog.Value { return slog.StringValue(t.redacted()) }

// MarshalJSON encodes the expiry only.
func (t Token) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Value     string
		ExpiresAt time.Time
	}{redact.Placeholder, t.ExpiresAt})
}

func formatTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
