// SPDX-License-Identifier: Apache-2.0

// Package ready says what a vendor's word for a state means, and whether a cluster
// or node group in that state may be changed now. The words themselves stand in
// the status table of each provider.
package ready

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/refuse"
)

// Meaning is what a vendor's word says. The words of clusters and of node groups
// mean the same.
type Meaning struct {
	Status pmks.ClusterStatus
	// Final: the cloud will not leave the state by itself.
	Final bool
	// Reason is used where the cloud gives none of its own.
	Reason string
	// Unknown: pmks does not know the word. What it forbids is not known either.
	Unknown bool
}

// Unknown is the meaning of a word that is in no table: never Active, never final.
func Unknown(cloud, native string) Meaning {
	m := Meaning{Status: pmks.ClusterInactive, Unknown: true,
		Reason: fmt.Sprintf("%s reports the status %q, which pmks does not know", cloud, native)}
	if native == "" {
		m.Reason = cloud + " reports no status"
	}
	return m
}

// Lookup returns the meaning of a word from a provider's table.
func Lookup[W ~string](table map[W]Meaning, cloud string, native W) Meaning {
	if m, ok := table[native]; ok {
		return m
	}
	return Unknown(cloud, string(native))
}

// Because returns m with the reason that the cloud gives, if it gives one.
func (m Meaning) Because(said string) Meaning {
	m.Reason = cmp.Or(strings.TrimSpace(said), m.Reason)
	return m
}

// NodeGroupStatus is the status as one of a node group.
func (m Meaning) NodeGroupStatus() pmks.NodeGroupStatus { return pmks.NodeGroupStatus(m.Status) }

// Check says why a cluster or node group cannot be changed now, for changes that the
// cloud takes only of one that is Active: Busy while it is in transition or in a
// state that nobody knows, FailedPrecondition when it has failed, is stopped or is
// being deleted. what is "the cluster" or "the node group", native the vendor's
// word.
func Check(what, native string, m Meaning) error {
	if m.Status == pmks.ClusterInactive && !m.Unknown {
		return refused(native, "%s is Inactive: %s", what, m.Reason)
	}
	return CheckMend(what, native, m)
}

// CheckMend is Check for changes that also mend what has failed: the cloud decides
// about those.
func CheckMend(what, native string, m Meaning) error {
	switch {
	case m.Unknown:
		return &pmks.Error{Code: pmks.CodeBusy, ProviderCode: native, Message: m.Reason}
	case m.Status == pmks.ClusterCreating, m.Status == pmks.ClusterUpdating:
		return &pmks.Error{Code: pmks.CodeBusy, ProviderCode: native,
			Message: fmt.Sprintf("%s is %s: wait until it is Active", what, m.Status)}
	case m.Status == pmks.ClusterDeleting:
		return refused(native, "%s is being deleted", what)
	}
	return nil
}

func refused(native, format string, args ...any) error {
	err := refuse.Precondition(format, args...)
	if e, ok := err.(*pmks.Error); ok { //nolint:errorlint // it has just been made
		e.ProviderCode = native
	}
	return err
}
