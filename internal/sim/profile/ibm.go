// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/capability"
)

// ibm is IBM Cloud Kubernetes Service on VPC Gen 2, community Kubernetes.
//
// Sources: IBM Cloud documentation (cluster states, worker node states, create a
// VPC Gen 2 cluster, add workers, cluster autoscaler, updating, versions,
// limitations, security groups); the vendor's Terraform provider and bluemix-go.
//
// Decided where no source settles it:
//   - A worker pool's name has at most 32 letters, digits and hyphens.
//   - A pool has no word of its own: its lifecycle says active from the first
//     second. Its words here are those of its workers. One that is neither failed
//     nor well shows critical, one that cannot be seen unknown.
//   - No pool is empty.
//   - At most one subnet of each zone is used; as the number of zones differs, the
//     number of subnets is not bounded here.
//   - Pools are worked on side by side, the cluster stays as it is meanwhile, and
//     it can be deleted whatever goes on.
//   - After a failed update of the master the cluster is normal again. scaled_down,
//     a state of the master, stands for a stopped cluster.
//   - 500 nodes is the quota of a region, held here against each pool.
//   - A token lives an hour; those of the command line tool live 20 to 60 minutes.
//   - A cluster takes 30 to 60 minutes; the other durations are estimates.
//   - The patch of the versions other than 1.34 only looks like theirs.
var ibm = &Profile{
	Name:   "ibm",
	Title:  "IBM Cloud IKS (VPC Gen 2)",
	Region: "us-south",
	Zones:  []string{"us-south-1", "us-south-2", "us-south-3"},

	Caps: capability.IBM,

	Words: Words{
		Cluster: map[State]string{
			Creating:     "deploying",
			Active:       "normal",
			Updating:     "updating",
			Deleting:     "deleting",
			CreateFailed: "deploy_failed",
			UpdateFailed: "update_failed",
			DeleteFailed: "delete_failed",
			Degraded:     "critical",
			Stopped:      "scaled_down",
		},
		NodeGroup: map[State]string{
			Creating:     "provisioning",
			Active:       "active",
			Updating:     "deploying",
			Deleting:     "deleting",
			CreateFailed: "provision_failed",
			UpdateFailed: "deploy_failed",
			DeleteFailed: "critical",
			Degraded:     "critical",
			Stopped:      "unknown",
		},
	},

	Offer: []pmks.Version{
		{Name: "1.36.1"},
		{Name: "1.35.3"},
		{Name: "1.34.4", Default: true},
		{Name: "1.33.8", Deprecated: true},
	},
	Upgrade:   UpgradeRule{Mode: GroupsTogether, MaxSkew: 2},
	Exclusive: Exclusivity{DeleteAnytime: true},
	Limits:    Limits{Clusters: 100, NodesPerGroup: 500},
	IDs: IDs{
		Cluster:   "{alnum20}",
		NodeGroup: "{cluster}-{hex7}",
		// The machines are in IBM's account: a worker's id is all there is.
		Node: "kube-{cluster}-{clusterName}-{group}-{hex8}",
		// Real ones share a host and differ in the port.
		Endpoint: "https://c-{hex8}.{region}.containers.cloud.ibm.com:30422",
	},
	PageSize:    onePage,
	UniqueNames: true,
	UpdateFails: Active,
	Spread:      0.33,
	// The autoscaler is an add-on, and bounds are labels of a pool; the rest is told by the
	// workers.
	Manner: Manner{BoundsAtOnce: true, SwitchApart: true, WithNodes: []string{"Version", "Status"}},
}
