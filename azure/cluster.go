// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v8"
	"golang.org/x/sync/errgroup"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/once"
	"github.com/pmks-go/pmks/internal/refuse"
)

// CreateCluster implements [pmks.ClusterHandler]: the network, the security
// groups, the SSH key and the versions are looked up in parallel, then one request
// is made. A PUT on a name that exists would be an update, so it is
// made on the condition that nothing is there.
func (h *Handler) CreateCluster(ctx context.Context, req pmks.ClusterInfo) (_ pmks.ClusterInfo, err error) {
	defer place(&err, "CreateCluster", pmks.IID{NameId: req.IId.NameId}, pmks.IID{})
	in, err := h.createRequest(ctx, req)
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	r := ref{h.cfg.ResourceGroup, req.IId.NameId}
	var made *armcontainerservice.ManagedCluster
	err = once.Create(ctx, func(ctx context.Context) (err error) {
		made, err = h.putCluster(ctx, r, *in, &armcontainerservice.ManagedClustersClientBeginCreateOrUpdateOptions{IfNoneMatch: new("*")})
		return exists(err, "cluster")
	}, func(ctx context.Context) (bool, error) {
		found, err := h.readCluster(ctx, r)
		if err != nil {
			return false, ignoreMissing(err)
		}
		if value(found.Tags[tagRequest]) != value(in.Tags[tagRequest]) {
			return false, &pmks.Error{Code: pmks.CodeAlreadyExists, Field: "IId.NameId", Message: "somebody else made a cluster of this name meanwhile"}
		}
		made = found
		return true, nil
	})
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	return clusterInfo(made, h.cfg.ResourceGroup), nil
}

// putCluster sends a cluster and returns what Azure accepted.
func (h *Handler) putCluster(ctx context.Context, r ref, in armcontainerservice.ManagedCluster,
	o *armcontainerservice.ManagedClustersClientBeginCreateOrUpdateOptions) (*armcontainerservice.ManagedCluster, error) {
	got, err := accepted(ctx, func(ctx context.Context) error {
		_, err := h.api.clustersWrite.BeginCreateOrUpdate(ctx, r.group, r.name, in, o)
		return err
	})
	if err != nil {
		return nil, err
	}
	var out armcontainerservice.ManagedCluster
	return &out, got.read(&out)
}

// exists turns the refusal of If-None-Match into the error that it means.
func exists(err error, what string) error {
	var e *pmks.Error
	if errors.As(err, &e) && (e.HTTPStatus == http.StatusPreconditionFailed || e.HTTPStatus == http.StatusConflict && e.ProviderCode == "Conflict") {
		c := *e
		c.Code, c.Field, c.Message = pmks.CodeAlreadyExists, "IId.NameId", "a "+what+" of this name exists"
		return &c
	}
	return err
}

// createRequest checks a request, looks everything up at once, and reports
// everything wrong with it.
func (h *Handler) createRequest(ctx context.Context, req pmks.ClusterInfo) (*armcontainerservice.ManagedCluster, error) {
	pools, err := h.checkCluster(req)
	if err != nil {
		return nil, err
	}
	var net nodeNetwork
	var version string
	var key *armcontainerservice.LinuxProfile
	faults := make([]error, 3)
	var g errgroup.Group
	g.Go(func() error {
		net, faults[0] = h.resolveNetwork(ctx, req)
		return nil
	})
	g.Go(func() error {
		version, faults[1] = h.resolveVersion(ctx, req.Version)
		return nil
	})
	g.Go(func() error {
		key, faults[2] = h.resolveKey(ctx, req.NodeGroupList[0].KeyPairIID)
		return nil
	})
	_ = g.Wait()
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	in := h.cluster(req, net, version)
	in.Properties.LinuxProfile = key
	for i, p := range pools {
		p.VnetSubnetID = &net.subnet
		in.Properties.AgentPoolProfiles = append(in.Properties.AgentPoolProfiles, profile(req.NodeGroupList[i].IId.NameId, p))
	}
	return in, nil
}

