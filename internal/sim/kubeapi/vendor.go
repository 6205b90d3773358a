// SPDX-License-Identifier: Apache-2.0

package kubeapi

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"maps"
	"strings"
	"time"
)

// Machine is what a cloud knows of a machine that is a node.
type Machine struct {
	// ID is the cloud's; NodeName is given where the cloud says the node's name.
	ID, NodeName string
	// Account is the project, subscription or account.
	Account, Region, Zone string
	Cluster, ClusterID    string
	Group, GroupID        string
	InstanceType          string
	Version               string // of the kubelet, as the cloud has it
	Labels                map[string]string
	Taints                []Taint
	Created               time.Time
	NotReady              string
	// InternalIP is an address in the cluster's network; empty: one is made up.
	InternalIP, ExternalIP string
}

// vendor is what the nodes of one cloud look like. In the texts a word in braces is a
// member of Machine; {ip} is its address, {dashed} that with dashes.
type vendor struct {
	name, providerID string
	labels           map[string]string
	osImage          string
	// version follows that of the cloud in what Kubernetes says, unless it has it.
	version string
}

// vendors are the clouds by the names of their providers. Names, ids and labels are
// those of each cloud's controller manager and node documents, as of autumn 2026.
var vendors = map[string]vendor{
	"alibaba": {
		name: "{region}.{ip}", providerID: "{region}.{id}", osImage: "Alibaba Cloud Linux 3",
		labels: map[string]string{"alibabacloud.com/nodepool-id": "{groupID}", "ack.aliyun.com": "{clusterID}"},
	},
	"aws": {
		name: "ip-{dashed}.{region}.compute.internal", providerID: "aws:///{zone}/{id}", osImage: "Amazon Linux 2023", version: "-eks-0000000",
		labels: map[string]string{"eks.amazonaws.com/nodegroup": "{group}", "eks.amazonaws.com/capacityType": "ON_DEMAND"},
	},
	"azure": {
		name: "{id}", providerID: "azure://{id}", osImage: "Ubuntu 22.04.5 LTS",
		labels: map[string]string{"agentpool": "{group}", "kubernetes.azure.com/agentpool": "{group}", "kubernetes.azure.com/mode": "system"},
	},
	"gcp": {
		name: "{id}", providerID: "gce://{account}/{zone}/{id}", osImage: "Container-Optimized OS from Google",
		labels: map[string]string{"cloud.google.com/gke-nodepool": "{group}"},
	},
	"ibm": {
		name: "{ip}", providerID: "ibm://{account}///{clusterID}/{id}", osImage: "Ubuntu 24.04 LTS", version: "+IKS",
		labels: map[string]string{
			"ibm-cloud.kubernetes.io/worker-pool-id": "{groupID}", "ibm-cloud.kubernetes.io/worker-pool-name": "{group}", "ibm-cloud.kubernetes.io/worker-id": "{id}",
		},
	},
	"nhn": {
		name: "{id}", providerID: "openstack:///{id}", osImage: "Ubuntu 22.04.5 LTS", labels: map[string]string{"magnum.openstack.org/nodegroup": "{group}"},
	},
	"tencent": {
		name: "{ip}", providerID: "qcloud:///{zone}/{id}", osImage: "TencentOS Server 3.1", version: "-tke.1",
		labels: map[string]string{"tke.cloud.tencent.com/nodepool-id": "{groupID}"},
	},
}

// VendorVersion is a version of a cloud as its API servers and kubelets say it.
func VendorVersion(cloud, version string) string {
	number, _, _ := strings.Cut(version, "_") // IBM counts its builds behind
	number = gitVersion(number)
	if suffix := vendors[cloud].version; !strings.ContainsAny(number, "-+") {
		number += suffix
	}
	return number
}

// VendorNode is the node that a machine of a cloud is. A cloud that is not known, such
// as the neutral one, has plain nodes.
func VendorNode(cloud string, m Machine) Node {
	v, known := vendors[cloud]
	if !known {
		v = vendor{name: "{id}", providerID: "sim:///{id}", labels: map[string]string{"node-group": "{group}"}}
	}
	ip := cmp.Or(m.InternalIP, address(m.ID))
	last := m.ID[strings.LastIndexByte(m.ID, '/')+1:]
	fill := strings.NewReplacer("{id}", m.ID, "{region}", m.Region, "{zone}", cmp.Or(m.Zone, m.Region), "{account}", m.Account, "{clusterID}", m.ClusterID,
		"{group}", m.Group, "{groupID}", m.GroupID, "{ip}", ip, "{dashed}", strings.ReplaceAll(ip, ".", "-")).Replace
	labels := map[string]string{"topology.kubernetes.io/region": m.Region, "failure-domain.beta.kubernetes.io/region": m.Region}
	if m.Zone != "" {
		labels["topology.kubernetes.io/zone"], labels["failure-domain.beta.kubernetes.io/zone"] = m.Zone, m.Zone
	}
	if m.InstanceType != "" {
		labels["node.kubernetes.io/instance-type"], labels["beta.kubernetes.io/instance-type"] = m.InstanceType, m.InstanceType
	}
	for key, value := range v.labels {
		labels[key] = fill(value)
	}
	maps.Copy(labels, m.Labels)
	name := m.NodeName
	if name == "" {
		name = strings.ToLower(strings.ReplaceAll(fill(v.name), m.ID, last))
	}
	return Node{
		Name: name, ProviderID: fill(v.providerID), Version: VendorVersion(cloud, m.Version), Labels: labels, Taints: m.Taints, Created: m.Created,
		NotReady: m.NotReady, InternalIP: ip, ExternalIP: m.ExternalIP, OSImage: v.osImage,
	}
}

// address is one in a private network that is always the same for the same machine.
func address(machine string) string {
	sum := sha256.Sum256([]byte(machine))
	return fmt.Sprintf("10.%d.%d.%d", 64+sum[0]%64, sum[1], 1+sum[2]%250)
}
