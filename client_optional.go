// SPDX-License-Identifier: Apache-2.0

package pmks

import (
	"context"
	"slices"
)

// This file is the Client's side of the optional interfaces: what a handler lacks is
// made up for where that is possible, else refused with ErrUnsupported.

// ListIID implements [IIDLister]. A handler without a cheaper listing is asked
// for its ListCluster.
func (c *Client) ListIID(ctx context.Context) ([]*IID, error) {
	call := c.begin(ctx, "ListIID", IID{}, IID{})
	return callFor(call, nil, func(ctx context.Context) ([]*IID, error) {
		if l, ok := c.h.(IIDLister); ok {
			return l.ListIID(ctx)
		}
		clusters, err := c.h.ListCluster(ctx)
		iids := make([]*IID, 0, len(clusters))
		for _, cluster := range clusters {
			iids = append(iids, &IID{NameId: cluster.IId.NameId, SystemId: cluster.IId.SystemId})
		}
		return iids, err
	})
}

// GenerateClusterToken implements [TokenIssuer]; ErrUnsupported if the handler
// does not.
func (c *Client) GenerateClusterToken(ctx context.Context, clusterIID IID) (Token, error) {
	call := c.begin(ctx, "GenerateClusterToken", clusterIID, IID{})
	return callFor(call, CheckIID("clusterIID", clusterIID), func(ctx context.Context) (Token, error) {
		if t, ok := c.h.(TokenIssuer); ok {
			return t.GenerateClusterToken(ctx, clusterIID)
		}
		return Token{}, unsupported("this cloud mints no bearer tokens: use the client certificate in AccessInfo.Kubeconfig")
	})
}

// ListVersions implements [VersionLister]; ErrUnsupported if the handler does
// not.
func (c *Client) ListVersions(ctx context.Context) ([]Version, error) {
	call := c.begin(ctx, "ListVersions", IID{}, IID{})
	return callFor(call, nil, func(ctx context.Context) ([]Version, error) {
		if l, ok := c.h.(VersionLister); ok {
			return l.ListVersions(ctx)
		}
		return nil, unsupported("this provider does not list versions")
	})
}

// CheckCluster implements [RequestChecker]. What can be said without the network
// is said first; ErrUnsupported if the rest cannot be checked.
func (c *Client) CheckCluster(ctx context.Context, clusterReqInfo ClusterInfo) error {
	call := c.begin(ctx, "CheckCluster", IID{NameId: clusterReqInfo.IId.NameId}, IID{})
	var check error
	if c != nil && c.hasCaps {
		check = c.caps.CheckCluster(clusterReqInfo)
	}
	return call.run(check, func(ctx context.Context) error {
		if r, ok := c.h.(RequestChecker); ok {
			return r.CheckCluster(ctx, c.prepare(clusterReqInfo))
		}
		return unsupported("this provider checks requests only when they are made")
	})
}

// CheckNodeGroup implements [RequestChecker], as CheckCluster does.
func (c *Client) CheckNodeGroup(ctx context.Context, clusterIID IID, nodeGroupReqInfo NodeGroupInfo) error {
	call := c.begin(ctx, "CheckNodeGroup", clusterIID, IID{NameId: nodeGroupReqInfo.IId.NameId})
	var f faults
	f.addErr(CheckIID("clusterIID", clusterIID))
	if c != nil && c.hasCaps {
		f.addErr(c.caps.CheckNodeGroup(nodeGroupReqInfo))
	}
	return call.run(f.err(), func(ctx context.Context) error {
		if r, ok := c.h.(RequestChecker); ok {
			return r.CheckNodeGroup(ctx, clusterIID, c.prepareGroup(nodeGroupReqInfo))
		}
		return unsupported("this provider checks requests only when they are made")
	})
}

// OpenAccess implements [AccessOpener]; ErrUnsupported where the public endpoint
// is not a call of its own.
func (c *Client) OpenAccess(ctx context.Context, clusterIID IID) error {
	call := c.begin(ctx, "OpenAccess", clusterIID, IID{})
	return call.run(CheckIID("clusterIID", clusterIID), func(ctx context.Context) error {
		if o, ok := c.h.(AccessOpener); ok {
			return o.OpenAccess(ctx, clusterIID)
		}
		return unsupported("the endpoint of this cloud is open, or closed, from creation on")
	})
}

