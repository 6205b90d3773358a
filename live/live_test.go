// SPDX-License-Identifier: Apache-2.0

//go:build live

package live

import (
	"context"
	"errors"
	"flag"
	"testing"
	"time"
)

var (
	cloudFlag   = flag.String("cloud", "", "the `cloud` to run on")
	lifeFlag    = flag.Bool("life", false, "take a cluster through its life: this costs money")
	sweepFlag   = flag.Bool("sweep", false, "delete what killed runs have left behind")
	upgradeFlag = flag.Bool("upgrade", true, "the life has an upgrade in it")
	lookFlag    = flag.Duration("look", usualLook, "how long a wait rests between two looks")
)

// TestLive runs on a real account. docs/live.md says how.
func TestLive(t *testing.T) {
	if *cloudFlag == "" {
		t.Skip("no -cloud")
	}
	o := order{cloud: *cloudFlag, what: "tour", upgrade: *upgradeFlag, look: *lookFlag, say: say}
	switch {
	case *sweepFlag:
		o.what = "sweep"
	case *lifeFlag:
		o.what = "life"
	}
	if end, ok := t.Deadline(); ok {
		o.left = time.Until(end)
	}
	if err := o.carryOut(); err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
