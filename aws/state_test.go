// SPDX-License-Identifier: Apache-2.0

package aws_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/eks"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

func TestHandler_ReadState(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := fleet(t, 1, 1, eks.Options{})
		h := newHandler(t, s)
		cluster, group := pmks.IID{NameId: "c000", SystemId: "c000"}, pmks.IID{NameId: "g0", SystemId: "g0"}
		for _, test := range []struct {
			group pmks.IID
			want  pmks.State
		}{
			{pmks.IID{}, pmks.State{Cluster: cluster, Status: pmks.ClusterActive, Version: "1.33", DesiredNodeSize: -1, NodeCount: -1}},
			{group, pmks.State{Cluster: cluster, NodeGroup: group, Status: pmks.ClusterActive, Version: "1.33", DesiredNodeSize: 2, NodeCount: -1}},
		} {
			if got, err := h.ReadState(t.Context(), cluster, test.group); err != nil || got != test.want {
				t.Errorf("got %+v, %v, want %+v", got, err, test.want)
			}
		}
		if err := s.Force("c000", "g0", profile.CreateFailed, "NodeCreationFailure: they did not join"); err != nil {
			t.Fatal(err)
		}
		got, err := h.ReadState(t.Context(), cluster, group)
		if err != nil || got.Status != pmks.ClusterInactive || !got.StatusFinal || got.StatusReason == "" {
			t.Errorf("a failed node group is %+v, %v", got, err)
		}
		_, err = h.ReadState(t.Context(), cluster, pmks.IID{NameId: "none"})
		says(t, err, pmks.ErrNotFound)
		_, err = h.ReadState(t.Context(), pmks.IID{NameId: "none"}, pmks.IID{})
		says(t, err, pmks.ErrNotFound)
	})
}

// Whatever was accepted and failed later is told by its record, with the code, the
// sentence and the resources of EKS.
func TestHandler_LastOperation_failed(t *testing.T) {
	t.Parallel()
	cluster, group := pmks.IID{NameId: "c000"}, pmks.IID{NameId: "g0"}
	for _, test := range []struct {
		name, op, reason, code, kind string
		want                         error
		do                           providertest.Call
		cluster, group               pmks.IID
	}{
		{"create", "CreateCluster", "InsufficientFreeAddresses: no address is free [subnet-1]", "InsufficientFreeAddresses", "CreateCluster", pmks.ErrFailedPrecondition,
			providertest.CreateCluster(bench.CreateRequest("new")), pmks.IID{NameId: "new"}, pmks.IID{}},
		{"add", "CreateNodegroup", "InstanceLimitExceeded: the limit of vCPUs is reached [asg-1]", "InstanceLimitExceeded", "CreateNodegroup", pmks.ErrQuotaExceeded,
			providertest.AddNodeGroup(cluster, bench.SampleNodeGroup("new")), cluster, pmks.IID{NameId: "new"}},
		{"remove", "DeleteNodegroup", "Ec2SecurityGroupDeletionFailure: it is in use [sg-1]", "Ec2SecurityGroupDeletionFailure", "DeleteNodegroup", pmks.ErrFailedPrecondition,
			providertest.RemoveNodeGroup(cluster, group), cluster, group},
		{"scale", "UpdateNodegroupConfig", "NodeCreationFailure: they did not join [i-1, i-2]", "NodeCreationFailure", "ConfigUpdate", pmks.ErrFailedPrecondition,
			providertest.ChangeNodeGroupScaling(cluster, group, 3, 1, 4), cluster, group},
		{"upgrade-control-plane", "UpdateClusterVersion", "IpNotAvailable: no address is free in a subnet [subnet-1]", "IpNotAvailable", "VersionUpdate", pmks.ErrFailedPrecondition,
			providertest.UpgradeCluster(cluster, "1.34"), cluster, pmks.IID{}},
		{"upgrade-node-group", "UpdateNodegroupVersion", "PodEvictionFailure: a budget forbids it [i-1]", "PodEvictionFailure", "VersionUpdate", pmks.ErrFailedPrecondition,
			func(ctx context.Context, h providertest.Handler) error {
				if _, err := h.UpgradeCluster(ctx, cluster, "1.34"); err != nil {
					return err
				}
				if _, err := pmks.WaitClusterVersion(ctx, h, cluster, "1.34"); err != nil {
					return err
				}
				_, err := h.UpgradeCluster(ctx, cluster, "1.34")
				return err
			}, cluster, group},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := fleet(t, 1, 1, eks.Options{})
				s.Inject(core.Fault{Op: test.op, Kind: core.FaultFailLater, Reason: test.reason})
				h := newHandler(t, s)
				begun := time.Now()
				if err := test.do(t.Context(), h); err != nil {
					t.Fatal(err)
				}
				if op, err := h.LastOperation(t.Context(), test.cluster, test.group); err != nil || op.Done || op.Err != nil || op.Kind != test.kind {
					t.Errorf("while it runs: %+v, %v", op, err)
				}
				time.Sleep(2 * time.Hour) //nolint:forbidigo // inside a synctest bubble
				op, err := h.LastOperation(t.Context(), test.cluster, test.group)
				if err != nil {
					t.Fatal(err)
				}
				if !op.Done || op.Kind != test.kind || !op.Start.IsZero() && op.Start.Before(begun) {
					t.Errorf("got %+v", op)
				}
				_, sentence, _ := cutReason(test.reason)
				says(t, op.Err, test.want, sentence, test.code)
				var e *pmks.Error
				if !errors.As(op.Err, &e) || e.ProviderCode != test.code {
					t.Errorf("the code is %q, want %q", e.ProviderCode, test.code)
				}
			})
		})
	}
}