// reservedPattern matches the names that Azure Resource Manager keeps (error
// ReservedResourceName).
var reservedPattern = regexp.MustCompile(`(?i)microsoft|windows|^(login|xbox)`)

// checkCluster is what can be said of a request without the network.
func (h *Handler) checkCluster(req pmks.ClusterInfo) ([]*poolProperties, error) {
	var f refuse.List
	f.Join(capabilities.CheckCluster(req))
	if reservedPattern.MatchString(req.IId.NameId) {
		f.Add("IId.NameId", "%q holds a word that Azure keeps for itself: microsoft, windows, login or xbox", req.IId.NameId)
	}
	checkTags(&f, req.TagList)
	pools := make([]*poolProperties, len(req.NodeGroupList))
	system := false
	for i, group := range req.NodeGroupList {
		field := fmt.Sprintf("NodeGroupList[%d].", i)
		p, err := h.pool(field, group)
		f.Join(err)
		pools[i] = p
		system = system || value(p.Mode) == armcontainerservice.AgentPoolModeSystem
		if firstOf(group.KeyPairIID.SystemId, group.KeyPairIID.NameId) != firstOf(req.NodeGroupList[0].KeyPairIID.SystemId, req.NodeGroupList[0].KeyPairIID.NameId) {
			f.Add(field+"KeyPairIID", "must be the same for all node groups: AKS has one key per cluster")
		}
	}
	if len(pools) > 0 && !system {
		f.Add("NodeGroupList", "one node group at least must keep a node: AKS runs its own pods there")
	}
	return pools, f.Err()
}

// checkTags refuses what Azure does, and pmks's own tags.
func checkTags(f *refuse.List, tags []pmks.KeyValue) {
	for i, t := range tags {
		field := fmt.Sprintf("TagList[%d]", i)
		_, own := cutPrefixFold(t.Key, specTagPrefix)
		switch {
		case own, strings.EqualFold(t.Key, tagCreated), strings.EqualFold(t.Key, oldTagKeyPair):
			f.Add(field+".Key", "%q is reserved", t.Key)
		case len(t.Key) > 512 || strings.ContainsAny(t.Key, `<>%&\?/`):
			f.Add(field+".Key", `must have at most 512 characters and none of < > %% & \ ? /`)
		case len(t.Value) > 256:
			f.Add(field+".Value", "has %d characters, Azure takes 256", len(t.Value))
		}
	}
}

// cluster is the request without its pools.
func (h *Handler) cluster(req pmks.ClusterInfo, net nodeNetwork, version string) *armcontainerservice.ManagedCluster {
	tier := armcontainerservice.ManagedClusterSKUTier(h.cfg.SKUTier)
	name := req.IId.NameId
	in := &armcontainerservice.ManagedCluster{
		Location: &h.cfg.Location,
		SKU:      &armcontainerservice.ManagedClusterSKU{Name: new(armcontainerservice.ManagedClusterSKUNameBase), Tier: &tier},
		Identity: h.identity(),
		Tags: map[string]*string{
			tagRequest: new(rand.Text()),
			tagCreated: new(strconv.FormatInt(time.Now().Unix(), 10)),
		},
		Properties: &armcontainerservice.ManagedClusterProperties{
			DNSPrefix:         new(dnsPrefix(name)),
			EnableRBAC:        new(true),
			NodeResourceGroup: nodeGroupName(h.cfg.ResourceGroup, name, h.cfg.Location),
			NetworkProfile: &armcontainerservice.NetworkProfile{
				NetworkPlugin:   new(armcontainerservice.NetworkPluginAzure),
				LoadBalancerSKU: new(armcontainerservice.LoadBalancerSKUStandard),
				OutboundType:    new(armcontainerservice.OutboundTypeLoadBalancer),
				ServiceCidr:     new(net.serviceCIDR.String()),
				// Not the first address, which is that of the API server.
				DNSServiceIP: new(dnsAddress(net.serviceCIDR)),
			},
		},
	}
	if version != "" {
		in.Properties.KubernetesVersion = &version
	}
	if h.cfg.NetworkMode == modeOverlay {
		in.Properties.NetworkProfile.NetworkPluginMode = new(armcontainerservice.NetworkPluginModeOverlay)
		in.Properties.NetworkProfile.PodCidr = &h.cfg.PodCIDR
	}
	if len(h.cfg.EntraAdmins) > 0 {
		aad := &armcontainerservice.ManagedClusterAADProfile{Managed: new(true)}
		for _, id := range h.cfg.EntraAdmins {
			aad.AdminGroupObjectIDs = append(aad.AdminGroupObjectIDs, &id)
		}
		if h.cfg.TenantID != "" {
			aad.TenantID = &h.cfg.TenantID
		}
		in.Properties.AADProfile = aad
		in.Properties.DisableLocalAccounts = &h.cfg.DisableLocalAccounts
	}
	for _, t := range req.TagList {
		in.Tags[t.Key] = new(t.Value)
	}
	for group, id := range net.securityID {
		in.Tags[tagSecurityGroup+group] = new(id)
	}
	if key := req.NodeGroupList[0].KeyPairIID; !key.IsZero() {
		in.Tags[tagKeyPair] = new(firstOf(key.SystemId, key.NameId))
	}
	return in
}

