// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"strconv"
	"strings"
)

// sshKeyObject is an SSH public key resource.
type sshKeyObject struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	Type       string `json:"type"`
	Location   string `json:"location"`
	Properties struct {
		PublicKey string `json:"publicKey"`
	} `json:"properties"`
}

// sshKeyObject shows a key. The compute provider writes resource groups in upper
// case into its ids.
func (s *Server) sshKeyObject(k SSHKey) sshKeyObject {
	o := sshKeyObject{
		ID:       s.idOf(strings.ToUpper(k.ResourceGroup), "Microsoft.Compute/sshPublicKeys", k.Name),
		Name:     k.Name,
		Type:     "Microsoft.Compute/sshPublicKeys",
		Location: s.location,
	}
	o.Properties.PublicKey = k.PublicKey
	return o
}

func (s *Server) getSSHKey(c *call) (*answer, *apiError) {
	k, found := s.resources.sshKey(c.group(), c.vars["name"])
	if !found {
		return nil, notFound(c.kind(), c.resource(), c.group())
	}
	return ok(s.sshKeyObject(k))
}

func (s *Server) listSSHKeys(c *call) (*answer, *apiError) {
	all := list[sshKeyObject]{Value: []sshKeyObject{}}
	for _, k := range s.resources.SSHKeys {
		if strings.EqualFold(k.ResourceGroup, c.group()) {
			all.Value = append(all.Value, s.sshKeyObject(k))
		}
	}
	return paged(s, c, all)
}

// The scale sets in the resource group of the nodes.
type (
	scaleSetObject struct {
		ID       string            `json:"id"`
		Name     string            `json:"name"`
		Type     string            `json:"type"`
		Location string            `json:"location"`
		Tags     map[string]string `json:"tags"`
		SKU      struct {
			Name     string `json:"name"`
			Tier     string `json:"tier"`
			Capacity int    `json:"capacity"`
		} `json:"sku"`
		Properties struct {
			ProvisioningState string `json:"provisioningState"`
		} `json:"properties"`
	}
	virtualMachineObject struct {
		ID         string            `json:"id"`
		Name       string            `json:"name"`
		Type       string            `json:"type"`
		Location   string            `json:"location"`
		InstanceID string            `json:"instanceId"`
		Tags       map[string]string `json:"tags"`
		Properties struct {
			ProvisioningState string `json:"provisioningState"`
			OSProfile         struct {
				ComputerName string `json:"computerName"`
			} `json:"osProfile"`
		} `json:"properties"`
	}
)

func poolTags(pool string) map[string]string {
	return map[string]string{"aks-managed-poolName": pool, "aks-managed-creationSource": "vmssclient-aks-" + pool}
}

func (s *Server) listScaleSets(c *call) (*answer, *apiError) {
	all := list[scaleSetObject]{Value: []scaleSetObject{}}
	if rec, found := s.clusterOfNodeGroup(c.group()); found {
		for _, g := range rec.inOrder(rec.live) {
			own := rec.pools[g.Name]
			if own.spec.machinesPool() {
				continue
			}
			o := scaleSetObject{
				ID: s.scaleSetID(rec, own), Name: scaleSetName(rec, own), Type: "Microsoft.Compute/virtualMachineScaleSets",
				Location: s.location, Tags: poolTags(g.Name),
			}
			o.SKU.Name, o.SKU.Tier, o.SKU.Capacity = text(own.spec.VMSize), "Standard", len(s.machines(c, rec, g, own))
			o.Properties.ProvisioningState = "Succeeded"
			all.Value = append(all.Value, o)
		}
	}
	return paged(s, c, all)
}

func (s *Server) listScaleSetVMs(c *call) (*answer, *apiError) {
	rec, found := s.clusterOfNodeGroup(c.group())
	if !found {
		return nil, notFound("Microsoft.Compute/virtualMachineScaleSets", c.vars["name"], c.group())
	}
	for _, g := range rec.live.Groups {
		own := rec.pools[g.Name]
		if own == nil || own.spec.machinesPool() || !strings.EqualFold(scaleSetName(rec, own), c.vars["name"]) {
			continue
		}
		all := list[virtualMachineObject]{Value: []virtualMachineObject{}}
		for _, n := range s.machines(c, rec, g, own) {
			o := virtualMachineObject{
				ID:   s.machineID(rec, own, n),
				Name: scaleSetName(rec, own) + "_" + strconv.Itoa(n), Type: "Microsoft.Compute/virtualMachineScaleSets/virtualMachines",
				Location: s.location, InstanceID: strconv.Itoa(n), Tags: poolTags(g.Name),
			}
			o.Properties.ProvisioningState = "Succeeded"
			o.Properties.OSProfile.ComputerName = machineName(rec, own, n)
			all.Value = append(all.Value, o)
		}
		return paged(s, c, all)
	}
	return nil, notFound("Microsoft.Compute/virtualMachineScaleSets", c.vars["name"], c.group())
}
