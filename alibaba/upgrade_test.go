// SPDX-License-Identifier: Apache-2.0

package alibaba_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/ack"
	"github.com/pmks-go/pmks/internal/sim/core"
)

// old is a cluster with a node group of a version from which two upgrades lead on.
func old(t testing.TB, h pmks.ClusterHandler) {
	t.Helper()
	req := bench.SampleRequest("demo")
	req.Version = "1.34"
	if _, err := pmks.Provision(t.Context(), h, req, pmks.WithInterval(time.Minute)); err != nil {
		t.Fatal(err)
	}
}

// TestUpgrade_lostAnswer: which upgrade is the one of a request whose answer was lost, its
// record tells, whatever the clock of the vendor says: not one of a minute ago, and not
// none.
func TestUpgrade_lostAnswer(t *testing.T) {
	t.Parallel()
	for _, skew := range []time.Duration{-10 * time.Minute, -time.Second, 0, time.Second, 10 * time.Minute} {
		for _, lost := range []core.FaultKind{core.FaultLoseReply, core.FaultLoseRequest} {
			for _, op := range []string{"UpgradeCluster", "UpgradeClusterNodepool"} {
				t.Run(fmt.Sprint(skew, "/", lost, "/", op), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						s := ack.New(ack.Options{Now: func() time.Time { return time.Now().Add(skew) }})
						h := newHandler(t, s)
						old(t, h)
						if _, err := pmks.Upgrade(t.Context(), h, demo, "1.35", pmks.WithInterval(30*time.Second)); err != nil {
							t.Fatal(err)
						}
						sent := s.Count(op)
						s.Inject(core.Fault{Op: op, Kind: lost, Times: 1})
						if op == "UpgradeCluster" {
							// Here and not in the job, which would send it again.
							if _, err := h.UpgradeCluster(t.Context(), demo, "1.36"); err != nil {
								t.Fatal(err)
							}
						}
						info, err := pmks.Upgrade(t.Context(), h, demo, "1.36", pmks.WithInterval(30*time.Second))
						if err != nil || info.NodeGroupList[0].Version != info.Version {
							t.Errorf("got %s with %s, %v", info.Version, info.NodeGroupList[0].Version, err)
						}
						want := 1
						if lost == core.FaultLoseRequest {
							want = 2
						}
						if n := s.Count(op) - sent; n != want {
							t.Errorf("it was sent %d times, want %d", n, want)
						}
					})
				})
			}
		}
	}
}

// TestUpgrade_ofOthers: an upgrade that somebody else has begun is the one that is asked
// for, unless its record names another version. A failed one holds nothing up.
func TestUpgrade_ofOthers(t *testing.T) {
	t.Parallel()
	for named, want := range map[string]pmks.Code{"": pmks.CodeOK, "1.35.3-aliyun.1": pmks.CodeOK, "1.35.2-aliyun.1": pmks.CodeBusy} {
		t.Run("to-"+named, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := ack.New(ack.Options{})
				other := newHandler(t, s)
				old(t, other)
				current, err := other.ReadState(t.Context(), demo, pmks.IID{})
				if err != nil {
					t.Fatal(err)
				}
				if _, err := other.UpgradeCluster(t.Context(), demo, "1.35"); err != nil {
					t.Fatal(err)
				}
				s.Alter("DescribeTaskInfo", func(answer any) any {
					if object, ok := answer.(map[string]any); ok && named != "" {
						object["parameters"] = map[string]any{"upgrade": map[string]any{"from": current.Version, "to": named}}
					}
					return answer
				})
				info, err := newHandler(t, s).UpgradeCluster(t.Context(), demo, "1.35")
				if pmks.CodeOf(err) != want || err == nil && info.Status != pmks.ClusterUpdating || s.Count("UpgradeCluster") != 1 {
					t.Errorf("got %s, %v after %d requests", info.Status, err, s.Count("UpgradeCluster"))
				}
			})
		})
	}
}
