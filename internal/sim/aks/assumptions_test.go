// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"context"
	"fmt"
	"net/http"
	"path"
	"strconv"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v8"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// outcome shows an error as a test of assumptions compares it.
func outcome(err error) string {
	if err == nil {
		return "accepted"
	}
	r := refusalOf(err)
	return http.StatusText(r.status) + " " + r.code
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
	start := func(t *testing.T, a Assumptions) *world {
		w := newWorld(t, func(o *Options) { o.Assumptions = a })
		wiretest.Must(t, w.Put(core.Seed{Name: "a", Version: "1.34.4", Groups: groups("ng1")}))
		return w
	}
	spotPool := func(t *testing.T, w *world) {
		p := poolInput()
		p.Mode, p.ScaleSetPriority = userMode, spotMachines
		wiretest.OK(w.pools.BeginCreateOrUpdate(t.Context(), testGroup, "a", "spot", armcontainerservice.AgentPool{Properties: p}, nil))(t)
		w.pass()
	}
	wiretest.Choices(t, start, map[string]wiretest.Choice[Assumptions, *world]{
		"AbsentAccessKept": wiretest.NewChoice(func(u *Assumptions) { u.AbsentAccessKept = true }, func(t *testing.T, w *world) string {
			in := w.get(t, "a")
			in.Properties.APIServerAccessProfile = &access{AuthorizedIPRanges: ranges(3)}
			wiretest.OK(w.clusters.BeginCreateOrUpdate(t.Context(), testGroup, "a", *in, nil))(t)
			w.pass()
			in.Properties.APIServerAccessProfile = nil
			wiretest.OK(w.clusters.BeginCreateOrUpdate(t.Context(), testGroup, "a", *in, nil))(t)
			return strconv.Itoa(len(w.get(t, "a").Properties.APIServerAccessProfile.AuthorizedIPRanges))
		}, "0", "3"),
		"AbsentMembersKept": wiretest.NewChoice(func(u *Assumptions) { u.AbsentMembersKept = true }, func(t *testing.T, w *world) string {
			spotPool(t, w)
			return outcome(w.putPool(t, "a", "spot", func(p *pp) { p.ScaleSetPriority, p.SpotMaxPrice = nil, nil }))
		}, "Bad Request PropertyChangeNotAllowed", "accepted"),
		"AnyAdminUsername": wiretest.NewChoice(func(u *Assumptions) { u.AnyAdminUsername = true },
			makeWith(func(in *mc, _ *ap) { in.Properties.LinuxProfile.AdminUsername = new("root") }), badRequest, "accepted"),
		"BoundsRefusedAsBadRequest": wiretest.NewChoice(func(u *Assumptions) { u.BoundsRefusedAsBadRequest = true },
			makeWith(func(_ *mc, p *ap) { p.MinCount = new(int32(1)) }), badRequest, "Bad Request BadRequest"),
		"CancelingHidden": wiretest.NewChoice(func(u *Assumptions) { u.CancelingHidden = true }, func(t *testing.T, w *world) string {
			wiretest.OK(w.clusters.BeginUpdateTags(t.Context(), testGroup, "a", armcontainerservice.TagsObject{}, nil))(t)
			wiretest.OK(w.clusters.BeginAbortLatestOperation(t.Context(), testGroup, "a", nil))(t)
			return w.states(t, "a")
		}, "Canceling/Running", "Updating/Running"),
		"ClusterFollows": wiretest.NewChoice(func(u *Assumptions) { u.ClusterFollows = true }, func(t *testing.T, w *world) string {
			wiretest.Must(t, w.putPool(t, "a", "ng1", func(p *pp) { p.Count = new(int32(3)) }))
			tag := *w.get(t, "a").ETag
			state := w.states(t, "a")
			w.pass()
			if *w.get(t, "a").ETag != tag {
				t.Error("the eTag of the cluster has changed")
			}
			return state
		}, "Succeeded/Running", "Scaling/Running"),
		"CountMayLeaveBounds": wiretest.NewChoice(func(u *Assumptions) { u.CountMayLeaveBounds = true }, func(t *testing.T, w *world) string {
			err := w.putPool(t, "a", "ng1", func(p *pp) { p.EnableAutoScaling, p.MinCount, p.MaxCount = new(true), new(int32(4)), new(int32(5)) })
			w.pass()
			if n := *w.getPool(t, "a", "ng1").Properties.Count; err == nil && n != 4 {
				t.Errorf("the autoscaler has left %d nodes", n)
			}
			return outcome(err)
		}, badRequest, "accepted"),
		"EarlyCredentialsConflict": wiretest.NewChoice(func(u *Assumptions) { u.EarlyCredentialsConflict = true }, func(t *testing.T, w *world) string {
			wiretest.OK(w.clusters.BeginCreateOrUpdate(t.Context(), testGroup, "b", clusterInput(), nil))(t)
			return outcome(wiretest.Err(w.clusters.ListClusterAdminCredentials(t.Context(), testGroup, "b", nil)))
		}, "Not Found ResourceNotFound", "Conflict OperationNotAllowed"),
		"Ed25519Keys": wiretest.NewChoice(func(u *Assumptions) { u.Ed25519Keys = true }, makeWith(func(in *mc, _ *ap) {
			in.Properties.LinuxProfile.SSH.PublicKeys[0].KeyData = new("ssh-ed25519 AAAA x")
		}), badRequest, "accepted"),
		"EmptyTaintValues": wiretest.NewChoice(func(u *Assumptions) { u.EmptyTaintValues = true },
			makeWith(func(_ *mc, p *ap) { p.NodeTaints = []*string{new("a=:PreferNoSchedule")} }), badRequest, "accepted"),
		"ExistingPoolConflict": wiretest.NewChoice(func(u *Assumptions) { u.ExistingPoolConflict = true }, func(t *testing.T, w *world) string {
			return outcome(wiretest.Err(w.pools.BeginCreateOrUpdate(t.Context(), testGroup, "a", "ng1", armcontainerservice.AgentPool{Properties: poolInput()},
				&armcontainerservice.AgentPoolsClientBeginCreateOrUpdateOptions{IfNoneMatch: new("*")})))
		}, "Precondition Failed PreconditionFailed", "Conflict Conflict"),
		"GraphIDsInLowerCase": wiretest.NewChoice(func(u *Assumptions) { u.GraphIDsInLowerCase = true }, func(t *testing.T, w *world) string {
			return path.Base(path.Dir(path.Dir(path.Dir(w.graph(t, graphMachines+" | take 1").Data[0]["id"].(string)))))
		}, "virtualMachineScaleSets", "virtualmachinescalesets"),
		"GraphScrubbed": wiretest.NewChoice(func(u *Assumptions) { u.GraphScrubbed = true }, func(t *testing.T, w *world) string {
			row := w.graph(t, graphMachines+" | project computer = tostring(properties.osProfile.computerName), pool = tags['aks-managed-poolName'] | take 1").Data[0]
			return fmt.Sprintf("%t %v", row["computer"] != "", row["pool"])
		}, "true ng1", "false <nil>"),
		"LateFQDN": wiretest.NewChoice(func(u *Assumptions) { u.LateFQDN = true }, func(t *testing.T, w *world) string {
			wiretest.OK(w.clusters.BeginCreateOrUpdate(t.Context(), testGroup, "b", clusterInput(), nil))(t)
			if w.get(t, "b").Properties.Fqdn == nil {
				return "none"
			}
			return "shown"
		}, "shown", "none"),
		"LooseDiskSize": wiretest.NewChoice(func(u *Assumptions) { u.LooseDiskSize = true },
			makeWith(func(_ *mc, p *ap) { p.OSDiskSizeGB = new(int32(4096)) }), badRequest, "accepted"),
		"MinSystemNodes": wiretest.NewChoice(func(u *Assumptions) { u.MinSystemNodes = 2 },
			makeWith(func(_ *mc, p *ap) { p.Count = new(int32(1)) }), "accepted", badRequest),
		"OldOperationURLs": wiretest.NewChoice(func(u *Assumptions) { u.OldOperationURLs = true }, func(t *testing.T, w *world) string {
			response := capture(t, func(ctx context.Context) error { return wiretest.Err(w.clusters.BeginDelete(ctx, testGroup, "a", nil)) })
			w.checkOperation(t, response, "InProgress", "")
			_, version, _ := strings.Cut(response.Header.Get("Azure-AsyncOperation"), "api-version=")
			return version
		}, "2025-10-01", operationVersion),
		"OnePoolAtATime": wiretest.NewChoice(func(u *Assumptions) { u.OnePoolAtATime = true }, func(t *testing.T, w *world) string {
			wiretest.Must(t, w.putPool(t, "a", "ng1", func(p *pp) { p.Count = new(int32(3)) }))
			return outcome(wiretest.Err(w.pools.BeginCreateOrUpdate(t.Context(), testGroup, "a", "ng2", armcontainerservice.AgentPool{Properties: poolInput()}, nil)))
		}, "accepted", "Conflict OperationNotAllowed"),
		"PoolNotFoundWrapped": wiretest.NewChoice(func(u *Assumptions) { u.PoolNotFoundWrapped = true }, func(t *testing.T, w *world) string {
			return outcome(wiretest.Err(w.pools.Get(t.Context(), testGroup, "a", "ng9", nil)))
		}, "Not Found NotFound", "Not Found ResourceNotFound"),
		"PrivateTagsUnlimited": wiretest.NewChoice(func(u *Assumptions) { u.PrivateTagsUnlimited = true }, makeWith(func(in *mc, _ *ap) {
			in.Tags = tags(16)
			in.Properties.APIServerAccessProfile = &armcontainerservice.ManagedClusterAPIServerAccessProfile{EnablePrivateCluster: new(true)}
		}), "Bad Request TooManyTags", "accepted"),
		"RepeatedDeletionOK": wiretest.NewChoice(func(u *Assumptions) { u.RepeatedDeletionOK = true }, func(t *testing.T, w *world) string {
			wiretest.OK(w.clusters.BeginDelete(t.Context(), testGroup, "a", nil))(t)
			return outcome(wiretest.Err(w.clusters.BeginDelete(t.Context(), testGroup, "a", nil)))
		}, "Conflict OperationNotAllowed", "accepted"),
		"RetryAfterOnAccept": wiretest.NewChoice(func(u *Assumptions) { u.RetryAfterOnAccept = true }, func(t *testing.T, w *world) string {
			return capture(t, func(ctx context.Context) error { return wiretest.Err(w.clusters.BeginDelete(ctx, testGroup, "a", nil)) }).Header.Get("Retry-After")
		}, "", "10"),
		"SmallSystemPools": wiretest.NewChoice(func(u *Assumptions) { u.SmallSystemPools = true },
			makeWith(func(_ *mc, p *ap) { p.VMSize = new("Standard_D2s_v5") }), badRequest, "accepted"),
		"SpotMarksRestored": wiretest.NewChoice(func(u *Assumptions) { u.SpotMarksRestored = true }, func(t *testing.T, w *world) string {
			spotPool(t, w)
			wiretest.Must(t, w.putPool(t, "a", "spot", words(nil)))
			p := w.getPool(t, "a", "spot").Properties
			return fmt.Sprint(len(p.NodeLabels), len(p.NodeTaints))
		}, "0 0", "1 1"),
		"SpotPriorityLabel": wiretest.NewChoice(func(u *Assumptions) { u.SpotPriorityLabel = true }, func(t *testing.T, w *world) string {
			spotPool(t, w)
			_, found := w.getPool(t, "a", "spot").Properties.NodeLabels[spotTwin]
			return strconv.FormatBool(found)
		}, "false", "true"),
		"SpotUpgradeNotAllowed": wiretest.NewChoice(func(u *Assumptions) { u.SpotUpgradeNotAllowed = true }, func(t *testing.T, w *world) string {
			spotPool(t, w)
			in := w.get(t, "a")
			in.Properties.KubernetesVersion = new("1.35.4")
			for _, p := range in.Properties.AgentPoolProfiles {
				p.OrchestratorVersion = new("1.35.4")
			}
			return outcome(wiretest.Err(w.clusters.BeginCreateOrUpdate(t.Context(), testGroup, "a", *in, nil)))
		}, "Bad Request BadRequest", "Bad Request OperationNotAllowed"),
		"StaticTokens": wiretest.NewChoice(func(u *Assumptions) { u.StaticTokens = true }, func(t *testing.T, w *world) string {
			out, err := w.clusters.ListClusterAdminCredentials(t.Context(), testGroup, "a", nil)
			wiretest.Must(t, err)
			token := readKubeconfig(t, out.Kubeconfigs).Users[0].User.Token
			subject, err := w.VerifyToken(token, "a")
			if err != nil {
				return "no token"
			}
			return subject
		}, "no token", "masterclient"),
		"StoppedConflict": wiretest.NewChoice(func(u *Assumptions) { u.StoppedConflict = true }, func(t *testing.T, w *world) string {
			wiretest.Must(t, w.Force("a", "", profile.Stopped, ""))
			return outcome(w.putPool(t, "a", "ng1", func(*pp) {}))
		}, "Bad Request OperationNotAllowed", "Conflict OperationNotAllowed"),
		"StoppedPoolsIgnored": wiretest.NewChoice(func(u *Assumptions) { u.StoppedPoolsIgnored = true }, func(t *testing.T, w *world) string {
			w.addPool(t, "a", "ng2")
			wiretest.Must(t, w.Force("a", "ng2", profile.Stopped, ""))
			in := w.get(t, "a")
			in.Properties.KubernetesVersion = new("1.35.4")
			for _, p := range in.Properties.AgentPoolProfiles {
				p.OrchestratorVersion = new("1.35.4")
			}
			return outcome(wiretest.Err(w.clusters.BeginCreateOrUpdate(t.Context(), testGroup, "a", *in, nil)))
		}, "Bad Request OperationNotAllowed", "accepted"),
		"SystemData": wiretest.NewChoice(func(u *Assumptions) { u.SystemData = true }, func(t *testing.T, w *world) string {
			if w.get(t, "a").SystemData == nil {
				return "none"
			}
			return w.get(t, "a").SystemData.CreatedAt.Format("2006")
		}, "none", "2026"),
		"TagsMerged": wiretest.NewChoice(func(u *Assumptions) { u.TagsMerged = true }, func(t *testing.T, w *world) string {
			for _, tags := range []map[string]*string{{"A": new("1"), "b": new("2")}, {"a": new("3")}} {
				wiretest.OK(w.clusters.BeginUpdateTags(t.Context(), testGroup, "a", armcontainerservice.TagsObject{Tags: tags}, nil))(t)
				w.pass()
			}
			all := w.get(t, "a").Tags
			if *all["a"] != "3" || all["A"] != nil {
				t.Errorf("the tags are:\n%s", wiretest.JSON(t, all))
			}
			return strconv.Itoa(len(all))
		}, "1", "2"),
		"TagsRefusedAsParameter": wiretest.NewChoice(func(u *Assumptions) { u.TagsRefusedAsParameter = true },
			makeWith(func(in *mc, _ *ap) { in.Tags = map[string]*string{"a%": new("")} }), "Bad Request InvalidTagNameCharacters", badRequest),
	})
}
