// SPDX-License-Identifier: Apache-2.0

package fake

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// buffer collects log lines.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func (b *buffer) logger() *slog.Logger {
	return slog.New(slog.NewJSONHandler(b, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// sprint prints values under several verbs.
func sprint(values ...any) string {
	var b strings.Builder
	for _, v := range values {
		fmt.Fprintf(&b, "%v %+v %#v %q\n", v, v, v, v)
	}
	return b.String()
}

func TestOpen_settings(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name        string
		settings    map[string]string
		credentials map[string]string
		// faults are parts of the error; none means that it opens.
		faults []string
	}{
		{name: "none"},
		{name: "all", settings: map[string]string{"profile": "aws", "seed": "7", "speed": "1000x", "latency": "1ms"}, credentials: map[string]string{"token": "any"}},
		{name: "speed-without-x", settings: map[string]string{"speed": "2.5"}},
		{name: "unknown-setting", settings: map[string]string{"profil": "aws"},
			faults: []string{"Settings.profil: is not known; known are latency, profile, seed, speed"}},
		{name: "unknown-credential", credentials: map[string]string{"password": "x"},
			faults: []string{"Credentials.password: is not known; known are token"}},
		{name: "unknown-profile", settings: map[string]string{"profile": "acme"},
			faults: []string{`Settings.profile: there is no profile "acme"; there are aws, azure, gcp, alibaba, tencent, nhn, ibm, neutral`}},
		{name: "empty-profile", settings: map[string]string{"profile": ""}, faults: []string{"Settings.profile"}},
		{name: "bad-values", settings: map[string]string{"speed": "fast", "seed": "-1", "latency": "long"},
			faults: []string{"Settings.speed", "Settings.seed", "Settings.latency"}},
		{name: "zero-speed", settings: map[string]string{"speed": "0x"}, faults: []string{"Settings.speed"}},
		{name: "negative-speed", settings: map[string]string{"speed": "-3x"}, faults: []string{"Settings.speed"}},
		{name: "infinite-speed", settings: map[string]string{"speed": "Inf"}, faults: []string{"Settings.speed"}},
		{name: "no-number", settings: map[string]string{"speed": "NaN"}, faults: []string{"Settings.speed"}},
		{name: "hardly-any-speed", settings: map[string]string{"speed": "1e-320"}, faults: []string{"Settings.speed"}},
		{name: "negative-latency", settings: map[string]string{"latency": "-1s"}, faults: []string{"Settings.latency"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, err := pmks.Open(t.Context(), "fake", pmks.Config{Settings: tt.settings, Credentials: tt.credentials})
			if len(tt.faults) == 0 {
				if err != nil {
					t.Fatal(err)
				}
				want := "neutral"
				if name := tt.settings["profile"]; name != "" {
					want = name
				}
				if got := c.Capabilities().Provider; got != want {
					t.Errorf("got the cloud %s, want %s", got, want)
				}
				return
			}
			if !errors.Is(err, pmks.ErrInvalidArgument) {
				t.Fatalf("got %v, want InvalidArgument", err)
			}
			for _, fault := range tt.faults {
				if !strings.Contains(err.Error(), fault) {
					t.Errorf("got %v, want %q in it", err, fault)
				}
			}
		})
	}
	t.Run("speed-and-latency-work", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			c, err := pmks.Open(t.Context(), "fake", pmks.Config{Settings: map[string]string{"speed": "60x", "latency": "1s"}})
			if err != nil {
				t.Fatal(err)
			}
			begin := time.Now()
			if _, err := c.CreateCluster(t.Context(), mustProfile(t, "neutral").SampleRequest("demo")); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(begin); took != time.Second {
				t.Errorf("a request took %s, want 1s", took)
			}
			// three minutes at that speed, and a little more
			time.Sleep(5 * time.Second) //nolint:forbidigo // inside a synctest bubble
			info, err := c.GetCluster(t.Context(), pmks.IID{NameId: "demo"})
			if err != nil || info.Status != pmks.ClusterActive {
				t.Errorf("got %s, %v, want Active", info.Status, err)
			}
		})
	})
}

func TestNew_panics(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text string
		make       func() *Handler
	}{
		{"unknown-profile", `no profile "acme"; there are aws,`, func() *Handler { return New(WithProfile("acme")) }},
		{"impossible-cluster", "WithClusters", func() *Handler { return New(WithClusters(Cluster{})) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			defer func() {
				if got := fmt.Sprint(recover()); !strings.Contains(got, tt.text) {
					t.Errorf("got panic %q, want %q in it", got, tt.text)
				}
			}()
			tt.make()
		})
	}
}

