// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"regexp"
	"testing"
	"time"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/kubeapi"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// TestServer_Kubernetes: the client certificate of a kubeconfig and, where the cluster
// knows Entra, its tokens open the cluster, and the nodes are the machines of the pools.
func TestServer_Kubernetes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.Kubernetes = kubeapi.InProcess })
	defer w.CloseKubernetes()
	w.create(t, "demo")
	w.pass()
	out := wiretest.OK(w.clusters.ListClusterAdminCredentials(t.Context(), testGroup, "demo", nil))(t)
	k := wiretest.KubernetesOf(t, w.DialKubernetes, string(out.Kubeconfigs[0].Value))
	if got := k.WhoAmI(); got != "masterclient" {
		t.Errorf("the certificate is that of %s", got)
	}
	want := regexp.MustCompile(`^(aks-\w+-\d{8}-vmss\w{6}) azure:///subscriptions/\S+/virtualMachines/\d+ v1\.\S+ kubernetes\.azure\.com/agentpool=\w+$`)
	if nodes := k.Nodes("kubernetes.azure.com/agentpool"); len(nodes) == 0 || !want.MatchString(nodes[0]) {
		t.Errorf("the nodes are %q", nodes)
	}
	const scope = KubernetesAudience + "/.default"
	k.Certificate, k.Token = "", w.bearer(t, scope)
	if got := k.WhoAmI(); got != "401" {
		t.Errorf("a cluster that does not know Entra takes its token: %s", got)
	}
	wiretest.Must(t, w.Put(core.Seed{Name: "entra", Attr: map[string]string{AttrEntra: "yes"}}))
	out2 := wiretest.OK(w.clusters.ListClusterUserCredentials(t.Context(), testGroup, "entra", nil))(t)
	k = wiretest.KubernetesOf(t, w.DialKubernetes, string(out2.Kubeconfigs[0].Value))
	k.Certificate, k.Token = "", w.bearer(t, scope)
	if got := k.WhoAmI(); got != w.objectID(DefaultClientID) {
		t.Errorf("the token is that of %s", got)
	}
	arm := k
	arm.Token = w.bearer(t, armAudiences[0]+"/.default")
	if got := arm.WhoAmI(); got != "401" {
		t.Errorf("a token for Resource Manager opens it: %s", got)
	}
	w.clock.Add(76 * time.Minute)
	if got := k.WhoAmI(); got != "401" {
		t.Errorf("an old token opens it: %s", got)
	}
}
