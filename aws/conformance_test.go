// SPDX-License-Identifier: Apache-2.0

package aws_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/aws"
	"github.com/pmks-go/pmks/conformance"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/eks"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestConformance runs the suite against the EKS simulator, through the real SDK:
// in process in virtual time, bare and inside Client, and on a loopback listener
// whose hours are short.
func TestConformance(t *testing.T) {
	t.Parallel()
	t.Run("virtual/bare", func(t *testing.T) {
		t.Parallel()
		conformance.Run(t, conformance.Harness{Bubble: true, Open: func(t conformance.T) *conformance.Cloud {
			return virtual(t, func(h pmks.ClusterHandler) pmks.ClusterHandler { return h })
		}})
	})
	t.Run("virtual/client", func(t *testing.T) {
		t.Parallel()
		conformance.Run(t, conformance.Harness{Bubble: true, Open: func(t conformance.T) *conformance.Cloud {
			return virtual(t, func(h pmks.ClusterHandler) pmks.ClusterHandler { return pmks.New(h) })
		}})
	})
	t.Run("loopback", func(t *testing.T) {
		t.Parallel()
		conformance.Run(t, conformance.Harness{Open: loopback})
	})
}

// world is a simulated account with a handler on it.
type world struct {
	*eks.Server
	handler *aws.Handler
	logs    *providertest.Log
	// replyLost: replies of deletions that are lost now have been applied.
	mu        sync.Mutex
	replyLost bool
}

// configFor is the configuration of a handler on a simulator.
func configFor(s *eks.Server) aws.Config {
	return aws.Config{
		Region:          "us-east-2",
		AccessKeyID:     eks.DefaultAccessKey,
		SecretAccessKey: eks.DefaultSecret,
		Endpoint:        "https://eks.simulated",
		Transport:       s.Transport(),
	}
}

// fataler is what both *testing.T and conformance.T offer.
type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

func open(t interface {
	fataler
	conformance.T
}, s *eks.Server, change func(*aws.Config)) *world {
	t.Helper()
	w := &world{Server: s, logs: &providertest.Log{}}
	cfg := configFor(s)
	cfg.Logger = w.logs.Logger()
	if change != nil {
		change(&cfg)
	}
	h, err := aws.New(t.Context(), cfg)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	w.handler = h
	return w
}

func virtual(t conformance.T, wrap func(pmks.ClusterHandler) pmks.ClusterHandler) *conformance.Cloud {
	w := open(t, eks.New(eks.Options{}), nil)
	c := w.cloud(t, wrap, nil)
	c.Inject = w.inject
	// Time costs nothing here, but each look is many signed requests.
	c.Wait = []pmks.WaitOption{pmks.WithInterval(2 * time.Minute)}
	return c
}

// scale makes ten minutes of the cloud sixty milliseconds.
const scale = 1e-4

func loopback(t conformance.T) *conformance.Cloud {
	s := eks.New(eks.Options{Scale: scale})
	l, err := s.Listen("127.0.0.1:0", false)
	if err != nil {
		t.Fatalf("Listen: %v", err)
	}
	cleanup, ok := t.(interface{ Cleanup(func()) })
	if !ok {
		t.Fatalf("%T has no Cleanup", t)
	}
	cleanup.Cleanup(func() { _ = l.Close() })
	local := func(c *aws.Config) {
		c.Endpoint, c.Transport, c.PollInterval = l.URL(), nil, 5*time.Millisecond
	}
	w := open(t, s, local)
	c := w.cloud(t, func(h pmks.ClusterHandler) pmks.ClusterHandler { return h }, local)
	c.Wait = []pmks.WaitOption{pmks.WithInterval(5 * time.Millisecond), pmks.WithMaxWait(time.Minute)}
	c.Hurried = true
	return c
}

