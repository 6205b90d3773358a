// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"context"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v8"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// outcome shows an error as a test of assumptions compares it.
func outcome(err error) string {
	if err == nil {
		return "accepted"
	}
	r := refusalOf(err)
	return http.StatusText(r.status) + " " + r.code
}

// begin wants a step of a test to be taken.
func begin(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// makeWith tries to make a cluster with a changed request.
func makeWith(change func(in *mc, pool *ap)) func(*testing.T, *world) string {
	return func(t *testing.T, w *world) string {
		in := clusterInput()
		change(&in, in.Properties.AgentPoolProfiles[0])
		_, err := w.clusters.BeginCreateOrUpdate(t.Context(), testGroup, "b", in, nil)
		return outcome(err)
	}
}

// TestAssumptions: where no source settles what Azure does, both answers can be
// had. The first is that of the zero value.
func TestAssumptions(t *testing.T) {
	t.Parallel()
	const badRequest = "Bad Request InvalidParameter"
	tests := map[string]struct {
		set         func(*Assumptions)
		look        func(*testing.T, *world) string
		zero, other string
	}{
		"AnyAdminUsername": {func(u *Assumptions) { u.AnyAdminUsername = true },
			makeWith(func(in *mc, _ *ap) { in.Properties.LinuxProfile.AdminUsername = new("root") }), badRequest, "accepted"},
		"BoundsRefusedAsBadRequest": {func(u *Assumptions) { u.BoundsRefusedAsBadRequest = true },
			makeWith(func(_ *mc, p *ap) { p.MinCount = new(int32(1)) }), badRequest, "Bad Request BadRequest"},
		"CancelingHidden": {func(u *Assumptions) { u.CancelingHidden = true }, func(t *testing.T, w *world) string {
			begin(t, second(w.clusters.BeginUpdateTags(t.Context(), testGroup, "a", armcontainerservice.TagsObject{}, nil)))
			begin(t, second(w.clusters.BeginAbortLatestOperation(t.Context(), testGroup, "a", nil)))
			return w.states(t, "a")
		}, "Canceling/Running", "Updating/Running"},
		"ClusterFollows": {func(u *Assumptions) { u.ClusterFollows = true }, func(t *testing.T, w *world) string {
			begin(t, w.putPool(t, "a", "ng1", func(p *pp) { p.Count = new(int32(3)) }))
			tag := *w.get(t, "a").ETag
			state := w.states(t, "a")
			w.pass()
			if *w.get(t, "a").ETag != tag {
				t.Error("the eTag of the cluster has changed")
			}
			return state
		}, "Succeeded/Running", "Scaling/Running"},
		"CountMayLeaveBounds": {func(u *Assumptions) { u.CountMayLeaveBounds = true }, func(t *testing.T, w *world) string {
			err := w.putPool(t, "a", "ng1", func(p *pp) { p.EnableAutoScaling, p.MinCount, p.MaxCount = new(true), new(int32(4)), new(int32(5)) })
			w.pass()
			if n := *w.getPool(t, "a", "ng1").Properties.Count; err == nil && n != 4 {
				t.Errorf("the autoscaler has left %d nodes", n)
			}
			return outcome(err)
		}, badRequest, "accepted"},
		"EarlyCredentialsConflict": {func(u *Assumptions) { u.EarlyCredentialsConflict = true }, func(t *testing.T, w *world) string {
			begin(t, second(w.clusters.BeginCreateOrUpdate(t.Context(), testGroup, "b", clusterInput(), nil)))
			return outcome(second(w.clusters.ListClusterAdminCredentials(t.Context(), testGroup, "b", nil)))
		}, "Not Found ResourceNotFound", "Conflict OperationNotAllowed"},
		"Ed25519Keys": {func(u *Assumptions) { u.Ed25519Keys = true }, makeWith(func(in *mc, _ *ap) {
			in.Properties.LinuxProfile.SSH.PublicKeys[0].KeyData = new("ssh-ed25519 AAAA x")
		}), badRequest, "accepted"},
		"ExistingPoolConflict": {func(u *Assumptions) { u.ExistingPoolConflict = true }, func(t *testing.T, w *world) string {
			return outcome(second(w.pools.BeginCreateOrUpdate(t.Context(), testGroup, "a", "ng1", armcontainerservice.AgentPool{Properties: poolInput()},
				&armcontainerservice.AgentPoolsClientBeginCreateOrUpdateOptions{IfNoneMatch: new("*")})))
		}, "Precondition Failed PreconditionFailed", "Conflict Conflict"},
		"LateFQDN": {func(u *Assumptions) { u.LateFQDN = true }, func(t *testing.T, w *world) string {
			begin(t, second(w.clusters.BeginCreateOrUpdate(t.Context(), testGroup, "b", clusterInput(), nil)))
			if w.get(t, "b").Properties.Fqdn == nil {
				return "none"
			}
			return "shown"
		}, "shown", "none"},
		"LooseDiskSize": {func(u *Assumptions) { u.LooseDiskSize = true },
			makeWith(func(_ *mc, p *ap) { p.OSDiskSizeGB = new(int32(4096)) }), badRequest, "accepted"},
		"MinSystemNodes": {func(u *Assumptions) { u.MinSystemNodes = 2 },
			makeWith(func(_ *mc, p *ap) { p.Count = new(int32(1)) }), "accepted", badRequest},
		"OldOperationURLs": {func(u *Assumptions) { u.OldOperationURLs = true }, func(t *testing.T, w *world) string {
			response := capture(t, func(ctx context.Context) error { return second(w.clusters.BeginDelete(ctx, testGroup, "a", nil)) })
			w.checkOperation(t, response, "InProgress", "")
			_, version, _ := strings.Cut(response.Header.Get("Azure-AsyncOperation"), "api-version=")
			return version
		}, "2025-10-01", operationVersion},
		"OnePoolAtATime": {func(u *Assumptions) { u.OnePoolAtATime = true }, func(t *testing.T, w *world) string {
			begin(t, w.putPool(t, "a", "ng1", func(p *pp) { p.Count = new(int32(3)) }))
			return outcome(second(w.pools.BeginCreateOrUpdate(t.Context(), testGroup, "a", "ng2", armcontainerservice.AgentPool{Properties: poolInput()}, nil)))
		}, "accepted", "Conflict OperationNotAllowed"},
		"PoolNotFoundWrapped": {func(u *Assumptions) { u.PoolNotFoundWrapped = true }, func(t *testing.T, w *world) string {
			return outcome(second(w.pools.Get(t.Context(), testGroup, "a", "ng9", nil)))
		}, "Not Found NotFound", "Not Found ResourceNotFound"},
		"PrivateTagsUnlimited": {func(u *Assumptions) { u.PrivateTagsUnlimited = true }, makeWith(func(in *mc, _ *ap) {
			in.Tags = tags(16)
			in.Properties.APIServerAccessProfile = &armcontainerservice.ManagedClusterAPIServerAccessProfile{EnablePrivateCluster: new(true)}
		}), "Bad Request TooManyTags", "accepted"},
		"RepeatedDeletionOK": {func(u *Assumptions) { u.RepeatedDeletionOK = true }, func(t *testing.T, w *world) string {
			begin(t, second(w.clusters.BeginDelete(t.Context(), testGroup, "a", nil)))
			return outcome(second(w.clusters.BeginDelete(t.Context(), testGroup, "a", nil)))
		}, "Conflict OperationNotAllowed", "accepted"},
		"RetryAfterOnAccept": {func(u *Assumptions) { u.RetryAfterOnAccept = true }, func(t *testing.T, w *world) string {
			return capture(t, func(ctx context.Context) error { return second(w.clusters.BeginDelete(ctx, testGroup, "a", nil)) }).Header.Get("Retry-After")
		}, "", "10"},
		"SmallSystemPools": {func(u *Assumptions) { u.SmallSystemPools = true },
			makeWith(func(_ *mc, p *ap) { p.VMSize = new("Standard_D2s_v5") }), badRequest, "accepted"},
		"StaticTokens": {func(u *Assumptions) { u.StaticTokens = true }, func(t *testing.T, w *world) string {
			out, err := w.clusters.ListClusterAdminCredentials(t.Context(), testGroup, "a", nil)
			begin(t, err)
			token := readKubeconfig(t, out.Kubeconfigs).Users[0].User.Token
			subject, err := w.VerifyToken(token, "a")
			if err != nil {
				return "no token"
			}
			return subject
		}, "no token", "masterclient"},
		"StoppedConflict": {func(u *Assumptions) { u.StoppedConflict = true }, func(t *testing.T, w *world) string {
			begin(t, w.Force("a", "", profile.Stopped, ""))
			return outcome(w.putPool(t, "a", "ng1", func(*pp) {}))
		}, "Bad Request OperationNotAllowed", "Conflict OperationNotAllowed"},
		"StoppedPoolsIgnored": {func(u *Assumptions) { u.StoppedPoolsIgnored = true }, func(t *testing.T, w *world) string {
			w.addPool(t, "a", "ng2")
			begin(t, w.Force("a", "ng2", profile.Stopped, ""))
			in := w.get(t, "a")
			in.Properties.KubernetesVersion = new("1.35.4")
			for _, p := range in.Properties.AgentPoolProfiles {
				p.OrchestratorVersion = new("1.35.4")
			}
			return outcome(second(w.clusters.BeginCreateOrUpdate(t.Context(), testGroup, "a", *in, nil)))
		}, "Bad Request OperationNotAllowed", "accepted"},
		"SystemData": {func(u *Assumptions) { u.SystemData = true }, func(t *testing.T, w *world) string {
			if w.get(t, "a").SystemData == nil {
				return "none"
			}
			return w.get(t, "a").SystemData.CreatedAt.Format("2006")
		}, "none", "2026"},
		"TagsRefusedAsParameter": {func(u *Assumptions) { u.TagsRefusedAsParameter = true },
			makeWith(func(in *mc, _ *ap) { in.Tags = map[string]*string{"a%": new("")} }), "Bad Request InvalidTagNameCharacters", badRequest},
	}
	for field := range reflect.TypeFor[Assumptions]().Fields() {
		if _, tested := tests[field.Name]; !tested {
			t.Errorf("%s is not tested", field.Name)
		}
	}
	for name, test := range tests {
		for answer, want := range map[string]string{"zero": test.zero, "other": test.other} {
			t.Run(name+"/"+answer, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, func(o *Options) {
					if answer == "other" {
						test.set(&o.Assumptions)
					}
				})
				seed := core.Seed{Name: "a", Version: "1.34.4", Groups: []pmks.NodeGroupInfo{{IId: pmks.IID{NameId: "ng1"}, DesiredNodeSize: 2}}}
				if err := w.Put(seed); err != nil {
					t.Fatal(err)
				}
				if got := test.look(t, w); got != want {
					t.Errorf("got %q, want %q", got, want)
				}
			})
		}
	}
}
