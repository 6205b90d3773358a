// SPDX-License-Identifier: Apache-2.0

package pmks_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/pmks-go/pmks"
)

var registered atomic.Int64

// register makes a provider with two keys of each kind; one of each is required.
// The registry is for good, so the name is made unique in the process.
func register(name string, open func(context.Context, pmks.Config) (pmks.ClusterHandler, error)) string {
	name = fmt.Sprintf("%s-%d", name, registered.Add(1))
	pmks.Register(pmks.Provider{
		Name:         name,
		Title:        "Cloud of " + name,
		Credentials:  []pmks.Setting{{Name: "secret_key", Help: "The key.", Required: true}, {Name: "access_key"}},
		Settings:     []pmks.Setting{{Name: "Kind", Default: "token"}, {Name: "Project", Help: "The project.", Required: true}},
		Capabilities: strict(),
		Open:         open,
	})
	return name
}

func config() pmks.Config {
	return pmks.Config{
		Credentials: map[string]string{"secret_key": secretKey},
		Settings:    map[string]string{"Project": "p"},
	}
}

func TestRegister_Panics(t *testing.T) {
	t.Parallel()
	open := func(context.Context, pmks.Config) (pmks.ClusterHandler, error) { return &reader{}, nil }
	name := register("panics", open)
	tests := []struct {
		name     string
		provider pmks.Provider
		want     string
	}{
		{"no-name", pmks.Provider{Open: open}, "needs a Name"},
		{"no-open", pmks.Provider{Name: "panics"}, "an Open function"},
		{"twice", pmks.Provider{Name: name, Open: open}, name + " is registered twice"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			defer func() {
				if text, _ := recover().(string); !strings.Contains(text, tt.want) {
					t.Errorf("Register panicked with %q, want %q in it", text, tt.want)
				}
			}()
			pmks.Register(tt.provider)
		})
	}
}

func TestProviders(t *testing.T) {
	t.Parallel()
	nameB := register("providers-b", func(context.Context, pmks.Config) (pmks.ClusterHandler, error) { return &reader{}, nil })
	nameA := register("providers-a", func(context.Context, pmks.Config) (pmks.ClusterHandler, error) { return &reader{}, nil })
	find := func() (names []string, b pmks.Provider) {
		for _, p := range pmks.Providers() {
			names = append(names, p.Name)
			if p.Name == nameB {
				b = p
			}
		}
		return names, b
	}
	names, b := find()
	if !slices.IsSorted(names) || !slices.Contains(names, nameA) || b.Title != "Cloud of "+nameB {
		t.Errorf("Providers() = %q, %+v", names, b)
	}
	b.Settings[0].Name, b.Credentials[0].Name, b.Capabilities.ClusterName.Reserved[0] = "x", "x", "x"
	_, again := find()
	if again.Settings[0].Name != "Kind" || again.Credentials[0].Name != "secret_key" || again.Capabilities.ClusterName.Reserved[0] != "admin" {
		t.Errorf("the output shares memory with the registry: %+v", again)
	}
}

func TestOpen_UnknownProvider(t *testing.T) {
	t.Parallel()
	known := register("known", func(context.Context, pmks.Config) (pmks.ClusterHandler, error) { return &reader{}, nil })
	c, err := pmks.Open(t.Context(), "unknown", pmks.Config{})
	if c != nil {
		t.Error("got a client")
	}
	checkFields(t, err, map[string]pmks.Code{"provider": bad})
	for _, want := range []string{`"unknown" is not registered`, known, "import"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q lacks %q", err, want)
		}
	}
}

