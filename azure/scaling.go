// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"crypto/rand"

	aks "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v8"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/once"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/refuse"
)

// SetNodeGroupAutoScaling implements [pmks.ClusterHandler] with AKS's own cluster
// autoscaler: the pool is read beside its cluster, and written unless it is so already. Turning it on takes the
// bounds that were recorded, or else such that do not move the size.
//
// ErrUnsupported: the agent pool is of a kind whose size pmks cannot change.
func (h *Handler) SetNodeGroupAutoScaling(ctx context.Context, clusterIID, nodeGroupIID pmks.IID, on bool) (_ bool, err error) {
	defer errs.Annotate(&err, Name, "SetNodeGroupAutoScaling", clusterIID, nodeGroupIID)
	r, name, err := h.names(clusterIID, nodeGroupIID)
	if err != nil {
		return false, err
	}
	var pool *aks.AgentPool
	var body []byte
	if err := h.within(ctx, r, func(ctx context.Context) (err error) {
		pool, body, err = h.readPool(ctx, r, name)
		return err
	}); err != nil {
		return false, err
	}
	p := pool.Properties
	so := value(p.EnableAutoScaling) == on
	switch err := checkResizable(p); {
	case so && errs.Is(err, pmks.CodeBusy) && poolState(p).meaning().Status == pmks.ClusterUpdating:
		return true, nil // what a change will have made of a pool shows from its beginning
	case err != nil:
		return false, err
	case so:
		return true, nil
	}
	minimum, maximum := bounds(p)
	if on {
		count := int(value(p.Count))
		if maximum < 1 {
			minimum, maximum = min(1, count), max(1, count)
		}
		// AKS refuses bounds that the present size does not fit, and a System pool
		// that may become empty.
		minimum, maximum = min(minimum, count), max(maximum, count)
		if value(p.Mode) == aks.AgentPoolModeSystem {
			minimum = max(minimum, 1)
		}
	}
	want := *p
	setBounds(&want, on, minimum, maximum)
	_, err = h.updatePool(ctx, r, name, body, &want)
	return err == nil, err
}

// ChangeNodeGroupScaling implements [pmks.ClusterHandler] with a read of the pool
// beside its cluster and its machines, and a write unless it is so already. While autoscaling
// is off the bounds are recorded. A group that may become empty turns into one of
// mode User, if it is not.
//
// ErrUnsupported: the agent pool is of a kind whose size pmks cannot change.
func (h *Handler) ChangeNodeGroupScaling(ctx context.Context, clusterIID, nodeGroupIID pmks.IID,
	desired, minSize, maxSize int) (_ pmks.NodeGroupInfo, err error) {
	defer errs.Annotate(&err, Name, "ChangeNodeGroupScaling", clusterIID, nodeGroupIID)
	r, name, err := h.names(clusterIID, nodeGroupIID)
	var f refuse.List
	f.Join(err)
	f.Join(capabilities.CheckScaling(desired, minSize, maxSize))
	if err := f.Err(); err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	var pool *aks.AgentPool
	var body []byte
	var nodes []pmks.IID
	var unreadNodes error
	if err := h.within(ctx, r,
		func(ctx context.Context) (err error) {
			pool, body, err = h.readPool(ctx, r, name)
			return err
		},
		func(ctx context.Context) error {
			nodes, unreadNodes = h.nodes(ctx, r, name)
			return nil
		}); err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	p := pool.Properties
	if err := checkResizable(p); err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	on := value(p.EnableAutoScaling)
	if on && desired == 0 {
		// Left to the autoscaler, within the new bounds.
		desired = min(max(int(value(p.Count)), minSize), maxSize)
	}
	if desired < minSize {
		return pmks.NodeGroupInfo{}, refuse.Invalid("DesiredNodeSize", "must lie between MinNodeSize %d and MaxNodeSize %d, got %d: only autoscaling can be left to choose", minSize, maxSize, desired)
	}
	want := *p
	want.Count = new(int32(desired))
	setBounds(&want, on, minSize, maxSize)
	fitMode(&want, desired, minSize)
	// A pool that failed may have kept the sizes that it failed with: sent again, they
	// mend it.
	if !sameSizes(p, &want) || poolState(p).meaning().Status == pmks.ClusterInactive {
		if p, err = h.updatePool(ctx, r, name, body, &want); err != nil {
			return pmks.NodeGroupInfo{}, err
		}
	}
	info := poolInfo(h.clusterID(r), value(pool.Name), p, pmks.IID{})
	info.Nodes = nodes
	return info, secondary(ctx, &info.KeyValueList, "Nodes", unreadNodes)
}

