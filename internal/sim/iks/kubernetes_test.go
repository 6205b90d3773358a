// SPDX-License-Identifier: Apache-2.0

package iks

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pmks-go/pmks/internal/sim/kubeapi"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// TestServer_Kubernetes: an administrator's certificate opens the cluster, and so do
// tokens of IAM, whose holder may do nothing until the roles are there; the nodes are
// the workers, and the ConfigMap of the autoscaler is that of the other way.
func TestServer_Kubernetes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.Kubernetes = kubeapi.InProcess })
	defer w.CloseKubernetes()
	id := w.active(t, "demo")
	k := wiretest.KubernetesOf(t, w.DialKubernetes, string(w.get(t, "/v2/getKubeconfig?format=yaml&admin=true&cluster="+id).want(t, 200).body))
	if got := k.WhoAmI(); got != id+"-admin" {
		t.Errorf("the certificate is that of %s", got)
	}
	want := regexp.MustCompile(`^10\.\S+ ibm://` + DefaultAccount + `///` + id + `/kube-\S+ v1\.\S+\+IKS ibm-cloud\.kubernetes\.io/worker-pool-name=\S+$`)
	if nodes := k.Nodes("ibm-cloud.kubernetes.io/worker-pool-name"); len(nodes) == 0 || !want.MatchString(nodes[0]) {
		t.Errorf("the nodes are %q", nodes)
	}
	w.post(t, "/v2/setWorkerPoolTaints", m{"cluster": id, "workerpool": "ng1", "taints": m{"team": "a:NoSchedule"}}).want(t, 204)
	if status, list := k.Get("/api/v1/nodes", "items"); status != 200 || !strings.Contains(toJSON(t, list), `"taints":[{"effect":"NoSchedule","key":"team","value":"a"}]`) {
		t.Errorf("the nodes do not have the taints of their pool: %d", status)
	}
	w.Mu.Lock()
	of := claims{ID: "IBMid-1", IAMID: "IBMid-1", Subject: "someone", Audience: clientKube, Account: accountClaim{true, w.account}, Expires: w.clock.Now().Add(time.Hour).Unix()}
	k.Certificate, k.Token = "", w.sign(of)
	w.Mu.Unlock()
	if got := k.WhoAmI(); got != "IAM#someone" {
		t.Errorf("the token is that of %s", got)
	}
	if status, message := k.Get("/api/v1/nodes", "message"); status != 403 {
		t.Errorf("without roles: %d %v", status, message)
	}
	w.Mu.Lock()
	w.clusters[id].synced[of.identity().id] = w.clock.Now()
	w.clusters[id].config = w.newConfigMap(w.clock.Now())
	w.Mu.Unlock()
	if status, message := k.Get("/api/v1/nodes", "message"); status != 200 {
		t.Errorf("with roles: %d %v", status, message)
	}
	if status, expander := k.Get("/api/v1/namespaces/kube-system/configmaps/"+configName, "data", "expander"); status != 200 || expander != "random" {
		t.Errorf("the ConfigMap of the autoscaler: %d %v", status, expander)
	}
	w.clock.Add(time.Hour)
	if got := k.WhoAmI(); got != "401" {
		t.Errorf("an old token opens it: %s", got)
	}
}
