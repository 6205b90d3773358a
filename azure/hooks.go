// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"encoding/json"
	"reflect"
	"strings"

	aks "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v8"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/hook"
)

// beforeCreateCluster gives the user the last word on a new cluster. What it must leave
// is where the cluster is, which decides who lists it, the tag by which it is known
// to be of this request, and the names of its pools, which are asked for by them.
func (h *Handler) beforeCreateCluster(ctx context.Context, req pmks.ClusterInfo, in *aks.ManagedCluster) error {
	return hook.Run(ctx, "BeforeCreateCluster", h.cfg.BeforeCreateCluster, req.Clone(), in, func(c *aks.ManagedCluster) string {
		return clusterMarks(c) + " " + tags(c.Tags).get(tagRequest)
	})
}

// clusterMarks are where a cluster is and the names of its pools.
func clusterMarks(c *aks.ManagedCluster) string {
	marks := []string{value(c.Location)}
	if c.Properties == nil {
		return marks[0]
	}
	for _, p := range c.Properties.AgentPoolProfiles {
		if p != nil {
			marks = append(marks, value(p.Name))
		}
	}
	return strings.Join(marks, " ")
}

// beforeAddNodeGroup is beforeCreateCluster for a node group.
func (h *Handler) beforeAddNodeGroup(ctx context.Context, req pmks.NodeGroupInfo, in *aks.AgentPool) error {
	return hook.Run(ctx, "BeforeAddNodeGroup", h.cfg.BeforeAddNodeGroup, req.Clone(), in, poolToken)
}

// poolToken is the tag by which an agent pool is known to be of a request.
func poolToken(p *aks.AgentPool) string {
	if p.Properties == nil {
		return ""
	}
	return tags(p.Properties.Tags).get(poolTagRequest)
}

// beforeUpgrade gives the user the last word on a cluster that goes back with another
// version.
func (h *Handler) beforeUpgrade(ctx context.Context, step pmks.UpgradeStep, body []byte) ([]byte, error) {
	return hooked(ctx, "BeforeUpgrade", h.cfg.BeforeUpgrade, step, body, func(c *aks.ManagedCluster) string {
		if c.Properties == nil {
			return ""
		}
		return clusterMarks(c) + " " + value(c.Properties.KubernetesVersion)
	})
}

// beforeUpgradeNodeGroup is beforeUpgrade for an agent pool alone.
func (h *Handler) beforeUpgradeNodeGroup(ctx context.Context, step pmks.UpgradeStep, body []byte) ([]byte, error) {
	return hooked(ctx, "BeforeUpgradeNodeGroup", h.cfg.BeforeUpgradeNodeGroup, step, body, func(p *aks.AgentPool) string {
		if p.Properties == nil {
			return ""
		}
		return poolToken(p) + " " + value(p.Properties.OrchestratorVersion)
	})
}

// hooked calls a hook on a resource that goes back as it was read. The hook sees what
// the SDK's types know of it; what it changes there is changed in the body, and what
// they do not know stays as it is.
func hooked[Portable, Native any](ctx context.Context, name string, f hook.Func[Portable, Native], req Portable, body []byte, kept func(*Native) string) ([]byte, error) {
	if f == nil {
		return body, nil
	}
	raw, err := parseObject(body)
	if err != nil {
		return nil, err
	}
	native := new(Native)
	if err := json.Unmarshal(body, native); err != nil {
		return nil, lost("resource that the SDK can read")
	}
	before, err := viewOf(native)
	if err != nil {
		return nil, err
	}
	if err := hook.Run(ctx, name, f, req, native, kept); err != nil {
		return nil, err
	}
	after, err := viewOf(native)
	if err != nil {
		return nil, err
	}
	overlay(raw, before, after)
	return raw.bytes()
}

// viewOf is a resource as the SDK would send it.
func viewOf(native any) (object, error) {
	text, err := json.Marshal(native)
	if err != nil {
		return nil, &pmks.Error{Code: pmks.CodeInvalidArgument, Message: "the hook left what cannot be sent", Err: err}
	}
	return parseObject(text)
}

// overlay makes the changes in o that lead from one view of it to another.
func overlay(o, before, after map[string]any) {
	for name := range before {
		if _, there := after[name]; !there {
			delete(o, name)
		}
	}
	for name, is := range after {
		was := before[name]
		if reflect.DeepEqual(was, is) {
			continue
		}
		o[name] = overlaid(o[name], was, is)
	}
}

// overlaid is a changed member. Objects are gone into, and lists of as many objects as
// before; everything else is replaced.
func overlaid(v, was, is any) any {
	switch is := is.(type) {
	case map[string]any:
		old, known := was.(map[string]any)
		if o, ok := v.(map[string]any); ok && known {
			overlay(o, old, is)
			return o
		}
	case []any:
		old, known := was.([]any)
		if list, ok := v.([]any); ok && known && len(old) == len(is) && len(list) == len(is) {
			for i := range is {
				if !reflect.DeepEqual(old[i], is[i]) {
					list[i] = overlaid(list[i], old[i], is[i])
				}
			}
			return list
		}
	}
	return is
}