// fitMode makes a System pool that may become empty a User pool, which may. AKS
// refuses that for the last one of its kind.
func fitMode(p *poolProperties, desired, minSize int) {
	empty := desired < 1 || value(p.EnableAutoScaling) && minSize < 1
	if empty && value(p.Mode) == aks.AgentPoolModeSystem {
		p.Mode = new(aks.AgentPoolModeUser)
	}
}

// checkResizable says why the size of a pool cannot be changed now, or at all. A
// failed one takes the change.
func checkResizable(p *poolProperties) error {
	if err := poolState(p).checkMendable("the node group"); err != nil {
		return err
	}
	// A pool of single machines has a size for each type of machine in it, and a
	// gateway's is a matter of its addresses: one number for all of it is neither.
	switch {
	case value(p.Type) == aks.AgentPoolTypeVirtualMachines, p.VirtualMachinesProfile != nil:
		return refuse.Unsupported("", "the agent pool is one of single virtual machines (type VirtualMachines), which has a size for each type of machine: change it with Azure's own tools")
	case value(p.Mode) == aks.AgentPoolModeGateway:
		return refuse.Unsupported("", "the agent pool is a gateway for outgoing traffic (mode Gateway), whose size goes with its addresses: change it with Azure's own tools")
	}
	return nil
}

// updatePool writes a pool that was read, on the condition that nobody has changed
// it meanwhile. The tag of the request is what only this one leaves behind.
func (h *Handler) updatePool(ctx context.Context, r ref, name string, read []byte, want *poolProperties) (*poolProperties, error) {
	token := rand.Text()
	changed := *want
	changed.Tags = tags(want.Tags).with(poolTagRequest, token)
	body, err := poolBody(read, &changed)
	if err != nil {
		return nil, err
	}
	return h.rewritePool(ctx, r, name, body, want.ETag, token)
}

// rewritePool sends a pool that was read, on the condition that it is still as etag
// says. token is the value of the tag of the request.
func (h *Handler) rewritePool(ctx context.Context, r ref, name string, body []byte, etag *string, token string) (*poolProperties, error) {
	var made *aks.AgentPool
	err := h.mutate(ctx, once.Mutation{
		Send: func(ctx context.Context) (err error) {
			made, err = h.putPool(withBody(ctx, body), r, name, aks.AgentPool{}, &aks.AgentPoolsClientBeginCreateOrUpdateOptions{IfMatch: etag})
			return err
		},
		Happened: func(ctx context.Context) (bool, error) {
			found, _, err := h.readPool(ctx, r, name)
			if err != nil {
				return false, err
			}
			made = found
			return tags(found.Properties.Tags).get(poolTagRequest) == token, nil
		},
	})
	if err != nil {
		return nil, err
	}
	return made.Properties, nil
}

// sameSizes reports whether two pools show the same sizes.
func sameSizes(a, b *poolProperties) bool {
	x, y := poolInfo("", "", a, pmks.IID{}), poolInfo("", "", b, pmks.IID{})
	return x.DesiredNodeSize == y.DesiredNodeSize && x.MinNodeSize == y.MinNodeSize && x.MaxNodeSize == y.MaxNodeSize
}