// cutReason parts "Code: sentence [resources]".
func cutReason(reason string) (code, sentence string, ok bool) {
	for i := range reason {
		if reason[i] == ':' {
			code, reason, ok = reason[:i], reason[i+2:], true
			break
		}
	}
	for i := range reason {
		if reason[i] == '[' {
			return code, reason[:i-1], ok
		}
	}
	return code, reason, ok
}

// The newest of several updates counts, in whatever order EKS lists them; what is at
// rest without one was created.
func TestHandler_LastOperation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := fleet(t, 1, 1, eks.Options{PageSize: 2})
		h, cluster, group := newHandler(t, s), pmks.IID{NameId: "c000"}, pmks.IID{NameId: "g0"}
		if op, err := h.LastOperation(t.Context(), cluster, group); err != nil || !op.Done || op.Err != nil || op.Kind != "CreateNodegroup" {
			t.Errorf("untouched: %+v, %v", op, err)
		}
		var last string
		for size := range 5 {
			time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
			info, err := h.ChangeNodeGroupScaling(t.Context(), cluster, group, size+1, 1, size+3)
			if err != nil {
				t.Fatal(err)
			}
			last, _ = pmks.Lookup(info.KeyValueList, "UpdateId")
		}
		time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
		if op, err := h.LastOperation(t.Context(), cluster, group); err != nil || last == "" || op.ID != last || !op.Done || op.Err != nil {
			t.Errorf("got %+v, %v, want the update %s", op, err, last)
		}
		if err := s.Force("c000", "g0", profile.DeleteFailed, "Ec2SecurityGroupDeletionFailure: in use"); err != nil {
			t.Fatal(err)
		}
		op, err := h.LastOperation(t.Context(), cluster, group)
		if err != nil || op.Kind != "DeleteNodegroup" {
			t.Errorf("after a failed deletion: %+v, %v", op, err)
		}
		says(t, op.Err, pmks.ErrFailedPrecondition, "Ec2SecurityGroupDeletionFailure")
		_, err = h.LastOperation(t.Context(), cluster, pmks.IID{NameId: "none"})
		says(t, err, pmks.ErrNotFound)
	})
}

// A wait ends with what the record of the operation says, not at its deadline.
func TestWait_tellsTheRecord(t *testing.T) {
	t.Parallel()
	cluster, group := pmks.IID{NameId: "c000"}, pmks.IID{NameId: "g0"}
	for op, wait := range map[string]providertest.Call{
		"UpdateNodegroupConfig": func(ctx context.Context, h providertest.Handler) error {
			if _, err := h.ChangeNodeGroupScaling(ctx, cluster, group, 3, 1, 4); err != nil {
				return err
			}
			_, err := pmks.WaitNodeCount(ctx, h, cluster, group, 3)
			return err
		},
		"UpdateClusterVersion": func(ctx context.Context, h providertest.Handler) error {
			_, err := pmks.Upgrade(ctx, h, cluster, "1.34")
			return err
		},
		"UpdateNodegroupVersion": func(ctx context.Context, h providertest.Handler) error {
			_, err := pmks.Upgrade(ctx, h, cluster, "1.34")
			return err
		},
	} {
		t.Run(op, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := fleet(t, 1, 1, eks.Options{})
				s.Inject(core.Fault{Op: op, Kind: core.FaultFailLater, Reason: "IpNotAvailable: no address is free [subnet-1, subnet-2]", Times: -1})
				start := time.Now()
				err := wait(t.Context(), newHandler(t, s))
				says(t, err, pmks.ErrFailedPrecondition, "IpNotAvailable", "no address is free", "subnet-2")
				if took := time.Since(start); took > 2*time.Hour {
					t.Errorf("it took %s", took)
				}
			})
		})
	}
}
