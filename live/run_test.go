// SPDX-License-Identifier: Apache-2.0

package live

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// simulatedPlan is a plan whose configuration reaches a simulator.
func simulatedPlan(t *testing.T, cloud, what string) (*plan, *simulated) {
	t.Helper()
	sim, err := simulate(cloud, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	p, _ := profile.Get(cloud)
	return &plan{
		cloud: cloud, what: what, config: sim.config, request: p.SampleRequest("x"), record: filepath.Join(t.TempDir(), "record.jsonl"),
		simulated: true, dial: sim.dial, teardown: 2 * time.Hour,
	}, sim
}

// TestLive_interrupted: whenever a run is interrupted, the cluster is gone at the end, and
// the record is there.
func TestLive_interrupted(t *testing.T) {
	t.Parallel()
	for _, after := range []string{"CreateCluster", "WaitClusterActive", "SetNodeGroupAutoScaling on"} {
		t.Run(after, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p, sim := simulatedPlan(t, "aws", "life")
				ctx, interrupt := context.WithCancel(t.Context())
				defer interrupt()
				said := func(format string, args ...any) {
					if format == "%s" && args[0] == after {
						interrupt() // Ctrl-C while the step is under way
					}
				}
				if err := live(ctx, p, false, said, sim.config.Transport); !errors.Is(err, context.Canceled) {
					t.Errorf("got %v", err)
				}
				left(t, sim, 0)
				rec, err := openRecord(p.record)
				if err != nil {
					t.Fatal(err)
				}
				var steps []string
				for _, l := range rec.lines {
					if l.Step != "" {
						steps = append(steps, l.Step)
					}
				}
				if !slices.Contains(steps, "Teardown") || !slices.Contains(steps, after) {
					t.Errorf("the steps are %q", steps)
				}
				if info, err := os.Stat(p.record); err != nil || info.Mode().Perm() != 0o600 {
					t.Errorf("the mode of the record: %v %v", info, err)
				}
			})
		})
	}
}

