// SPDX-License-Identifier: Apache-2.0

package aws

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/provider/look"
)

// ReadState implements [pmks.StateReader] with one call. EKS does not tell how many
// nodes a group has: that is known to EC2 Auto Scaling. It tells no state of several
// clusters or node groups at once either, so that the looks of waits are shared by those
// who wait for the same one.
func (h *Handler) ReadState(ctx context.Context, clusterIID, nodeGroupIID pmks.IID) (_ pmks.State, err error) {
	defer annotate(&err, "ReadState", clusterIID, nodeGroupIID)
	if nodeGroupIID.IsZero() {
		t, err := h.clusterTarget(clusterIID)
		if err != nil {
			return pmks.State{}, err
		}
		c, err := h.lookAtCluster(ctx, t)
		if err != nil {
			return pmks.State{}, err
		}
		m := clusterMeaning(c)
		return pmks.State{Cluster: iid(t.cluster), Status: m.Status, StatusReason: m.Reason, StatusFinal: m.Final,
			Version: aws.ToString(c.Version), DesiredNodeSize: -1, NodeCount: -1}, nil
	}
	t, err := h.nodegroupTarget(clusterIID, nodeGroupIID)
	if err != nil {
		return pmks.State{}, err
	}
	n, err := h.lookAtNodegroup(ctx, t)
	if err != nil {
		return pmks.State{}, err
	}
	m := nodegroupMeaning(n)
	s := pmks.State{Cluster: iid(t.cluster), NodeGroup: iid(t.nodegroup), Status: m.Status, StatusReason: m.Reason, StatusFinal: m.Final,
		Version: aws.ToString(n.Version), DesiredNodeSize: -1, NodeCount: -1}
	if n.ScalingConfig != nil && n.ScalingConfig.DesiredSize != nil {
		s.DesiredNodeSize = int(*n.ScalingConfig.DesiredSize)
	}
	return s, nil
}

// lookAtCluster is describeCluster for a look that may be shared. What is found by a name
// is the same for all who ask for that name; whether it is the one that an ARN means, each
// compares for itself. It is not changed: others read it too.
func (h *Handler) lookAtCluster(ctx context.Context, t target) (*types.Cluster, error) {
	c, err := h.clusterLooks.Read(ctx, t.cluster, look.Way[*types.Cluster]{
		One: func(ctx context.Context) (*types.Cluster, error) {
			return h.describeCluster(ctx, target{cluster: t.cluster})
		},
	})
	if err != nil {
		return nil, err
	}
	return c, t.checkCluster(c)
}

// lookAtNodegroup is lookAtCluster for a node group.
func (h *Handler) lookAtNodegroup(ctx context.Context, t target) (*types.Nodegroup, error) {
	n, err := h.nodegroupLooks.Read(ctx, t.cluster+"/"+t.nodegroup, look.Way[*types.Nodegroup]{
		One: func(ctx context.Context) (*types.Nodegroup, error) {
			return h.describeNodegroup(ctx, target{cluster: t.cluster, nodegroup: t.nodegroup})
		},
	})
	if err != nil {
		return nil, err
	}
	return n, t.checkNodegroup(n)
}

// LastOperation implements [pmks.OperationReader]. EKS keeps a record of each
// update, in no order that it promises, so all are read and the newest counts. It
// keeps none of creations and deletions: how those went is told by the state of the
// cluster or node group and by its health.
func (h *Handler) LastOperation(ctx context.Context, clusterIID, nodeGroupIID pmks.IID) (_ pmks.Operation, err error) {
	defer annotate(&err, "LastOperation", clusterIID, nodeGroupIID)
	var t target
	if nodeGroupIID.IsZero() {
		t, err = h.clusterTarget(clusterIID)
	} else {
		t, err = h.nodegroupTarget(clusterIID, nodeGroupIID)
	}
	if err != nil {
		return pmks.Operation{}, err
	}
	var own lifeOperation
	var updates []*types.Update
	var updatesErr error
	err = fanout.All(ctx,
		func(ctx context.Context) (err error) {
			own, err = h.readLife(ctx, t)
			return err
		},
		func(ctx context.Context) error {
			updates, updatesErr = h.updates(ctx, t)
			return nil
		})
	if err != nil {
		return pmks.Operation{}, err
	}
	if own.last {
		return own.Operation, nil
	}
	if updatesErr != nil {
		return pmks.Operation{}, updatesErr
	}
	last := own.Operation
	for _, u := range updates {
		if op := updateOperation(u); !op.Start.Before(last.Start) {
			last = op
		}
	}
	return last, nil
}

// lifeOperation is the creation or deletion of a cluster or node group, as its state
// tells of it.
type lifeOperation struct {
	pmks.Operation
	// last: it runs or has failed, so that no update followed it.
	last bool
}

func (h *Handler) readLife(ctx context.Context, t target) (lifeOperation, error) {
	if t.nodegroup != "" {
		n, err := h.describeNodegroup(ctx, t)
		if err != nil {
			return lifeOperation{}, err
		}
		return nodegroupLife(n), nil
	}
	c, err := h.describeCluster(ctx, t)
	if err != nil {
		return lifeOperation{}, err
	}
	return clusterLife(c), nil
}

