// SPDX-License-Identifier: Apache-2.0

package pmks_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/pmks-go/pmks"
)

func TestEnvName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"roleArn":              "PMKS_AWS_ROLE_ARN",
		"webIdentityTokenFile": "PMKS_AWS_WEB_IDENTITY_TOKEN_FILE",
		"secret_key":           "PMKS_AWS_SECRET_KEY",
		"podCIDR":              "PMKS_AWS_POD_CIDR",
		"CIDRBlock":            "PMKS_AWS_CIDR_BLOCK",
		"oauth2Url":            "PMKS_AWS_OAUTH2_URL",
		"Kind":                 "PMKS_AWS_KIND",
		"a-b.c":                "PMKS_AWS_A_B_C",
		"":                     "PMKS_AWS_",
	} {
		if got := (pmks.Provider{Name: "aws"}).EnvName(name); got != want {
			t.Errorf("EnvName(%q) is %s, want %s", name, got, want)
		}
	}
}

// TestConfigFromEnv is not parallel: the environment is the process's.
func TestConfigFromEnv(t *testing.T) {
	var got pmks.Config
	name := register("env", func(_ context.Context, cfg pmks.Config) (pmks.ClusterHandler, error) {
		got = cfg
		return plain(t), nil
	})
	own := pmks.Provider{Name: name}.EnvName("")
	t.Setenv("PMKS_REGION", "r-1")
	t.Setenv("PMKS_ZONE", "z-1")
	t.Setenv("PMKS_ENDPOINT", "")
	t.Setenv(own+"ZONE", "z-2")
	t.Setenv(own+"SECRET_KEY", secretKey)
	t.Setenv(own+"PROJECT", "p-1")
	t.Setenv(own+"KIND", "") // not set
	t.Setenv(own+"COLOR", "")
	t.Setenv("PMKS_OTHER_COLOR", "of another provider")
	cfg, err := pmks.ConfigFromEnv(name)
	if err != nil {
		t.Fatal(err)
	}
	want := pmks.Config{Region: "r-1", Zone: "z-2", Credentials: map[string]string{"secret_key": secretKey},
		Settings: map[string]string{"Project": "p-1"}}
	if d := diff(want, cfg); d != "" {
		t.Error(d)
	}
	if _, err := pmks.Open(t.Context(), name, cfg); err != nil {
		t.Fatal(err)
	}
	if d := diff(want, got); d != "" {
		t.Errorf("the provider got%s", d)
	}

	t.Setenv(own+"SECRET_KEI", secretKey)
	nothing, err := pmks.ConfigFromEnv(name)
	if d := diff(pmks.Config{}, nothing); d != "" {
		t.Errorf("beside the error there is%s", d)
	}
	var e *pmks.Error
	if !errors.As(err, &e) || e.Code != pmks.CodeInvalidArgument || e.Field != own+"SECRET_KEI" ||
		!strings.Contains(err.Error(), own+"SECRET_KEY") || strings.Contains(err.Error(), secretKey) {
		t.Errorf("a variable that names nothing: %v", err)
	}
	if _, err := pmks.ConfigFromEnv("nowhere"); !errors.Is(err, pmks.ErrInvalidArgument) || !strings.Contains(err.Error(), "not registered") {
		t.Errorf("an unknown provider: %v", err)
	}
}

func ExampleConfigFromEnv() {
	// In a shell: export PMKS_FAKE_PROFILE=gcp
	cfg, err := pmks.ConfigFromEnv("fake")
	if err != nil {
		panic(err)
	}
	cfg.Region = "sim-1"
	client, err := pmks.Open(context.Background(), "fake", cfg)
	if err != nil {
		panic(err)
	}
	defer client.Close()
	// Output:
}
