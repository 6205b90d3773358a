// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"net/http"
	"slices"
	"time"
)

// features are parts of a cluster that are kept and shown as they were sent, and have
// no effect but the one that their checks tell.
type features struct {
	AutoScalerProfile         *autoScalerProfile   `json:"autoScalerProfile,omitempty"`
	MetricsProfile            *metricsProfile      `json:"metricsProfile,omitempty"`
	OIDCIssuerProfile         *issuerProfile       `json:"oidcIssuerProfile,omitempty"`
	SecurityProfile           *securityProfile     `json:"securityProfile,omitempty"`
	UpgradeSettings           *clusterUpgrade      `json:"upgradeSettings,omitempty"`
	WorkloadAutoScalerProfile *workloadAutoScalers `json:"workloadAutoScalerProfile,omitempty"`
}

type autoScalerProfile struct {
	BalanceSimilarNodeGroups          string `json:"balance-similar-node-groups,omitempty"`
	DaemonsetEvictionForEmptyNodes    *bool  `json:"daemonset-eviction-for-empty-nodes,omitempty"`
	DaemonsetEvictionForOccupiedNodes *bool  `json:"daemonset-eviction-for-occupied-nodes,omitempty"`
	Expander                          string `json:"expander,omitempty"`
	IgnoreDaemonsetsUtilization       *bool  `json:"ignore-daemonsets-utilization,omitempty"`
	MaxEmptyBulkDelete                string `json:"max-empty-bulk-delete,omitempty"`
	MaxGracefulTerminationSec         string `json:"max-graceful-termination-sec,omitempty"`
	MaxNodeProvisionTime              string `json:"max-node-provision-time,omitempty"`
	MaxTotalUnreadyPercentage         string `json:"max-total-unready-percentage,omitempty"`
	NewPodScaleUpDelay                string `json:"new-pod-scale-up-delay,omitempty"`
	OKTotalUnreadyCount               string `json:"ok-total-unready-count,omitempty"`
	ScaleDownDelayAfterAdd            string `json:"scale-down-delay-after-add,omitempty"`
	ScaleDownDelayAfterDelete         string `json:"scale-down-delay-after-delete,omitempty"`
	ScaleDownDelayAfterFailure        string `json:"scale-down-delay-after-failure,omitempty"`
	ScaleDownUnneededTime             string `json:"scale-down-unneeded-time,omitempty"`
	ScaleDownUnreadyTime              string `json:"scale-down-unready-time,omitempty"`
	ScaleDownUtilizationThreshold     string `json:"scale-down-utilization-threshold,omitempty"`
	ScanInterval                      string `json:"scan-interval,omitempty"`
	SkipNodesWithLocalStorage         string `json:"skip-nodes-with-local-storage,omitempty"`
	SkipNodesWithSystemPods           string `json:"skip-nodes-with-system-pods,omitempty"`
}

type metricsProfile struct {
	CostAnalysis *switchObject `json:"costAnalysis,omitempty"`
}

type issuerProfile struct {
	Enabled   *bool  `json:"enabled,omitempty"`
	IssuerURL string `json:"issuerURL,omitempty" sim:"read"`
}

type securityProfile struct {
	ImageCleaner     *imageCleaner `json:"imageCleaner,omitempty"`
	WorkloadIdentity *switchObject `json:"workloadIdentity,omitempty"`

	AzureKeyVaultKMS          any `json:"azureKeyVaultKms,omitempty" sim:"no"`
	CustomCATrustCertificates any `json:"customCATrustCertificates,omitempty" sim:"no"`
	Defender                  any `json:"defender,omitempty" sim:"no"`
}

type imageCleaner struct {
	Enabled       *bool  `json:"enabled,omitempty"`
	IntervalHours *int32 `json:"intervalHours,omitempty"`
}

type clusterUpgrade struct {
	OverrideSettings *upgradeOverride `json:"overrideSettings,omitempty"`
}

type upgradeOverride struct {
	ForceUpgrade *bool  `json:"forceUpgrade,omitempty"`
	Until        string `json:"until,omitempty"`
}

type workloadAutoScalers struct {
	Keda                  *requiredSwitch `json:"keda,omitempty"`
	VerticalPodAutoscaler *requiredSwitch `json:"verticalPodAutoscaler,omitempty"`
}