func clusterLife(c *types.Cluster) lifeOperation {
	created := pmks.Operation{Kind: "CreateCluster", Start: aws.ToTime(c.CreatedAt), Done: true}
	switch c.Status {
	case types.ClusterStatusCreating, types.ClusterStatusPending:
		created.Done = false
		return lifeOperation{created, true}
	case types.ClusterStatusDeleting:
		return lifeOperation{pmks.Operation{Kind: "DeleteCluster"}, true}
	case types.ClusterStatusFailed:
		code := ""
		if c.Health != nil && len(c.Health.Issues) > 0 {
			code = string(c.Health.Issues[0].Code)
		}
		created.Err = failure(code, clusterMeaning(c).Reason)
		return lifeOperation{created, true}
	}
	return lifeOperation{created, false}
}

func nodegroupLife(n *types.Nodegroup) lifeOperation {
	created := pmks.Operation{Kind: "CreateNodegroup", Start: aws.ToTime(n.CreatedAt), Done: true}
	deleted := pmks.Operation{Kind: "DeleteNodegroup", Done: true}
	code := ""
	if n.Health != nil && len(n.Health.Issues) > 0 {
		code = string(n.Health.Issues[0].Code)
	}
	unhealthy := failure(code, nodegroupMeaning(n).Reason)
	switch n.Status {
	case types.NodegroupStatusCreating:
		created.Done = false
		return lifeOperation{created, true}
	case types.NodegroupStatusDeleting:
		deleted.Done = false
		return lifeOperation{deleted, true}
	case types.NodegroupStatusDeleteFailed:
		deleted.Err = unhealthy
		return lifeOperation{deleted, true}
	case types.NodegroupStatusCreateFailed:
		created.Err = unhealthy
		return lifeOperation{created, true}
	case types.NodegroupStatusDegraded:
		created.Err = unhealthy // unless an update tells more
	}
	return lifeOperation{created, false}
}

// updates reads the records of all updates of a cluster, or of a node group of it.
func (h *Handler) updates(ctx context.Context, t target) ([]*types.Update, error) {
	var group *string
	if t.nodegroup != "" {
		group = &t.nodegroup
	}
	ids, err := readList(ctx, h, bucketEKS, h.api.eks.ListUpdates, "list of updates", func(token *string) *eks.ListUpdatesInput {
		return &eks.ListUpdatesInput{Name: &t.cluster, NodegroupName: group, MaxResults: aws.Int32(pageSize), NextToken: token}
	}, func(o *eks.ListUpdatesOutput) ([]string, *string) { return o.UpdateIds, o.NextToken })
	if err != nil {
		return nil, err
	}
	updates := make([]*types.Update, len(ids))
	err = fanout.Each(ctx, len(ids), func(ctx context.Context, i int) error {
		out, err := read(ctx, h, bucketEKS, h.api.eks.DescribeUpdate, &eks.DescribeUpdateInput{Name: &t.cluster, NodegroupName: group, UpdateId: &ids[i]},
			"update of that id", func(o *eks.DescribeUpdateOutput) bool { return o.Update != nil && aws.ToString(o.Update.Id) == ids[i] })
		if err != nil {
			return errs.IgnoreNotFound(err) // EKS forgets old ones
		}
		updates[i] = out.Update
		return nil
	})
	if err != nil {
		return nil, err
	}
	var list []*types.Update
	for _, u := range updates {
		if u != nil {
			list = append(list, u)
		}
	}
	return list, nil
}

// updateOperation converts EKS's record of an update.
func updateOperation(u *types.Update) pmks.Operation {
	op := pmks.Operation{ID: aws.ToString(u.Id), Kind: string(u.Type), Start: aws.ToTime(u.CreatedAt),
		Done: u.Status != types.UpdateStatusInProgress}
	if u.Status != types.UpdateStatusFailed && u.Status != types.UpdateStatusCancelled {
		return op
	}
	var words []string
	code := string(u.Status)
	for i, e := range u.Errors {
		words = append(words, issue(string(e.ErrorCode), e.ErrorMessage, e.ResourceIds))
		if i == 0 {
			code = string(e.ErrorCode)
		}
	}
	text := sentences(words)
	if text == "" {
		text = "EKS says no more than " + string(u.Status)
	}
	op.Err = failure(code, text)
	return op
}

// failureTable holds what the codes of failed updates and of health issues mean,
// where it is not that something must be done first.
var failureTable = map[string]pmks.Code{
	"AccessDenied":                  pmks.CodePermissionDenied,
	"AutoScalingGroupOptInRequired": pmks.CodePermissionDenied,
	"EniLimitReached":               pmks.CodeQuotaExceeded,
	"InstanceLimitExceeded":         pmks.CodeQuotaExceeded,
	"OperationNotPermitted":         pmks.CodePermissionDenied,
}

// failure is why an operation failed after it had been accepted, in EKS's words.
func failure(code, text string) error {
	e := &pmks.Error{Code: pmks.CodeFailedPrecondition, Provider: Name, ProviderCode: code, Message: strings.TrimSpace(text)}
	if c, ok := failureTable[code]; ok {
		e.Code = c
	}
	return e
}
