// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v8"
	"go.yaml.in/yaml/v2"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// TestServer_power: a stopped cluster has no machines and is not written to.
func TestServer_power(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create(t, "a")
	ctx := t.Context()
	check(t, wiretest.Err(w.clusters.BeginStart(ctx, testGroup, "a", nil)), notAllowed4, "")
	wiretest.OK(w.clusters.BeginStop(ctx, testGroup, "a", nil))(t)
	if got, pool := w.states(t, "a"), *w.getPool(t, "a", "ng1").Properties.ProvisioningState; got != "Stopping/Running" || pool != "Stopping" {
		t.Errorf("during the stop: %s, the pool %s", got, pool)
	}
	check(t, wiretest.Err(w.clusters.BeginStop(ctx, testGroup, "a", nil)), busy, "")
	w.pass()
	p := w.getPool(t, "a", "ng1").Properties
	if *p.ProvisioningState != "Succeeded" || *p.PowerState.Code != armcontainerservice.CodeStopped || *p.Count != 2 {
		t.Errorf("the stopped pool:\n%s", wiretest.JSON(t, p))
	}
	w.checkMachines(t, "a", "ng1", 0)
	check(t, wiretest.Err(w.clusters.BeginUpdateTags(ctx, testGroup, "a", armcontainerservice.TagsObject{}, nil)), notAllowed4, "")
	wiretest.OK(w.clusters.BeginStart(ctx, testGroup, "a", nil))(t)
	if got := w.states(t, "a"); got != "Starting/Stopped" {
		t.Errorf("during the start: %s", got)
	}
	w.pass()
	w.checkMachines(t, "a", "ng1", 2)
	wiretest.OK(w.clusters.BeginDelete(ctx, testGroup, "a", nil))(t)
	check(t, wiretest.Err(w.clusters.BeginStart(ctx, testGroup, "a", nil)), busy, "")
}

// TestServer_abort: an aborted operation leaves Canceled, which a write mends.
func TestServer_abort(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		begin func(context.Context, *world) error
	}{
		{"creation", func(ctx context.Context, w *world) error {
			return wiretest.Err(w.clusters.BeginCreateOrUpdate(ctx, testGroup, "b", clusterInput(), nil))
		}},
		{"tags", func(ctx context.Context, w *world) error {
			return wiretest.Err(w.clusters.BeginUpdateTags(ctx, testGroup, "a", armcontainerservice.TagsObject{}, nil))
		}},
		{"upgrade", func(ctx context.Context, w *world) error {
			in := clusterInput()
			in.Properties.KubernetesVersion, in.Properties.AgentPoolProfiles[0].OrchestratorVersion = new("1.35.1"), new("1.35.1")
			return wiretest.Err(w.clusters.BeginCreateOrUpdate(ctx, testGroup, "a", in, nil))
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.create(t, "a")
			name := "a"
			if test.name == "creation" {
				name = "b"
			}
			check(t, wiretest.Err(w.clusters.BeginAbortLatestOperation(t.Context(), testGroup, "a", nil)), busy, "")
			begun := capture(t, func(ctx context.Context) error { return test.begin(ctx, w) })
			wiretest.OK(w.clusters.BeginAbortLatestOperation(t.Context(), testGroup, name, nil))(t)
			if got := w.states(t, name); got != "Canceling/Running" {
				t.Errorf("during the abort: %s", got)
			}
			w.checkOperation(t, begun, "Canceled", "AKSOperationPreempted")
			w.pass()
			got := w.get(t, name)
			if *got.Properties.ProvisioningState != "Canceled" || *got.Properties.Status.ProvisioningError.Code != "OperationAborted" || *got.Properties.CurrentKubernetesVersion != "1.34.4" {
				t.Errorf("after the abort:\n%s", wiretest.JSON(t, got))
			}
			wiretest.OK(w.clusters.BeginCreateOrUpdate(t.Context(), testGroup, name, *got, nil))(t)
			w.pass()
			if got := w.states(t, name); got != "Succeeded/Running" {
				t.Errorf("after another write: %s", got)
			}
			if got := *w.getPool(t, name, "ng1").Properties.ProvisioningState; got != "Succeeded" {
				t.Errorf("after another write the pool is %s", got)
			}
		})
	}
}

