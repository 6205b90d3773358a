// SPDX-License-Identifier: Apache-2.0

package fanout

import (
	"strconv"
	"strings"

	"github.com/pmks-go/pmks/internal/refuse"
)

// What the setting rateLimits of each provider may say, beside a part of the published
// rates such as "50%": of an account that others draw from too, or whose limits the cloud
// has raised.
const (
	ratesPublished = "published"
	ratesNone      = "none"
	mostPercent    = 1000
)

// part is how much of the published rates a setting allows; 0 means no bound.
func part(text string) (part float64, ok bool) {
	switch text {
	case ratesPublished:
		return 1, true
	case ratesNone:
		return 0, true
	}
	digits, ok := strings.CutSuffix(text, "%")
	percent, err := strconv.ParseUint(digits, 10, 16)
	return float64(percent) / 100, ok && err == nil && percent > 0 && percent <= mostPercent
}

// CheckRates refuses what the setting rateLimits may not say.
func CheckRates(text string) error {
	if _, ok := part(text); !ok {
		return refuse.Invalid("Settings.rateLimits", "%q is neither %s nor %s, nor a part of what is published, from 1%% to %d%%", refuse.Clip(text), ratesPublished, ratesNone, mostPercent)
	}
	return nil
}

// Scaled are the rates that a setting makes of the published ones; nil where it switches
// them off.
func Scaled(setting string, published func(bucket string) Rate) func(bucket string) Rate {
	share, ok := part(setting)
	switch {
	case ok && share == 0:
		return nil
	case !ok || share == 1:
		return published
	}
	return func(bucket string) Rate {
		r := published(bucket)
		r.PerSecond *= share
		r.Burst = int(float64(r.Burst) * share)
		return r
	}
}