func (h *Handler) identity() *armcontainerservice.ManagedClusterIdentity {
	if h.cfg.IdentityID == "" {
		return &armcontainerservice.ManagedClusterIdentity{Type: new(armcontainerservice.ResourceIdentityTypeSystemAssigned)}
	}
	return &armcontainerservice.ManagedClusterIdentity{Type: new(armcontainerservice.ResourceIdentityTypeUserAssigned),
		UserAssignedIdentities: map[string]*armcontainerservice.ManagedServiceIdentityUserAssignedIdentitiesValue{h.cfg.IdentityID: {}}}
}

// notInDNS are the characters that a DNS prefix cannot have.
var notInDNS = regexp.MustCompile(`[^a-zA-Z0-9-]+`)

// dnsPrefix makes the name of a cluster one of a host: at most 54 letters, digits
// and hyphens.
func dnsPrefix(name string) string {
	s := notInDNS.ReplaceAllString(name, "-")
	return strings.Trim(s[:min(len(s), 54)], "-")
}

// nodeGroupName is nil, for AKS's own name of the group of the nodes, unless that
// is too long for a label of Kubernetes, which it becomes in overlay mode.
func nodeGroupName(group, name, location string) *string {
	const longest = 63
	own := "MC_" + group + "_" + name + "_" + location
	if len(own) <= longest {
		return nil
	}
	sum := sha256.Sum256([]byte(strings.ToLower(own)))
	tail := "_" + hex.EncodeToString(sum[:4])
	return new(strings.TrimRight(own[:longest-len(tail)], ".") + tail)
}

// DeleteCluster implements [pmks.ClusterHandler] with one request, which removes
// the node groups as well.
func (h *Handler) DeleteCluster(ctx context.Context, clusterIID pmks.IID) (_ bool, err error) {
	defer place(&err, "DeleteCluster", clusterIID, pmks.IID{})
	r, err := h.clusterRef(clusterIID)
	if err != nil {
		return false, err
	}
	gone := func(ctx context.Context) (bool, error) {
		c, err := h.readCluster(ctx, r)
		if missing(err) {
			return true, nil
		}
		return err == nil && clusterState(c).provisioning == "Deleting", err
	}
	if err := sendDelete(ctx, gone, func(ctx context.Context) error {
		_, err := h.api.clustersWrite.BeginDelete(ctx, r.group, r.name, nil)
		return err
	}); err != nil {
		return false, absent(err)
	}
	return true, nil
}

// sendDelete makes a deletion exactly once. Azure answers 204 where there is nothing
// to delete.
func sendDelete(ctx context.Context, gone func(context.Context) (bool, error), begin func(context.Context) error) error {
	return once.Delete(ctx, func(ctx context.Context) error {
		got, err := accepted(ctx, begin)
		if err == nil && got.status == http.StatusNoContent {
			return &pmks.Error{Code: pmks.CodeNotFound, HTTPStatus: got.status, Message: "there is nothing of that name"}
		}
		return err
	}, gone)
}