func (w *world) cloud(t conformance.T, wrap func(pmks.ClusterHandler) pmks.ClusterHandler, change func(*aws.Config)) *conformance.Cloud {
	p, _ := profile.Get("aws")
	return &conformance.Cloud{
		Handler:          wrap(w.handler),
		ClusterRequest:   p.SampleRequest,
		NodeGroupRequest: p.SampleNodeGroup,
		Secrets:          []string{eks.DefaultSecret},
		Reopen:           func() pmks.ClusterHandler { return wrap(open(t, w.Server, change).handler) },
		Logs:             w.logs.String,
		Mutations:        w.mutations,
		Put:              func(name string) error { return w.Put(core.Seed{Name: name}) },
		UniqueNames:      true,
		// Its discovery tags belong to EC2 Auto Scaling, which does not ask EKS.
		AutoScalingAnytime: true,
		OfflineTokens:      true,
		ForeignIDs:         w.foreignIDs,
		Unreadable:         w.unreadable,
		ListsWithout:       []conformance.Fact{conformance.Addons},
		ReasonCode:         "AsgInstanceLaunchFailures",
		Sent: func(op string) int {
			n := 0
			for _, request := range operations[op] {
				n += w.Count(request)
			}
			return n
		},
		Break: func(cluster, group pmks.IID, s conformance.State) error {
			switch s {
			case conformance.Failed:
				return w.Force(cluster.NameId, group.NameId, profile.CreateFailed, "Unspecified: broken by a test")
			case conformance.Vanished:
				return w.Force(cluster.NameId, group.NameId, profile.Gone, "")
			}
			return errors.ErrUnsupported
		},
		Attach:  func(cluster pmks.IID) error { return w.AttachFargateProfile(cluster.NameId, "batch-jobs") },
		Protect: func(cluster pmks.IID) error { return w.Server.Protect(cluster.NameId, true) },
		Unknown: func(field string) (pmks.IID, bool) {
			return map[string]pmks.IID{
				"Network.VpcIID":               {SystemId: "vpc-00000000000000000"},
				"Network.SubnetIIDs[0]":        {SystemId: "subnet-00000000000000000"},
				"Network.SecurityGroupIIDs[0]": {SystemId: "sg-00000000000000000"},
				"KeyPairIID":                   {NameId: "no-such-key"},
			}[field], true
		},
	}
}

// operations are the calls that a method of the handler makes to change
// something, in the words of AWS.
var operations = map[string][]string{
	"AddNodeGroup":            {"CreateNodegroup"},
	"ChangeNodeGroupScaling":  {"UpdateNodegroupConfig"},
	"CreateCluster":           {"CreateCluster"},
	"DeleteCluster":           {"DeleteCluster"},
	"GetCluster":              {"DescribeCluster", "DescribeNodegroup"},
	"RemoveNodeGroup":         {"DeleteNodegroup"},
	"SetNodeGroupAutoScaling": {"CreateOrUpdateTags"},
	"UpgradeCluster":          {"UpdateClusterVersion"},
	"":                        {""},
}

func (w *world) inject(f conformance.Fault) func() {
	fault := core.Fault{Cluster: f.Cluster, Times: f.Times}
	switch f.Kind {
	case conformance.Throttle:
		// The SDK tries three times in all; the cloud keeps throttling.
		fault.Kind, fault.Times = core.FaultThrottle, -1
	case conformance.LoseRequest:
		fault.Kind = core.FaultLoseRequest
	case conformance.LoseReply:
		fault.Kind = core.FaultLoseReply
	case conformance.Delay:
		fault.Kind, fault.Delay = core.FaultDelay, 10*time.Second
	case conformance.Unavailable:
		fault.Kind, fault.Code, fault.Times = core.FaultRefuse, pmks.CodeUnavailable, -1
	case conformance.FailLater:
		fault.Kind, fault.Reason = core.FaultFailLater, "AsgInstanceLaunchFailures: "+conformance.Reason
	case conformance.Stick:
		fault.Kind = core.FaultStick
	case conformance.Hang:
		fault.Kind = core.FaultHang
	case conformance.RefuseUnknown:
		fault.Kind, fault.Answer = core.FaultAnswer, misaligned(f.Op)
	}
	w.mu.Lock()
	w.replyLost = f.Kind == conformance.LoseReply
	w.mu.Unlock()
	var cancels []func()
	for _, op := range operations[f.Op] {
		fault.Op = op
		cancels = append(cancels, w.Inject(fault))
	}
	return func() {
		for _, cancel := range cancels {
			cancel()
		}
	}
}

