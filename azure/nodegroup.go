// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/netip"
	"strconv"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v7"
	aks "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v8"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kver"
	"github.com/pmks-go/pmks/internal/once"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/ready"
	"github.com/pmks-go/pmks/internal/refuse"
)

// imageTable holds what nodes can run, by its name in lower case: users choose an
// operating system, not an image (agentPools, osSKU).
var imageTable = map[string]aks.OSSKU{
	"azurelinux":  aks.OSSKUAzureLinux,
	"azurelinux3": aks.OSSKUAzureLinux3,
	"ubuntu":      aks.OSSKUUbuntu,
	"ubuntu2204":  aks.OSSKUUbuntu2204,
	"ubuntu2404":  aks.OSSKUUbuntu2404,
}

// diskTable holds the types of OS disks. A managed one is a premium SSD.
var diskTable = map[string]aks.OSDiskType{
	"ephemeral":   aks.OSDiskTypeEphemeral,
	"managed":     aks.OSDiskTypeManaged,
	"premium ssd": aks.OSDiskTypeManaged,
	"premiumssd":  aks.OSDiskTypeManaged,
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
		OSType:             new(aks.OSTypeLinux),
		Type:               new(aks.AgentPoolTypeVirtualMachineScaleSets),
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
	setNodes(&f, prefix, p, req)
	return p, f.Err()
}

// setBounds writes the bounds of the autoscaler, and remembers them in tags for
// when it is off: AKS takes none then.
func setBounds(p *poolProperties, on bool, minimum, maximum int) {
	p.EnableAutoScaling, p.MinCount, p.MaxCount = &on, nil, nil
	if on {
		p.MinCount, p.MaxCount = new(int32(minimum)), new(int32(maximum))
	}
	if maximum > 0 {
		p.Tags = tags(p.Tags).with(poolTagMin, strconv.Itoa(minimum)).with(poolTagMax, strconv.Itoa(maximum))
	}
}

// profile is a pool as it comes with a cluster.
func profile(name string, p *poolProperties) *aks.ManagedClusterAgentPoolProfile {
	return &aks.ManagedClusterAgentPoolProfile{
		Name: &name, AvailabilityZones: p.AvailabilityZones, Count: p.Count, EnableAutoScaling: p.EnableAutoScaling,
		EnableNodePublicIP: p.EnableNodePublicIP, MaxCount: p.MaxCount, MaxPods: p.MaxPods, MinCount: p.MinCount, Mode: p.Mode,
		NodeLabels: p.NodeLabels, NodeTaints: p.NodeTaints,
		OSDiskSizeGB: p.OSDiskSizeGB, OSDiskType: p.OSDiskType, OSSKU: p.OSSKU, OSType: p.OSType, ScaleSetPriority: p.ScaleSetPriority,
		Tags: p.Tags, Type: p.Type, VMSize: p.VMSize, VnetSubnetID: p.VnetSubnetID,
	}
}

