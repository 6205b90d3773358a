// SPDX-License-Identifier: Apache-2.0

package aws_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/aws"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/eks"
)

// A principal who may not list versions upgrades to one that it names.
func TestHandler_UpgradeCluster_versionsDenied(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := fleet(t, 1, 2, eks.Options{})
		away(s, "DescribeClusterVersions", pmks.CodePermissionDenied)
		h, cluster := newHandler(t, s), pmks.IID{NameId: "c000"}
		var info pmks.ClusterInfo
		var err error
		for range 3 {
			if info, err = h.UpgradeCluster(t.Context(), cluster, "1.34"); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
		}
		if info.Status != pmks.ClusterActive || info.Version != "1.34" || info.NodeGroupList[1].Version != "1.34" {
			t.Errorf("%s, %+v", info.Version, info.NodeGroupList)
		}
		_, err = h.UpgradeCluster(t.Context(), cluster, "1.36")
		says(t, err, pmks.ErrFailedPrecondition, "from 1.34 to 1.35")
		_, err = h.UpgradeCluster(t.Context(), cluster, "default")
		says(t, err, pmks.ErrPermissionDenied)
		if err := h.CheckCluster(t.Context(), pmks.ClusterInfo{IId: pmks.IID{NameId: "new"}, Version: "1.34", Network: sampleNetwork(t)}); err != nil {
			t.Errorf("CheckCluster: %v", err)
		}
	})
}

// The whole job does so too, over several steps.
func TestUpgrade_versionsDenied(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := fleet(t, 1, 2, eks.Options{})
		away(s, "DescribeClusterVersions", pmks.CodePermissionDenied)
		info, err := pmks.Upgrade(t.Context(), newHandler(t, s), pmks.IID{NameId: "c000"}, "1.35")
		if err != nil || info.Version != "1.35" || info.NodeGroupList[1].Version != "1.35" {
			t.Errorf("%s: %v", info.Version, err)
		}
	})
}

// What EKS says of a refusal is told, whatever it is about; that a version is not on
// offer is added where it is so.
func TestHandler_UpgradeCluster_wordsOfEKS(t *testing.T) {
	t.Parallel()
	const lag = "Nodegroups ng must be updated to match cluster version 1.33 before updating cluster version"
	refusal := func(text string) *core.Answer {
		return &core.Answer{Status: 400, Header: map[string]string{"X-Amzn-ErrorType": "InvalidParameterException"}, Body: `{"message":"` + text + `"}`}
	}
	synctest.Test(t, func(t *testing.T) {
		s := fleet(t, 1, 1, eks.Options{})
		h := newHandler(t, s)
		s.Inject(core.Fault{Op: "UpdateClusterVersion", Kind: core.FaultAnswer, Answer: refusal(lag)})
		_, err := h.UpgradeCluster(t.Context(), pmks.IID{NameId: "c000"}, "1.34")
		says(t, err, pmks.ErrInvalidArgument, lag)
		if strings.Contains(err.Error(), "does not offer") {
			t.Errorf("1.34 is on offer: %v", err)
		}
		s.Inject(core.Fault{Op: "CreateCluster", Kind: core.FaultAnswer, Answer: refusal("unsupported Kubernetes version")})
		_, err = h.CreateCluster(t.Context(), pmks.ClusterInfo{IId: pmks.IID{NameId: "new"}, Version: "1.20", Network: sampleNetwork(t)})
		says(t, err, pmks.ErrInvalidArgument, "Version", "unsupported Kubernetes version: EKS does not offer Kubernetes 1.20; it offers 1.3")
	})
}

// Two node groups are refused and one is not: both are named, and what has begun.
func TestHandler_UpgradeCluster_twoRefusals(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := lagging(t, "1.34", "a", "b", "c")
		for group, code := range map[string]pmks.Code{"a": pmks.CodePermissionDenied, "c": pmks.CodeQuotaExceeded} {
			s.Inject(core.Fault{Op: "UpdateNodegroupVersion", NodeGroup: group, Kind: core.FaultRefuse, Code: code, Times: -1})
		}
		_, err := newHandler(t, s).UpgradeCluster(t.Context(), pmks.IID{NameId: "c"}, "1.34")
		for _, want := range []error{pmks.ErrPermissionDenied, pmks.ErrQuotaExceeded} {
			says(t, err, want, `node group "a`, `node group "c`, "the upgrade of the node groups b has begun")
		}
	})
}

