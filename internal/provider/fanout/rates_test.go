// SPDX-License-Identifier: Apache-2.0

package fanout_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/fanout"
)

// TestScaled: how long 100 requests take at 10 a second and what a setting makes of it.
func TestScaled(t *testing.T) {
	t.Parallel()
	for setting, want := range map[string]time.Duration{
		"published": 9900 * time.Millisecond, "none": 0, "50%": 19800 * time.Millisecond, "200%": 4900 * time.Millisecond, "1%": 990 * time.Second,
	} {
		t.Run(setting, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				if err := fanout.CheckRates(setting); err != nil {
					t.Error(err)
				}
				limiter := fanout.NewLimiter(fanout.Scaled(setting, func(string) fanout.Rate { return fanout.Rate{PerSecond: 10, Burst: 1} }))
				call, _ := script(pmks.CodeOK)
				start := time.Now()
				for range 100 {
					if _, err := fanout.Read(t.Context(), limiter, "b", call); err != nil {
						t.Fatal(err)
					}
				}
				if took := time.Since(start); (took - want).Abs() > 100*time.Millisecond {
					t.Errorf("100 requests took %s, want %s", took, want)
				}
			})
		})
	}
}

func TestCheckRates(t *testing.T) {
	t.Parallel()
	for _, setting := range []string{"", "0%", "-5%", "1001%", "99999999999999999999%", "50", "5e1%", "NaN%", "Inf%", "%", " 50%", "50 %", "Published", "off", "0.5"} {
		err := fanout.CheckRates(setting)
		var e *pmks.Error
		if !errors.As(err, &e) || e.Code != pmks.CodeInvalidArgument || e.Field != "Settings.rateLimits" {
			t.Errorf("%q: got %v", setting, err)
		}
	}
}
