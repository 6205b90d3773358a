// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v8"

	"github.com/pmks-go/pmks"
)

// word is what a provisioning state means.
type word struct {
	status pmks.ClusterStatus
	// final: AKS will not leave the state by itself.
	final bool
	// reason is used when AKS gives none of its own.
	reason string
}

// statusTable holds the provisioning states of clusters and agent pools, which the
// API has as free text.
var statusTable = map[string]word{
	"Canceled":                    {pmks.ClusterInactive, true, "the last operation was canceled; repeat it or delete the resource"},
	"Canceling":                   {status: pmks.ClusterUpdating},
	"Creating":                    {status: pmks.ClusterCreating},
	"Deleting":                    {status: pmks.ClusterDeleting},
	"Failed":                      {pmks.ClusterInactive, true, "the last operation failed; repeat it or delete the resource"},
	"Migrating":                   {status: pmks.ClusterUpdating},
	"RotatingClusterCertificates": {status: pmks.ClusterUpdating},
	"Scaling":                     {status: pmks.ClusterUpdating},
	"Starting":                    {status: pmks.ClusterUpdating},
	"Stopping":                    {status: pmks.ClusterUpdating},
	"Succeeded":                   {status: pmks.ClusterActive},
	"Updating":                    {status: pmks.ClusterUpdating},
	"Upgrading":                   {status: pmks.ClusterUpdating},
	"UpgradingNodeImageVersion":   {status: pmks.ClusterUpdating},
}

// stopped is a cluster or pool that succeeded in being stopped.
var stopped = word{pmks.ClusterInactive, true, "it is stopped: start it with Azure's own tools, or delete it"}

// state is the provisioning state, the power state and the failure of a cluster or
// an agent pool.
type state struct {
	provisioning string
	power        string
	failure      *armcontainerservice.ErrorDetail
}

// native is the vendor's word for the state.
func (s state) native() string {
	if s.provisioning == "Succeeded" && s.power == string(armcontainerservice.CodeStopped) {
		return s.power
	}
	return s.provisioning
}

// portable returns the status with its reason, and whether it is final.
func (s state) portable() (status pmks.ClusterStatus, reason string, final bool) {
	w, known := statusTable[s.provisioning]
	switch {
	case s.provisioning == "":
		w = word{pmks.ClusterInactive, false, "AKS reports no provisioning state"}
	case !known:
		w = word{pmks.ClusterInactive, false, fmt.Sprintf("AKS reports the state %q, which pmks does not know", s.provisioning)}
	case w.status == pmks.ClusterActive && s.power == string(armcontainerservice.CodeStopped):
		w = stopped
	}
	return w.status, cmp.Or(failureText(s.failure), w.reason), w.final
}

// failureText joins what AKS says of a failure, details and all.
func failureText(d *armcontainerservice.ErrorDetail) string {
	if d == nil {
		return ""
	}
	parts := []string{value(d.Code), value(d.Message)}
	for _, inner := range d.Details {
		parts = append(parts, failureText(inner))
	}
	var said []string
	for _, p := range parts {
		if p != "" {
			said = append(said, p)
		}
	}
	return strings.Join(said, ": ")
}

func clusterState(c *armcontainerservice.ManagedCluster) state {
	var s state
	if p := c.Properties; p != nil {
		s.provisioning = value(p.ProvisioningState)
		if p.PowerState != nil {
			s.power = string(value(p.PowerState.Code))
		}
		if p.Status != nil {
			s.failure = p.Status.ProvisioningError
		}
	}
	return s
}

func poolState(p *poolProperties) state {
	s := state{provisioning: value(p.ProvisioningState)}
	if p.PowerState != nil {
		s.power = string(value(p.PowerState.Code))
	}
	if p.Status != nil {
		s.failure = p.Status.ProvisioningError
	}
	return s
}