func TestOpen_Keys(t *testing.T) {
	t.Parallel()
	name := register("keys", func(context.Context, pmks.Config) (pmks.ClusterHandler, error) {
		return nil, errors.New("must not be reached")
	})
	tests := []struct {
		name   string
		cfg    pmks.Config
		fields map[string]pmks.Code
		texts  []string
	}{
		{"empty", pmks.Config{}, map[string]pmks.Code{"Credentials.secret_key": bad, "Settings.Project": bad}, []string{"is required: The key."}},
		{"empty-values", pmks.Config{Credentials: map[string]string{"secret_key": ""}, Settings: map[string]string{"Project": ""}},
			map[string]pmks.Code{"Credentials.secret_key": bad, "Settings.Project": bad}, nil},
		{"unknown-keys", pmks.Config{
			Credentials: map[string]string{"secret_key": secretKey, "secretKey": secretKey},
			Settings:    map[string]string{"Project": "p", "kind": "x", "region": secretKey},
		}, map[string]pmks.Code{"Credentials.secretKey": bad, "Settings.kind": bad, "Settings.region": bad},
			[]string{"known are access_key, secret_key", "known are Kind, Project"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := pmks.Open(t.Context(), name, tt.cfg)
			checkFields(t, err, tt.fields)
			for _, text := range tt.texts {
				if !strings.Contains(err.Error(), text) {
					t.Errorf("%q lacks %q", err, text)
				}
			}
			checkSecretFree(t, "the error", err.Error())
		})
	}
}

func TestOpen(t *testing.T) {
	t.Parallel()
	logger := slog.New(slog.DiscardHandler)
	var got pmks.Config
	h := plain(t)
	name := register("open", func(_ context.Context, cfg pmks.Config) (pmks.ClusterHandler, error) {
		got = cfg.Clone()
		cfg.Credentials["secret_key"], cfg.Settings["Project"] = "changed", "changed"
		return h, nil
	})
	cfg := config()
	cfg.Region, cfg.Logger = "r", logger
	var ops []string
	c, err := pmks.Open(t.Context(), name, cfg, pmks.WithObserver(pmks.ObserverFunc(func(_ context.Context, e pmks.Event) {
		ops = append(ops, e.Provider+" "+e.Op)
	})))
	if err != nil {
		t.Fatal(err)
	}
	if c.Unwrap() != pmks.ClusterHandler(h) {
		t.Error("Unwrap is another handler")
	}
	if got.Region != "r" || got.Logger != logger || got.Credentials["secret_key"] != secretKey {
		t.Errorf("the provider got %+v", got)
	}
	if cfg.Credentials["secret_key"] != secretKey || cfg.Settings["Project"] != "p" {
		t.Error("the provider's copy of the config is the caller's")
	}
	// A handler that reports no capabilities has the name it was opened under.
	if _, err := c.GetCluster(t.Context(), pmks.IID{}); err == nil {
		t.Error("an empty IID was accepted")
	}
	if d := diff([]string{name + " GetCluster"}, ops); d != "" {
		t.Error(d)
	}
}

func TestOpen_Errors(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	name := register("open-errors", func(context.Context, pmks.Config) (pmks.ClusterHandler, error) { return nil, boom })
	_, err := pmks.Open(t.Context(), name, config())
	var e *pmks.Error
	if !errors.Is(err, boom) || !errors.As(err, &e) || e.Provider != name || e.Op != "Open" {
		t.Errorf("the provider's error became %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = pmks.Open(ctx, name, config())
	if !errors.Is(err, context.Canceled) || !errors.Is(err, pmks.ErrCanceled) || errors.Is(err, boom) {
		t.Errorf("with a canceled context: %v", err)
	}
}

// TestOpen_importLine: a provider of this module that was not imported is an error
// with the line to add.
func TestOpen_importLine(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"alibaba", "aws", "azure", "gcp", "ibm", "nhn", "tencent", "AWS"} {
		_, err := pmks.Open(t.Context(), name, pmks.Config{})
		want := `import _ "github.com/pmks-go/pmks/` + strings.ToLower(name) + `"`
		if !errors.Is(err, pmks.ErrInvalidArgument) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v lacks %s", name, err, want)
		}
	}
	_, err := pmks.Open(t.Context(), "nowhere", pmks.Config{})
	if !errors.Is(err, pmks.ErrInvalidArgument) || !strings.Contains(err.Error(), "nowhere") || !strings.Contains(err.Error(), "alibaba, aws, azure, fake, gcp, ibm, nhn, tencent") {
		t.Errorf("got %v", err)
	}
}