// resolveKey reads the public SSH key that a field names; nil when none is asked for.
func (h *Handler) resolveKey(ctx context.Context, field string, iid pmks.IID) (*aks.LinuxProfile, error) {
	if iid.IsZero() {
		return nil, nil
	}
	r, err := h.keyRef(iid)
	if err != nil {
		return nil, errs.With(err, func(e *pmks.Error) { e.Field = field })
	}
	out, err := read(ctx, h, armReads, func(ctx context.Context) (armcompute.SSHPublicKeysClientGetResponse, error) {
		return h.api.keys.Get(ctx, r.group, r.name, nil)
	}, func(out armcompute.SSHPublicKeysClientGetResponse) error {
		return holds("SSH public key", out.ID, out.Properties)
	})
	if err := unknown(field, "SSH public key", r, err); err != nil {
		return nil, err
	}
	if strings.TrimSpace(value(out.Properties.PublicKey)) == "" {
		return nil, refuse.Invalid(field, "%q holds no public key yet: generate or upload one", r.name)
	}
	// An upload from a file may end in a line break, which AKS refuses.
	return &aks.LinuxProfile{AdminUsername: &h.cfg.AdminUsername,
		SSH: &aks.SSHConfiguration{PublicKeys: []*aks.SSHPublicKey{{KeyData: new(strings.TrimSpace(*out.Properties.PublicKey))}}}}, nil
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
	defer errs.Annotate(&err, Name, "AddNodeGroup", clusterIID, pmks.IID{NameId: req.IId.NameId})
	r, c, p, err := h.addRequest(ctx, clusterIID, req)
	if err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	token, name := rand.Text(), req.IId.NameId
	p.Tags[poolTagRequest] = &token
	in := aks.AgentPool{Properties: p}
	if err := h.beforeAddNodeGroup(ctx, req, &in); err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	var made *aks.AgentPool
	err = h.create(ctx, func(ctx context.Context) (err error) {
		made, err = h.putPool(ctx, r, name, in, &aks.AgentPoolsClientBeginCreateOrUpdateOptions{IfNoneMatch: new("*")})
		return refusedCreation(err, "node group")
	}, func(ctx context.Context) (bool, error) {
		found, _, err := h.readPool(ctx, r, name)
		if err != nil {
			return false, errs.IgnoreNotFound(err)
		}
		if tags(found.Properties.Tags).get(poolTagRequest) != token {
			return false, &pmks.Error{Code: pmks.CodeAlreadyExists, Field: "IId.NameId", Message: "somebody else made a node group of this name meanwhile"}
		}
		made = found
		return true, nil
	})
	if err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	return poolInfo(canonical(value(c.ID), h.cfg.ResourceGroup), name, made.Properties, tags(c.Tags).keyPair()), nil
}

// addRequest checks a request and looks up what it needs.
func (h *Handler) addRequest(ctx context.Context, clusterIID pmks.IID, req pmks.NodeGroupInfo) (ref, *aks.ManagedCluster, *poolProperties, error) {
	var f refuse.List
	r, err := h.clusterRef(clusterIID)
	f.Join(err)
	f.Join(capabilities.CheckNodeGroup(req))
	p, err := h.pool("", capabilities.WithDefaultBounds(req))
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
	if err := checkClusterReady(c); err != nil {
		return r, nil, nil, err
	}
	key := tags(c.Tags).keyPair()
	if !req.KeyPairIID.IsZero() && !h.sameKey(req.KeyPairIID, key) {
		return r, nil, nil, refuse.Invalid("KeyPairIID", "the cluster has the key %q, and AKS has one per cluster: give that or none", key.String())
	}
	if !key.IsZero() {
		p.Tags[poolTagKeyPair] = &key.SystemId // as the pools that came with the cluster have it
	}
	zones := p.AvailabilityZones
	joinNetwork(p, c)
	if len(req.Zones) > 0 {
		p.AvailabilityZones = zones
	}
	return r, c, p, nil
}

// joinNetwork puts a new pool where the others of its cluster are. What a cluster has
// decides, not the configuration, which is for new ones: AKS wants all pools in one
// network, and a subnet has room for so many pods on a node.
func joinNetwork(p *poolProperties, c *aks.ManagedCluster) {
	for _, other := range c.Properties.AgentPoolProfiles {
		if other == nil || other.Type != nil && *other.Type != aks.AgentPoolTypeVirtualMachineScaleSets {
			continue
		}
		p.VnetSubnetID, p.PodSubnetID, p.AvailabilityZones = other.VnetSubnetID, other.PodSubnetID, other.AvailabilityZones
		if value(other.MaxPods) > 0 {
			p.MaxPods = other.MaxPods
		}
		return
	}
}

// sameKey compares two references to keys. A tag may hold the name alone, as
// CB-Spider writes it.
func (h *Handler) sameKey(a, b pmks.IID) bool {
	if a.IsZero() || b.IsZero() {
		return a.IsZero() && b.IsZero()
	}
	first, err1 := h.keyRef(a)
	second, err2 := h.keyRef(b)
	return err1 == nil && err2 == nil && first.is(second)
}

