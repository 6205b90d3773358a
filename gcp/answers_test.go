// SPDX-License-Identifier: Apache-2.0

package gcp_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/gke"
)

// changes are the calls that change something, by the request that does it.
func changes() []providertest.Probe {
	cluster, group := pmks.IID{NameId: "c000", SystemId: "c000"}, pmks.IID{NameId: "g0"}
	return []providertest.Probe{
		{Name: "create", Request: "CreateCluster", Call: providertest.CreateCluster(bench.SampleRequest("new"))},
		{Name: "delete", Request: "DeleteCluster", Call: providertest.DeleteCluster(cluster)},
		{Name: "add", Request: "CreateNodePool", Call: providertest.AddNodeGroup(cluster, pmks.NodeGroupInfo{
			IId: pmks.IID{NameId: "new"}, VMSpecName: "e2-standard-4", DesiredNodeSize: 1})},
		{Name: "remove", Request: "DeleteNodePool", Call: providertest.RemoveNodeGroup(cluster, group)},
		{Name: "resize", Request: "SetNodePoolSize", Call: providertest.ChangeNodeGroupScaling(cluster, group, 3, 1, 3)},
		{Name: "bounds", Request: "SetNodePoolAutoscaling", Call: providertest.ChangeNodeGroupScaling(cluster, group, 2, 1, 4)},
		{Name: "recorded-bounds", Request: "SetLabels", Call: providertest.SetNodeGroupAutoScaling(cluster, group, false)},
		{Name: "tags", Request: "SetLabels", Call: setTags(cluster, pmks.KeyValue{Key: "team", Value: "b"})},
		{Name: "upgrade", Request: "UpdateMaster", Call: providertest.UpgradeCluster(cluster, "1.34")},
	}
}

// setTags and what follows are calls of optional interfaces.
func setTags(cluster pmks.IID, tags ...pmks.KeyValue) providertest.Call {
	return func(ctx context.Context, h providertest.Handler) error {
		return h.(pmks.TagSetter).SetTags(ctx, cluster, tags)
	}
}

func upgradeFindings(cluster pmks.IID) providertest.Call {
	return func(ctx context.Context, h providertest.Handler) error {
		_, err := h.(pmks.UpgradeAdvisor).UpgradeFindings(ctx, cluster, "1.34")
		return err
	}
}

func getNodeGroup(cluster, group pmks.IID) providertest.Call {
	return func(ctx context.Context, h providertest.Handler) error {
		_, err := h.(pmks.NodeGroupReader).GetNodeGroup(ctx, cluster, group)
		return err
	}
}

// TestAnswer_mutation: a change whose answer holds nothing is looked for; it is made
// once, whether or not it had been made.
func TestAnswer_mutation(t *testing.T) {
	t.Parallel()
	bench.EmptyAnswers(t, changes())
}

// TestRefused_once: every 4xx ends a change at once, and nobody is told that it may
// have happened.
func TestRefused_once(t *testing.T) {
	t.Parallel()
	bench.Refusals(t, changes())
}

// TestAnswer_read: a read whose answers hold nothing fails as unavailable; of a list
// of GKE nothing means that it is empty.
func TestAnswer_read(t *testing.T) {
	t.Parallel()
	cluster, group := pmks.IID{NameId: "c000", SystemId: "c000"}, pmks.IID{NameId: "g0"}
	bench.EmptyReads(t, []providertest.Probe{
		{Name: "cluster", Request: "GetCluster", Call: providertest.GetCluster(cluster)},
		{Name: "node-group", Request: "GetNodePool", Call: providertest.ReadState(cluster, group)},
		{Name: "versions", Request: "GetServerConfig", Call: providertest.ListVersions},
		{Name: "network", Request: "networks.get", Call: providertest.CheckCluster(bench.SampleRequest("x"))},
		{Name: "subnet", Request: "subnetworks.get", Call: providertest.CheckCluster(bench.SampleRequest("x"))},
		{Name: "list", Request: "ListClusters", Call: providertest.ListIID, None: true},
		{Name: "operations", Request: "ListOperations", Call: providertest.Fails(pmks.CodeNotFound, providertest.LastOperation(cluster, pmks.IID{})), None: true},
	})
}

