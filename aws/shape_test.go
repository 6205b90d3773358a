// SPDX-License-Identifier: Apache-2.0

package aws_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/pmks-go/pmks/aws"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// alone is a cluster without node groups and add-ons.
func alone(answer string) []exchange {
	return []exchange{
		{"GET /clusters/devel", "200 " + answer},
		{"GET /clusters/devel/node-groups?maxResults=100", "200 nodegroups-none.json"},
		{"GET /clusters/devel/addons?maxResults=100", "200 addons-none.json"},
	}
}

func get(ctx context.Context, h *aws.Handler) (any, error) { return h.GetCluster(ctx, devel) }

// TestShapes reads answers that are legal and unusual: members that are absent or
// null, words and members that are newer than the SDK, several pages, and groups
// in trouble.
func TestShapes(t *testing.T) {
	clearEnvironment(t)
	for _, test := range []wireTest{
		{"odd-cluster-auto-mode", nil, alone("odd-cluster-auto-mode.json"), get},
		{"odd-cluster-bad-ca", nil, alone("odd-cluster-bad-ca.json"), get},
		{"odd-cluster-bare", nil, alone("odd-cluster-bare.json"), get},
		{"odd-cluster-connected", nil, alone("odd-cluster-connected.json"), get},
		{"odd-cluster-failed", nil, alone("odd-cluster-failed.json"), get},
		// An answer without its subject is a lost one, and asked for again.
		{"odd-cluster-missing", nil, append(slices.Repeat(alone("odd-cluster-missing.json")[:1], fanout.Tries), alone("odd-cluster-missing.json")[1:]...), get},
		{"odd-cluster-no-status", nil, alone("odd-cluster-no-status.json"), get},
		{"odd-cluster-nulls", nil, alone("odd-cluster-nulls.json"), get},
		{"odd-cluster-unhealthy", nil, alone("odd-cluster-unhealthy.json"), get},
		{"odd-cluster-unknown-status", nil, alone("odd-cluster-unknown-status.json"), get},
		{"odd-nodegroups", nil, []exchange{
			{"GET /clusters/devel", "200 odd-cluster-bare.json"},
			{"GET /clusters/devel/addons?maxResults=100", "200 odd-addons-page1.json"},
			{"GET /clusters/devel/addons?maxResults=100&nextToken=a%20b", "200 odd-addons-page2.json"},
			{"GET /clusters/devel/node-groups?maxResults=100", "200 odd-nodegroups-page1.json"},
			{"GET /clusters/devel/node-groups?maxResults=100&nextToken=2", "200 odd-nodegroups-page2.json"},
			{"GET /clusters/devel/node-groups/template", "200 odd-nodegroup-template.json"},
			{"GET /clusters/devel/node-groups/two-groups", "200 odd-nodegroup-two-groups.json"},
			{"GET /clusters/devel/node-groups/failed", "200 odd-nodegroup-failed.json"},
			{"GET /clusters/devel/node-groups/degraded", "200 odd-nodegroup-degraded.json"},
			{"GET /clusters/devel/node-groups/unknown", "200 odd-nodegroup-unknown.json"},
			{"GET /clusters/devel/node-groups/bare", "200 odd-nodegroup-bare.json"},
			{"GET /clusters/devel/node-groups/gone", "404 ResourceNotFoundException odd-nodegroup-gone.json"},
			{"autoscaling DescribeAutoScalingGroups", "200 odd-groups.xml"},
			{"autoscaling DescribeAutoScalingGroups", "200 odd-groups-none.xml"}, // what is missing, by name
		}, get},
	} {
		t.Run(test.name, func(t *testing.T) {
			result, _ := play(t, test)
			wiretest.Golden(t, "conversion/"+test.name+".json", result)
		})
	}
}

// TestHandler_CreateCluster_tokenNotShown: the answer to a create is lost, and EKS
// may or may not show the token of the request that made a cluster. The same
// request, which carries the token, settles whose cluster it is.
func TestHandler_CreateCluster_tokenNotShown(t *testing.T) {
	clearEnvironment(t)
	lost := exchange{"POST /clusters", "500 ServerException server-exception.json"}
	look := exchange{"GET /clusters/devel", "200 cluster-creating.json"}
	for _, test := range []struct {
		name, answer, want string
	}{
		{"own", "200 cluster-creating.json", `"Status": "Creating"`},
		{"another's", "409 ResourceInUseException cluster-exists.json", `"Code": "AlreadyExists"`},
		{"refused", "403 AccessDeniedException access-denied.json", `"MayHaveHappened": true`},
	} {
		t.Run(test.name, func(t *testing.T) {
			result, _ := play(t, wireTest{
				exchanges: with(exchange{"iam GetRole", "200 role.xml"}, lost, look, exchange{"POST /clusters", test.answer}),
				do:        func(ctx context.Context, h *aws.Handler) (any, error) { return h.CreateCluster(ctx, develRequest) },
			})
			if !strings.Contains(result, test.want) {
				t.Errorf("got %s, want %s", result, test.want)
			}
		})
	}
}
