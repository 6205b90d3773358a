// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"crypto/rand"
	"net/netip"
	"strconv"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v8"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kver"
	"github.com/pmks-go/pmks/internal/once"
	"github.com/pmks-go/pmks/internal/refuse"
)

// imageTable holds what nodes can run, by its name in lower case: users choose an
// operating system, not an image (agentPools, osSKU).
var imageTable = map[string]armcontainerservice.OSSKU{
	"azurelinux":  armcontainerservice.OSSKUAzureLinux,
	"azurelinux3": armcontainerservice.OSSKUAzureLinux3,
	"ubuntu":      armcontainerservice.OSSKUUbuntu,
	"ubuntu2204":  armcontainerservice.OSSKUUbuntu2204,
	"ubuntu2404":  armcontainerservice.OSSKUUbuntu2404,
}

// diskTable holds the types of OS disks. A managed one is a premium SSD.
var diskTable = map[string]armcontainerservice.OSDiskType{
	"ephemeral":   armcontainerservice.OSDiskTypeEphemeral,
	"managed":     armcontainerservice.OSDiskTypeManaged,
	"premium ssd": armcontainerservice.OSDiskTypeManaged,
	"premiumssd":  armcontainerservice.OSDiskTypeManaged,
}

// pool converts a request for a node group, without its subnet. Everything wrong
// comes at once, with prefix before the field.
func (h *Handler) pool(prefix string, req pmks.NodeGroupInfo) (*poolProperties, error) {
	var f refuse.List
	p := &poolProperties{
		Count:              new(int32(req.DesiredNodeSize)),
		EnableAutoScaling:  &req.OnAutoScaling,
		EnableNodePublicIP: new(false),
		MaxPods:            new(int32(h.cfg.MaxPods)),
		Mode:               new(mode(req)),
		OSType:             new(armcontainerservice.OSTypeLinux),
		Type:               new(armcontainerservice.AgentPoolTypeVirtualMachineScaleSets),
		VMSize:             &req.VMSpecName,
		Tags:               map[string]*string{},
	}
	setBounds(p, req.OnAutoScaling, req.MinNodeSize, req.MaxNodeSize)
	if image := firstOf(req.ImageIID.SystemId, req.ImageIID.NameId); image != "" && !kver.IsDefault(image) {
		sku, ok := imageTable[strings.ToLower(image)]
		if !ok {
			f.Add(prefix+"ImageIID", "%q is not one of Ubuntu, Ubuntu2204, Ubuntu2404, AzureLinux, AzureLinux3: AKS takes no other images", image)
		}
		p.OSSKU = &sku
	}
	if disk := req.RootDiskType; disk != "" && !kver.IsDefault(disk) {
		kind, ok := diskTable[strings.ToLower(disk)]
		if !ok {
			f.Add(prefix+"RootDiskType", "%q is not one of Managed, PremiumSSD, Ephemeral", disk)
		}
		p.OSDiskType = &kind
	}
	if key := firstOf(req.KeyPairIID.SystemId, req.KeyPairIID.NameId); key != "" {
		p.Tags[poolTagKeyPair] = &key
	}
	if size, err := strconv.Atoi(req.RootDiskSize); err == nil {
		p.OSDiskSizeGB = new(int32(size))
	}
	for _, zone := range h.cfg.Zones {
		p.AvailabilityZones = append(p.AvailabilityZones, &zone)
	}
	return p, f.Err()
}

// mode is System for a group that always has a node, since only those may run what
// belongs to the cluster, and User for one that may have none.
func mode(req pmks.NodeGroupInfo) armcontainerservice.AgentPoolMode {
	least := req.DesiredNodeSize
	if req.OnAutoScaling {
		least = req.MinNodeSize
	}
	if least < 1 {
		return armcontainerservice.AgentPoolModeUser
	}
	return armcontainerservice.AgentPoolModeSystem
}

// setBounds writes the bounds of the autoscaler, and remembers them in tags for
// when it is off: AKS takes none then.
func setBounds(p *poolProperties, on bool, minimum, maximum int) {
	p.EnableAutoScaling, p.MinCount, p.MaxCount = &on, nil, nil
	if on {
		p.MinCount, p.MaxCount = new(int32(minimum)), new(int32(maximum))
	}
	tags := make(map[string]*string, len(p.Tags)+2)
	for key, v := range p.Tags {
		tags[key] = v
	}
	if maximum > 0 {
		tags[poolTagMin], tags[poolTagMax] = new(strconv.Itoa(minimum)), new(strconv.Itoa(maximum))
	}
	p.Tags = tags
}