// The image of a node group is its owner's: nothing of the cluster is upgraded.
func TestHandler_UpgradeCluster_customImage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := eks.New(eks.Options{})
		seed := core.Seed{Name: "own", Version: "1.33", Attr: map[string]string{eks.AttrCustomTemplates: "mine"}}
		for _, name := range []string{"mine", "plain"} {
			seed.Groups = append(seed.Groups, pmks.NodeGroupInfo{IId: pmks.IID{NameId: name}, VMSpecName: "t3.medium", DesiredNodeSize: 1, MinNodeSize: 1, MaxNodeSize: 1})
		}
		if err := s.Put(seed); err != nil {
			t.Fatal(err)
		}
		h, cluster := newHandler(t, s), pmks.IID{NameId: "own"}
		info, err := h.GetCluster(t.Context(), cluster)
		if err != nil {
			t.Fatal(err)
		}
		g, _ := info.NodeGroup(pmks.IID{NameId: "mine"})
		if template, _ := pmks.Lookup(g.KeyValueList, "LaunchTemplate"); !strings.HasPrefix(template, "lt-") || g.VMSpecName != "" || g.ImageIID.NameId != "CUSTOM" || g.Status != pmks.NodeGroupActive || len(g.Nodes) != 1 {
			t.Errorf("it is shown as %+v", g)
		}
		_, err = h.UpgradeCluster(t.Context(), cluster, "1.34")
		says(t, err, pmks.ErrUnsupported, "mine", "images of their own")
		if n := s.Count("UpdateClusterVersion") + s.Count("UpdateNodegroupVersion"); n != 0 {
			t.Errorf("%d upgrades were sent", n)
		}
		// What does not touch the image goes on.
		if _, err := h.ChangeNodeGroupScaling(t.Context(), cluster, g.IId, 2, 1, 3); err != nil {
			t.Errorf("ChangeNodeGroupScaling: %v", err)
		}
		if err := pmks.Teardown(t.Context(), h, cluster); err != nil {
			t.Errorf("Teardown: %v", err)
		}
	})
}

// A cluster that is updated is not taken for one that is upgraded.
func TestHandler_UpgradeCluster_whileUpdating(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := fleet(t, 1, 0, eks.Options{})
		h, cluster := newHandler(t, s), pmks.IID{NameId: "c000"}
		if err := s.Show("c000", "", "UPDATING"); err != nil {
			t.Fatal(err)
		}
		_, err := h.UpgradeCluster(t.Context(), cluster, "1.34")
		says(t, err, pmks.ErrBusy)
		if err := s.Show("c000", "", ""); err != nil {
			t.Fatal(err)
		}
		if info, err := h.UpgradeCluster(t.Context(), cluster, "1.34"); err != nil || info.Status != pmks.ClusterUpdating {
			t.Fatalf("%s, %v", info.Status, err)
		}
		time.Sleep(time.Minute) //nolint:forbidigo // inside a synctest bubble
		info, err := h.UpgradeCluster(t.Context(), cluster, "1.34")
		if err != nil || info.Status != pmks.ClusterUpdating || s.Count("UpdateClusterVersion") != 1 {
			t.Errorf("the same upgrade again: %s, %v", info.Status, err)
		}
	})
}

// A word that nobody knows: whatever it forbids is not known, and waiting may help.
func TestHandler_unknownStatus(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := fleet(t, 1, 1, eks.Options{})
		if err := errors.Join(s.Show("c000", "", "PONDERING"), s.Show("c000", "g0", "MUSING")); err != nil {
			t.Fatal(err)
		}
		h, cluster, group := newHandler(t, s), pmks.IID{NameId: "c000"}, pmks.IID{NameId: "g0"}
		_, err := h.UpgradeCluster(t.Context(), cluster, "1.34")
		says(t, err, pmks.ErrBusy, "PONDERING")
		_, err = h.AddNodeGroup(t.Context(), cluster, pmks.NodeGroupInfo{IId: pmks.IID{NameId: "new"}, DesiredNodeSize: 1})
		says(t, err, pmks.ErrBusy, "PONDERING")
		_, err = h.ChangeNodeGroupScaling(t.Context(), cluster, group, 3, 1, 4)
		says(t, err, pmks.ErrBusy, "MUSING")
		state, err := h.ReadState(t.Context(), cluster, group)
		if err != nil || state.Status != pmks.ClusterInactive || state.StatusFinal || !strings.Contains(state.StatusReason, "MUSING") {
			t.Errorf("%+v, %v", state, err)
		}
	})
}

// A version that has no name is no version.
func TestHandler_ListVersions_null(t *testing.T) {
	clearEnvironment(t)
	synctest.Test(t, func(t *testing.T) {
		h := newHandlerWith(t, aws.Config{Region: "us-west-2", AccessKeyID: replayKey, SecretAccessKey: replaySecret,
			Transport: providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
				return script(r, 200, `{"clusterVersions":[{"clusterVersion":null,"versionStatus":"STANDARD_SUPPORT"},{"clusterVersion":"1.35","defaultVersion":true,"versionStatus":"STANDARD_SUPPORT"}]}`), nil
			})})
		list, err := h.ListVersions(t.Context())
		if err != nil || len(list) != 1 || list[0] != (pmks.Version{Name: "1.35", Default: true}) {
			t.Errorf("got %+v, %v", list, err)
		}
	})
}