// TestAnswer_refusal: a 4xx that is not of GKE ends a change at once as well, over either
// protocol.
func TestAnswer_refusal(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		status int
		body   string
		want   pmks.Code
	}{
		{400, "{}", pmks.CodeInvalidArgument}, {402, "{}", pmks.CodeFailedPrecondition}, {403, "<html>", pmks.CodePermissionDenied},
		{405, "{}", pmks.CodeInvalidArgument}, {407, "<html>", pmks.CodeFailedPrecondition}, {409, "{}", pmks.CodeBusy},
		{409, `{"error":{"code":409,"message":"It already exists"}}`, pmks.CodeAlreadyExists}, {413, "{}", pmks.CodeInvalidArgument},
		{418, "{}", pmks.CodeFailedPrecondition}, {422, "{}", pmks.CodeInvalidArgument}, {429, "{}", pmks.CodeThrottled},
		{429, `{"error":{"code":429,"status":"FAILED_PRECONDITION","message":"too fast"}}`, pmks.CodeThrottled}, {451, "{}", pmks.CodePermissionDenied},
		{404, "<html>", pmks.CodeUnavailable}, {404, "{}", pmks.CodeUnavailable},
	} {
		for _, protocol := range []string{"rest", "grpc"} {
			t.Run(fmt.Sprint(test.status, " ", test.body, " ", protocol), func(t *testing.T) {
				t.Parallel()
				if protocol == "grpc" && strings.HasPrefix(test.body, `{"error"`) {
					return // a proxy does not speak so
				}
				synctest.Test(t, func(t *testing.T) {
					s := fleet(t, 1, 1, gke.Options{})
					fault := providertest.Answer(test.status, test.body)
					fault.Op, fault.Times = "DeleteCluster", -1
					s.Inject(fault)
					cfg := configFor(s)
					if protocol == "grpc" {
						overGRPC(s)(&cfg)
					}
					_, err := newHandlerWith(t, cfg).DeleteCluster(t.Context(), pmks.IID{NameId: "c000", SystemId: "c000"})
					if pmks.CodeOf(err) != test.want || asError(t, err).MayHaveHappened || s.Count("DeleteCluster") != 1 {
						t.Errorf("got %v after %d requests, want %s", err, s.Count("DeleteCluster"), test.want)
					}
					if protocol == "rest" && strings.HasPrefix(test.body, "<") && !strings.Contains(err.Error(), "proxy") {
						t.Errorf("nothing says whose page it is: %v", err)
					}
				})
			})
		}
	}
}

// TestAnswer_parent: that the project, or nothing in particular, is not found ends no
// Teardown as success.
func TestAnswer_parent(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"bare": "{}", "page": "<html>",
		"project": `{"error":{"code":404,"status":"NOT_FOUND","message":"Not found: projects/pmks-sim."}}`,
		"other":   `{"error":{"code":404,"status":"NOT_FOUND","message":"Not found: projects/pmks-sim/zones/asia-northeast3-a/clusters/c0001."}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := fleet(t, 1, 1, gke.Options{})
				cfg := configFor(s)
				cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) { return providertest.Respond(r, 404, body), nil })
				h := newHandlerWith(t, cfg)
				if err := pmks.Teardown(t.Context(), h, pmks.IID{NameId: "c000", SystemId: "c000"}); pmks.CodeOf(err) != pmks.CodeUnavailable {
					t.Errorf("Teardown: %v", err)
				}
				if _, err := h.GetCluster(t.Context(), pmks.IID{NameId: "c000", SystemId: "c000"}); pmks.CodeOf(err) != pmks.CodeUnavailable {
					t.Errorf("GetCluster: %v", err)
				}
			})
		})
	}
}
