// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"strings"

	aks "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v8"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/ready"
)

// statusTable holds the provisioning states of clusters and agent pools, which the
// API has as free text.
var statusTable = map[string]ready.Meaning{
	"Canceled":                    {Status: pmks.ClusterInactive, Final: true, Reason: "the last operation was canceled; repeat it or delete the resource"},
	"Canceling":                   {Status: pmks.ClusterUpdating},
	"Creating":                    {Status: pmks.ClusterCreating},
	"Deleting":                    {Status: pmks.ClusterDeleting},
	"Failed":                      {Status: pmks.ClusterInactive, Final: true, Reason: "the last operation failed; repeat it or delete the resource"},
	"Migrating":                   {Status: pmks.ClusterUpdating},
	"RotatingClusterCertificates": {Status: pmks.ClusterUpdating},
	"Scaling":                     {Status: pmks.ClusterUpdating},
	"Starting":                    {Status: pmks.ClusterUpdating},
	"Stopping":                    {Status: pmks.ClusterUpdating},
	"Succeeded":                   {Status: pmks.ClusterActive},
	"Updating":                    {Status: pmks.ClusterUpdating},
	"Upgrading":                   {Status: pmks.ClusterUpdating},
	"UpgradingNodeImageVersion":   {Status: pmks.ClusterUpdating},
}

// stopped is a cluster or pool that succeeded in being stopped.
var stopped = ready.Meaning{Status: pmks.ClusterInactive, Final: true, Reason: "it is stopped: start it with Azure's own tools, or delete it"}

// state is the provisioning state, the power state and the failure of a cluster or
// an agent pool.
type state struct {
	provisioning string
	power        string
	failure      *aks.ErrorDetail
}

// native is the vendor's word for the state.
func (s state) native() string {
	if s.provisioning == "Succeeded" && s.power == string(aks.CodeStopped) {
		return s.power
	}
	return s.provisioning
}

// isStopped reports whether it was stopped and rests.
func (s state) isStopped() bool { return s.native() == string(aks.CodeStopped) }

// meaning is what the state says, with the reason that AKS gives.
func (s state) meaning() ready.Meaning {
	m := ready.Lookup(statusTable, "AKS", s.provisioning)
	if s.isStopped() {
		m = stopped
	}
	return m.Because(failureText(s.failure))
}

// checkClusterReady says why a cluster takes no new node group now.
func checkClusterReady(c *aks.ManagedCluster) error {
	s := clusterState(c)
	return ready.Check("the cluster", s.native(), s.meaning())
}

// checkMendable says why a cluster or an agent pool takes no change now that may mend
// it: one that has failed takes it, one that is stopped does not.
func (s state) checkMendable(what string) error {
	if s.isStopped() {
		return ready.Check(what, s.native(), s.meaning())
	}
	return ready.CheckMend(what, s.native(), s.meaning())
}

// failureText joins what AKS says of a failure, details and all.
func failureText(d *aks.ErrorDetail) string {
	var words []string
	saidOf(d).each(0, func(s said) {
		for _, part := range []string{s.Code, s.Message} {
			if part != "" {
				words = append(words, part)
			}
		}
	})
	return strings.Join(words, ": ")
}

// saidOf is a failure in the form of the answers that are errors.
func saidOf(d *aks.ErrorDetail) said {
	if d == nil {
		return said{}
	}
	s := said{Code: value(d.Code), Message: value(d.Message)}
	for _, inner := range d.Details {
		s.Details = append(s.Details, saidOf(inner))
	}
	return s
}

func clusterState(c *aks.ManagedCluster) state {
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
