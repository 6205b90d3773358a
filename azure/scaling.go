// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v8"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/once"
	"github.com/pmks-go/pmks/internal/refuse"
)

// SetNodeGroupAutoScaling implements [pmks.ClusterHandler] with AKS's own cluster
// autoscaler: a read, and a write unless it is so already. Turning it on takes the
// bounds that were recorded, or else such that do not move the size.
func (h *Handler) SetNodeGroupAutoScaling(ctx context.Context, clusterIID, nodeGroupIID pmks.IID, on bool) (_ bool, err error) {
	defer place(&err, "SetNodeGroupAutoScaling", clusterIID, nodeGroupIID)
	r, name, err := h.names(clusterIID, nodeGroupIID)
	if err != nil {
		return false, err
	}
	pool, err := h.readPool(ctx, r, name)
	if err != nil {
		return false, err
	}
	p := pool.Properties
	if err := settled(p); err != nil {
		return false, err
	}
	if value(p.EnableAutoScaling) == on {
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
		if value(p.Mode) == armcontainerservice.AgentPoolModeSystem {
			minimum = max(minimum, 1)
		}
	}
	want := *p
	setBounds(&want, on, minimum, maximum)
	_, err = h.updatePool(ctx, r, name, &want, func(found *poolProperties) bool { return value(found.EnableAutoScaling) == on })
	return err == nil, err
}

// ChangeNodeGroupScaling implements [pmks.ClusterHandler] with a read, and a write
// unless it is so already. While autoscaling is off the bounds are recorded. A
// group that may become empty turns into one of mode User, if it is not.
func (h *Handler) ChangeNodeGroupScaling(ctx context.Context, clusterIID, nodeGroupIID pmks.IID,
	desired, minSize, maxSize int) (_ pmks.NodeGroupInfo, err error) {
	defer place(&err, "ChangeNodeGroupScaling", clusterIID, nodeGroupIID)
	r, name, err := h.names(clusterIID, nodeGroupIID)
	var f refuse.List
	f.Join(err)
	f.Join(capabilities.CheckScaling(desired, minSize, maxSize))
	if err := f.Err(); err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	pool, err := h.readPool(ctx, r, name)
	if err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	p := pool.Properties
	if err := settled(p); err != nil {
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
	if !sameSizes(p, &want) {
		made, err := h.updatePool(ctx, r, name, &want, func(found *poolProperties) bool { return sameSizes(found, &want) })
		if err != nil {
			return pmks.NodeGroupInfo{}, err
		}
		p = made
	}
	return poolInfo(h.clusterID(r), value(pool.Name), p, pmks.IID{}), nil
}

// fitMode makes a System pool that may become empty a User pool, which may. AKS
// refuses that for the last one of its kind.
func fitMode(p *poolProperties, desired, minSize int) {
	empty := desired < 1 || value(p.EnableAutoScaling) && minSize < 1
	if empty && value(p.Mode) == armcontainerservice.AgentPoolModeSystem {
		p.Mode = new(armcontainerservice.AgentPoolModeUser)
	}
}

// settled says why a pool takes no changes now. A failed one takes them.
func settled(p *poolProperties) error {
	s := poolState(p)
	switch status, why, _ := s.portable(); {
	case status == pmks.ClusterDeleting:
		return refuse.Precondition("the node group is being removed")
	case status == pmks.ClusterCreating, status == pmks.ClusterUpdating:
		return &pmks.Error{Code: pmks.CodeBusy, ProviderCode: s.native(), Message: "the node group is " + string(status) + ": wait until it is Active"}
	case status == pmks.ClusterInactive && s.power == string(armcontainerservice.CodeStopped):
		return refuse.Precondition("the node group is Inactive: %s", why)
	}
	return nil
}

// updatePool writes a pool that was read, on the condition that nobody has changed
// it meanwhile.
func (h *Handler) updatePool(ctx context.Context, r ref, name string, want *poolProperties, done func(*poolProperties) bool) (*poolProperties, error) {
	made := want
	err := once.Do(ctx, once.Mutation{
		Send: func(ctx context.Context) error {
			out, err := h.putPool(ctx, r, name, want, &armcontainerservice.AgentPoolsClientBeginCreateOrUpdateOptions{IfMatch: want.ETag})
			if err == nil {
				made = out.Properties
			}
			return err
		},
		Happened: func(ctx context.Context) (bool, error) {
			found, err := h.readPool(ctx, r, name)
			if err != nil {
				return false, err
			}
			if done(found.Properties) {
				made = found.Properties
				return true, nil
			}
			return false, nil
		},
	})
	return made, err
}

func sameSizes(a, b *poolProperties) bool {
	aMin, aMax := bounds(a)
	bMin, bMax := bounds(b)
	return value(a.Count) == value(b.Count) && aMin == bMin && aMax == bMax
}