// misaligned is a refusal with a code that nobody knows, in the form of the service
// that a method's request goes to.
func misaligned(op string) *core.Answer {
	if op == "SetNodeGroupAutoScaling" {
		return &core.Answer{Status: 422, Header: map[string]string{"Content-Type": "text/xml"},
			Body: "<ErrorResponse><Error><Type>Sender</Type><Code>PlanetsMisaligned</Code><Message>Not today</Message></Error><RequestId>r-1</RequestId></ErrorResponse>"}
	}
	return &core.Answer{Status: 422, Header: map[string]string{"Content-Type": "application/json", "X-Amzn-ErrorType": "PlanetsMisalignedException"},
		Body: `{"message":"Not today"}`}
}

// foreignIDs are ARNs that differ from that of a real cluster or node group in one
// part each, or go on behind it.
func (w *world) foreignIDs(cluster, nodeGroup pmks.IID) []string {
	resource := "cluster/" + cluster.NameId
	list := []string{}
	if !nodeGroup.IsZero() {
		resource = "nodegroup/" + cluster.NameId + "/" + nodeGroup.NameId + "/11111111-2222-4333-8444-555555555555"
		list = append(list, arnOf("aws", "eks", "us-east-2", eks.DefaultAccountID, "nodegroup/another/"+nodeGroup.NameId+"/11111111-2222-4333-8444-555555555555"))
	}
	return append(list,
		arnOf("aws-cn", "eks", "us-east-2", eks.DefaultAccountID, resource),
		arnOf("aws", "ecs", "us-east-2", eks.DefaultAccountID, resource),
		arnOf("aws", "eks", "us-west-2", eks.DefaultAccountID, resource),
		arnOf("aws", "eks", "us-east-2", "210987654321", resource),
		arnOf("aws", "eks", "us-east-2", eks.DefaultAccountID, resource+"/more"),
		arnOf("aws", "eks", "us-east-2", eks.DefaultAccountID, "x"+resource),
	)
}

func arnOf(partition, service, region, account, resource string) string {
	return strings.Join([]string{"arn", partition, service, region, account, resource}, ":")
}

func (w *world) unreadable(fact conformance.Fact, cluster, nodeGroup pmks.IID, code pmks.Code) (cancel func(), err error) {
	fault := core.Fault{Kind: core.FaultRefuse, Code: code, Times: -1}
	switch {
	case fact == conformance.Nodes && nodeGroup.IsZero():
		fault.Op = "DescribeAutoScalingGroups"
	case fact == conformance.Addons:
		fault.Op, fault.Cluster = "ListAddons", cluster.NameId
	default: // a kubeconfig is made here; Auto Scaling tells of all groups at once
		return nil, errors.ErrUnsupported
	}
	return w.Inject(fault), nil
}

// lookedFor are the mutations whose effect is looked for when the reply is lost. The
// others carry a token, so that the same request follows, and its answer.
var lookedFor = []string{"CreateCluster", "CreateNodegroup", "DeleteCluster", "DeleteNodegroup"}

var mutating = append([]string{"UpdateClusterVersion", "UpdateNodegroupConfig",
	"UpdateNodegroupVersion", "TagResource", "CreateOrUpdateTags", "DeleteTags"}, lookedFor...)

// mutations counts what has changed something. Launch templates are counted on
// their own: they come and go with node groups.
func (w *world) mutations() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, call := range w.Calls() {
		switch {
		case !slices.Contains(mutating, call.Op):
		case call.Status == 200:
			n++
		case call.Lost && w.replyLost && slices.Contains(lookedFor, call.Op):
			n++
		}
	}
	return n
}
