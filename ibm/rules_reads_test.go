// SPDX-License-Identifier: Apache-2.0

package ibm_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/ibm"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/iks"
)

// TestLingering: a deleted cluster that lingers in the list is absent for reads, and its
// name is taken.
func TestLingering(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{Linger: time.Hour})
		put(t, s, seed("gone", "ng1"))
		h := newHandler(t, s)
		if err := pmks.Teardown(t.Context(), h, pmks.IID{NameId: "gone"}); err != nil {
			t.Fatal(err)
		}
		if list, err := h.ListIID(t.Context()); err != nil || len(list) != 0 {
			t.Errorf("ListIID shows %d, %v", len(list), err)
		}
		if _, err := h.GetCluster(t.Context(), pmks.IID{NameId: "gone"}); pmks.CodeOf(err) != pmks.CodeNotFound {
			t.Errorf("GetCluster: %v", err)
		}
		if _, err := h.CreateCluster(t.Context(), bench.SampleRequest("gone")); pmks.CodeOf(err) != pmks.CodeAlreadyExists {
			t.Errorf("CreateCluster: %v", err)
		}
	})
}

// TestYoung: a cluster that was just made answers 404 to everything but the list, with
// the words of one that does not exist. Reads wait for it, and no wait takes it for gone.
func TestYoung(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{Fresh: 30 * time.Second})
		h := newHandler(t, s)
		info, err := h.CreateCluster(t.Context(), bench.SampleRequest("young"))
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		list, err := h.ListCluster(t.Context())
		if err != nil || len(list) != 1 || list[0].Status != pmks.ClusterCreating || len(pmks.Unread(list[0].KeyValueList)) != 1 || time.Since(start) > time.Second {
			t.Errorf("ListCluster: %d clusters after %s, %v", len(list), time.Since(start), err)
		}
		got, err := h.GetCluster(t.Context(), info.IId)
		if err != nil || got.Status != pmks.ClusterCreating || len(got.NodeGroupList) != 1 {
			t.Errorf("GetCluster: %s with %d groups, %v", got.Status, len(got.NodeGroupList), err)
		}
		if _, err := pmks.WaitClusterActive(t.Context(), h, info.IId); err != nil {
			t.Errorf("WaitClusterActive: %v", err)
		}
	})
}

// TestAbsence: the words of a cluster that does not exist are believed only when the list
// has it no more; a missing role sounds the same.
func TestAbsence(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"A0006", "E0008", "G0004"} {
		inBubble(t, func(t *testing.T) {
			s := iks.New(iks.Options{})
			put(t, s, seed("there", "ng1"))
			time.Sleep(2 * youthOfClusters) //nolint:forbidigo // inside a synctest bubble
			h := newHandler(t, s)
			id := rawIDs(t, s)["there"]
			fault := providertest.Answer(404, `{"code":"`+code+`","description":"The specified cluster could not be found."}`)
			fault.Op, fault.Times = "getCluster", -1
			cancel := s.Inject(fault)
			iid := pmks.IID{NameId: "there", SystemId: id}
			if _, err := h.GetCluster(t.Context(), iid); pmks.CodeOf(err) != pmks.CodeUnavailable || !strings.Contains(err.Error(), "lists the cluster") {
				t.Errorf("%s: GetCluster: %v", code, err)
			}
			if err := pmks.Teardown(t.Context(), h, iid); err == nil {
				t.Errorf("%s: Teardown is over, and the cluster is there", code)
			}
			cancel()
			if err := pmks.Teardown(t.Context(), h, iid); err != nil {
				t.Errorf("%s: Teardown: %v", code, err)
			}
			if _, err := h.GetCluster(t.Context(), iid); pmks.CodeOf(err) != pmks.CodeNotFound {
				t.Errorf("%s: GetCluster of what is gone: %v", code, err)
			}
		})
	}
}

