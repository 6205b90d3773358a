// SPDX-License-Identifier: Apache-2.0

package account_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pmks-go/pmks/internal/sim/account"
	_ "github.com/pmks-go/pmks/internal/sim/account/gcp"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

func TestNames(t *testing.T) {
	t.Parallel()
	if got, want := account.Names(), []string{"alibaba", "aws", "azure", "gcp", "ibm", "nhn", "tencent"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// each runs a test for every cloud there is.
func each(t *testing.T, test func(t *testing.T, cloud string)) {
	t.Helper()
	for _, cloud := range account.Names() {
		t.Run(cloud, func(t *testing.T) {
			t.Parallel()
			test(t, cloud)
		})
	}
}

// open is Open where it must succeed.
func open(t *testing.T, cloud string, o account.Options) *account.Opened {
	t.Helper()
	a, err := account.Open(cloud, o)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestOpen_without: each thing of each account can be left out by each of its names, and
// is then neither listed nor in the way of a start.
func TestOpen_without(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, cloud string) {
		for _, k := range open(t, cloud, account.Options{}).Kinds {
			for _, x := range k.List() {
				for _, word := range []string{x.ID, x.Name} {
					if word == "" {
						continue
					}
					for _, left := range open(t, cloud, account.Options{Without: []string{word}}).Kinds {
						if left.Label == k.Label && slices.ContainsFunc(left.List(), func(y account.Thing) bool { return y.ID == x.ID && y.Name == x.Name }) {
							t.Errorf("without %s there is a %s %v", word, left.Label, x)
						}
					}
				}
			}
		}
	})
}

func TestOpen_refusals(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, cloud string) {
		for _, test := range []struct {
			options account.Options
			want    string
		}{
			{account.Options{Region: "no region"}, `region: "no region" is not the name of a region of ` + cloud},
			{account.Options{Without: []string{"no-such-thing"}}, `without: the account has no "no-such-thing"`},
			{account.Options{Without: []string{""}}, `without: the account has no ""`},
		} {
			if _, err := account.Open(cloud, test.options); err == nil || !strings.HasPrefix(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		}
	})
	if _, err := account.Open("mars", account.Options{}); err == nil || !strings.Contains(err.Error(), "alibaba, aws, azure") {
		t.Errorf("got %v", err)
	}
}

// TestOpened_Access: the endpoint is below the base, the region is as it was asked for,
// and what depends on the speed is there when the cloud is faster than its clock.
func TestOpened_Access(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, cloud string) {
		const base = "https://simulated.invalid"
		p, _ := profile.Get(cloud)
		usual := open(t, cloud, account.Options{}).Access(base, 0)
		if !strings.HasPrefix(usual.Endpoint, base) || usual.Region != p.Region || len(usual.Credentials) == 0 ||
			usual.Settings["pollInterval"] != "" || usual.Settings["rateLimits"] != "" {
			t.Errorf("got %+v", usual)
		}
		hurried := open(t, cloud, account.Options{Scale: 1e-3}).Access(base, time.Second)
		if got := hurried.Settings["rateLimits"]; got != "none" {
			t.Errorf("the rate limits are %q", got)
		}
		if got := hurried.Settings["pollInterval"]; got != "1s" && cloud != "azure" {
			t.Errorf("the interval is %q", got)
		}
	})
}

// TestOptions_Lag: the lag is in the cloud's time.
func TestOptions_Lag(t *testing.T) {
	t.Parallel()
	for scale, want := range map[float64]time.Duration{0: 10 * time.Second, 1: 10 * time.Second, 0.1: time.Second} {
		if got := (account.Options{ReadLag: 10 * time.Second, Scale: scale}).Lag(); got != want {
			t.Errorf("at scale %v: %v, want %v", scale, got, want)
		}
	}
}
