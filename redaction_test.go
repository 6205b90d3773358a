// SPDX-License-Identifier: Apache-2.0

package pmks_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
)

const (
	secretKey        = "S3cr3t-key"
	secretKubeconfig = "S3cr3t-kubeconfig"
	secretToken      = "S3cr3t-token"
)

var expiry = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// secretive are values that hold secrets, and a word that each must still show.
func secretive(t *testing.T) []struct {
	name, shows string
	value       any
} {
	t.Helper()
	access := pmks.AccessInfo{Endpoint: "https://api.example", Kubeconfig: secretKubeconfig, ExpiresAt: expiry}
	info := pmks.ClusterInfo{IId: clusterIID, AccessInfo: access}
	token := pmks.Token{Value: secretToken, ExpiresAt: expiry}
	cfg := pmks.Config{
		Region: "region-1", Credentials: map[string]string{"access_key": secretKey},
		Settings: map[string]string{"Kind": "exec"}, Endpoint: "https://user:" + secretKey + "@proxy.example/",
	}
	ended := errors.New("it ended")
	_, err := pmks.WaitCluster(t.Context(), &reader{read: timeline(phase{until: forever, info: info})}, clusterIID,
		func(pmks.ClusterInfo) (bool, error) { return false, ended })
	var wait *pmks.WaitError
	if !errors.As(err, &wait) || wait.Last.AccessInfo.Endpoint == "" {
		t.Fatalf("the wait ended with %v", err)
	}
	return []struct {
		name, shows string
		value       any
	}{
		{"access", "https://api.example", access},
		{"access-pointer", "https://api.example", &access},
		{"cluster", "c1", info},
		{"cluster-pointer", "c1", &info},
		{"clusters", "c1", []pmks.ClusterInfo{info}},
		{"token", "2026-01-02T03:04:05Z", token},
		{"token-pointer", "2026-01-02T03:04:05Z", &token},
		{"token-in-a-map", "2026-01-02T03:04:05Z", map[string]pmks.Token{"t": token}},
		{"config", "region-1", cfg},
		{"config-pointer", "region-1", &cfg},
		{"config-in-a-struct", "region-1", struct{ Config pmks.Config }{cfg}},
		{"access-in-a-slice", "https://api.example", []pmks.AccessInfo{access}},
		{"access-in-a-map", "https://api.example", map[string]*pmks.AccessInfo{"a": &access}},
		{"access-in-a-struct", "https://api.example", struct{ Access pmks.AccessInfo }{access}},
		{"clusters-of-a-list", "c1", map[string][]*pmks.ClusterInfo{"list": {&info}}},
		{"config-endpoint-among-settings", "stsEndpoint", pmks.Config{Settings: map[string]string{"stsEndpoint": "https://u:" + secretKey + "@sts.example"}}},
		{"client", "region-1", pmks.New(&keeper{credential: secretKey})},
		{"clients", "region-1", []*pmks.Client{pmks.New(&keeper{credential: secretKey})}},
		{"no-client", "", (*pmks.Client)(nil)},
		{"config-without-scheme", "region-1", pmks.Config{Region: "region-1", Endpoint: "user:" + secretKey + "@proxy.example"}},
		{"config-bad-endpoint", "region-1", pmks.Config{Region: "region-1", Endpoint: "https://u:" + secretKey + "@h/%zz"}},
		{"wait-error", "it ended", wait},
		{"wait-error-in-an-event", "it ended", pmks.Event{Op: "x", Err: wait}},
		{"wrapped-wait-error", "it ended", fmt.Errorf("x: %w", wait)},
	}
}

// keeper is a handler that holds a secret, as all do.
type keeper struct {
	pmks.ClusterHandler
	credential string
}

func (*keeper) Capabilities() pmks.Capabilities { return pmks.Capabilities{Provider: "region-1"} }

func checkSecretFree(t *testing.T, how, text string) {
	t.Helper()
	if strings.Contains(text, "S3cr3t") || strings.Contains(text, fmt.Sprintf("%x", "S3cr3t")) {
		t.Errorf("%s shows a secret: %s", how, text)
	}
}

