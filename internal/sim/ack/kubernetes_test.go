// SPDX-License-Identifier: Apache-2.0

package ack

import (
	"regexp"
	"testing"
	"time"

	"github.com/pmks-go/pmks/internal/sim/kubeapi"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// TestServer_Kubernetes: a kubeconfig opens the cluster until it ends, and the nodes are
// those of the node pools.
func TestServer_Kubernetes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.Kubernetes = kubeapi.InProcess })
	defer w.CloseKubernetes()
	id := w.create("demo")
	w.addPool(id, "ng1")
	config := w.want(w.roa("GET", "/k8s/"+id+"/user_config?TemporaryDurationMinutes=15", nil), "200").text("config")
	k := wiretest.KubernetesOf(t, w.DialKubernetes, config)
	if got, want := k.WhoAmI(), "uid-"+DefaultAccountID; got != want {
		t.Errorf("the certificate is that of %s, want %s", got, want)
	}
	want := regexp.MustCompile(`^(\S+)\.10\.\S+ (\S+)\.i-\w{20} v\S+-aliyun\.1 alibabacloud\.com/nodepool-id=np\w+$`)
	nodes := k.Nodes("alibabacloud.com/nodepool-id")
	if len(nodes) == 0 || !want.MatchString(nodes[0]) {
		t.Errorf("the nodes are %q", nodes)
	}
	w.clock.Add(15*time.Minute + time.Second)
	if got := k.WhoAmI(); got != "401" {
		t.Errorf("an old certificate opens it: %s", got)
	}
}
