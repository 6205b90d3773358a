// SPDX-License-Identifier: Apache-2.0

package eks

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"go.uber.org/goleak"

	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a server with the vendor's own clients in front of it.
type world struct {
	*Server
	clock *wiretest.Clock
	eks   *eks.Client
	ec2   *ec2.Client
	iam   *iam.Client
	sts   *sts.Client
	asg   *autoscaling.Client
	cfg   aws.Config
	t     *testing.T
}

// newWorld starts a server on a clock of its own. The SDK signs with the real
// clock, so its requests are signed again by that of the test.
func newWorld(t *testing.T, change ...func(*Options)) *world {
	t.Helper()
	o := Options{Seed: 1, RolePropagation: -1}
	c := wiretest.NewClock()
	o.Now = c.Now
	for _, f := range change {
		f(&o)
	}
	s := New(o)
	w := &world{Server: s, clock: c}
	w.connect(t, credentials.NewStaticCredentialsProvider(DefaultAccessKey, DefaultSecret, ""))
	return w
}

// bubbleWorld is newWorld on the clock of the bubble that it is called in. The clients
// sign with the time of its start.
func bubbleWorld(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, func(o *Options) { o.Now = nil })
	w.clock.Add(time.Since(w.clock.Now()))
	return w
}

// connect makes clients with these credentials. The configuration is made by hand,
// so that nothing in the environment of the test changes it.
func (w *world) connect(t *testing.T, keys aws.CredentialsProvider, change ...func(*aws.Config)) {
	t.Helper()
	cfg := aws.Config{
		Region:           w.region,
		Credentials:      keys,
		HTTPClient:       &http.Client{Transport: w.Transport()},
		RetryMaxAttempts: 1,
	}
	for _, f := range change {
		f(&cfg)
	}
	w.cfg = cfg
	signer := atTime{w.clock}
	w.eks = eks.NewFromConfig(cfg, func(o *eks.Options) { o.HTTPSignerV4 = signer })
	w.ec2 = ec2.NewFromConfig(cfg, func(o *ec2.Options) { o.HTTPSignerV4 = signer })
	w.iam = iam.NewFromConfig(cfg, func(o *iam.Options) { o.HTTPSignerV4 = signer })
	w.sts = sts.NewFromConfig(cfg, func(o *sts.Options) { o.HTTPSignerV4 = signer })
	w.asg = autoscaling.NewFromConfig(cfg, func(o *autoscaling.Options) { o.HTTPSignerV4 = signer })
}

func httpClient(next http.RoundTripper) *http.Client { return &http.Client{Transport: next} }

// pass lets every operation that is under way end.
func (w *world) pass() { w.clock.Pass() }

// clusterInput is a request that is accepted.
func (w *world) clusterInput(name string) *eks.CreateClusterInput {
	return clusterInput(w.Server, name)
}

// createCluster makes a cluster and lets it become active.
func (w *world) createCluster(t *testing.T, name string) {
	t.Helper()
	wiretest.OK(w.eks.CreateCluster(t.Context(), w.clusterInput(name)))(t)
	w.pass()
}

// createGroup makes a node group and lets it become active.
func (w *world) createGroup(t *testing.T, cluster, name string) {
	t.Helper()
	wiretest.OK(w.eks.CreateNodegroup(t.Context(), groupInput(w.Server, cluster, name)))(t)
	w.pass()
}

// refusal is what a test looks at of an error.
type refusal struct {
	code   string
	status int
}

func refusalOf(err error) refusal {
	var api smithy.APIError
	var response *smithyhttp.ResponseError
	r := refusal{}
	if errors.As(err, &api) {
		r.code = api.ErrorCode()
	}
	if errors.As(err, &response) {
		r.status = response.HTTPStatusCode()
	}
	return r
}

// state reads the status of a cluster.
func (w *world) state(ctx context.Context, t *testing.T, name string) string {
	t.Helper()
	out, err := w.eks.DescribeCluster(ctx, &eks.DescribeClusterInput{Name: &name})
	if err != nil {
		return refusalOf(err).code
	}
	return string(out.Cluster.Status)
}

func offered(t *testing.T) []string {
	t.Helper()
	p, ok := profile.Get("aws")
	if !ok {
		t.Fatal("there is no profile aws")
	}
	return p.OfferedNames()
}

// listen puts a loopback listener between the clients and the server.
func (w *world) listen(t *testing.T, secure bool) {
	t.Helper()
	l, transport := wiretest.Listen(t, w.Listen, secure)
	w.connect(t, credentials.NewStaticCredentialsProvider(DefaultAccessKey, DefaultSecret, ""),
		func(c *aws.Config) { c.HTTPClient, c.BaseEndpoint = httpClient(transport), aws.String(l.URL()) })
}
