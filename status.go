// SPDX-License-Identifier: Apache-2.0

package pmks

import "slices"

// ClusterStatus is the state of a cluster in five portable words. The vendor's
// own word is in the KeyValueList under [KeyNativeStatus].
type ClusterStatus string

// The states of a cluster. Inactive is every state that needs a person: failed,
// degraded, stopped, suspended, or a word that pmks does not know. It always
// comes with a StatusReason.
const (
	ClusterCreating ClusterStatus = "Creating"
	ClusterActive   ClusterStatus = "Active"
	ClusterInactive ClusterStatus = "Inactive"
	ClusterUpdating ClusterStatus = "Updating"
	ClusterDeleting ClusterStatus = "Deleting"
)

// NodeGroupStatus is the state of a node group, in the same five words.
type NodeGroupStatus string

// The states of a node group.
const (
	NodeGroupCreating NodeGroupStatus = "Creating"
	NodeGroupActive   NodeGroupStatus = "Active"
	NodeGroupInactive NodeGroupStatus = "Inactive"
	NodeGroupUpdating NodeGroupStatus = "Updating"
	NodeGroupDeleting NodeGroupStatus = "Deleting"
)

// followTable says which states a later read may show after an earlier one. A
// read may miss states in between, so the table is the transitive closure of the
// single steps. Nothing returns to Creating, and Deleting is left only by
// vanishing or by a failed deletion.
var followTable = map[string][]string{
	"Active":   {"Active", "Deleting", "Inactive", "Updating"},
	"Creating": {"Active", "Creating", "Deleting", "Inactive", "Updating"},
	"Deleting": {"Deleting", "Inactive"},
	"Inactive": {"Active", "Deleting", "Inactive", "Updating"},
	"Updating": {"Active", "Deleting", "Inactive", "Updating"},
}

// Valid reports whether s is one of the five words.
func (s ClusterStatus) Valid() bool { return validStatus(string(s)) }

// Transitional reports whether the cloud is working: Creating, Updating or
// Deleting.
func (s ClusterStatus) Transitional() bool { return transitional(string(s)) }

// MayBecome reports whether a read may show next after an earlier read of the
// same cluster showed s.
func (s ClusterStatus) MayBecome(next ClusterStatus) bool { return mayBecome(string(s), string(next)) }

// Valid reports whether s is one of the five words.
func (s NodeGroupStatus) Valid() bool { return validStatus(string(s)) }

// Transitional reports whether the cloud is working: Creating, Updating or
// Deleting.
func (s NodeGroupStatus) Transitional() bool { return transitional(string(s)) }

// MayBecome reports whether a read may show next after an earlier read of the
// same node group showed s.
func (s NodeGroupStatus) MayBecome(next NodeGroupStatus) bool {
	return mayBecome(string(s), string(next))
}

func validStatus(s string) bool {
	_, ok := followTable[s]
	return ok
}

func transitional(s string) bool {
	return s == string(ClusterCreating) || s == string(ClusterUpdating) || s == string(ClusterDeleting)
}

func mayBecome(from, to string) bool { return slices.Contains(followTable[from], to) }