// TestLateLabels: a creation whose answer is lost, and whose label does not show yet, is
// neither sent again nor taken for somebody else's.
func TestLateLabels(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{Assumptions: iks.Assumptions{LabelsLate: true}})
		s.Inject(core.Fault{Op: "createCluster", Kind: core.FaultLoseReply, Times: 1})
		_, err := newHandler(t, s).CreateCluster(t.Context(), bench.SampleRequest("late"))
		if err != nil && !asError(t, err).MayHaveHappened || s.Count("createCluster") != 1 {
			t.Errorf("after %d requests: %v", s.Count("createCluster"), err)
		}
	})
}

// TestIgnored: a key pair has no meaning on IKS, which the group says from then on.
func TestIgnored(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		h := newHandler(t, iks.New(iks.Options{}))
		req := bench.SampleRequest("keyed")
		req.NodeGroupList[0].KeyPairIID = pmks.IID{NameId: "keypair-01"}
		made, err := h.CreateCluster(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		read, err := h.GetCluster(t.Context(), made.IId)
		if err != nil {
			t.Fatal(err)
		}
		for _, info := range []pmks.ClusterInfo{made, read} {
			if got, _ := pmks.Lookup(info.NodeGroupList[0].KeyValueList, pmks.KeyIgnored); got != "KeyPairIID" {
				t.Errorf("ignored is %q", got)
			}
		}
	})
}

// TestSecondary: what may not be read beside a cluster is named, and the rest is there.
func TestSecondary(t *testing.T) {
	t.Parallel()
	for op, want := range map[string]string{
		"getWorkers": "", "getSecurityGroups": "SecurityGroupIIDs(PermissionDenied)", "getKubeconfig": "Kubeconfig(PermissionDenied)",
	} {
		inBubble(t, func(t *testing.T) {
			s := iks.New(iks.Options{})
			put(t, s, seed("plain", "ng1"))
			s.Deny(op)
			info, err := newHandler(t, s).GetCluster(t.Context(), pmks.IID{NameId: "plain"})
			if err != nil || info.Status != pmks.ClusterActive || len(info.NodeGroupList) != 1 {
				t.Fatalf("%s: %+v, %v", op, info, err)
			}
			if got, _ := pmks.Lookup(info.KeyValueList, pmks.KeyUnread); got != want {
				t.Errorf("%s: unread is %q, want %q", op, got, want)
			}
			g := info.NodeGroupList[0]
			if got, _ := pmks.Lookup(g.KeyValueList, pmks.KeyUnread); op == "getWorkers" && (got != "Nodes(PermissionDenied),Version(PermissionDenied)" || g.DesiredNodeSize != 2 || g.StatusFinal) {
				t.Errorf("%s: unread is %q of %+v", op, got, g)
			}
		})
	}
}

// TestKubeconfigKinds: each kind stands alone, and that for the helper holds no secret.
func TestKubeconfigKinds(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]string{"admin": "client-key-data", "token": "token:", "exec": "command:"} {
		inBubble(t, func(t *testing.T) {
			s := iks.New(iks.Options{})
			put(t, s, seed("plain", "ng1"))
			cfg := configFor(s)
			cfg.KubeconfigKind = kind
			info, err := newHandlerWith(t, cfg).GetCluster(t.Context(), pmks.IID{NameId: "plain"})
			text := info.AccessInfo.Kubeconfig
			if err != nil || !strings.Contains(text, want) || !strings.Contains(text, "certificate-authority-data") {
				t.Fatalf("%s: %v %v", kind, err, info.KeyValueList)
			}
			if (kind == "token") != !info.AccessInfo.ExpiresAt.IsZero() {
				t.Errorf("%s: it ends at %s", kind, info.AccessInfo.ExpiresAt)
			}
			if kind == "exec" && (!strings.Contains(text, "crn:v1:bluemix") || strings.Contains(text, iks.DefaultAPIKey)) {
				t.Errorf("%s: %s", kind, text)
			}
			if strings.Contains(text, "refresh") {
				t.Errorf("%s: the service's own file is handed on", kind)
			}
		})
	}
}