func TestRedaction_Format(t *testing.T) {
	t.Parallel()
	for _, tt := range secretive(t) {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, verb := range verbs {
				if verb == "%T%v" || verb == "%p" { // fmt asks no Formatter for %p; vet refuses it
					continue
				}
				checkSecretFree(t, verb, fmt.Sprintf(verb, tt.value))
			}
			if text := fmt.Sprintf("%v", tt.value); !strings.Contains(text, tt.shows) {
				t.Errorf("%%v shows %q, want %q in it", text, tt.shows)
			}
			if s, ok := tt.value.(fmt.Stringer); ok {
				checkSecretFree(t, "String", s.String())
			}
		})
	}
}

func TestRedaction_Log(t *testing.T) {
	t.Parallel()
	for _, tt := range secretive(t) {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var b bytes.Buffer
			for _, h := range []slog.Handler{slog.NewTextHandler(&b, nil), slog.NewJSONHandler(&b, nil)} {
				slog.New(h).Info("x", "value", tt.value, slog.Group("in", slog.Any("group", tt.value)))
			}
			checkSecretFree(t, "slog", b.String())
			if tt.name != "wait-error-in-an-event" && !strings.Contains(b.String(), tt.shows) {
				t.Errorf("slog shows %s, want %q in it", &b, tt.shows)
			}
		})
	}
}

// A cluster comes back from JSON whole but for its kubeconfig.
func TestAccessInfo_JSON(t *testing.T) {
	t.Parallel()
	want := pmks.ClusterInfo{IId: clusterIID, AccessInfo: pmks.AccessInfo{Endpoint: "https://api", Kubeconfig: secretKubeconfig, ExpiresAt: expiry}}
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got pmks.ClusterInfo
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	want.AccessInfo.Kubeconfig = "[redacted]"
	if d := diff(want, got); d != "" {
		t.Errorf("JSON keeps something else:%s", d)
	}
	if text, err := json.Marshal(pmks.AccessInfo{}); err != nil || string(text) != `{"Endpoint":"","Kubeconfig":"","ExpiresAt":"0001-01-01T00:00:00Z"}` {
		t.Errorf("an empty one is %s, %v", text, err)
	}
}

// TestRedaction_JSON marshals what holds secrets, alone and inside other values.
func TestRedaction_JSON(t *testing.T) {
	t.Parallel()
	for _, tt := range secretive(t) {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, v := range []any{tt.value, []any{tt.value}, map[string]any{"v": tt.value}, struct{ V any }{tt.value}} {
				text, err := json.Marshal(v)
				if err != nil {
					t.Fatal(err)
				}
				checkSecretFree(t, "JSON", string(text))
			}
		})
	}
}

func TestToken_JSON(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(pmks.Token{Value: secretToken, ExpiresAt: expiry})
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"Value":"[redacted]","ExpiresAt":"2026-01-02T03:04:05Z"}`; string(text) != want {
		t.Errorf("got %s, want %s", text, want)
	}
}

func TestConfig_JSON(t *testing.T) {
	t.Parallel()
	cfg := pmks.Config{Region: "r", Zone: "z", Credentials: map[string]string{"k": secretKey}, Settings: map[string]string{"s": "1"},
		Endpoint: "https://u:" + secretKey + "@h/", Logger: slog.New(slog.DiscardHandler)}
	text, err := json.Marshal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"Region":"r","Zone":"z","Credentials":{"k":"[redacted]"},"Settings":{"s":"1"},"Endpoint":"https://u:xxxxx@h/"}`; string(text) != want {
		t.Errorf("got %s, want %s", text, want)
	}
	if cfg.Credentials["k"] != secretKey {
		t.Error("printing changed the config")
	}
}

// What is empty shows as empty, so that a missing secret is noticed.
func TestRedaction_Empty(t *testing.T) {
	t.Parallel()
	for _, v := range []any{pmks.AccessInfo{}, pmks.Token{}, pmks.Config{}} {
		if text := fmt.Sprint(v); strings.Contains(text, "redacted") {
			t.Errorf("an empty value shows as %s", text)
		}
	}
}
