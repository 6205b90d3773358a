// SPDX-License-Identifier: Apache-2.0

package pmks

import (
	"context"
	"fmt"
	"io"
	"log/slog"
)

// Client is the portable layer over any handler. It copies requests, checks them
// against the handler's capabilities before any network call, wraps every error
// as [*Error], and tells an observer of each call. It adds no queue, no cache and
// no retry of mutations.
//
// A Client is safe for concurrent use if its handler is. Make one with [Open] or
// [New]: every call of the zero Client fails and says so.
type Client struct {
	h        ClusterHandler
	provider string
	caps     Capabilities
	hasCaps  bool
	logger   *slog.Logger
	// observers begin in this order; the logger's is the last, so that its lines are
	// within the spans of the others.
	observers []Observer
}

var (
	_ ClusterHandler     = (*Client)(nil)
	_ CapabilityReporter = (*Client)(nil)
	_ IIDLister          = (*Client)(nil)
	_ TokenIssuer        = (*Client)(nil)
	_ VersionLister      = (*Client)(nil)
	_ RequestChecker     = (*Client)(nil)
	_ AccessOpener       = (*Client)(nil)
	_ StateReader        = (*Client)(nil)
	_ OperationReader    = (*Client)(nil)
	_ NodeGroupReader    = (*Client)(nil)
	_ TagSetter          = (*Client)(nil)
	_ ClusterStreamer    = (*Client)(nil)
	_ UpgradeAdvisor     = (*Client)(nil)
	_ io.Closer          = (*Client)(nil)
)

// Option changes how a Client behaves.
type Option func(*Client)

func withProvider(name string) Option {
	return func(c *Client) { c.provider = name }
}

// New returns a Client over h, without the registry.
func New(h ClusterHandler, opts ...Option) *Client {
	c := &Client{h: h}
	if r, ok := h.(CapabilityReporter); ok {
		c.caps, c.hasCaps = r.Capabilities(), true
		c.provider = c.caps.Provider
	}
	for _, opt := range opts {
		if opt != nil {
			opt(c)
		}
	}
	if c.logger != nil {
		c.observers = append(c.observers, SlogObserver(c.logger))
	}
	return c
}

// Format prints the provider's name, whatever the verb: what is inside the handler
// is not for printing.
func (c *Client) Format(f fmt.State, _ rune) {
	provider := ""
	if c != nil {
		provider = c.provider
	}
	fmt.Fprintf(f, "pmks.Client{Provider:%s}", provider)
}

// Unwrap returns the handler inside, for what only one provider can do.
func (c *Client) Unwrap() ClusterHandler {
	if c == nil {
		return nil
	}
	return c.h
}

// Capabilities returns what the handler reports; the zero value if it reports
// nothing.
func (c *Client) Capabilities() Capabilities {
	if c == nil {
		return Capabilities{}
	}
	return c.caps.Clone()
}

// Close frees what the handler holds, such as connections. A handler that holds
// nothing has no Close method, and then nothing happens.
func (c *Client) Close() error {
	if closer, ok := c.Unwrap().(io.Closer); ok {
		return Annotate(closer.Close(), Error{Provider: c.provider, Op: "Close"})
	}
	return nil
}

// CreateCluster implements [ClusterHandler].
func (c *Client) CreateCluster(ctx context.Context, clusterReqInfo ClusterInfo) (ClusterInfo, error) {
	call := c.begin(ctx, "CreateCluster", IID{NameId: clusterReqInfo.IId.NameId}, IID{})
	var check error
	if c != nil && c.hasCaps {
		check = c.caps.CheckCluster(clusterReqInfo)
	}
	return callFor(call, check, func(ctx context.Context) (ClusterInfo, error) {
		info, err := c.h.CreateCluster(ctx, c.prepare(clusterReqInfo))
		if err == nil {
			call.event.Cluster = info.IId
		}
		return info, err
	})
}

// ListCluster implements [ClusterHandler].
func (c *Client) ListCluster(ctx context.Context) ([]*ClusterInfo, error) {
	call := c.begin(ctx, "ListCluster", IID{}, IID{})
	return callFor(call, nil, func(ctx context.Context) ([]*ClusterInfo, error) { return c.h.ListCluster(ctx) })
}

// GetCluster implements [ClusterHandler].
func (c *Client) GetCluster(ctx context.Context, clusterIID IID) (ClusterInfo, error) {
	call := c.begin(ctx, "GetCluster", clusterIID, IID{})
	return callFor(call, CheckIID("clusterIID", clusterIID), func(ctx context.Context) (ClusterInfo, error) {
		return c.h.GetCluster(ctx, clusterIID)
	})
}

// DeleteCluster implements [ClusterHandler].
func (c *Client) DeleteCluster(ctx context.Context, clusterIID IID) (bool, error) {
	call := c.begin(ctx, "DeleteCluster", clusterIID, IID{})
	return callFor(call, CheckIID("clusterIID", clusterIID), func(ctx context.Context) (bool, error) {
		return c.h.DeleteCluster(ctx, clusterIID)
	})
}

