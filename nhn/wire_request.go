// SPDX-License-Identifier: Apache-2.0

package nhn

import (
	"context"

	"github.com/pmks-go/pmks/internal/provider/hook"
)

// CreateClusterRequest is the body of POST /v1/clusters, which makes a cluster with its
// first node group (NKS API guide, "Create a Cluster"). Most of it are Labels: texts, but
// for a few lists and objects; True and False are texts too.
type CreateClusterRequest struct {
	Name          string         `json:"name"`
	TemplateID    string         `json:"cluster_template_id"`
	KeyPair       string         `json:"keypair"`
	NodeCount     int            `json:"node_count"`
	FlavorID      string         `json:"flavor_id"`
	FixedNetwork  string         `json:"fixed_network"`
	FixedSubnet   string         `json:"fixed_subnet"`
	CreateTimeout int            `json:"create_timeout"` // minutes
	Labels        map[string]any `json:"labels"`
	Addons        []Addon        `json:"addons,omitempty"`
}

// Addon is an add-on of a CreateClusterRequest.
type Addon struct {
	Name    string         `json:"name"`
	Version string         `json:"version"`
	Options map[string]any `json:"options,omitempty"`
}

// CreateNodeGroupRequest is the body of POST /v1/clusters/{cluster}/nodegroups.
type CreateNodeGroupRequest struct {
	Name      string         `json:"name"`
	NodeCount int            `json:"node_count"`
	FlavorID  string         `json:"flavor_id"`
	ImageID   string         `json:"image_id"`
	Labels    map[string]any `json:"labels"`
}

// UpgradeRequest is the body of POST /v1/clusters/{cluster}/nodegroups/{group}/upgrade,
// where default-master stands for the control plane. A number of nodes of 0 is a value.
type UpgradeRequest struct {
	Version string `json:"version"`
	// BufferNodes are added while the nodes of a group are replaced; NKS's default is 1.
	BufferNodes *int `json:"num_buffer_nodes,omitempty"`
	// MaxUnavailableNodes may be away at a time; NKS's default is 1.
	MaxUnavailableNodes *int `json:"num_max_unavailable_nodes,omitempty"`
}

// kept is what pmks finds by it what came of a request; a hook must leave it as it is.
func (r *CreateClusterRequest) kept() string   { return r.Name }
func (r *CreateNodeGroupRequest) kept() string { return r.Name }
func (r *UpgradeRequest) kept() string         { return r.Version }

// runHook runs a hook, and refuses what it has made of the request where that cannot be
// sent.
func runHook[Portable, Native any](ctx context.Context, name string, f hook.Func[Portable, Native], req Portable, native *Native, kept func(*Native) string) error {
	if f == nil {
		return nil
	}
	if err := hook.Run(ctx, name, f, req, native, kept); err != nil {
		return err
	}
	return checkJSON(name, native)
}