// left checks how many clusters an account has.
func left(t *testing.T, sim *simulated, want int) {
	t.Helper()
	client, err := open(t.Context(), sim.Cloud.Name, sim.config, sim.dial, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if got, err := client.ListIID(t.Context()); err != nil || len(got) != want {
		t.Errorf("%d clusters are left, want %d; %v", len(got), want, err)
	}
}

// TestLive_sweep: of what is there only that goes which a run has left.
func TestLive_sweep(t *testing.T) {
	t.Parallel()
	for _, cloud := range []string{"aws", "nhn"} {
		t.Run(cloud, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p, sim := simulatedPlan(t, cloud, "sweep")
				client, err := open(t.Context(), cloud, sim.config, sim.dial, nil)
				if err != nil {
					t.Fatal(err)
				}
				defer client.Close()
				others := p.request.Clone()
				others.IId.NameId = "web"
				for _, req := range []pmks.ClusterInfo{smallest(p.request, client.Capabilities(), "0a1b2c"), others} {
					if _, err := pmks.Provision(t.Context(), client, req); err != nil {
						t.Fatal(err)
					}
				}
				var said []string
				err = live(t.Context(), p, false, func(format string, args ...any) { said = append(said, format) }, sim.config.Transport)
				if err != nil || len(said) == 0 {
					t.Errorf("got %v, and it said %q", err, said)
				}
				left(t, sim, 1)
				if _, err := client.GetCluster(t.Context(), pmks.IID{NameId: "web"}); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// TestPlan: nothing begins until every variable is set, the phrase confirms time and cost,
// and the process lives long enough.
func TestPlan(t *testing.T) {
	profiled, _ := profile.Get("aws")
	for _, name := range []string{"PMKS_REGION", "PMKS_AWS_REGION", "PMKS_AWS_ACCESS_KEY_ID", "PMKS_AWS_SECRET_ACCESS_KEY", envRecord, envConfirm, envVPC, envSubnets, envVMSpec, envGroups, envKeyPair, envImage, envDisk, envSize} {
		t.Setenv(name, "")
	}
	read := func() *plan {
		p, err := readPlan("aws", "life", true, profiled.Caps)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	want := []string{"PMKS_AWS_REGION", "PMKS_AWS_ACCESS_KEY_ID", "PMKS_AWS_SECRET_ACCESS_KEY", envRecord, envSubnets, envVPC, envVMSpec}
	if p := read(); !slices.Equal(p.missing, want) || !strings.Contains(p.refusal(0), strings.Join(want, ", ")) {
		t.Errorf("missing are %q, want %q; %s", p.missing, want, p.refusal(0))
	}
	for _, name := range want {
		t.Setenv(name, "name=x, y")
	}
	t.Setenv("PMKS_AWS_REGION", "us-east-2")
	if why := read().refusal(0); !strings.Contains(why, "whole path") {
		t.Errorf("a record in the directory of the test: %q", why)
	}
	t.Setenv(envRecord, filepath.Join(t.TempDir(), "record.jsonl"))
	p := read()
	if why := p.refusal(0); len(p.missing) > 0 || !strings.Contains(why, p.phrase()) || !strings.Contains(p.text(), "Cost: about ") || p.dollars <= 0 {
		t.Errorf("got %q, and\n%s", why, p.text())
	}
	if got := p.request.Network.SubnetIIDs; !slices.Equal(got, []pmks.IID{{NameId: "x"}, {SystemId: "y"}}) {
		t.Errorf("the subnets are %v", got)
	}
	t.Setenv(envConfirm, p.phrase())
	if why := p.refusal(10 * time.Minute); !strings.Contains(why, "-timeout") {
		t.Errorf("got %q", why)
	}
	if why := p.refusal(0); why != "" {
		t.Errorf("got %q", why)
	}
}

// TestReplay: the record of a whole life, scrubbed, is a cloud of its own: a provider that is
// led through the same life over it, without a network and without credentials, gives the
// same results step for step.
func TestReplay(t *testing.T) {
	t.Parallel()
	for _, cloud := range clouds {
		if providertest.UnderRace && cloud != "gcp" {
			continue
		}
		t.Run(cloud, func(t *testing.T) {
			t.Parallel()
			rec := usualLife(t, cloud).clean
			// Another bubble, where it is the same time as when the record began.
			synctest.Test(t, func(t *testing.T) { replayed(t, rec) })
		})
	}
}

func replayed(t *testing.T, rec *record) {
	t.Helper()
	cfg, dial, err := replayConfig(rec)
	if err != nil {
		t.Fatal(err)
	}
	again := newRecorder(rec.head)
	client, err := open(t.Context(), rec.head.Cloud, cfg, dial, again)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	r := &run{
		cloud: rec.head.Cloud, client: client.Client, rec: again, rpc: client.rpc, auth: newAuthorizer(rec.head.Cloud, cfg.Region, cfg.Credentials, client.seen),
		request: rec.head.Request, look: 30 * time.Second, upgrade: true, say: func(string, ...any) {}, save: func() error { return nil },
	}
	r.tour(t.Context())
	if err := r.life(t.Context(), 2*time.Hour); err != nil {
		t.Error(err)
	}
	want, got := results(t, rec), results(t, again.raw()) // which knows no secret
	if len(want) < 30 || len(got) != len(want) {
		t.Errorf("%d steps, want %d", len(got), len(want))
	}
	for i := range min(len(want), len(got)) {
		if got[i] != want[i] {
			from := 0
			for from < min(len(got[i]), len(want[i])) && got[i][from] == want[i][from] {
				from++
			}
			from = max(0, from-80)
			if _, unread, ok := strings.Cut(got[i], "pmks:unread"); ok {
				t.Logf("unread: %.200s", unread)
			}
			t.Errorf("step %d, from byte %d on:\ngot  %.300s\nwant %.300s", i, from, got[i][from:], want[i][from:])
		}
	}
}

// results are what the steps of a record gave.
func results(t *testing.T, rec *record) (list []string) {
	t.Helper()
	for _, l := range rec.lines {
		if l.Result != nil {
			var v any
			if err := decode(encode(l.Result), &v); err != nil { // with sorted members
				t.Fatal(err)
			}
			list = append(list, encode(v))
		}
	}
	return list
}
