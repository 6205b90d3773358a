// SPDX-License-Identifier: Apache-2.0

package gke

import (
	"regexp"
	"testing"

	"github.com/pmks-go/pmks/internal/sim/kubeapi"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// TestServer_Kubernetes: an access token opens the cluster until it ends, if it is for
// the whole platform, and the nodes are the instances of the groups.
func TestServer_Kubernetes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.Kubernetes = kubeapi.InProcess })
	defer w.CloseKubernetes()
	w.create(t, "demo")
	w.pass()
	c := w.get(t, "demo")
	k := wiretest.Kubernetes{T: t, Dial: w.DialKubernetes, Server: "https://" + c.GetEndpoint(), Authority: c.GetMasterAuth().GetClusterCaCertificate(), Token: w.Token()}
	if got := k.WhoAmI(); got != ServiceAccountEmail {
		t.Errorf("the token is that of %s", got)
	}
	want := regexp.MustCompile(`^(gke-demo-\S+) gce://` + DefaultProject + `/\S+-a/gke-demo-\S+ v\S+-gke\.\d+ cloud\.google\.com/gke-nodepool=\S+$`)
	if nodes := k.Nodes("cloud.google.com/gke-nodepool"); len(nodes) == 0 || !want.MatchString(nodes[0]) {
		t.Errorf("the nodes are %q", nodes)
	}
	narrow := k
	narrow.Token = w.Token(scopeCompute)
	if got := narrow.WhoAmI(); got != "401" {
		t.Errorf("a token for Compute Engine alone opens it: %s", got)
	}
	w.clock.Add(tokenLife)
	if got := k.WhoAmI(); got != "401" {
		t.Errorf("an old token opens it: %s", got)
	}
}
