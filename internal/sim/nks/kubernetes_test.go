// SPDX-License-Identifier: Apache-2.0

package nks

import (
	"crypto/x509"
	"errors"
	"net/http"
	"regexp"
	"testing"

	"github.com/pmks-go/pmks/internal/sim/kubeapi"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// TestServer_Kubernetes: a kubeconfig opens the cluster until its certificates are
// renewed, and the nodes are those of the groups.
func TestServer_Kubernetes(t *testing.T) {
	t.Parallel()
	for _, kept := range []bool{false, true} {
		w := newWorld(t, func(o *Options) { o.Kubernetes, o.Assumptions.AuthorityKept = kubeapi.InProcess, kept })
		defer w.CloseKubernetes()
		path := w.create(t, "demo")
		w.pass()
		w.login(t, DefaultUser, DefaultPassword) // a day has passed
		config := func() wiretest.Kubernetes {
			return wiretest.KubernetesOf(t, w.DialKubernetes, text(w.get(t, path+"/config")["config"]))
		}
		old := config()
		if got := old.WhoAmI(); got != "admin" {
			t.Errorf("the certificate is that of %s", got)
		}
		want := regexp.MustCompile(`^demo-\S+ openstack:///[0-9a-f-]{36} v1\.\S+ magnum\.openstack\.org/nodegroup=default-worker$`)
		if nodes := old.Nodes("magnum.openstack.org/nodegroup"); len(nodes) == 0 || !want.MatchString(nodes[0]) {
			t.Errorf("the nodes are %q", nodes)
		}
		w.change(t, http.MethodPatch, "/v1/certificates/demo", object{"term_of_validity": 1})
		w.pass()
		w.login(t, DefaultUser, DefaultPassword) // a day has passed
		var unknown x509.UnknownAuthorityError
		if err := old.Unreachable(); errors.As(err, &unknown) == kept {
			t.Errorf("authority kept %t: with the old kubeconfig it is %v", kept, err)
		}
		if got := config().WhoAmI(); got != "admin" {
			t.Errorf("the new certificate is that of %s", got)
		}
	}
}
