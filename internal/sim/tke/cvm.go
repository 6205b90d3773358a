// SPDX-License-Identifier: Apache-2.0

package tke

import (
	"maps"
	"slices"

	"github.com/pmks-go/pmks/internal/sim/profile"
)

type (
	describeKeyPairsRequest struct {
		KeyIDs  []string `json:"KeyIds"`
		Filters []filter `json:"Filters"`
		Offset  *int64   `json:"Offset"`
		Limit   *int64   `json:"Limit"`
	}
	describeKeyPairsResponse struct {
		TotalCount int64           `json:"TotalCount"`
		KeyPairSet []keyPairObject `json:"KeyPairSet"`
	}
	keyPairObject struct {
		KeyID                 string      `json:"KeyId"`
		KeyName               string      `json:"KeyName"`
		ProjectID             int64       `json:"ProjectId"`
		Description           string      `json:"Description"`
		PublicKey             string      `json:"PublicKey"`
		PrivateKey            *string     `json:"PrivateKey"`
		AssociatedInstanceIDs []string    `json:"AssociatedInstanceIds"`
		CreatedTime           string      `json:"CreatedTime"`
		Tags                  []tagObject `json:"Tags"`
	}
)

func (s *Server) describeKeyPairs(c *call, in *describeKeyPairsRequest) (any, *apiError) {
	is, e := s.chosen(in.KeyIDs, in.Filters, "key-id", "key-name", "project-id")
	if e != nil {
		return nil, e
	}
	for _, id := range in.KeyIDs {
		if _, ok := s.here(c).keyPair(id); !ok {
			return nil, fail("InvalidKeyPairId.NotFound", "The key pair %s does not exist.", id)
		}
	}
	list := []keyPairObject{}
	for _, k := range s.here(c).KeyPairs {
		if is(k.ID, map[string]string{"key-name": k.Name, "project-id": "0"}) {
			list = append(list, keyPairObject{
				KeyID: k.ID, KeyName: k.Name, PublicKey: "ssh-ed25519 " + hexSum([]byte(k.ID)), AssociatedInstanceIDs: []string{}, CreatedTime: stamp(foundedOn), Tags: []tagObject{},
			})
		}
	}
	items, total, e := page(s, c, in.Offset, in.Limit, list)
	return describeKeyPairsResponse{total, items}, e
}

type (
	describeInstancesRequest struct {
		InstanceIDs []string `json:"InstanceIds"`
		Filters     []filter `json:"Filters"`
		Offset      *int64   `json:"Offset"`
		Limit       *int64   `json:"Limit"`
	}
	describeInstancesResponse struct {
		TotalCount  int64            `json:"TotalCount"`
		InstanceSet []instanceObject `json:"InstanceSet"`
	}
	instanceObject struct {
		Placement                placement          `json:"Placement"`
		InstanceID               string             `json:"InstanceId"`
		InstanceType             string             `json:"InstanceType"`
		CPU                      int64              `json:"CPU"`
		Memory                   int64              `json:"Memory"`
		RestrictState            string             `json:"RestrictState"`
		InstanceName             string             `json:"InstanceName"`
		InstanceChargeType       string             `json:"InstanceChargeType"`
		SystemDisk               instanceDisk       `json:"SystemDisk"`
		DataDisks                []absent           `json:"DataDisks"`
		PrivateIPAddresses       []string           `json:"PrivateIpAddresses"`
		PublicIPAddresses        []string           `json:"PublicIpAddresses"`
		InternetAccessible       internetAccessible `json:"InternetAccessible"`
		VirtualPrivateCloud      instanceNetwork    `json:"VirtualPrivateCloud"`
		ImageID                  string             `json:"ImageId"`
		RenewFlag                string             `json:"RenewFlag"`
		CreatedTime              string             `json:"CreatedTime"`
		ExpiredTime              string             `json:"ExpiredTime"` // of no meaning for what is paid by the hour
		OSName                   string             `json:"OsName"`
		SecurityGroupIDs         []string           `json:"SecurityGroupIds"`
		LoginSettings            instanceLogin      `json:"LoginSettings"`
		InstanceState            string             `json:"InstanceState"`
		Tags                     []tagObject        `json:"Tags"`
		StopChargingMode         string             `json:"StopChargingMode"`
		UUID                     string             `json:"Uuid"`
		LatestOperation          *string            `json:"LatestOperation"`
		LatestOperationState     *string            `json:"LatestOperationState"`
		LatestOperationRequestID *string            `json:"LatestOperationRequestId"`
		DisasterRecoverGroupID   string             `json:"DisasterRecoverGroupId"`
		IPv6Addresses            []string           `json:"IPv6Addresses"`
		CAMRoleName              *string            `json:"CamRoleName"`
		HPCClusterID             string             `json:"HpcClusterId"`
		RDMAIPAddresses          []string           `json:"RdmaIpAddresses"`
		DedicatedClusterID       string             `json:"DedicatedClusterId"`
		IsolatedSource           string             `json:"IsolatedSource"`
		DisasterRecoverGroupIDs  []string           `json:"DisasterRecoverGroupIds"`
		LicenseType              string             `json:"LicenseType"`
		DisableAPITermination    bool               `json:"DisableApiTermination"`
		HostName                 string             `json:"HostName"`
		DefaultLoginUser         string             `json:"DefaultLoginUser"`
		DefaultLoginPort         int64              `json:"DefaultLoginPort"`
		LatestOperationErrorMsg  *string            `json:"LatestOperationErrorMsg"`
	}
	placement struct {
		Zone      string `json:"Zone"`
		ProjectID int64  `json:"ProjectId"`
	}
	instanceDisk struct {
		DiskType string `json:"DiskType"`
		DiskID   string `json:"DiskId"`
		DiskSize int64  `json:"DiskSize"`
	}
	instanceNetwork struct {
		VPCID    string `json:"VpcId"`
		SubnetID string `json:"SubnetId"`
		// AsVPCGateway: it forwards what is not for it.
		AsVPCGateway bool `json:"AsVpcGateway"`
	}
	instanceLogin struct {
		KeyIDs []string `json:"KeyIds"`
	}
)