func TestWithDurations(t *testing.T) {
	t.Parallel()
	// UpgradeAll, where control plane and groups move together, is the sum.
	t.Run("azure", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			p := mustProfile(t, "azure")
			h := New(WithProfile("azure"), WithDurations(pmks.Durations{UpgradeControlPlane: 10 * time.Hour}))
			want := p.Caps.Typical
			want.UpgradeControlPlane = 10 * time.Hour
			same(t, "the typical durations", h.Capabilities().Typical, want)
			info := running(t, h, p)
			begin := time.Now()
			if _, err := h.UpgradeCluster(t.Context(), info.IId, nextVersion(p)); err != nil {
				t.Fatal(err)
			}
			if _, err := pmks.WaitClusterActive(t.Context(), h, info.IId); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(begin); took < 7*time.Hour || took > 14*time.Hour {
				t.Errorf("the upgrade took %s, want 10h more or less", took)
			}
		})
	})
	if p := mustProfile(t, "azure"); p.Caps.Typical.UpgradeControlPlane > time.Hour {
		t.Error("the profile itself was changed")
	}
}

func TestWithInventory(t *testing.T) {
	t.Parallel()
	p := mustProfile(t, "aws")
	h := New(WithProfile("aws"), WithInventory(Inventory{
		VPCs: []pmks.IID{{NameId: "v", SystemId: "vpc-1"}},
		Subnets: []Subnet{
			{IID: pmks.IID{NameId: "a", SystemId: "subnet-1"}, VPC: "vpc-1", Zone: "us-east-2a"},
			{IID: pmks.IID{NameId: "b", SystemId: "subnet-2"}, VPC: "vpc-1", Zone: "us-east-2b"},
		},
		SecurityGroups: []pmks.IID{},
	}))
	req := p.SampleRequest("demo")
	req.NodeGroupList = nil
	req.Network = pmks.NetworkInfo{
		SubnetIIDs:        []pmks.IID{{NameId: "a"}, {SystemId: "subnet-2"}, {SystemId: "subnet-9"}},
		SecurityGroupIIDs: []pmks.IID{{NameId: "sg"}},
	}
	for _, err := range []error{h.CheckCluster(t.Context(), req), func() error { _, err := h.CreateCluster(t.Context(), req); return err }()} {
		for _, field := range []string{"Network.SubnetIIDs[2]", "Network.SecurityGroupIIDs[0]"} {
			if !errors.Is(err, pmks.ErrInvalidArgument) || !strings.Contains(err.Error(), field) {
				t.Errorf("got %v, want InvalidArgument of %s", err, field)
			}
		}
	}
	req.Network.SubnetIIDs, req.Network.SecurityGroupIIDs = req.Network.SubnetIIDs[:2], nil
	if err := h.CheckCluster(t.Context(), req); err != nil {
		t.Errorf("a request for what exists: %v", err)
	}
	info, err := h.CreateCluster(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "the network", info.Network, pmks.NetworkInfo{
		VpcIID:     pmks.IID{NameId: "v", SystemId: "vpc-1"},
		SubnetIIDs: []pmks.IID{{NameId: "a", SystemId: "subnet-1"}, {NameId: "b", SystemId: "subnet-2"}},
	})
}

func TestWithLimits(t *testing.T) {
	t.Parallel()
	p := mustProfile(t, "neutral")
	h := New(WithLimits(Limits{Clusters: 1}))
	if _, err := h.CreateCluster(t.Context(), p.SampleRequest("one")); err != nil {
		t.Fatal(err)
	}
	_, err := h.CreateCluster(t.Context(), p.SampleRequest("two"))
	if e := asError(t, err); e.Code != pmks.CodeQuotaExceeded || pmks.Retryable(err) {
		t.Errorf("got %v, want QuotaExceeded", err)
	}
}

func TestWithReadLag(t *testing.T) {
	t.Parallel()
	t.Run("lags", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			p := mustProfile(t, "neutral")
			h := New(WithReadLag(10 * time.Second))
			info, err := h.CreateCluster(t.Context(), p.SampleRequest("demo"))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := h.GetCluster(t.Context(), info.IId); !errors.Is(err, pmks.ErrNotFound) {
				t.Errorf("at once: got %v, want NotFound", err)
			}
			time.Sleep(10 * time.Second) //nolint:forbidigo // inside a synctest bubble
			same(t, "the cluster, later", mustGet(t, h, info.IId), info)
		})
	})
	// The whole jobs come to their end on every cloud all the same.
	for _, p := range profile.All() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := New(WithProfile(p.Name), WithReadLag(10*time.Second), WithLatency(100*time.Millisecond))
				info := running(t, h, p)
				if err := pmks.Teardown(t.Context(), h, info.IId); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// TestWithSeed: the same seed and the same calls give the same cloud, and another
