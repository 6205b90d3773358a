// SPDX-License-Identifier: Apache-2.0

package fake_test

import (
	"context"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/fake"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// hear is a handler of logs that calls a function for each request that was answered.
type hear struct {
	slog.Handler
	heard func()
}

// Handle implements [slog.Handler].
func (h hear) Handle(ctx context.Context, r slog.Record) error {
	h.heard()
	return h.Handler.Handle(ctx, r)
}

// refused is a request that is refused with a code, once or always.
func refused(code pmks.Code) fake.Fault { return fake.Fault{Kind: fake.Refuse, Code: code} }

func always(f fake.Fault) fake.Fault {
	f.Times = -1
	return f
}

// lagging is for how long reads show what was there before a change.
const lagging = 8 * time.Second

// lost are the codes of a request whose outcome is open.
var lost = []pmks.Code{pmks.CodeUnavailable}

// wrongs are what goes wrong with a request of the fake, and what a caller is to hear.
var wrongs = []struct {
	providertest.Trouble
	fault fake.Fault
}{
	{providertest.Trouble{Name: "unavailable", Codes: lost}, refused(pmks.CodeUnavailable)},
	{providertest.Trouble{Name: "unavailable-always", Codes: lost}, always(refused(pmks.CodeUnavailable))},
	{providertest.Trouble{Name: "internal", Codes: []pmks.Code{pmks.CodeInternal}}, refused(pmks.CodeInternal)},
	{providertest.Trouble{Name: "denied", Settles: true, Codes: []pmks.Code{pmks.CodePermissionDenied}}, refused(pmks.CodePermissionDenied)},
	{providertest.Trouble{Name: "unauthenticated", Settles: true, Codes: []pmks.Code{pmks.CodeUnauthenticated}}, refused(pmks.CodeUnauthenticated)},
	{providertest.Trouble{Name: "unauthenticated-always", Settles: true, Codes: []pmks.Code{pmks.CodeUnauthenticated}}, always(refused(pmks.CodeUnauthenticated))},
	{providertest.Trouble{Name: "invalid", Settles: true, Codes: []pmks.Code{pmks.CodeInvalidArgument}}, refused(pmks.CodeInvalidArgument)},
	{providertest.Trouble{Name: "quota", Settles: true, Codes: []pmks.Code{pmks.CodeQuotaExceeded}}, refused(pmks.CodeQuotaExceeded)},
	{providertest.Trouble{Name: "precondition", Settles: true, Codes: []pmks.Code{pmks.CodeFailedPrecondition}}, refused(pmks.CodeFailedPrecondition)},
	{providertest.Trouble{Name: "busy", Settles: true, Codes: []pmks.Code{pmks.CodeBusy}}, refused(pmks.CodeBusy)},
	{providertest.Trouble{Name: "throttled", Settles: true, Codes: []pmks.Code{pmks.CodeThrottled}}, fake.Fault{Kind: fake.Throttle, RetryAfter: 7 * time.Second}},
	{providertest.Trouble{Name: "throttled-always", Settles: true, Codes: []pmks.Code{pmks.CodeThrottled}}, always(fake.Fault{Kind: fake.Throttle})},
	{providertest.Trouble{Name: "delayed"}, fake.Fault{Kind: fake.Delay, Delay: 10 * time.Second}},
	{providertest.Trouble{Name: "lost-request", Codes: lost}, fake.Fault{Kind: fake.LoseRequest}},
	{providertest.Trouble{Name: "lost-request-always", Codes: lost}, always(fake.Fault{Kind: fake.LoseRequest})},
	{providertest.Trouble{Name: "lost-reply", Codes: lost}, fake.Fault{Kind: fake.LoseReply}},
	{providertest.Trouble{Name: "lost-reply-always", Codes: lost}, always(fake.Fault{Kind: fake.LoseReply})},
	{providertest.Trouble{Name: "lost-reply-and-stale", Codes: lost, Lag: lagging}, fake.Fault{Kind: fake.LoseReply}},
	{providertest.Trouble{Name: "stale", Lag: lagging}, fake.Fault{Kind: fake.Delay, Delay: time.Nanosecond}},
}

// plain is the fake with a profile, to be told what goes wrong.
func plain(p *profile.Profile, logs io.Writer) providertest.Plain {
	of := providertest.Plain{Profile: p.Name}
	for _, w := range wrongs {
		of.Troubles = append(of.Troubles, w.Trouble)
	}
	of.Open = func(lag time.Duration, heard func()) providertest.PlainCloud {
		logger := slog.New(hear{slog.NewTextHandler(logs, &slog.HandlerOptions{Level: slog.LevelDebug}), heard})
		another := func() *fake.Handler {
			return fake.New(fake.WithProfile(p.Name), fake.WithLimits(fake.Limits{}), fake.WithLatency(time.Second), fake.WithReadLag(lag), fake.WithLogger(logger))
		}
		h := another()
		strike := func(after int, f fake.Fault) func() {
			f.After = after
			return h.Inject(f)
		}
		return providertest.PlainCloud{
			Handler: h,
			Strike: func(after int, trouble string) func() {
				for _, w := range wrongs {
					if w.Name == trouble {
						return strike(after, w.fault)
					}
				}
				panic("there is no trouble " + trouble)
			},
			Hang: func(after int) func() {
				return strike(after, always(fake.Fault{Kind: fake.Delay, Delay: 1000 * time.Hour}))
			},
			Another: func() pmks.ClusterHandler {
				reborn := another()
				reborn.Restore(h.Snapshot())
				return reborn
			},
		}
	}
	return of
}

// each runs something for each profile.
func each(t *testing.T, run func(providertest.Plain, *testing.T)) {
	t.Helper()
	for _, p := range profile.All() {
		t.Run(p.Name, func(t *testing.T) { run(plain(p, io.Discard), t) })
	}
}

// TestFaultMatrix makes every request of every operation go wrong in every way.
func TestFaultMatrix(t *testing.T) { each(t, providertest.Plain.RunFaults) }

// TestTrust_cancel ends the context of everything, at each request and in each pause.
func TestTrust_cancel(t *testing.T) { each(t, providertest.Plain.RunCancel) }

// TestTrust_crash ends the process that runs a job, and runs it in another.
func TestTrust_crash(t *testing.T) { each(t, providertest.Plain.RunCrashes) }

// TestTrust_canaries searches all that the fake shows for the tokens and kubeconfigs that it
// hands out.
func TestTrust_canaries(t *testing.T) {
	p, _ := profile.Get("aws") // whose clusters have tokens
	logs := &log{}
	plain(p, logs).Canaries(t, logs.String)
}

// TestTrust_hostile: names that mean harm do none.
func TestTrust_hostile(t *testing.T) { each(t, providertest.Plain.HostileNames) }