func TestServer_versions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create(t, "a")
	ctx := t.Context()
	list := wiretest.OK(w.clusters.ListKubernetesVersions(ctx, "koreacentral", nil))(t)
	azure, _ := profile.Get("azure")
	var names []string
	for _, v := range list.Values {
		if v.IsDefault != nil && *v.IsDefault != (*v.Version == minorOf(azure.Default())) {
			t.Errorf("%s is the default", *v.Version)
		}
		if preview := v.IsPreview != nil && *v.IsPreview; preview || len(v.Capabilities.SupportPlan) == 1 {
			continue // neither is for everyone
		}
		for name := range v.PatchVersions {
			names = append(names, name)
		}
	}
	want := azure.OfferedNames()
	slices.Sort(names)
	slices.Sort(want)
	if !slices.Equal(names, want) {
		t.Errorf("got %v, want %v", names, want)
	}
	profile := wiretest.OK(w.clusters.GetUpgradeProfile(ctx, testGroup, "a", nil))(t)
	var targets []string
	for _, u := range profile.Properties.ControlPlaneProfile.Upgrades {
		targets = append(targets, *u.KubernetesVersion)
	}
	if !slices.Equal(targets, []string{"1.35.1", "1.35.4"}) || len(profile.Properties.AgentPoolProfiles) != 1 {
		t.Errorf("the upgrade profile:\n%s", wiretest.JSON(t, profile))
	}
	pools := wiretest.OK(w.pools.GetAvailableAgentPoolVersions(ctx, testGroup, "a", nil))(t)
	names = nil
	for _, v := range pools.Properties.AgentPoolVersions {
		names = append(names, *v.KubernetesVersion)
	}
	if !slices.Equal(names, []string{"1.34.4", "1.34.2", "1.33.6", "1.33.2"}) {
		t.Errorf("pools may have %v", names)
	}
}

// TestServer_versionAlias: asking for the minor that runs changes nothing, and a
// failed upgrade can be tried again.
func TestServer_versionAlias(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	wiretest.Must(t, w.Put(core.Seed{Name: "a", Version: "1.33.2"}))
	put := func(version string, pools bool) {
		t.Helper()
		in := w.get(t, "a")
		in.Properties.KubernetesVersion = &version
		if pools {
			in.Properties.AgentPoolProfiles[0].OrchestratorVersion = &version
		}
		wiretest.OK(w.clusters.BeginCreateOrUpdate(t.Context(), testGroup, "a", *in, nil))(t)
		w.pass()
	}
	put("1.33", false)
	if got := w.get(t, "a").Properties; *got.CurrentKubernetesVersion != "1.33.2" {
		t.Errorf("the alias has led to %s", *got.CurrentKubernetesVersion)
	}
	w.Inject(core.Fault{Op: "ManagedClusters_CreateOrUpdate", Kind: core.FaultFailLater, Reason: "X: y"})
	put("1.34.2", true)
	if got := w.get(t, "a").Properties; *got.CurrentKubernetesVersion != "1.33.2" || *got.KubernetesVersion != "1.34.2" || *got.ProvisioningState != "Failed" {
		t.Errorf("after the failure:\n%s", wiretest.JSON(t, got))
	}
	put("1.34.2", true)
	if got := w.get(t, "a").Properties; *got.CurrentKubernetesVersion != "1.34.2" || *got.AgentPoolProfiles[0].CurrentOrchestratorVersion != "1.34.2" {
		t.Errorf("after the second try:\n%s", wiretest.JSON(t, got))
	}
}

// kubeconfig is what the tests read of one.
type kubeconfig struct {
	Clusters []struct {
		Cluster struct {
			Server    string `yaml:"server"`
			Authority string `yaml:"certificate-authority-data"`
		} `yaml:"cluster"`
	} `yaml:"clusters"`
	CurrentContext string `yaml:"current-context"`
	Users          []struct {
		Name string `yaml:"name"`
		User struct {
			Certificate string `yaml:"client-certificate-data"`
			Key         string `yaml:"client-key-data"`
			Token       string `yaml:"token"`
			Exec        struct {
				Command string   `yaml:"command"`
				Args    []string `yaml:"args"`
			} `yaml:"exec"`
			Provider struct {
				Name string `yaml:"name"`
			} `yaml:"auth-provider"`
		} `yaml:"user"`
	} `yaml:"users"`
}

func readKubeconfig(t *testing.T, list []*armcontainerservice.CredentialResult) (k kubeconfig) {
	t.Helper()
	if len(list) != 1 {
		t.Fatalf("there are %d kubeconfigs", len(list))
	}
	wiretest.Must(t, yaml.UnmarshalStrict(bytes.ReplaceAll(list[0].Value, []byte("\t"), []byte(" ")), new(yaml.MapSlice)))
	wiretest.Must(t, yaml.Unmarshal(list[0].Value, &k))
	return k
}