// seed another one.
func TestWithSeed(t *testing.T) {
	t.Parallel()
	t.Run("seeds", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			p := mustProfile(t, "neutral")
			var infos []pmks.ClusterInfo
			for _, seed := range []uint64{5, 5, 6} {
				h := New(WithSeed(seed))
				info, err := h.CreateCluster(t.Context(), p.SampleRequest("demo"))
				if err != nil {
					t.Fatal(err)
				}
				infos = append(infos, info)
			}
			same(t, "the second", infos[1], infos[0])
			if infos[2].IId == infos[0].IId {
				t.Errorf("another seed gave the same id %s", infos[0].IId)
			}
		})
	})
}

func TestHandler_Calls(t *testing.T) {
	t.Parallel()
	t.Run("record", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			h := New(WithClusters(Cluster{Name: "demo", NodeGroups: []pmks.NodeGroupInfo{{IId: pmks.IID{NameId: "ng"}, DesiredNodeSize: 1}}}))
			demo := mustGet(t, h, pmks.IID{NameId: "demo"})
			ng := demo.NodeGroupList[0].IId
			h.ResetCalls()
			h.Inject(Fault{Op: "RemoveNodeGroup", Kind: LoseReply})
			if _, err := h.RemoveNodeGroup(t.Context(), pmks.IID{NameId: "demo"}, pmks.IID{NameId: "ng"}); err != nil {
				t.Fatal(err)
			}
			begin := time.Now().Add(-time.Second) // the pause before the look
			id := demo.IId.SystemId
			same(t, "the calls", h.Calls(), []Call{
				{Op: "GetCluster", Cluster: "demo", Time: begin},
				{Op: "RemoveNodeGroup", Cluster: id, NodeGroup: ng.SystemId, Mutation: true, Applied: true, Time: begin, Code: pmks.CodeUnavailable},
				{Op: "GetCluster", Cluster: id, Time: begin.Add(time.Second)},
			})
			h.ResetCalls()
			if got := h.Calls(); len(got) != 0 {
				t.Errorf("got %v after ResetCalls", got)
			}
		})
	})
}

// TestWithSpeed: the option and the setting say the same.
func TestWithSpeed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		opened, err := pmks.Open(t.Context(), "fake", pmks.Config{Settings: map[string]string{"speed": "60x"}})
		if err != nil {
			t.Fatal(err)
		}
		took := func(h pmks.ClusterHandler) time.Duration {
			start := time.Now()
			p := mustProfile(t, "neutral")
			info, err := h.CreateCluster(t.Context(), p.SampleRequest("demo"))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := pmks.WaitClusterActive(t.Context(), h, info.IId, pmks.WithInterval(time.Millisecond)); err != nil {
				t.Fatal(err)
			}
			return time.Since(start)
		}
		typical, option, setting := took(New()), took(New(WithSpeed(60))), took(opened)
		if option != setting || option < typical/61 || option > typical/59 {
			t.Errorf("%v at 60 times the speed by option, %v by setting, of %v", option, setting, typical)
		}
	})
}

// TestWithSpeed_outOfRange: a cloud cannot stand still, be infinitely fast or run backwards.
func TestWithSpeed_outOfRange(t *testing.T) {
	t.Parallel()
	for _, speed := range []float64{0, -1, 1e-7, 1e13, math.NaN(), math.Inf(1)} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("WithSpeed(%v) is taken", speed)
				}
			}()
			WithSpeed(speed)
		}()
	}
}

// TestWithScale: the old name means the inverse of the new one.
func TestWithScale(t *testing.T) {
	t.Parallel()
	var scaled, sped config
	WithScale(0.001)(&scaled) //nolint:staticcheck // the deprecated one is meant
	WithSpeed(1000)(&sped)
	if scaled.core.Scale != sped.core.Scale || sped.core.Scale != 0.001 {
		t.Errorf("WithScale(0.001) gives %v, WithSpeed(1000) %v", scaled.core.Scale, sped.core.Scale)
	}
}