// describeInstances shows the nodes of all clusters.
func (s *Server) describeInstances(c *call, in *describeInstancesRequest) (any, *apiError) {
	chosen, e := s.chosen(in.InstanceIDs, in.Filters, "instance-id", "vpc-id", "subnet-id", "instance-charge-type")
	if e != nil {
		return nil, e
	}
	list := []instanceObject{}
	found := map[string]bool{}
	for _, id := range slices.Sorted(maps.Keys(s.clusters)) {
		rec := s.clusters[id]
		if rec.region != c.region || rec.live.State == profile.Gone {
			continue
		}
		for _, g := range rec.live.Groups {
			known := rec.pools[g.ID]
			for _, n := range known.nodesAt(c.Now) {
				found[n.id] = true
				if chosen(n.id, map[string]string{"vpc-id": rec.vpc, "subnet-id": n.subnet, "instance-charge-type": s.charge(known, n)}) {
					list = append(list, s.instanceObject(rec, known, n))
				}
			}
		}
	}
	for _, id := range in.InstanceIDs {
		if !found[id] {
			return nil, fail("InvalidInstanceId.NotFound", "The instance %s does not exist.", id)
		}
	}
	items, total, e := page(s, c, in.Offset, in.Limit, list)
	return describeInstancesResponse{total, items}, e
}

func (s *Server) instanceObject(rec *clusterRecord, known *poolRecord, n shownNode) instanceObject {
	kind, _ := s.resources.instanceType(known.launch.InstanceType)
	v, _ := s.resources.subnet(n.subnet)
	image, _ := s.resources.image(known.os)
	return instanceObject{
		Placement: placement{Zone: v.Zone}, InstanceID: n.id, InstanceType: kind.Name, CPU: int64(kind.VCPUs), Memory: int64(kind.MemoryGiB), RestrictState: "NORMAL",
		InstanceName: "tke_" + rec.id + "_worker", InstanceChargeType: s.charge(known, n),
		SystemDisk: instanceDisk{known.launch.SystemDisk.DiskType, "disk-" + n.id[4:], int64(known.launch.SystemDisk.DiskSize)}, DataDisks: []absent{},
		PrivateIPAddresses: []string{n.ip}, InternetAccessible: internetAccessible{InternetChargeType: "TRAFFIC_POSTPAID_BY_HOUR"},
		VirtualPrivateCloud: instanceNetwork{VPCID: rec.vpc, SubnetID: n.subnet}, ImageID: image.ID, RenewFlag: "NOTIFY_AND_MANUAL_RENEW", CreatedTime: stamp(n.created),
		ExpiredTime: stamp(n.created), OSName: image.Alias, SecurityGroupIDs: known.launch.SecurityGroupIDs,
		LoginSettings: instanceLogin{append([]string{}, known.launch.LoginSettings.KeyIDs...)}, InstanceState: "RUNNING", Tags: append([]tagObject{}, known.allTags()...),
		StopChargingMode: "NOT_APPLICABLE", UUID: hexSum([]byte(n.id))[:32], DisasterRecoverGroupIDs: []string{}, LicenseType: "TencentCloud",
		DisableAPITermination: n.protected, HostName: n.ip, DefaultLoginUser: "root", DefaultLoginPort: 22,
	}
}
