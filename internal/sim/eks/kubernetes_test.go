// SPDX-License-Identifier: Apache-2.0

package eks

import (
	"encoding/base64"
	"regexp"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks"

	"github.com/pmks-go/pmks/internal/sim/kubeapi"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// TestServer_Kubernetes: the API server of a cluster takes the tokens that are good for
// it, and its nodes follow the node groups.
func TestServer_Kubernetes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(o *Options) { o.Now, o.Kubernetes = nil, kubeapi.InProcess })
		defer w.CloseKubernetes()
		pass := func() {
			for {
				at, more := w.NextEvent()
				if !more {
					break
				}
				time.Sleep(time.Until(at)) //nolint:forbidigo // inside a synctest bubble
			}
			w.clock.Add(time.Since(w.clock.Now()))
		}
		pass()
		wiretest.OK(w.eks.CreateCluster(t.Context(), w.clusterInput("demo")))(t)
		pass()
		wiretest.OK(w.eks.CreateNodegroup(t.Context(), groupInput(w.Server, "demo", "ng1")))(t)
		pass()
		c := wiretest.OK(w.eks.DescribeCluster(t.Context(), &eks.DescribeClusterInput{Name: aws.String("demo")}))(t).Cluster
		token := func(cluster string) string {
			return tokenPrefix + base64.RawURLEncoding.EncodeToString([]byte(w.presign(t, cluster, "60")))
		}
		k := wiretest.Kubernetes{T: t, Dial: w.DialKubernetes, Server: *c.Endpoint, Authority: *c.CertificateAuthority.Data, Token: token("demo")}
		if got, want := k.WhoAmI(), "arn:aws:iam::123456789012:user/pmks"; got != want {
			t.Errorf("the token is that of %s, want %s", got, want)
		}
		nodes := k.Nodes("eks.amazonaws.com/nodegroup", "node.kubernetes.io/instance-type", "topology.kubernetes.io/region")
		want := regexp.MustCompile(`^ip-10-\d+-\d+-\d+\.us-east-2\.compute\.internal aws:///us-east-2[a-c]/i-0[0-9a-f]{16} v1\.34\.0-eks-0000000 ` +
			`eks\.amazonaws\.com/nodegroup=ng1 node\.kubernetes\.io/instance-type=\S+ topology\.kubernetes\.io/region=us-east-2$`)
		if len(nodes) != 2 || !want.MatchString(nodes[0]) || !want.MatchString(nodes[1]) {
			t.Errorf("the nodes are %q", nodes)
		}
		next := k.Watch()
		for range nodes {
			next()
		}
		wiretest.OK(w.eks.UpdateNodegroupConfig(t.Context(), &eks.UpdateNodegroupConfigInput{
			ClusterName: aws.String("demo"), NodegroupName: aws.String("ng1"), ScalingConfig: sizes(0, 5, 3),
		}))(t)
		if event := next(); len(event) < 6 || event[:6] != "ADDED " {
			t.Errorf("after the scaling: %q", event)
		}
		k.Token = token("other")
		if got := k.WhoAmI(); got != "401" {
			t.Errorf("a token for another cluster opens it: %s", got)
		}
		k.Token = token("demo")
		time.Sleep(15*time.Minute + time.Second) //nolint:forbidigo // inside a synctest bubble
		if got := k.WhoAmI(); got != "401" {
			t.Errorf("an old token opens it: %s", got)
		}
	})
}