// TestUnknownWords: words of tomorrow are Inactive and not final, and a change is Busy.
func TestUnknownWords(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{})
		put(t, s, seed("plain", "ng1"))
		if err := s.Show("plain", iks.Shown{State: "hibernating"}); err != nil {
			t.Fatal(err)
		}
		h := newHandler(t, s)
		info, err := h.GetCluster(t.Context(), pmks.IID{NameId: "plain"})
		if err != nil || info.Status != pmks.ClusterInactive || info.StatusFinal || !strings.Contains(info.StatusReason, "hibernating") {
			t.Errorf("got %s %q, %v", info.Status, info.StatusReason, err)
		}
		if _, err := h.AddNodeGroup(t.Context(), pmks.IID{NameId: "plain"}, bench.SampleNodeGroup("x")); pmks.CodeOf(err) != pmks.CodeBusy {
			t.Errorf("AddNodeGroup: %v", err)
		}
	})
}

// TestToken_renewed: a token that a service refuses is replaced once, for all who carry it,
// and the request sent again; what was refused has not happened.
func TestToken_renewed(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := fleet(t, 1, 1, iks.Options{})
		h := newHandler(t, s)
		if _, err := h.ListIID(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.RevokeTokens()
		s.Reset()
		if ok, err := h.DeleteCluster(t.Context(), pmks.IID{NameId: "c000"}); err != nil || !ok {
			t.Errorf("DeleteCluster: %v", err)
		}
		if s.Count("token") != 1 || s.Count("deleteCluster") != 1 {
			t.Errorf("requests %v", s.Counts())
		}
	})
}

// TestCredentials: each way to give an identity, right and wrong.
func TestCredentials(t *testing.T) {
	s := iks.New(iks.Options{APIKeys: map[string]iks.APIKey{iks.DefaultAPIKey: {}, "locked-key": {Locked: true}}})
	for _, name := range []string{"IC_API_KEY", "IBMCLOUD_API_KEY", "KUBERNETES_SERVICE_API_APIKEY", "IBM_CREDENTIALS_FILE"} {
		t.Setenv(name, "") // puts back what was there
		if err := os.Unsetenv(name); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("HOME", t.TempDir())
	sound := func(testing.TB) ibm.Config {
		c := configFor(s)
		c.APIKey = ""
		return c
	}
	environment := func(name, value string) func(testing.TB, *ibm.Config) {
		return func(t testing.TB, _ *ibm.Config) { t.Setenv(name, value) }
	}
	providertest.Credentials(t, ibm.New, sound, []string{iks.DefaultAPIKey, "wrong-key-000", "locked-key"}, []providertest.Setup[ibm.Config]{
		{Name: "key", Change: func(c *ibm.Config) { c.APIKey = iks.DefaultAPIKey }},
		{Name: "ic-api-key", Prepare: environment("IC_API_KEY", iks.DefaultAPIKey)},
		{Name: "ibmcloud-api-key", Prepare: environment("IBMCLOUD_API_KEY", iks.DefaultAPIKey)},
		{Name: "vendors-chain", Prepare: environment("KUBERNETES_SERVICE_API_APIKEY", iks.DefaultAPIKey)},
		{Name: "none", Code: pmks.CodeUnauthenticated, Says: []string{"apiKey", "IC_API_KEY"}},
		{Name: "wrong", Change: func(c *ibm.Config) { c.APIKey = "wrong-key-000" }, Code: pmks.CodeUnauthenticated, Says: []string{"BXNIM0415E", "API key"}},
		{Name: "locked", Change: func(c *ibm.Config) { c.APIKey = "locked-key" }, Code: pmks.CodeUnauthenticated, Says: []string{"BXNIM"}},
	})
}
