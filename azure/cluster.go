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

	aks "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v8"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/once"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/refuse"
)

// CreateCluster implements [pmks.ClusterHandler]: the network, the security
// groups, the SSH key and the versions are looked up in parallel, then one request
// is made. A PUT on a name that exists would be an update, so it is
// made on the condition that nothing is there.
func (h *Handler) CreateCluster(ctx context.Context, req pmks.ClusterInfo) (_ pmks.ClusterInfo, err error) {
	defer errs.Annotate(&err, Name, "CreateCluster", pmks.IID{NameId: req.IId.NameId}, pmks.IID{})
	in, err := h.createRequest(ctx, req)
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	if err := h.beforeCreateCluster(ctx, req, in); err != nil {
		return pmks.ClusterInfo{}, err
	}
	r := ref{h.cfg.ResourceGroup, req.IId.NameId}
	var made *aks.ManagedCluster
	err = h.create(ctx, func(ctx context.Context) (err error) {
		made, err = h.putCluster(ctx, r, *in, &aks.ManagedClustersClientBeginCreateOrUpdateOptions{IfNoneMatch: new("*")})
		return refusedCreation(err, "cluster")
	}, func(ctx context.Context) (bool, error) {
		found, _, err := h.readAnywhere(ctx, r)
		if err != nil {
			return false, errs.IgnoreNotFound(err)
		}
		if tags(found.Tags).get(tagRequest) != value(in.Tags[tagRequest]) {
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
func (h *Handler) putCluster(ctx context.Context, r ref, in aks.ManagedCluster,
	o *aks.ManagedClustersClientBeginCreateOrUpdateOptions) (*aks.ManagedCluster, error) {
	got, err := h.send(ctx, of(clusterWrites, r, ""), func(ctx context.Context) error {
		_, err := h.api.clusters.BeginCreateOrUpdate(ctx, r.group, r.name, in, o)
		return err
	})
	if err != nil {
		return nil, err
	}
	var out aks.ManagedCluster
	if err := got.decode(&out); err != nil {
		return nil, err
	}
	return &out, checkCluster(&out, r.name)
}

// existsPattern matches the words of a conflict with something that is there.
var existsPattern = regexp.MustCompile(`(?i)\bexists?\b`)

// saysExists reports whether a conflict, of the general code or of one that nobody
// knows, speaks of something that is there.
func saysExists(e *pmks.Error) bool {
	_, known := errorTable[e.ProviderCode]
	return e.ProviderCode == "Conflict" && existsPattern.MatchString(e.Message) ||
		!known && strings.Contains(strings.ToLower(e.Message), "already exist")
}

// refusedCreation puts right what the refusal of a creation means. If-None-Match fails
// on what is there, a conflict may speak of that too, and what is not found is
// something that the request refers to.
func refusedCreation(err error, what string) error {
	var e *pmks.Error
	if !errors.As(err, &e) {
		return err
	}
	switch {
	case e.HTTPStatus == http.StatusPreconditionFailed, e.HTTPStatus == http.StatusConflict && saysExists(e):
		return errs.With(err, func(e *pmks.Error) {
			e.Code, e.Field, e.Message = pmks.CodeAlreadyExists, "IId.NameId", "a "+what+" of this name exists: "+e.Message
		})
	case e.Code == pmks.CodeNotFound && what == "cluster":
		return errs.With(err, func(e *pmks.Error) { e.Code = pmks.CodeFailedPrecondition })
	}
	return err
}

// createRequest checks a request, looks everything up at once, and reports
// everything wrong with it.
func (h *Handler) createRequest(ctx context.Context, req pmks.ClusterInfo) (*aks.ManagedCluster, error) {
	pools, err := h.checkRequest(req)
	if err != nil {
		return nil, err
	}
	var net nodeNetwork
	var version string
	var key *aks.LinuxProfile
	if err := fanout.All(ctx,
		func(ctx context.Context) (err error) {
			net, err = h.resolveNetwork(ctx, req)
			return err
		},
		func(ctx context.Context) (err error) {
			version, err = h.resolveVersion(ctx, req.Version)
			return err
		},
		func(ctx context.Context) (err error) {
			key, err = h.resolveKey(ctx, "NodeGroupList[0].KeyPairIID", req.NodeGroupList[0].KeyPairIID)
			return err
		}); err != nil {
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

// checkRequest is what can be said of a request without the network.
func (h *Handler) checkRequest(req pmks.ClusterInfo) ([]*poolProperties, error) {
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
		p, err := h.pool(field, capabilities.WithDefaultBounds(group))
		f.Join(err)
		pools[i] = p
		system = system || value(p.Mode) == aks.AgentPoolModeSystem
		if _, err := h.keyRef(group.KeyPairIID); err != nil && !group.KeyPairIID.IsZero() {
			f.Join(errs.With(err, func(e *pmks.Error) { e.Field = field + "KeyPairIID" }))
		} else if !h.sameKey(group.KeyPairIID, req.NodeGroupList[0].KeyPairIID) {
			f.Add(field+"KeyPairIID", "must be the same for all node groups: AKS has one key per cluster")
		}
	}
	checkPrivateTags(&f, req.Access.Mode == pmks.AccessPrivate, len(req.TagList), ownTags(req))
	// What is wrong otherwise may be why no group is right, or hide which one is.
	if len(pools) > 0 && !system && f.Err() == nil {
		f.Add("NodeGroupList", "one node group at least must keep a node, not be spot, and have no taint but CriticalAddonsOnly and those of %s: AKS runs its own pods there", pmks.TaintPreferNoSchedule)
	}
	return pools, f.Err()
}

// cluster is the request without its pools.
func (h *Handler) cluster(req pmks.ClusterInfo, net nodeNetwork, version string) *aks.ManagedCluster {
	tier := aks.ManagedClusterSKUTier(h.cfg.SKUTier)
	name := req.IId.NameId
	in := &aks.ManagedCluster{
		Location: &h.cfg.Location,
		SKU:      &aks.ManagedClusterSKU{Name: new(aks.ManagedClusterSKUNameBase), Tier: &tier},
		Identity: h.identity(),
		Tags: map[string]*string{
			tagRequest: new(rand.Text()),
			tagCreated: new(strconv.FormatInt(time.Now().Unix(), 10)),
		},
		Properties: &aks.ManagedClusterProperties{
			APIServerAccessProfile: accessProfile(req.Access),

			DNSPrefix:         new(dnsPrefix(name)),
			EnableRBAC:        new(true),
			NodeResourceGroup: nodeGroupName(h.cfg.ResourceGroup, name, h.cfg.Location),
			NetworkProfile: &aks.NetworkProfile{
				NetworkPlugin:   new(aks.NetworkPluginAzure),
				LoadBalancerSKU: new(aks.LoadBalancerSKUStandard),
				OutboundType:    new(aks.OutboundTypeLoadBalancer),
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
		in.Properties.NetworkProfile.NetworkPluginMode = new(aks.NetworkPluginModeOverlay)
		in.Properties.NetworkProfile.PodCidr = &h.cfg.PodCIDR
	}
	if len(h.cfg.EntraAdmins) > 0 {
		aad := &aks.ManagedClusterAADProfile{Managed: new(true)}
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

func (h *Handler) identity() *aks.ManagedClusterIdentity {
	if h.cfg.IdentityID == "" {
		return &aks.ManagedClusterIdentity{Type: new(aks.ResourceIdentityTypeSystemAssigned)}
	}
	return &aks.ManagedClusterIdentity{Type: new(aks.ResourceIdentityTypeUserAssigned),
		UserAssignedIdentities: map[string]*aks.ManagedServiceIdentityUserAssignedIdentitiesValue{h.cfg.IdentityID: {}}}
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

// DeleteCluster implements [pmks.ClusterHandler]: the cluster is read, which alone tells
// its region, then one request removes it with its node groups.
func (h *Handler) DeleteCluster(ctx context.Context, clusterIID pmks.IID) (_ bool, err error) {
	defer errs.Annotate(&err, Name, "DeleteCluster", clusterIID, pmks.IID{})
	r, err := h.clusterRef(clusterIID)
	if err != nil {
		return false, err
	}
	if _, err := h.readCluster(ctx, r); err != nil {
		return false, err
	}
	look := func(ctx context.Context) (once.Fate, error) {
		c, err := h.readCluster(ctx, r)
		return once.FateOf(err == nil && clusterState(c).provisioning == "Deleting", err)
	}
	if err := h.remove(ctx, armDeletes, look, func(ctx context.Context) error {
		_, err := h.api.clusters.BeginDelete(ctx, r.group, r.name, nil)
		return err
	}); err != nil {
		return false, notFoundOf(err, r)
	}
	return true, nil
}