type requiredSwitch struct {
	Enabled *bool `json:"enabled"`
}

// forces reports whether upgrades go on whatever stands in their way.
func (u *clusterUpgrade) forces(now time.Time) bool {
	if u == nil || u.OverrideSettings == nil || !yes(u.OverrideSettings.ForceUpgrade) {
		return false
	}
	until, err := time.Parse(time.RFC3339, u.OverrideSettings.Until)
	return err == nil && now.Before(until)
}

func (i *issuerProfile) on() bool { return i != nil && yes(i.Enabled) }

// checkFeatures checks the features that a request has. is is the cluster that it
// changes; nil for a new one.
func checkFeatures(p, is *clusterProperties) *apiError {
	if a := p.AutoScalerProfile; a != nil && !slices.Contains([]string{"", "least-waste", "most-pods", "priority", "random"}, a.Expander) {
		return invalid("autoScalerProfile.expander", "%.64q is not a value of it", a.Expander)
	}
	issuer := p.OIDCIssuerProfile
	if is != nil && is.OIDCIssuerProfile.on() {
		if issuer != nil && !issuer.on() {
			return badRequest("The OIDC issuer feature cannot be disabled once it is enabled.").at("oidcIssuerProfile.enabled")
		}
		issuer = is.OIDCIssuerProfile
	}
	if sec := p.SecurityProfile; sec != nil && sec.WorkloadIdentity != nil && yes(sec.WorkloadIdentity.Enabled) && !issuer.on() {
		return badRequest("Enabling workload identity requires the OIDC issuer to be enabled.").at("securityProfile.workloadIdentity")
	}
	if u := p.UpgradeSettings; u != nil && u.OverrideSettings != nil && u.OverrideSettings.Until != "" {
		if _, err := time.Parse(time.RFC3339, u.OverrideSettings.Until); err != nil {
			return fail(http.StatusBadRequest, "UnmarshalError", "UnmarshalEntity encountered error: json: %v.", err)
		}
	}
	if w := p.WorkloadAutoScalerProfile; w != nil {
		for name, value := range map[string]*requiredSwitch{"keda": w.Keda, "verticalPodAutoscaler": w.VerticalPodAutoscaler} {
			if value != nil && value.Enabled == nil {
				return required("workloadAutoScalerProfile." + name + ".enabled")
			}
		}
	}
	return nil
}

// keepFeatures takes over the features that a request has.
func keepFeatures(p, into *clusterProperties) {
	keep(&into.AutoScalerProfile, p.AutoScalerProfile)
	keep(&into.MetricsProfile, p.MetricsProfile)
	keep(&into.OIDCIssuerProfile, p.OIDCIssuerProfile)
	keep(&into.SecurityProfile, p.SecurityProfile)
	keep(&into.UpgradeSettings, p.UpgradeSettings)
	keep(&into.WorkloadAutoScalerProfile, p.WorkloadAutoScalerProfile)
}

func keep[T any](into **T, value *T) {
	if value != nil {
		*into = value
	}
}

// showFeatures adds what AKS makes of the features.
func (s *Server) showFeatures(rec *clusterRecord, p *clusterProperties) {
	if p.OIDCIssuerProfile.on() {
		p.OIDCIssuerProfile = &issuerProfile{Enabled: new(true), IssuerURL: "https://" + s.location + ".oic.prod-aks.azure.com/" + s.tenant + "/" + rec.uid + "/"}
	}
}

// checkDeprecatedUse keeps a cluster from a version that lacks an API which something
// in it still uses, unless the request says to go on, and until when that holds.
func checkDeprecatedUse(c *call, rec *clusterRecord, p *clusterProperties, target string) *apiError {
	if !rec.deprecatedUse || minorOf(target) == minorOf(rec.live.Version) || p.UpgradeSettings.forces(c.Now) {
		return nil
	}
	e := fail(http.StatusBadRequest, "ValidationError", "Control Plane upgrade is blocked due to recent usage of a Kubernetes API deprecated in the specified version. "+
		"Please refer to https://kubernetes.io/docs/reference/using-api/deprecation-guide to migrate the usage. To bypass this error, set forceUpgrade in "+
		"upgradeSettings.overrideSettings. See https://aka.ms/aks/UpgradeOverrideSettings for more details.")
	e.subcode = "UpgradeBlockedOnDeprecatedAPIUsage"
	return e
}