// profile is a pool as it comes with a cluster.
func profile(name string, p *poolProperties) *armcontainerservice.ManagedClusterAgentPoolProfile {
	return &armcontainerservice.ManagedClusterAgentPoolProfile{
		Name: &name, AvailabilityZones: p.AvailabilityZones, Count: p.Count, EnableAutoScaling: p.EnableAutoScaling,
		EnableNodePublicIP: p.EnableNodePublicIP, MaxCount: p.MaxCount, MaxPods: p.MaxPods, MinCount: p.MinCount, Mode: p.Mode,
		OSDiskSizeGB: p.OSDiskSizeGB, OSDiskType: p.OSDiskType, OSSKU: p.OSSKU, OSType: p.OSType, Tags: p.Tags, Type: p.Type,
		VMSize: p.VMSize, VnetSubnetID: p.VnetSubnetID,
	}
}

// resolveKey reads the public SSH key; nil when none is asked for.
func (h *Handler) resolveKey(ctx context.Context, iid pmks.IID) (*armcontainerservice.LinuxProfile, error) {
	if iid.IsZero() {
		return nil, nil
	}
	const field = "KeyPairIID"
	r, err := h.resolve(field, iid, keyType, h.cfg.ResourceGroup, namePattern)
	if err != nil {
		return nil, err
	}
	out, err := h.api.keys.Get(ctx, r.group, r.name, nil)
	if err := unknown(field, "SSH public key", r, err); err != nil {
		return nil, err
	}
	if out.Properties == nil || value(out.Properties.PublicKey) == "" {
		return nil, refuse.Invalid(field, "%q holds no public key yet: generate or upload one", r.name)
	}
	return &armcontainerservice.LinuxProfile{AdminUsername: &h.cfg.AdminUsername,
		SSH: &armcontainerservice.SSHConfiguration{PublicKeys: []*armcontainerservice.SSHPublicKey{{KeyData: out.Properties.PublicKey}}}}, nil
}

// dnsAddress is the eleventh address of a range, by the custom of AKS.
func dnsAddress(services netip.Prefix) string {
	a := services.Addr()
	for range 10 {
		a = a.Next()
	}
	return a.String()
}

// AddNodeGroup implements [pmks.ClusterHandler]: the cluster is read, which knows
// its node groups, then one request is made.
func (h *Handler) AddNodeGroup(ctx context.Context, clusterIID pmks.IID, req pmks.NodeGroupInfo) (_ pmks.NodeGroupInfo, err error) {
	defer place(&err, "AddNodeGroup", clusterIID, pmks.IID{NameId: req.IId.NameId})
	r, c, p, err := h.addRequest(ctx, clusterIID, req)
	if err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	token, name := rand.Text(), req.IId.NameId
	p.Tags[poolTagRequest] = &token
	var made *armcontainerservice.AgentPool
	err = once.Create(ctx, func(ctx context.Context) (err error) {
		made, err = h.putPool(ctx, r, name, p, &armcontainerservice.AgentPoolsClientBeginCreateOrUpdateOptions{IfNoneMatch: new("*")})
		return exists(err, "node group")
	}, func(ctx context.Context) (bool, error) {
		found, err := h.readPool(ctx, r, name)
		if err != nil {
			return false, ignoreMissing(err)
		}
		if value(found.Properties.Tags[poolTagRequest]) != token {
			return false, &pmks.Error{Code: pmks.CodeAlreadyExists, Field: "IId.NameId", Message: "somebody else made a node group of this name meanwhile"}
		}
		made = found
		return true, nil
	})
	if err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	return poolInfo(canonical(value(c.ID), h.cfg.ResourceGroup), name, made.Properties, keyPair(c.Tags)), nil
}

// addRequest checks a request and looks up what it needs.
func (h *Handler) addRequest(ctx context.Context, clusterIID pmks.IID, req pmks.NodeGroupInfo) (ref, *armcontainerservice.ManagedCluster, *poolProperties, error) {
	var f refuse.List
	r, err := h.clusterRef(clusterIID)
	f.Join(err)
	f.Join(capabilities.CheckNodeGroup(req))
	p, err := h.pool("", req)
	f.Join(err)
	if err := f.Err(); err != nil {
		return r, nil, nil, err
	}
	c, err := h.readCluster(ctx, r)
	if err != nil {
		return r, nil, nil, err
	}
	if findPool(c, req.IId.NameId) != nil {
		return r, nil, nil, &pmks.Error{Code: pmks.CodeAlreadyExists, Field: "IId.NameId", Message: "a node group of this name exists"}
	}
	if err := accepts(c); err != nil {
		return r, nil, nil, err
	}
	if err := sameKey(req.KeyPairIID, keyPair(c.Tags)); err != nil {
		return r, nil, nil, err
	}
	if key := keyPair(c.Tags); !key.IsZero() {
		p.Tags[poolTagKeyPair] = &key.SystemId // as the pools that came with the cluster have it
	}
	if n := c.Properties; n != nil && len(n.AgentPoolProfiles) > 0 && n.AgentPoolProfiles[0] != nil {
		p.VnetSubnetID = n.AgentPoolProfiles[0].VnetSubnetID
	}
	return r, c, p, nil
}