func TestServer_credentials(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, attr := range map[string]map[string]string{
		"plain": nil, "entra": {AttrEntra: "1"}, "closed": {AttrEntra: "1", AttrNoLocalAccounts: "1"}, "nobody": {AttrNoLocalAccounts: "1"},
		"inside": {AttrPrivate: "1"},
	} {
		wiretest.Must(t, w.Put(core.Seed{Name: name, Attr: attr}))
	}
	ctx := t.Context()
	admin := wiretest.OK(w.clusters.ListClusterAdminCredentials(ctx, testGroup, "plain", nil))(t)
	k := readKubeconfig(t, admin.Kubeconfigs)
	if *admin.Kubeconfigs[0].Name != "clusterAdmin" || k.CurrentContext != "plain" || k.Users[0].Name != "clusterAdmin_pmks_plain" || k.Users[0].User.Token != "" {
		t.Errorf("the kubeconfig:\n%s", admin.Kubeconfigs[0].Value)
	}
	if got, want := k.Clusters[0].Cluster.Server, "https://"+*w.get(t, "plain").Properties.Fqdn+":443"; got != want {
		t.Errorf("the server is %s, want %s", got, want)
	}
	checkChain(t, k)
	again, err := w.clusters.ListClusterAdminCredentials(ctx, testGroup, "plain", nil)
	if err != nil || !bytes.Equal(again.Kubeconfigs[0].Value, admin.Kubeconfigs[0].Value) {
		t.Errorf("the second kubeconfig differs: %v", err)
	}
	user := wiretest.OK(w.clusters.ListClusterUserCredentials(ctx, testGroup, "entra", nil))(t)
	if e := readKubeconfig(t, user.Kubeconfigs).Users[0].User; e.Exec.Command != "kubelogin" || !slices.Contains(e.Exec.Args, KubernetesAudience) || e.Key != "" {
		t.Errorf("the kubeconfig:\n%s", user.Kubeconfigs[0].Value)
	}
	format := armcontainerservice.FormatAzure
	user, err = w.clusters.ListClusterUserCredentials(ctx, testGroup, "entra", &armcontainerservice.ManagedClustersClientListClusterUserCredentialsOptions{Format: &format})
	if err != nil || readKubeconfig(t, user.Kubeconfigs).Users[0].User.Provider.Name != "azure" {
		t.Errorf("the old format: %v", err)
	}
	if user, err = w.clusters.ListClusterUserCredentials(ctx, testGroup, "plain", nil); err != nil || *user.Kubeconfigs[0].Name != "clusterUser" {
		t.Errorf("of a user: %v", err)
	}
	if p := w.get(t, "inside").Properties; p.Fqdn != nil || p.PrivateFQDN == nil {
		t.Errorf("a private cluster shows:\n%s", wiretest.JSON(t, p))
	}
	for what, err := range map[string]error{
		"admin-closed": wiretest.Err(w.clusters.ListClusterAdminCredentials(ctx, testGroup, "closed", nil)),
		"user-nobody":  wiretest.Err(w.clusters.ListClusterUserCredentials(ctx, testGroup, "nobody", nil)),
		"public": wiretest.Err(w.clusters.ListClusterAdminCredentials(ctx, testGroup, "inside",
			&armcontainerservice.ManagedClustersClientListClusterAdminCredentialsOptions{ServerFqdn: new("public")})),
	} {
		if got := refusalOf(err); got != (refusal{400, "BadRequest"}) {
			t.Errorf("%s: got %v: %v", what, got, err)
		}
	}
	if wiretest.Err(w.clusters.ListClusterUserCredentials(ctx, testGroup, "closed", nil)) != nil {
		t.Error("a user of Entra gets no kubeconfig of a cluster without local accounts")
	}
}

// checkChain checks that the client certificate is of the authority and fits its
// key.
func checkChain(t *testing.T, k kubeconfig) {
	t.Helper()
	decode := func(s string) []byte {
		data := wiretest.OK(base64.StdEncoding.DecodeString(s))(t)
		return data
	}
	pair := wiretest.OK(tls.X509KeyPair(decode(k.Users[0].User.Certificate), decode(k.Users[0].User.Key)))(t)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(decode(k.Clusters[0].Cluster.Authority))
	options := x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	if _, err := pair.Leaf.Verify(options); err != nil || pair.Leaf.Subject.Organization[0] != "system:masters" {
		t.Errorf("the client certificate: %v", err)
	}
}

// TestServer_operationResult: the Location of a deletion answers 202 until it is
// over.
func TestServer_operationResult(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create(t, "a")
	deleted := capture(t, func(ctx context.Context) error { return wiretest.Err(w.clusters.BeginDelete(ctx, testGroup, "a", nil)) })
	target := strings.TrimPrefix(deleted.Header.Get("Location"), simURL)
	for _, want := range []int{http.StatusAccepted, http.StatusNoContent} {
		if got, body := w.send(t, http.MethodGet, target, "", "Authorization", "Bearer "+w.bearer(t, armScope)); got.StatusCode != want {
			t.Errorf("got %s: %s, want %d", got.Status, body, want)
		}
		w.clock.Add(time.Hour)
	}
	target = strings.Replace(target, "operationresults/", "operationresults/x", 1)
	if got, body := w.send(t, http.MethodGet, target, "", "Authorization", "Bearer "+w.bearer(t, armScope)); got.StatusCode != http.StatusNotFound {
		t.Errorf("of no operation: %s: %s", got.Status, body)
	}
}
