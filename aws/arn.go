// SPDX-License-Identifier: Apache-2.0

package aws

import (
	"cmp"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/ident"
	"github.com/pmks-go/pmks/internal/refuse"
)

// target is a cluster, or a node group of one, as a caller names it. By an ARN it
// is one resource of one account; what lives here under the same name may be
// another, so the ARN is compared with that of what was read.
type target struct {
	cluster, nodegroup       string
	clusterARN, nodegroupARN *arn // nil: named by its name
}

// arn is an ARN of EKS. Its resource is cluster/NAME or nodegroup/CLUSTER/NAME/UUID.
type arn struct {
	text                                 string
	partition, service, region, account  string
	kind, cluster, nodegroup, instanceID string
}

// parseARN reads an ARN; nil for a text that does not begin like one.
func parseARN(field, text string) (*arn, error) {
	if !strings.HasPrefix(text, "arn:") {
		return nil, nil
	}
	parts := strings.SplitN(text, ":", 6)
	if len(parts) < 6 {
		return nil, refuse.Invalid(field, "%q is not a whole ARN", refuse.Clip(text))
	}
	a := &arn{text: text, partition: parts[1], service: parts[2], region: parts[3], account: parts[4]}
	switch path := strings.Split(parts[5], "/"); {
	case len(path) == 2 && path[0] == "cluster":
		a.kind, a.cluster = path[0], path[1]
	case len(path) == 4 && path[0] == "nodegroup":
		a.kind, a.cluster, a.nodegroup, a.instanceID = path[0], path[1], path[2], path[3]
	default:
		return nil, refuse.Invalid(field, "%q is the ARN of neither a cluster nor a node group", refuse.Clip(text))
	}
	return a, nil
}

// clusterTarget reads an IID that means a cluster.
func (h *Handler) clusterTarget(ref pmks.IID) (target, error) {
	name, a, err := h.resource("clusterIID", ref, "cluster", func(a *arn) string { return a.cluster })
	return target{cluster: name, clusterARN: a}, err
}

// nodegroupTarget reads two that mean a node group, and says all that is wrong.
func (h *Handler) nodegroupTarget(clusterIID, nodeGroupIID pmks.IID) (target, error) {
	t, clusterErr := h.clusterTarget(clusterIID)
	name, a, err := h.resource("nodeGroupIID", nodeGroupIID, "nodegroup", func(a *arn) string { return a.nodegroup })
	t.nodegroup, t.nodegroupARN = name, a
	if clusterErr == nil && err == nil && a != nil {
		parts := []ident.Part{{Name: "cluster", Got: a.cluster, Want: t.cluster}}
		if t.clusterARN != nil {
			parts = append(parts, ident.Part{Name: "account", Got: a.account, Want: t.clusterARN.account})
		}
		err = ident.Match("nodeGroupIID", a.text, parts...)
	}
	return t, errors.Join(clusterErr, err)
}

// resource returns the EKS name that an IID stands for, and its ARN where it is one.
func (h *Handler) resource(field string, ref pmks.IID, kind string, nameOf func(*arn) string) (string, *arn, error) {
	if err := pmks.CheckIID(field, ref); err != nil {
		return "", nil, err
	}
	name := cmp.Or(ref.SystemId, ref.NameId)
	a, err := parseARN(field, name)
	if err != nil {
		return "", nil, err
	}
	if a != nil {
		if err := ident.Match(field, a.text,
			ident.Part{Name: "partition", Got: a.partition, Want: partition(h.api.region)},
			ident.Part{Name: "service", Got: a.service, Want: "eks"},
			ident.Part{Name: "region", Got: a.region, Want: h.api.region},
			ident.Part{Name: "kind", Got: a.kind, Want: kind},
		); err != nil {
			return "", nil, err
		}
		name = nameOf(a)
	}
	if !namePattern.MatchString(name) || len(name) > capabilities.ClusterName.MaxLength {
		return "", nil, refuse.Invalid(field, "%q is not a name that EKS can have", refuse.Clip(name))
	}
	return name, a, nil
}

// byARN reports whether what is found must be compared.
func (t target) byARN() bool { return t.clusterARN != nil || t.nodegroupARN != nil }

// checkCluster refuses a cluster that is not the one that the caller named.
func (t target) checkCluster(c *types.Cluster) error {
	if t.clusterARN == nil || t.clusterARN.text == aws.ToString(c.Arn) {
		return nil
	}
	return t.clusterARN.foreign("clusterIID", aws.ToString(c.Arn))
}

// checkNodegroup is checkCluster for a node group, whose ARN holds the account of
// its cluster too.
func (t target) checkNodegroup(n *types.Nodegroup) error {
	found := aws.ToString(n.NodegroupArn)
	if t.nodegroupARN != nil && t.nodegroupARN.text != found {
		return t.nodegroupARN.foreign("nodeGroupIID", found)
	}
	if t.clusterARN == nil {
		return nil
	}
	here, err := parseARN("nodeGroupIID", found)
	if err != nil || here == nil {
		return t.clusterARN.foreign("clusterIID", found)
	}
	return ident.Match("clusterIID", t.clusterARN.text, ident.Part{Name: "account", Got: t.clusterARN.account, Want: here.account})
}

// foreign says that what has the name of an ARN here is something else: it is of
// another account, or was made under the name later.
func (a *arn) foreign(field, found string) error {
	here, err := parseARN(field, found)
	if err != nil || here == nil {
		return &pmks.Error{Code: pmks.CodeUnavailable, Field: field, Message: "EKS shows no ARN to compare with the one that was given"}
	}
	return ident.Match(field, a.text, ident.Part{Name: "account", Got: a.account, Want: here.account},
		ident.Part{Name: "instance", Got: a.instanceID, Want: here.instanceID}, ident.Part{Name: "name", Got: a.text, Want: found})
}

// partitionTable holds the partitions of AWS by the beginning of their regions
// (partitions.json of the SDK); all other regions are those of "aws".
var partitionTable = []struct{ prefix, name string }{
	{"cn-", "aws-cn"},
	{"eu-isoe-", "aws-iso-e"},
	{"eusc-", "aws-eusc"},
	{"us-gov-", "aws-us-gov"},
	{"us-iso-", "aws-iso"},
	{"us-isob-", "aws-iso-b"},
	{"us-isof-", "aws-iso-f"},
}

// partition returns the ARN partition of a region.
func partition(region string) string {
	for _, p := range partitionTable {
		if strings.HasPrefix(region, p.prefix) {
			return p.name
		}
	}
	return "aws"
}