func (h *Handler) keyRef(iid pmks.IID) (ref, error) {
	return h.resolve("KeyPairIID", iid, keyType, h.cfg.ResourceGroup, namePattern)
}

// readPool reads an agent pool, and its body for sending it back.
func (h *Handler) readPool(ctx context.Context, r ref, name string) (*aks.AgentPool, []byte, error) {
	var raw *http.Response
	out, err := read(ctx, h, aksRest, func(ctx context.Context) (*aks.AgentPool, error) {
		out, err := h.api.pools.Get(policy.WithCaptureResponse(ctx, &raw), r.group, r.name, name, nil)
		return &out.AgentPool, notFoundOf(fail(err), r)
	}, func(p *aks.AgentPool) error { return checkPool(p, name) })
	if err != nil {
		return nil, nil, err
	}
	body, err := runtime.Payload(raw) // the SDK has read it, and keeps it
	return out, body, fail(err)
}

// checkPool refuses an answer that is no agent pool, or not the one that was asked for.
func checkPool(p *aks.AgentPool, name string) error {
	if !strings.EqualFold(value(p.Name), name) {
		return lost("agent pool of that name")
	}
	return holds("agent pool", p.Name, p.Properties)
}

// putPool sends a pool and returns what Azure accepted.
func (h *Handler) putPool(ctx context.Context, r ref, name string, in aks.AgentPool,
	o *aks.AgentPoolsClientBeginCreateOrUpdateOptions) (*aks.AgentPool, error) {
	got, err := h.send(ctx, of(poolWrites, r, name), func(ctx context.Context) error {
		_, err := h.api.pools.BeginCreateOrUpdate(ctx, r.group, r.name, name, in, o)
		return err
	})
	if err != nil {
		return nil, err
	}
	var out aks.AgentPool
	if err := got.decode(&out); err != nil {
		return nil, err
	}
	return &out, checkPool(&out, name)
}

// RemoveNodeGroup implements [pmks.ClusterHandler]: the cluster is read to see
// whether AKS will give the pool up, then one request is made.
func (h *Handler) RemoveNodeGroup(ctx context.Context, clusterIID, nodeGroupIID pmks.IID) (_ bool, err error) {
	defer errs.Annotate(&err, Name, "RemoveNodeGroup", clusterIID, nodeGroupIID)
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
	look := func(ctx context.Context) (once.Fate, error) {
		p, _, err := h.readPool(ctx, r, name)
		return once.FateOf(err == nil && poolState(p.Properties).provisioning == "Deleting", err)
	}
	err = h.remove(ctx, aksRest, look, func(ctx context.Context) error {
		_, err := h.api.pools.BeginDelete(ctx, r.group, r.name, name,
			&aks.AgentPoolsClientBeginDeleteOptions{IgnorePodDisruptionBudget: &h.cfg.IgnoreDisruptionBudgets})
		return err
	})
	return err == nil, err
}

// findPool returns a pool of a cluster; nil if there is none of that name.
func findPool(c *aks.ManagedCluster, name string) *aks.ManagedClusterAgentPoolProfile {
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
func removable(c *aks.ManagedCluster, name string) (*poolProperties, error) {
	found := findPool(c, name)
	if found == nil {
		return nil, &pmks.Error{Code: pmks.CodeNotFound, Message: "the cluster has no node group " + strconv.Quote(name)}
	}
	s := clusterState(c)
	if err := ready.CheckMend("the cluster", s.native(), s.meaning()); errs.Is(err, pmks.CodeBusy) {
		return nil, err
	}
	others := 0
	for _, p := range c.Properties.AgentPoolProfiles {
		if p != nil && p != found && value(p.Mode) == aks.AgentPoolModeSystem && value(p.ProvisioningState) != "Deleting" {
			others++
		}
	}
	if others == 0 && value(found.Mode) == aks.AgentPoolModeSystem {
		return nil, refuse.Precondition("it is the last node group of mode System, which AKS does not give up: add another that keeps a node first, or delete the cluster")
	}
	return properties(found), nil
}
