// SPDX-License-Identifier: Apache-2.0

package iks

import (
	"cmp"
	"slices"
	"time"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// clusterSummary is a cluster as the list shows it.
type clusterSummary struct {
	ID                string        `json:"id"`
	Name              string        `json:"name"`
	Region            string        `json:"region"`
	ResourceGroup     string        `json:"resourceGroup"`
	ResourceGroupName string        `json:"resourceGroupName"`
	CreatedDate       string        `json:"createdDate"`
	MasterKubeVersion string        `json:"masterKubeVersion"`
	TargetVersion     string        `json:"targetVersion"`
	WorkerCount       int           `json:"workerCount"`
	Location          string        `json:"location"`
	Datacenter        string        `json:"datacenter"`
	MultiAZCapable    bool          `json:"multiAzCapable"`
	Provider          string        `json:"provider"`
	State             string        `json:"state"`
	Status            string        `json:"status"`
	VersionEOS        string        `json:"versionEOS"`
	IsPaid            bool          `json:"isPaid"`
	Entitlement       string        `json:"entitlement"`
	Type              string        `json:"type"`
	Addons            []addonSketch `json:"addons"` // null if there are none
	EtcdPort          string        `json:"etcdPort"`
	MasterURL         string        `json:"masterURL"`
	PodSubnet         string        `json:"podSubnet"`
	ServiceSubnet     string        `json:"serviceSubnet"`
	ImageSecurity     bool          `json:"imageSecurityEnabled"`
}

type addonSketch struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// clusterObject is a cluster alone.
type clusterObject struct {
	clusterSummary
	DisableAutoUpdate         bool             `json:"disableAutoUpdate"`
	Ingress                   ingressObject    `json:"ingress"`
	CACertRotationStatus      rotationObject   `json:"caCertRotationStatus"`
	CRN                       string           `json:"crn"`
	WorkerZones               []string         `json:"workerZones"` // null if there are none
	VPCs                      []string         `json:"vpcs"`
	VirtualPrivateEndpointURL string           `json:"virtualPrivateEndpointURL"`
	Lifecycle                 clusterLifecycle `json:"lifecycle"`
	ServiceEndpoints          endpointsObject  `json:"serviceEndpoints"`
	Features                  featuresObject   `json:"features"`
}

type (
	ingressObject struct {
		Hostname   string `json:"hostname"`
		SecretName string `json:"secretName"`
		Status     string `json:"status"`
		Message    string `json:"message"`
	}
	rotationObject struct {
		Status              string `json:"status"`
		ActionTriggerDate   string `json:"actionTriggerDate"`
		ActionCompletedDate string `json:"actionCompletedDate"`
	}
	clusterLifecycle struct {
		ModifiedDate             string `json:"modifiedDate"`
		MasterStatus             string `json:"masterStatus"`
		MasterStatusModifiedDate string `json:"masterStatusModifiedDate"`
		MasterHealth             string `json:"masterHealth"`
		MasterState              string `json:"masterState"`
	}
	endpointsObject struct {
		PrivateEnabled bool   `json:"privateServiceEndpointEnabled"`
		PrivateURL     string `json:"privateServiceEndpointURL"`
		PublicEnabled  bool   `json:"publicServiceEndpointEnabled"`
		PublicURL      string `json:"publicServiceEndpointURL"`
	}
	featuresObject struct {
		KeyProtectEnabled bool `json:"keyProtectEnabled"`
		PullSecretApplied bool `json:"pullSecretApplied"`
	}
)

// condition is what a cluster says of its state.
type condition struct {
	state, status                           string
	masterState, masterStatus, masterHealth string
	version                                 string
}

// The words of masters.
const (
	masterDeployed = "deployed"
	healthGone     = "unavailable"
)

// condition says what a cluster shows at a time. Its state follows from its master
// and its workers.
func (s *Server) condition(shown *core.Cluster, rec *clusterRecord, now time.Time) condition {
	out := condition{masterState: masterDeployed, masterStatus: "Ready", masterHealth: healthNormal, version: fixPack(shown.Version, false)}
	switch shown.State {
	case profile.Creating:
		s.creating(shown, &out, now)
	case profile.Deleting:
		out.state, out.status, out.masterState, out.masterHealth = "deleting", "Delete requested.", "deleting", ""
		if rec.aborted {
			out.state = "aborted"
		}
		out.masterStatus = "Delete in progress."
	case profile.CreateFailed:
		out.state, out.status, out.masterState, out.masterHealth = "deploy_failed", shown.Reason, "deploy_failed", "error"
		if s.assume.CreateFailedWord {
			out.state = "create_failed"
		}
		out.masterStatus = shown.Reason
	case profile.DeleteFailed:
		out.state, out.status, out.masterState, out.masterStatus = "delete_failed", shown.Reason, "delete_failed", shown.Reason
	case profile.Degraded:
		out.state, out.status, out.masterStatus, out.masterHealth = "critical", shown.Reason, shown.Reason, healthGone
	case profile.Stopped:
		out.state, out.status, out.masterState, out.masterHealth = "critical", shown.Reason, "scaled_down", "error"
		out.masterStatus = shown.Reason
	case profile.Updating:
		out.state, out.status = s.ofWorkers(shown, rec, now)
		if s.assume.UpdatingState {
			out.state = "updating"
		}
		out.masterState, out.masterStatus = "updating", "Version update in progress."
		op, ok := shown.Running()
		switch {
		case ok && op.Word == refreshWord:
			out.masterStatus = "Master refresh in progress."
		case ok && op.Target != "":
			out.version = fixPack(shown.Version, false) + " --> " + fixPack(op.Target, false) + " (pending)"
		}
	default:
		out.state, out.status = s.ofWorkers(shown, rec, now)
		if shown.State == profile.UpdateFailed {
			out.masterState, out.masterStatus = "update_failed", "Version update failed. "+shown.Reason
		}
	}
	rec.shown.apply(&out)
	return out
}

// creating is the condition of a cluster that comes into being: the master first, then
// its workers, past critical and warning.
func (s *Server) creating(shown *core.Cluster, out *condition, now time.Time) {
	op, _ := shown.Running()
	p := progress(op, now)
	if p < masterShare {
		out.state, out.masterState, out.masterStatus, out.masterHealth = "deploying", "deploying", "Deploy in progress.", ""
		if out.status = "Deploy in progress."; p < 0.05 {
			out.state, out.status, out.masterStatus = "requested", "Requested.", "Deploy requested."
		}
		return
	}
	switch {
	case p < 0.85:
		out.state, out.status = "pending", "Workers are being provisioned."
	case p < 0.92:
		out.state, out.status = "critical", "No workers are available."
	default:
		out.state, out.status = "warning", "Some workers are not available."
	}
}

// ofWorkers is the state of a cluster whose master is well.
func (s *Server) ofWorkers(shown *core.Cluster, rec *clusterRecord, now time.Time) (state, status string) {
	live, well, sick := 0, 0, 0
	for _, w := range rec.workers {
		if !w.counts(now) {
			continue
		}
		live++
		switch healthOf(shown, w, now) {
		case healthNormal:
			well++
		case "": // on its way
		default:
			sick++
		}
	}
	switch {
	case live == 0 || sick > 0 && well > 0:
		return "warning", "Some workers are not available."
	case sick > 0:
		return "critical", "No workers are available."
	}
	return "normal", "All Workers Normal"
}

// masterUp reports whether the API server of a cluster is there.
func (s *Server) masterUp(shown *core.Cluster, now time.Time) bool {
	if shown.State == profile.Creating {
		op, _ := shown.Running()
		return progress(op, now) >= masterShare
	}
	return shown.ControlPlaneUp && shown.State != profile.CreateFailed
}

// summary shows a cluster as the list does.
func (s *Server) summary(c *call, shown *core.Cluster, rec *clusterRecord) (clusterSummary, condition) {
	now := c.Now
	at := s.condition(shown, rec, now)
	group, _ := s.resources.group(rec.group)
	out := clusterSummary{
		ID: rec.id, Name: rec.name, Region: cmp.Or(rec.shown.Region, rec.region), ResourceGroup: rec.group, ResourceGroupName: group.Name,
		CreatedDate: stamp(shown.Created), MasterKubeVersion: at.version, TargetVersion: fixPack(shown.Version, false),
		Location: "Dallas", Datacenter: "dal10", MultiAZCapable: true, Provider: cmp.Or(rec.shown.Provider, rec.provider),
		State: at.state, Status: at.status, IsPaid: true, Type: cmp.Or(rec.shown.Type, rec.kind), EtcdPort: "31593",
		PodSubnet: rec.podSubnet, ServiceSubnet: rec.serviceSubnet,
	}
	if rec.kind == typeOpenShift {
		out.MasterKubeVersion = openShiftVersion
		out.TargetVersion = openShiftVersion
	}
	for _, v := range s.world.Profile().Offer {
		if v.Deprecated && v.Name == shown.Version {
			out.VersionEOS = endOfService
		}
	}
	for _, w := range rec.workers {
		if w.counts(now) {
			out.WorkerCount++
		}
	}
	for _, a := range rec.addons {
		out.Addons = append(out.Addons, addonSketch{a.name, a.version})
	}
	if s.masterUp(shown, now) {
		if out.MasterURL = s.serverURL(c, rec, publicEndpoint); rec.private {
			out.MasterURL = s.serverURL(c, rec, privateEndpoint)
		}
	}
	return out, at
}

// The endpoints of an API server.
const (
	publicEndpoint  = "public"
	privateEndpoint = "private"
	vpeEndpoint     = "vpe"
)

func (s *Server) clusterObject(c *call, shown *core.Cluster, rec *clusterRecord) clusterObject {
	sum, at := s.summary(c, shown, rec)
	out := clusterObject{
		clusterSummary: sum,
		CRN:            s.crnOf(rec),
		VPCs:           []string{rec.vpc},
		Lifecycle: clusterLifecycle{
			ModifiedDate: stamp(rec.changed), MasterStatus: at.masterStatus, MasterStatusModifiedDate: stamp(rec.changed),
			MasterHealth: at.masterHealth, MasterState: at.masterState,
		},
		ServiceEndpoints: endpointsObject{PrivateEnabled: true, PublicEnabled: !rec.private},
		Features:         featuresObject{PullSecretApplied: true},
	}
	for _, p := range rec.pools {
		for _, z := range p.zones {
			if !p.removed && !slices.Contains(out.WorkerZones, z.id) {
				out.WorkerZones = append(out.WorkerZones, z.id)
			}
		}
	}
	slices.SortFunc(out.WorkerZones, cmp.Compare[string])
	if s.masterUp(shown, c.Now) {
		out.ServiceEndpoints.PrivateURL = s.serverURL(c, rec, privateEndpoint)
		out.VirtualPrivateEndpointURL = s.serverURL(c, rec, vpeEndpoint)
		if !rec.private {
			out.ServiceEndpoints.PublicURL = s.serverURL(c, rec, publicEndpoint)
		}
		out.Ingress = ingressObject{
			Hostname: rec.name + "-" + rec.id[:8] + "-0000." + rec.region + ".containers.appdomain.cloud", SecretName: rec.name + "-" + rec.id[:8] + "-0000", Status: "healthy",
		}
	}
	return out
}
