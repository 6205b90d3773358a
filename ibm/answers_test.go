// SPDX-License-Identifier: Apache-2.0

package ibm_test

import (
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/iks"
)

// seed is a cluster made by other hands, with groups of two nodes without autoscaling.
func seed(name string, groups ...string) core.Seed {
	s := core.Seed{Name: name}
	for _, g := range groups {
		s.Groups = append(s.Groups, pmks.NodeGroupInfo{IId: pmks.IID{NameId: g}, VMSpecName: "bx2.4x16", DesiredNodeSize: 2})
	}
	return s
}

// plain is a bench whose account has the cluster "plain".
func plain() providertest.Bench[*iks.Server] {
	b := bench
	b.Simulate = func(o providertest.Options) *iks.Server {
		s := bench.Simulate(o)
		if err := s.Put(seed("plain", "ng1", "ng2")); err != nil {
			panic(err)
		}
		return s
	}
	return b
}

// changes are the calls that change something, by the request that does it.
func changes() []providertest.Probe {
	cluster, group := pmks.IID{NameId: "plain"}, pmks.IID{NameId: "ng2"}
	return []providertest.Probe{
		{Name: "create", Request: "createCluster", Call: providertest.CreateCluster(bench.SampleRequest("new"))},
		{Name: "delete", Request: "deleteCluster", Call: providertest.DeleteCluster(cluster)},
		{Name: "add", Request: "createWorkerPool", Call: providertest.AddNodeGroup(cluster, bench.SampleNodeGroup("new"))},
		{Name: "remove", Request: "removeWorkerPool", Call: providertest.RemoveNodeGroup(cluster, group)},
		{Name: "resize", Request: "resizeWorkerPool", Call: providertest.ChangeNodeGroupScaling(cluster, group, 1, 1, 2)},
		{Name: "bounds", Request: "setWorkerPoolLabels", Call: providertest.ChangeNodeGroupScaling(cluster, group, 2, 1, 4)},
		{Name: "upgrade", Request: "updateMaster", Call: providertest.UpgradeCluster(cluster, "1.35")},
	}
}

// TestAnswer_mutation: a change whose answer holds nothing is looked for; it is made
// once, whether or not it had been made.
func TestAnswer_mutation(t *testing.T) {
	t.Parallel()
	plain().EmptyAnswers(t, changes())
}

// TestRefused_once: every 4xx ends a change at once, and nobody is told that it may
// have happened.
func TestRefused_once(t *testing.T) {
	t.Parallel()
	plain().Refusals(t, changes())
}

// TestAnswer_read: a read whose answers hold nothing fails as unavailable.
func TestAnswer_read(t *testing.T) {
	t.Parallel()
	cluster, group := pmks.IID{NameId: "plain"}, pmks.IID{NameId: "ng2"}
	plain().EmptyReads(t, []providertest.Probe{
		{Name: "list", Request: "getClusters", Call: providertest.ListIID, EmptyList: true},
		{Name: "cluster", Request: "getCluster", Call: providertest.GetCluster(cluster)},
		{Name: "pools", Request: "getWorkerPools", Call: providertest.GetCluster(cluster)},
		{Name: "workers", Request: "getWorkers", Call: providertest.ReadState(cluster, group), EmptyList: true},
		{Name: "versions", Request: "versions", Call: providertest.ListVersions},
		{Name: "subnet", Request: "getSubnet", Call: providertest.CheckCluster(bench.SampleRequest("x"))},
		{Name: "security-group", Request: "getSecurityGroup", Call: providertest.CheckCluster(bench.SampleRequest("x"))},
		{Name: "roles", Request: "getRBACStatus", Call: providertest.GenerateClusterToken(cluster)},
	})
}

// TestAnswer_refusal: a 4xx that is not of IBM ends a change at once as well, and its
// words or its owner are told.
func TestAnswer_refusal(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		status int
		body   string
		want   pmks.Code
	}{
		{400, "{}", pmks.CodeInvalidArgument}, {402, "{}", pmks.CodeFailedPrecondition}, {403, "<html>", pmks.CodePermissionDenied},
		{404, "<html>", pmks.CodeUnavailable}, {404, "{}", pmks.CodeUnavailable}, {404, "404 page not found", pmks.CodeUnavailable},
		{405, "{}", pmks.CodeInvalidArgument}, {409, "{}", pmks.CodeBusy}, {413, "{}", pmks.CodeInvalidArgument},
		{400, `{"errors":[]}`, pmks.CodeInvalidArgument}, // the SDK's error has an empty text
		{409, `{"code":"E9999","description":"wait"}`, pmks.CodeBusy}, {418, "{}", pmks.CodeFailedPrecondition},
		{422, "{}", pmks.CodeInvalidArgument}, {429, "slow down", pmks.CodeThrottled}, {451, "{}", pmks.CodePermissionDenied},
		{429, `{"code":"A0003","description":"slow down"}`, pmks.CodeThrottled},
	} {
		t.Run(fmt.Sprint(test.status, " ", test.body), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := fleet(t, 1, 1, iks.Options{})
				fault := providertest.Answer(test.status, test.body)
				fault.Op, fault.Times = "deleteCluster", -1
				s.Inject(fault)
				_, err := newHandler(t, s).DeleteCluster(t.Context(), pmks.IID{NameId: "c000"})
				e := asError(t, err)
				if e.Code != test.want || e.MayHaveHappened || e.Message == "" || s.Count("deleteCluster") != 1 {
					t.Errorf("got %v after %d requests, want %s", err, s.Count("deleteCluster"), test.want)
				}
			})
		})
	}
}
