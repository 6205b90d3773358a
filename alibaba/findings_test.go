// SPDX-License-Identifier: Apache-2.0

package alibaba_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	cs "github.com/alibabacloud-go/cs-20151215/v5/client"
	"github.com/alibabacloud-go/tea/tea"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/alibaba"
	"github.com/pmks-go/pmks/internal/sim/ack"
	"github.com/pmks-go/pmks/internal/sim/core"
)

// check has ACK check a cluster before an upgrade, as its console does, and waits for it.
func check(t *testing.T, h *alibaba.Handler, kind string, cluster, pool pmks.IID) {
	t.Helper()
	c := ackClient(t.Context(), t, h)
	in := &cs.RunClusterCheckRequest{Type: &kind}
	if !pool.IsZero() {
		in.Target = &pool.SystemId
	}
	if _, err := c.RunClusterCheck(&cluster.SystemId, in); err != nil {
		t.Fatal(err)
	}
	time.Sleep(10 * time.Minute) //nolint:forbidigo // inside a synctest bubble
}

// TestHandler_UpgradeFindings: the newest check that has ended says what holds the upgrade up,
// of the control plane and of each pool that is behind; none is begun.
func TestHandler_UpgradeFindings(t *testing.T) {
	t.Parallel()
	for name, a := range map[string]ack.Assumptions{
		"strict": {}, "oldest-first": {ChecksOldestFirst: true}, "fails": {CheckFailsOnError: true}, "other-words": {OtherCheckWords: true, CheckFailsOnError: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := ack.New(ack.Options{Assumptions: a})
				if err := s.Put(core.Seed{Name: "demo", Version: "1.35.3-aliyun.1", Groups: []pmks.NodeGroupInfo{bench.SampleNodeGroup("ng1")}}); err != nil {
					t.Fatal(err)
				}
				h := newHandler(t, s)
				info, err := h.GetCluster(t.Context(), demo)
				if err != nil {
					t.Fatal(err)
				}
				pool := info.NodeGroupList[0].IId
				ask := func(version string) string {
					t.Helper()
					found, err := h.UpgradeFindings(t.Context(), info.IId, version)
					if err != nil {
						t.Fatal(err)
					}
					text := ""
					for _, f := range found {
						text += fmt.Sprintln(f.NodeGroup.NameId, f.Blocks, f.Code, f.Message)
					}
					return text
				}
				if got := ask("1.36.2-aliyun.1"); got != "" {
					t.Errorf("without a check: %s", got)
				}
				find := func(kind string, f ...ack.Finding) {
					t.Helper()
					if err := s.Find("demo", kind, f...); err != nil {
						t.Fatal(err)
					}
				}
				find("MasterUpgrade", ack.Finding{Item: "DeprecatedAPI", Level: ack.LevelError, Message: "an API is gone", Targets: []string{"PodSecurityPolicy", "Ingress"}})
				check(t, h, "MasterUpgrade", info.IId, pmks.IID{})
				find("MasterUpgrade", ack.Finding{Item: "Deprecated API", Level: ack.LevelWarning, Message: "an API\nis old"}, ack.Finding{Item: "Odd", Level: "strange"}, ack.Finding{Item: "Fine", Level: ack.LevelNormal})
				find("NodePoolUpgrade", ack.Finding{Item: "Disk", Level: ack.LevelError, Message: "a disk is full", Targets: []string{"i-1"}})
				if got := ask("1.36.2-aliyun.1"); !strings.HasPrefix(got, " true DeprecatedAPI an API is gone: PodSecurityPolicy, Ingress (checked at 2") || strings.Count(got, "\n") != 1 {
					t.Errorf("after the first check: %s", got)
				}
				check(t, h, "MasterUpgrade", info.IId, pmks.IID{})
				check(t, h, "NodePoolUpgrade", info.IId, pool)
				want := []string{" false Deprecated API an API is old (checked at ", " false Odd Odd: strange (checked at ", "ng1 true Disk a disk is full: i-1 (checked at "}
				lines := strings.Split(strings.TrimSuffix(ask("1.36.2-aliyun.1"), "\n"), "\n")
				for i, line := range lines {
					if len(lines) != len(want) || !strings.HasPrefix(line, want[i]) {
						t.Fatalf("after the second: %q, want %q", lines, want)
					}
				}
				// One that runs does not count yet.
				find("MasterUpgrade")
				c := ackClient(t.Context(), t, h)
				if _, err := c.RunClusterCheck(&info.IId.SystemId, &cs.RunClusterCheckRequest{Type: tea.String("MasterUpgrade")}); err != nil {
					t.Fatal(err)
				}
				if got := strings.Split(strings.TrimSuffix(ask("1.36.2-aliyun.1"), "\n"), "\n"); len(got) != 3 {
					t.Errorf("while the third runs: %q", got)
				}
				// What is there already is not held up.
				if got := ask("1.35.3-aliyun.1"); got != "" {
					t.Errorf("of the version that runs: %s", got)
				}
				runs := s.Count("RunClusterCheck")
				plan, err := pmks.PlanUpgrade(t.Context(), h, info.IId, "1.36")
				if err != nil || len(plan.Steps) != 2 || len(plan.Steps[0].Findings) != 2 || len(plan.Blocked()) != 1 || plan.Blocked()[0].NodeGroup != pool || s.Count("RunClusterCheck") != runs {
					t.Errorf("the plan is %+v, %v", plan, err)
				}
			})
		})
	}
}

// TestHandler_UpgradeFindingsUnread: what may not be read, and what is wrong, is an error.
func TestHandler_UpgradeFindingsUnread(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := ack.New(ack.Options{})
		if err := s.Put(core.Seed{Name: "demo", Version: "1.35.3-aliyun.1"}); err != nil {
			t.Fatal(err)
		}
		h := newHandler(t, s)
		for version, code := range map[string]pmks.Code{"new": pmks.CodeInvalidArgument, "": pmks.CodeInvalidArgument, "1.99.0-aliyun.1": pmks.CodeInvalidArgument, "1.36.2-aliyun.1": pmks.CodeOK} {
			if _, err := h.UpgradeFindings(t.Context(), demo, version); pmks.CodeOf(err) != code {
				t.Errorf("%s: got %v", version, err)
			}
		}
		if _, err := h.UpgradeFindings(t.Context(), pmks.IID{NameId: "none"}, "1.36.2-aliyun.1"); pmks.CodeOf(err) != pmks.CodeNotFound {
			t.Errorf("got %v", err)
		}
		for op, code := range map[string]pmks.Code{"cs:ListClusterChecks": pmks.CodePermissionDenied, "cs:DescribeKubernetesVersionMetadata": pmks.CodeOK} {
			allow := s.Deny(op)
			if found, err := h.UpgradeFindings(t.Context(), demo, "1.36.2-aliyun.1"); pmks.CodeOf(err) != code || len(found) != 0 {
				t.Errorf("%s: got %+v, %v", op, found, err)
			}
			allow()
		}
	})
}
