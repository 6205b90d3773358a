// SPDX-License-Identifier: Apache-2.0

package aws

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"

	"github.com/pmks-go/pmks"
)

func TestClusterTarget(t *testing.T) {
	t.Parallel()
	const own = "arn:aws:eks:us-east-2:123456789012:cluster/demo"
	for _, test := range []struct {
		name string
		iid  pmks.IID
		want string
	}{
		{"name", pmks.IID{NameId: "demo"}, "demo"},
		{"id-wins", pmks.IID{NameId: "other", SystemId: "demo"}, "demo"},
		{"arn", pmks.IID{SystemId: own}, "demo"},
		{"arn-as-a-name", pmks.IID{NameId: own}, "demo"},
		{"longest", pmks.IID{NameId: strings.Repeat("a", 100)}, strings.Repeat("a", 100)},
		{"too-long", pmks.IID{NameId: strings.Repeat("a", 101)}, ""},
		{"empty", pmks.IID{}, ""},
		{"path", pmks.IID{NameId: "../demo"}, ""},
		{"slash", pmks.IID{NameId: "a/b"}, ""},
		{"unicode", pmks.IID{NameId: "クラスタ"}, ""},
		{"question-mark", pmks.IID{NameId: "a?b"}, ""},
		{"other-partition", pmks.IID{SystemId: strings.Replace(own, "arn:aws:", "arn:aws-cn:", 1)}, ""},
		{"other-service", pmks.IID{SystemId: strings.Replace(own, ":eks:", ":ecs:", 1)}, ""},
		{"other-region", pmks.IID{SystemId: strings.Replace(own, "us-east-2", "us-east-1", 1)}, ""},
		{"more-behind-the-name", pmks.IID{SystemId: own + "/nodes"}, ""},
		{"more-behind-the-resource", pmks.IID{SystemId: own + ":1"}, ""},
		{"node-group", pmks.IID{SystemId: "arn:aws:eks:us-east-2:123456789012:nodegroup/demo/workers/9ec7-11"}, ""},
		{"cut-off", pmks.IID{SystemId: "arn:aws:eks:us-east-2"}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			h := &Handler{cfg: &Config{}, api: &clients{region: "us-east-2"}}
			got, err := h.clusterTarget(test.iid)
			if got.cluster != test.want || (err == nil) != (test.want != "") || err != nil && !errors.Is(err, pmks.ErrInvalidArgument) {
				t.Errorf("got %q, %v", got.cluster, err)
			}
			if err != nil && len(err.Error()) > 600 {
				t.Errorf("the message has %d bytes", len(err.Error()))
			}
		})
	}
}

// TestTarget_check: what is found under the name of an ARN is compared in the parts
// that the connection cannot know.
func TestTarget_check(t *testing.T) {
	t.Parallel()
	const cluster, group = "arn:aws:eks:us-east-2:123456789012:cluster/demo", "arn:aws:eks:us-east-2:123456789012:nodegroup/demo/workers/9ec7-11"
	for _, test := range []struct {
		name, cluster, group string
		clusterOK, groupOK   bool
	}{
		{"own", cluster, group, true, true},
		{"names", "demo", "workers", true, true},
		{"other-account", strings.Replace(cluster, "123456789012", "210987654321", 1), "workers", false, false},
		{"other-account-of-both", strings.Replace(cluster, "123456789012", "210987654321", 1), strings.Replace(group, "123456789012", "210987654321", 1), false, false},
		{"no-account", strings.Replace(cluster, "123456789012", "", 1), "workers", false, false},
		{"other-instance", cluster, strings.Replace(group, "9ec7", "aaaa", 1), true, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			h := &Handler{cfg: &Config{}, api: &clients{region: "us-east-2"}}
			got, err := h.nodegroupTarget(pmks.IID{SystemId: test.cluster}, pmks.IID{SystemId: test.group})
			if err != nil {
				t.Fatal(err)
			}
			if err := got.checkCluster(&types.Cluster{Arn: aws.String(cluster)}); (err == nil) != test.clusterOK || err != nil && !errors.Is(err, pmks.ErrInvalidArgument) {
				t.Errorf("the cluster: %v", err)
			}
			if err := got.checkNodegroup(&types.Nodegroup{NodegroupArn: aws.String(group)}); (err == nil) != test.groupOK || err != nil && !errors.Is(err, pmks.ErrInvalidArgument) {
				t.Errorf("the node group: %v", err)
			}
			if got.byARN() {
				// Without an ARN to compare with nothing is changed on a guess.
				if err := got.checkNodegroup(&types.Nodegroup{}); err == nil {
					t.Error("a node group without an ARN passes")
				}
			}
		})
	}
}

func TestPartition(t *testing.T) {
	t.Parallel()
	for region, want := range map[string]string{
		"us-east-2": "aws", "eu-central-1": "aws", "cn-north-1": "aws-cn", "us-gov-west-1": "aws-us-gov", "eusc-de-east-1": "aws-eusc",
		"us-iso-east-1": "aws-iso", "us-isob-east-1": "aws-iso-b", "eu-isoe-west-1": "aws-iso-e", "us-isof-south-1": "aws-iso-f",
	} {
		if got := partition(region); got != want {
			t.Errorf("%s is in %s, want %s", region, got, want)
		}
	}
}