// sameKey compares the key of a request with that of its cluster.
func sameKey(asked, has pmks.IID) error {
	if asked.IsZero() || strings.EqualFold(asked.SystemId, has.SystemId) && asked.SystemId != "" ||
		asked.SystemId == "" && strings.EqualFold(asked.NameId, has.NameId) {
		return nil
	}
	return refuse.Invalid("KeyPairIID", "the cluster has the key %q, and AKS has one per cluster: give that or none", has.String())
}

// accepts says why a cluster takes no changes now.
func accepts(c *armcontainerservice.ManagedCluster) error {
	s := clusterState(c)
	switch status, why, _ := s.portable(); status {
	case pmks.ClusterCreating, pmks.ClusterUpdating:
		return &pmks.Error{Code: pmks.CodeBusy, ProviderCode: s.native(), Message: "the cluster is " + string(status) + ": wait until it is Active"}
	case pmks.ClusterDeleting:
		return refuse.Precondition("the cluster is being deleted")
	case pmks.ClusterInactive:
		return refuse.Precondition("the cluster is Inactive: %s", why)
	}
	return nil
}

func (h *Handler) readPool(ctx context.Context, r ref, name string) (*armcontainerservice.AgentPool, error) {
	out, err := h.api.pools.Get(ctx, r.group, r.name, name, nil)
	if err != nil {
		return nil, absent(fail(err))
	}
	if out.Properties == nil {
		return nil, &pmks.Error{Code: pmks.CodeInternal, Message: "Azure sent an agent pool without properties"}
	}
	return &out.AgentPool, nil
}

// putPool sends a pool and returns what Azure accepted.
func (h *Handler) putPool(ctx context.Context, r ref, name string, p *poolProperties,
	o *armcontainerservice.AgentPoolsClientBeginCreateOrUpdateOptions) (*armcontainerservice.AgentPool, error) {
	got, err := accepted(ctx, func(ctx context.Context) error {
		_, err := h.api.poolsWrite.BeginCreateOrUpdate(ctx, r.group, r.name, name, armcontainerservice.AgentPool{Properties: p}, o)
		return err
	})
	if err != nil {
		return nil, err
	}
	out := armcontainerservice.AgentPool{Properties: &poolProperties{}}
	return &out, got.read(&out)
}

// RemoveNodeGroup implements [pmks.ClusterHandler]: the cluster is read to see
// whether AKS will give the pool up, then one request is made.
func (h *Handler) RemoveNodeGroup(ctx context.Context, clusterIID, nodeGroupIID pmks.IID) (_ bool, err error) {
	defer place(&err, "RemoveNodeGroup", clusterIID, nodeGroupIID)
	r, name, err := h.names(clusterIID, nodeGroupIID)
	if err != nil {
		return false, err
	}
	c, err := h.readCluster(ctx, r)
	if err != nil {
		return false, err
	}
	p, err := removable(c, name)
	if err != nil {
		return false, err
	}
	if poolState(p).provisioning == "Deleting" {
		return true, nil
	}
	gone := func(ctx context.Context) (bool, error) {
		p, err := h.readPool(ctx, r, name)
		if missing(err) {
			return true, nil
		}
		return err == nil && poolState(p.Properties).provisioning == "Deleting", err
	}
	err = sendDelete(ctx, gone, func(ctx context.Context) error {
		_, err := h.api.poolsWrite.BeginDelete(ctx, r.group, r.name, name,
			&armcontainerservice.AgentPoolsClientBeginDeleteOptions{IgnorePodDisruptionBudget: &h.cfg.IgnoreDisruptionBudgets})
		return err
	})
	return err == nil, err
}

// findPool returns a pool of a cluster; nil if there is none of that name.
func findPool(c *armcontainerservice.ManagedCluster, name string) *armcontainerservice.ManagedClusterAgentPoolProfile {
	if c.Properties != nil {
		for _, p := range c.Properties.AgentPoolProfiles {
			if p != nil && strings.EqualFold(value(p.Name), name) {
				return p
			}
		}
	}
	return nil
}

// removable finds a pool in its cluster, and says whether AKS will give it up.
func removable(c *armcontainerservice.ManagedCluster, name string) (*poolProperties, error) {
	found := findPool(c, name)
	if found == nil {
		return nil, &pmks.Error{Code: pmks.CodeNotFound, Message: "the cluster has no node group " + strconv.Quote(name)}
	}
	if err := accepts(c); has(err, pmks.CodeBusy) {
		return nil, err
	}
	others := 0
	for _, p := range c.Properties.AgentPoolProfiles {
		if p != nil && p != found && value(p.Mode) == armcontainerservice.AgentPoolModeSystem && value(p.ProvisioningState) != "Deleting" {
			others++
		}
	}
	if others == 0 && value(found.Mode) == armcontainerservice.AgentPoolModeSystem {
		return nil, refuse.Precondition("it is the last node group of mode System, which AKS does not give up: add another that keeps a node first, or delete the cluster")
	}
	return properties(found), nil
}
