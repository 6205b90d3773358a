// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"crypto/rand"
	"slices"
	"strings"

	aks "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v8"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
)

// upgradesApart reports whether the control plane and the pools of a cluster are
// upgraded by requests of their own: AKS refuses one for all while a pool is spot ("Add
// an Azure Spot node pool to an AKS cluster").
func upgradesApart(p *aks.ManagedClusterProperties) bool {
	return slices.ContainsFunc(p.AgentPoolProfiles, func(pool *aks.ManagedClusterAgentPoolProfile) bool {
		return pool != nil && isSpot(properties(pool))
	})
}

// onItsWay reports whether a pool is being upgraded to a version.
func onItsWay(pool *aks.ManagedClusterAgentPoolProfile, version string) bool {
	return value(pool.ProvisioningState) == "Upgrading" && value(pool.OrchestratorVersion) == version
}

// poolWrite is an agent pool that is about to be sent.
type poolWrite struct {
	pool  *aks.ManagedClusterAgentPoolProfile
	iid   pmks.IID
	body  []byte
	token string
}

// putPools upgrades the pools that lag behind the control plane, side by side, and
// returns what became of them, by name. Where AKS takes one of them only, the others are
// for the next call.
func (h *Handler) putPools(ctx context.Context, r ref, c *aks.ManagedCluster, body []byte, version string) (map[string]*poolProperties, error) {
	writes, begun, err := h.poolWrites(ctx, r, c, body, version)
	if err != nil {
		return nil, err
	}
	made := make([]*poolProperties, len(writes))
	faults := make([]error, len(writes))
	if err := fanout.Each(ctx, len(writes), func(ctx context.Context, i int) error {
		w := writes[i]
		p, err := h.rewritePool(ctx, r, w.iid.NameId, w.body, w.pool.ETag, w.token)
		made[i], faults[i] = p, errs.OfNodeGroup(err, w.iid)
		return nil
	}); err != nil {
		return nil, err
	}
	out := map[string]*poolProperties{}
	for i, p := range made {
		if faults[i] == nil {
			out[writes[i].iid.NameId] = p
		}
	}
	return out, leftover(faults, out, begun)
}

// poolWrites makes the requests for the pools that lag behind a version, as their
// cluster showed them. begun: others are on their way already.
func (h *Handler) poolWrites(ctx context.Context, r ref, c *aks.ManagedCluster, body []byte, version string) (writes []poolWrite, begun bool, err error) {
	cluster, err := parseObject(body)
	if err != nil {
		return nil, false, err
	}
	lagging := behind(c.Properties, version)
	for _, read := range cluster.member("properties").members("agentPoolProfiles") {
		name, _ := read["name"].(string)
		pool := findPool(c, name)
		switch {
		case pool == nil || !slices.Contains(lagging, value(pool.Name)):
			continue
		case onItsWay(pool, version):
			begun = true
			continue
		}
		w := poolWrite{pool: pool, iid: pmks.IID{NameId: name, SystemId: h.clusterID(r) + "/agentPools/" + name}, token: rand.Text()}
		if w.body, err = poolVersionBody(read, version, tags(pool.Tags).with(poolTagRequest, w.token)); err != nil {
			return nil, false, err
		}
		step := pmks.UpgradeStep{NodeGroup: w.iid, From: firstText(pool.CurrentOrchestratorVersion, pool.OrchestratorVersion), To: version,
			Typical: capabilities.Typical.UpgradeNodeGroup}
		if w.body, err = h.beforeUpgradeNodeGroup(ctx, step, w.body); err != nil {
			return nil, false, errs.OfNodeGroup(err, w.iid)
		}
		writes = append(writes, w)
	}
	return writes, begun, nil
}

// leftover is what remains of the failures of some pools: nothing where others are on
// their way and these must only wait for them.
func leftover(faults []error, made map[string]*poolProperties, begun bool) error {
	err := errs.Join(faults...)
	if err == nil || len(made) == 0 && !begun {
		return err
	}
	wait := func(err error) bool {
		return err == nil || errs.Is(err, pmks.CodeBusy) || errs.Is(err, pmks.CodeThrottled)
	}
	if !slices.ContainsFunc(faults, func(err error) bool { return !wait(err) }) {
		return nil
	}
	if len(made) == 0 {
		return err
	}
	var names []string
	for name := range made {
		names = append(names, name)
	}
	slices.Sort(names)
	return errs.HalfDone(err, "the upgrade of "+strings.Join(names, ", ")+" has begun, call again for the others")
}
