// SPDX-License-Identifier: Apache-2.0

package aws_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/aws"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/eks"
)

// TestHandler_Capabilities compares what the provider publishes with what the
// profile, written by other hands, says of EKS.
func TestHandler_Capabilities(t *testing.T) { bench.Capabilities(t) }

// TestHandler_GenerateClusterToken lets the simulator check a token as the API
// server of a cluster does.
func TestHandler_GenerateClusterToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := fleet(t, 1, 0, eks.Options{})
		token, err := newHandler(t, s).GenerateClusterToken(t.Context(), pmks.IID{NameId: "c000"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.VerifyToken(token.Value, "c000"); err != nil {
			t.Errorf("the token is refused: %v", err)
		}
		if _, err := s.VerifyToken(token.Value, "other"); err == nil {
			t.Error("the token opens another cluster")
		}
		time.Sleep(time.Until(token.ExpiresAt) - time.Second) //nolint:forbidigo // inside a synctest bubble
		if _, err := s.VerifyToken(token.Value, "c000"); err != nil {
			t.Errorf("the token is refused a second before its end: %v", err)
		}
	})
}

// TestHandler_Sweep: what the provider creates goes with its owner.
func TestHandler_Sweep(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := fleet(t, 1, 0, eks.Options{})
		h := newHandler(t, s)
		cluster, group := pmks.IID{NameId: "c000"}, pmks.IID{NameId: "disk"}
		if _, err := h.AddNodeGroup(t.Context(), cluster, bench.SampleNodeGroup("disk")); err != nil {
			t.Fatal(err)
		}
		if _, err := pmks.WaitNodeGroupActive(t.Context(), h, cluster, group); err != nil {
			t.Fatal(err)
		}
		if err := h.Sweep(t.Context(), cluster); err != nil || len(s.Templates()) != 1 {
			t.Fatalf("the template of a living group: %v, %v", s.Templates(), err)
		}
		if _, err := h.RemoveNodeGroup(t.Context(), cluster, group); err != nil {
			t.Fatal(err)
		}
		if err := pmks.WaitNodeGroupDeleted(t.Context(), h, cluster, group); err != nil {
			t.Fatal(err)
		}
		if err := h.Sweep(t.Context(), cluster); err != nil || len(s.Templates()) != 0 {
			t.Errorf("the template of a removed group: %v, %v", s.Templates(), err)
		}
	})
}

// TestHandler_TemplateOfARefusedGroup: a refused node group leaves nothing behind.
func TestHandler_TemplateOfARefusedGroup(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := fleet(t, 1, 0, eks.Options{})
		s.Inject(core.Fault{Op: "CreateNodegroup", Kind: core.FaultRefuse, Code: pmks.CodeQuotaExceeded})
		_, err := newHandler(t, s).AddNodeGroup(t.Context(), pmks.IID{NameId: "c000"}, bench.SampleNodeGroup("disk"))
		if !errors.Is(err, pmks.ErrQuotaExceeded) || len(s.Templates()) != 0 {
			t.Errorf("%v, templates %v", err, s.Templates())
		}
	})
}

// TestHandler_CreateRoles: the explicit helper makes what the defaults name, and
// the first create waits until IAM has spread it.
func TestHandler_CreateRoles(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		resources := eks.DefaultResources("us-east-2")
		resources.Roles = nil
		h := newHandler(t, eks.New(eks.Options{Resources: &resources}))
		req := bench.CreateRequest("roles")
		_, err := h.CreateCluster(t.Context(), req)
		if !errors.Is(err, pmks.ErrFailedPrecondition) || !strings.Contains(err.Error(), aws.DefaultClusterRole) || !strings.Contains(err.Error(), "CreateRoles") {
			t.Fatalf("without roles: %v", err)
		}
		for range 2 { // a second time it finds everything there
			if err := h.CreateRoles(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := h.CreateCluster(t.Context(), req); err != nil {
			t.Errorf("with roles: %v", err)
		}
	})
}

// TestHandler_assumptions runs what no source settles both ways.
func TestHandler_assumptions(t *testing.T) {
	t.Parallel()
	for i, choice := range []eks.Assumptions{
		{}, {RepeatedDeletionOK: true}, {MaxSecurityGroups: 5}, {UpdateDegraded: true}, {NodeGroupsMayLag: true},
		{TagOnlyActive: true}, {UnknownInstanceTypeRefused: true}, {RestoreDiscoveryTags: true}, {LaunchTemplateNotWatched: true},
	} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := newHandler(t, eks.New(eks.Options{Assumptions: choice}))
				req := bench.SampleRequest("either")
				req.Version = "1.33"
				info, err := pmks.Provision(t.Context(), h, req)
				if err != nil {
					t.Fatal(err)
				}
				if info, err = pmks.Upgrade(t.Context(), h, info.IId, "1.35"); err != nil || info.NodeGroupList[0].Version != "1.35" {
					t.Fatalf("Upgrade: %v", err)
				}
				if err := pmks.Teardown(t.Context(), h, info.IId); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// TestNew_BadConfig: each fault names its field, and nothing is sent.
func TestNew_BadConfig(t *testing.T) {
	t.Parallel()
	s := eks.New(eks.Options{})
	for _, test := range []struct {
		name, field string
		cfg         pmks.Config
	}{
		{"half-a-key", "Credentials", pmks.Config{Region: "us-east-2", Credentials: map[string]string{"accessKeyId": "AKIA"}}},
		{"token-without-key", "Credentials.sessionToken", pmks.Config{Region: "us-east-2", Credentials: map[string]string{"sessionToken": "t"}}},
		{"bad-role", "Settings.nodeRole", pmks.Config{Region: "us-east-2", Settings: map[string]string{"nodeRole": "a role!"}}},
		{"role-of-another-partition", "Settings.nodeRole", pmks.Config{Region: "us-east-2", Settings: map[string]string{"nodeRole": "arn:aws-cn:iam::111122223333:role/nodes"}}},
		{"assumed-role-of-another-partition", "Settings.roleArn", pmks.Config{Region: "cn-north-1", Settings: map[string]string{"roleArn": "arn:aws:iam::111122223333:role/operator"}}},
		{"bad-duration", "Settings.pollInterval", pmks.Config{Region: "us-east-2", Settings: map[string]string{"pollInterval": "soon"}}},
		{"bad-word", "Settings.kubeconfigKind", pmks.Config{Region: "us-east-2", Settings: map[string]string{"kubeconfigKind": "paper"}}},
		{"unknown-setting", "Settings.colour", pmks.Config{Region: "us-east-2", Settings: map[string]string{"colour": "red"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.cfg.Transport = s.Transport()
			_, err := pmks.Open(t.Context(), aws.Name, test.cfg)
			var e *pmks.Error
			if !errors.As(err, &e) || e.Code != pmks.CodeInvalidArgument || e.Field != test.field {
				t.Errorf("got %v, want InvalidArgument of %s", err, test.field)
			}
		})
	}
	if n := s.Count(""); n != 0 {
		t.Errorf("%d calls were made", n)
	}
}