// CloseAccess implements [AccessOpener], as OpenAccess does.
func (c *Client) CloseAccess(ctx context.Context, clusterIID IID) error {
	call := c.begin(ctx, "CloseAccess", clusterIID, IID{})
	return call.run(CheckIID("clusterIID", clusterIID), func(ctx context.Context) error {
		if o, ok := c.h.(AccessOpener); ok {
			return o.CloseAccess(ctx, clusterIID)
		}
		return unsupported("the endpoint of this cloud is open, or closed, from creation on")
	})
}

// ReadState implements [StateReader]; ErrUnsupported if the handler does not. The
// waiters then read the whole cluster.
func (c *Client) ReadState(ctx context.Context, clusterIID, nodeGroupIID IID) (State, error) {
	call := c.begin(ctx, "ReadState", clusterIID, nodeGroupIID)
	return callFor(call, checkTarget(clusterIID, nodeGroupIID), func(ctx context.Context) (State, error) {
		if r, ok := c.h.(StateReader); ok {
			return r.ReadState(ctx, clusterIID, nodeGroupIID)
		}
		return State{}, unsupported("this provider has no look cheaper than GetCluster")
	})
}

// GetNodeGroup implements [NodeGroupReader], as the function [GetNodeGroup] does it.
func (c *Client) GetNodeGroup(ctx context.Context, clusterIID, nodeGroupIID IID) (NodeGroupInfo, error) {
	call := c.begin(ctx, "GetNodeGroup", clusterIID, nodeGroupIID)
	return callFor(call, checkIIDPair(clusterIID, nodeGroupIID), func(ctx context.Context) (NodeGroupInfo, error) {
		return readNodeGroup(ctx, c.h, clusterIID, nodeGroupIID)
	})
}

// LastOperation implements [OperationReader]; ErrUnsupported if the handler does
// not.
func (c *Client) LastOperation(ctx context.Context, clusterIID, nodeGroupIID IID) (Operation, error) {
	call := c.begin(ctx, "LastOperation", clusterIID, nodeGroupIID)
	return callFor(call, checkTarget(clusterIID, nodeGroupIID), func(ctx context.Context) (Operation, error) {
		if r, ok := c.h.(OperationReader); ok {
			return r.LastOperation(ctx, clusterIID, nodeGroupIID)
		}
		return Operation{}, unsupported("this cloud keeps no record of operations")
	})
}

// SetTags implements [TagSetter]; ErrUnsupported if the handler does not.
func (c *Client) SetTags(ctx context.Context, clusterIID IID, tags []KeyValue) error {
	call := c.begin(ctx, "SetTags", clusterIID, IID{})
	var f faults
	f.addErr(CheckIID("clusterIID", clusterIID))
	if c != nil && c.hasCaps {
		f.addErr(c.caps.CheckTags(tags))
	}
	return call.run(f.err(), func(ctx context.Context) error {
		if s, ok := c.h.(TagSetter); ok {
			return s.SetTags(ctx, clusterIID, slices.Clone(tags))
		}
		return unsupported("this cloud has no tags that could be changed")
	})
}

// UpgradeFindings implements [UpgradeAdvisor]; ErrUnsupported if the handler does not.
// [PlanUpgrade] asks it for every step.
func (c *Client) UpgradeFindings(ctx context.Context, clusterIID IID, newVersion string) ([]UpgradeFinding, error) {
	call := c.begin(ctx, "UpgradeFindings", clusterIID, IID{})
	var f faults
	f.addErr(CheckIID("clusterIID", clusterIID))
	checkVersion(&f, "newVersion", newVersion)
	return callFor(call, f.err(), func(ctx context.Context) ([]UpgradeFinding, error) {
		if a, ok := c.h.(UpgradeAdvisor); ok {
			return a.UpgradeFindings(ctx, clusterIID, newVersion)
		}
		return nil, unsupported("this cloud tells nothing of an upgrade beforehand")
	})
}

func unsupported(message string) error {
	return &Error{Code: CodeUnsupported, Message: message}
}