// AddNodeGroup implements [ClusterHandler].
func (c *Client) AddNodeGroup(ctx context.Context, clusterIID IID, nodeGroupReqInfo NodeGroupInfo) (NodeGroupInfo, error) {
	call := c.begin(ctx, "AddNodeGroup", clusterIID, IID{NameId: nodeGroupReqInfo.IId.NameId})
	var f faults
	f.addErr(CheckIID("clusterIID", clusterIID))
	if c != nil && c.hasCaps {
		f.addErr(c.caps.CheckNodeGroup(nodeGroupReqInfo))
	}
	return callFor(call, f.err(), func(ctx context.Context) (NodeGroupInfo, error) {
		info, err := c.h.AddNodeGroup(ctx, clusterIID, c.prepareGroup(nodeGroupReqInfo))
		if err == nil {
			call.event.NodeGroup = info.IId
		}
		return info, err
	})
}

// SetNodeGroupAutoScaling implements [ClusterHandler].
func (c *Client) SetNodeGroupAutoScaling(ctx context.Context, clusterIID, nodeGroupIID IID, on bool) (bool, error) {
	call := c.begin(ctx, "SetNodeGroupAutoScaling", clusterIID, nodeGroupIID)
	return callFor(call, checkIIDPair(clusterIID, nodeGroupIID), func(ctx context.Context) (bool, error) {
		return c.h.SetNodeGroupAutoScaling(ctx, clusterIID, nodeGroupIID, on)
	})
}

// ChangeNodeGroupScaling implements [ClusterHandler].
func (c *Client) ChangeNodeGroupScaling(ctx context.Context, clusterIID, nodeGroupIID IID,
	desiredNodeSize, minNodeSize, maxNodeSize int) (NodeGroupInfo, error) {
	call := c.begin(ctx, "ChangeNodeGroupScaling", clusterIID, nodeGroupIID)
	var f faults
	f.addErr(checkIIDPair(clusterIID, nodeGroupIID))
	if c != nil && c.hasCaps {
		f.addErr(c.caps.CheckScaling(desiredNodeSize, minNodeSize, maxNodeSize))
	}
	return callFor(call, f.err(), func(ctx context.Context) (NodeGroupInfo, error) {
		return c.h.ChangeNodeGroupScaling(ctx, clusterIID, nodeGroupIID, desiredNodeSize, minNodeSize, maxNodeSize)
	})
}

// RemoveNodeGroup implements [ClusterHandler].
func (c *Client) RemoveNodeGroup(ctx context.Context, clusterIID, nodeGroupIID IID) (bool, error) {
	call := c.begin(ctx, "RemoveNodeGroup", clusterIID, nodeGroupIID)
	return callFor(call, checkIIDPair(clusterIID, nodeGroupIID), func(ctx context.Context) (bool, error) {
		return c.h.RemoveNodeGroup(ctx, clusterIID, nodeGroupIID)
	})
}

// UpgradeCluster implements [ClusterHandler].
func (c *Client) UpgradeCluster(ctx context.Context, clusterIID IID, newVersion string) (ClusterInfo, error) {
	call := c.begin(ctx, "UpgradeCluster", clusterIID, IID{})
	var f faults
	f.addErr(CheckIID("clusterIID", clusterIID))
	checkVersion(&f, "newVersion", newVersion)
	return callFor(call, f.err(), func(ctx context.Context) (ClusterInfo, error) {
		return c.h.UpgradeCluster(ctx, clusterIID, newVersion)
	})
}

// prepare returns a copy of a request as it is sent. Of a handler that reports no
// capabilities nothing is known: it completes the request itself.
func (c *Client) prepare(req ClusterInfo) ClusterInfo {
	if c.hasCaps {
		return c.caps.prepare(req)
	}
	return req.Clone()
}

func (c *Client) prepareGroup(req NodeGroupInfo) NodeGroupInfo {
	if c.hasCaps {
		req = c.caps.WithDefaultBounds(req)
	}
	return req.Clone()
}

func checkIIDPair(cluster, nodeGroup IID) error {
	var f faults
	f.addErr(CheckIID("clusterIID", cluster))
	f.addErr(CheckIID("nodeGroupIID", nodeGroup))
	return f.err()
}

// checkTarget checks a cluster, and a node group where one is named.
func checkTarget(cluster, nodeGroup IID) error {
	if nodeGroup.IsZero() {
		return CheckIID("clusterIID", cluster)
	}
	return checkIIDPair(cluster, nodeGroup)
}

// call is one call under way.
type call struct {
	c *Client
	activity
}

func (c *Client) begin(ctx context.Context, op string, cluster, nodeGroup IID) *call {
	if c == nil {
		c = &Client{}
	}
	return &call{c, begin(ctx, c.observers, Event{Provider: c.provider, Op: op, Cluster: cluster, NodeGroup: nodeGroup})}
}

// run calls f unless check failed or the context is over, wraps its error and
// reports the call. A faulty request is refused even when the context is over:
// the caller learns the more useful of the two.
func (k *call) run(check error, f func(context.Context) error) (err error) {
	returned := false
	defer func() { k.end(outcome(err, returned)) }()
	err = check
	if k.c.h == nil {
		err = &Error{Code: CodeFailedPrecondition, Message: "this Client has no handler: make it with pmks.Open, or with pmks.New around one"}
	}
	if err == nil {
		err = k.ctx.Err()
	}
	if err == nil {
		err = f(k.ctx)
	}
	e := &k.event
	err = Annotate(err, Error{Provider: e.Provider, Op: e.Op, Cluster: e.Cluster, NodeGroup: e.NodeGroup})
	returned = true
	return err
}

// callFor is call.run for functions with a result.
func callFor[T any](k *call, check error, f func(context.Context) (T, error)) (T, error) {
	var result T
	err := k.run(check, func(ctx context.Context) (err error) {
		result, err = f(ctx)
		return err
	})
	return result, err
}
