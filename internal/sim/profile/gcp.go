// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/capability"
)

// gcp is Google Kubernetes Engine.
//
// Sources: cloud.google.com/go/container v1.56.1 (containerpb); GKE documentation
// (release channels, upgrading a cluster, concurrent operations, quotas, API
// server authentication); Compute Engine documentation (persistent disks); GKE
// release notes for the versions.
//
// Decided where no source settles it:
//   - A size given while autoscaling is on takes effect.
//   - Nodes may be two minors behind, the documented skew; with automatic upgrades
//     on, some messages speak of one.
//   - Any operation in a cluster excludes deleting it, creation included.
//   - The number of parallel operations on groups is not bounded (5 has been seen).
//   - After a failed update the cluster and the group are RUNNING as before, and
//     the operation holds the error. A state that GKE has no word for shows
//     DEGRADED, or RUNNING_WITH_ERROR for a group.
//   - The quota page has 100 clusters to a zone and 1000 nodes to a zone of a group;
//     it has none for groups.
//   - The durations of removing, scaling and upgrading a group are estimates.
//   - The default and the 1.35 build are those of the release notes of early 2026;
//     the other builds only look like theirs.
var gcp = &Profile{
	Name:   "gcp",
	Title:  "Google Cloud GKE",
	Region: "asia-northeast3",
	Zones:  []string{"asia-northeast3-a", "asia-northeast3-b", "asia-northeast3-c"},

	Caps: capability.GCP,

	Words: Words{
		Cluster: map[State]string{
			Creating:     "PROVISIONING",
			Active:       "RUNNING",
			Updating:     "RECONCILING",
			Deleting:     "STOPPING",
			CreateFailed: "ERROR",
			UpdateFailed: "DEGRADED",
			DeleteFailed: "ERROR",
			Degraded:     "DEGRADED",
			Stopped:      "DEGRADED",
		},
		NodeGroup: map[State]string{
			Creating:     "PROVISIONING",
			Active:       "RUNNING",
			Updating:     "RECONCILING",
			Deleting:     "STOPPING",
			CreateFailed: "ERROR",
			UpdateFailed: "RUNNING_WITH_ERROR",
			DeleteFailed: "ERROR",
			Degraded:     "RUNNING_WITH_ERROR",
			Stopped:      "RUNNING_WITH_ERROR",
		},
	},

	Offer: []pmks.Version{
		{Name: "1.35.0-gke.1403000"},
		{Name: "1.34.3-gke.1051000"},
		{Name: "1.33.5-gke.2072000", Default: true},
		{Name: "1.33.5-gke.1956000"},
		{Name: "1.32.11-gke.1038000"},
		{Name: "1.31.14-gke.1149000"},
	},
	Upgrade: UpgradeRule{Mode: GroupsTogether, MaxSkew: 2},
	// The cluster reconciles while one of its groups does.
	Exclusive: Exclusivity{ClusterFollows: true},
	Limits:    Limits{Clusters: 100, NodesPerGroup: 1000},
	IDs: IDs{
		Cluster:   "{name}",
		NodeGroup: "{name}",
		// The node's name is the instance's, so it has no template of its own.
		Node: "gke-{clusterName}-{group}-{hex8}-{alnum4}",
		// The DNS endpoint: the other kind is a bare address.
		Endpoint: "https://gke-{hex32}-123456789012.{region}-a.gke.goog",
	},
	PageSize:    onePage,
	UniqueNames: true,
	UpdateFails: Active,
	Spread:      0.4,
	// One operation at a time on the cluster; bounds are labels of it while autoscaling is
	// off; instance groups tell sizes.
	Manner: Manner{ClusterAlone: true, BoundsAtOnce: true, ShownWhenDone: true, WithNodes: []string{"DesiredNodeSize"}},
}
