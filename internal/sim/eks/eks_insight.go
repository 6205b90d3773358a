// SPDX-License-Identifier: Apache-2.0

package eks

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pmks-go/pmks/internal/kver"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// Words of insights.
const (
	upgradeReadiness = "UPGRADE_READINESS"
	passing          = "PASSING"
	insightError     = "ERROR"
)

// Insight is a finding of EKS about a cluster. Those of category UPGRADE_READINESS and
// status ERROR keep the control plane from moving to their version, unless forced.
type Insight struct {
	// Category is UPGRADE_READINESS when empty, and Status PASSING.
	Name, Category, Version, Status, Reason string
	Description, Recommendation             string
	// Resources are addresses of objects in the cluster.
	Resources []string
	// Deprecations are uses of what the version serves no more.
	Deprecations []Deprecation
	// Age is how long ago it was looked at.
	Age time.Duration

	// addons are those that do not go with the version.
	addons []addonCompatibility
}

// Deprecation is the use of an API that ends.
type Deprecation struct {
	Usage, ReplacedWith, StopServingVersion string
	// UserAgent has made so many requests in the last 30 days.
	UserAgent string
	Requests  int
}

// SetInsights replaces the findings about a cluster. Without a call each cluster has
// those of its add-ons and of deprecated APIs, for the next version, which say that all
// is well unless an add-on does not go with it.
func (s *Server) SetInsights(cluster string, insights ...Insight) error {
	return s.on(cluster, func(_ time.Time, rec *clusterRecord) error {
		rec.insights = append([]Insight{}, insights...)
		for i := range rec.insights {
			in := &rec.insights[i]
			in.Category, in.Status = cmp.Or(in.Category, upgradeReadiness), cmp.Or(in.Status, passing)
		}
		return nil
	})
}

// findings are the insights of a cluster as it is now.
func (s *Server) findings(rec *clusterRecord) []Insight {
	if rec.insights != nil {
		return rec.insights
	}
	v, err := kver.Parse(rec.live.Version)
	if err != nil {
		return nil
	}
	next := strconv.Itoa(v.Major) + "." + strconv.Itoa(v.Minor+1)
	apis := Insight{
		Name: "Deprecated APIs removed in Kubernetes v" + next, Category: upgradeReadiness, Version: next, Status: passing,
		Reason:         "No deprecated API usage detected within the last 30 days.",
		Description:    "Checks for usage of deprecated APIs that are scheduled for removal in Kubernetes v" + next + ".",
		Recommendation: "Update manifests and API clients to use newer Kubernetes APIs before upgrading.",
	}
	addons := Insight{
		Name: "EKS add-on version compatibility", Category: upgradeReadiness, Version: next, Status: passing,
		Reason:         "All installed EKS add-on versions are compatible with next Kubernetes version.",
		Description:    "Checks version of installed EKS add-ons to ensure they are compatible with the next version of Kubernetes.",
		Recommendation: "Check the documentation for the compatible versions of the add-ons and upgrade them.",
	}
	for _, a := range rec.addons {
		if list := s.compatibleVersions(a.name, next); len(list) > 0 && !slices.Contains(list, a.version) {
			addons.Status, addons.Reason = insightError, "Incompatible EKS add-on versions."
			addons.addons = append(addons.addons, addonCompatibility{a.name, list})
		}
	}
	return []Insight{addons, apis}
}

// blocking are the insights that keep a control plane from a version.
func (s *Server) blocking(rec *clusterRecord, version string) (names []string) {
	for _, in := range s.findings(rec) {
		if in.Category == upgradeReadiness && in.Status == insightError && in.Version == version {
			names = append(names, in.Name)
		}
	}
	return names
}

type (
	listInsightsRequest struct {
		Filter     *insightsFilter `json:"filter"`
		MaxResults *int32          `json:"maxResults"`
		NextToken  string          `json:"nextToken"`
	}
	insightsFilter struct {
		Categories         []string `json:"categories"`
		KubernetesVersions []string `json:"kubernetesVersions"`
		Statuses           []string `json:"statuses"`
	}
	insightsResponse struct {
		Insights  []insightSummary `json:"insights"`
		NextToken *string          `json:"nextToken"`
	}
	insightResponse struct {
		Insight insightObject `json:"insight"`
	}
	insightSummary struct {
		ID                 string        `json:"id"`
		Name               string        `json:"name"`
		Category           string        `json:"category"`
		KubernetesVersion  string        `json:"kubernetesVersion,omitempty"`
		LastRefreshTime    epoch         `json:"lastRefreshTime"`
		LastTransitionTime epoch         `json:"lastTransitionTime"`
		Description        string        `json:"description"`
		InsightStatus      insightStatus `json:"insightStatus"`
	}
	insightObject struct {
		insightSummary
		Recommendation          string            `json:"recommendation"`
		AdditionalInfo          map[string]string `json:"additionalInfo"`
		Resources               []insightResource `json:"resources"`
		CategorySpecificSummary summaryObject     `json:"categorySpecificSummary"`
	}
	insightStatus struct {
		Status string `json:"status"`
		Reason string `json:"reason"`
	}
	insightResource struct {
		InsightStatus         insightStatus `json:"insightStatus"`
		KubernetesResourceURI string        `json:"kubernetesResourceUri"`
	}
	summaryObject struct {
		DeprecationDetails        []deprecationDetail  `json:"deprecationDetails"`
		AddonCompatibilityDetails []addonCompatibility `json:"addonCompatibilityDetails"`
	}
	deprecationDetail struct {
		Usage                          string       `json:"usage"`
		ReplacedWith                   string       `json:"replacedWith"`
		StopServingVersion             string       `json:"stopServingVersion"`
		StartServingReplacementVersion string       `json:"startServingReplacementVersion"`
		ClientStats                    []clientStat `json:"clientStats"`
	}
	clientStat struct {
		UserAgent                  string `json:"userAgent"`
		NumberOfRequestsLast30Days int    `json:"numberOfRequestsLast30Days"`
		LastRequestTime            epoch  `json:"lastRequestTime"`
	}
	addonCompatibility struct {
		Name               string   `json:"name"`
		CompatibleVersions []string `json:"compatibleVersions"`
	}
)

// listInsights is a POST that changes nothing; its page is asked for in the body.
func (s *Server) listInsights(c *call) (any, *apiError) {
	_, rec, e := s.asRead(c.Now, c.labels["name"])
	if e != nil {
		return nil, e
	}
	in := listInsightsRequest{}
	if e := decodeBody(c.body, &in); e != nil {
		return nil, e.in(rec.name, "")
	}
	f, limit := cmp.Or(in.Filter, &insightsFilter{}), 100
	if in.MaxResults != nil {
		limit = int(*in.MaxResults)
	}
	if limit < 1 || limit > 100 {
		return nil, invalidParameter("maxResults must be a number between 1 and 100").in(rec.name, "")
	}
	for _, check := range []struct {
		field          string
		given, allowed []string
	}{
		{"categories", f.Categories, []string{upgradeReadiness, "MISCONFIGURATION", "ROLLBACK_READINESS"}},
		{"statuses", f.Statuses, []string{passing, "WARNING", insightError, "UNKNOWN"}},
	} {
		for _, value := range check.given {
			if !slices.Contains(check.allowed, value) {
				return nil, invalidParameter("%s must be of [%s], got %q", check.field, strings.Join(check.allowed, ", "), value).in(rec.name, "")
			}
		}
	}
	list := []insightSummary{}
	for _, in := range s.findings(rec) {
		fits := func(allowed []string, value string) bool { return len(allowed) == 0 || slices.Contains(allowed, value) }
		if fits(f.Categories, in.Category) && fits(f.KubernetesVersions, in.Version) && fits(f.Statuses, in.Status) {
			list = append(list, in.summary(rec, c.Now))
		}
	}
	list, next, ok := simkit.PageByNumber(s.Kit, &c.Exchange, "ListInsights/"+rec.uid, in.NextToken, s.onPage(limit), list)
	if !ok {
		return nil, badToken()
	}
	return insightsResponse{append([]insightSummary{}, list...), optional(next)}, nil
}

// id is the same each time that a cluster is asked.
func (in Insight) id(rec *clusterRecord) string {
	h := hexSum(rec.uid + "/" + in.Name + "/" + in.Version)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:32]
}

func (in Insight) summary(rec *clusterRecord, now time.Time) insightSummary {
	return insightSummary{
		ID: in.id(rec), Name: in.Name, Category: in.Category, KubernetesVersion: in.Version, Description: in.Description,
		LastRefreshTime: epoch(now.Add(-in.Age)), LastTransitionTime: epoch(rec.live.Created), InsightStatus: insightStatus{in.Status, in.Reason},
	}
}

func (s *Server) describeInsight(c *call) (any, *apiError) {
	_, rec, e := s.asRead(c.Now, c.labels["name"])
	if e != nil {
		return nil, e
	}
	for _, in := range s.findings(rec) {
		if in.id(rec) != c.labels["id"] {
			continue
		}
		o := insightObject{
			insightSummary: in.summary(rec, c.Now), Recommendation: in.Recommendation, AdditionalInfo: map[string]string{}, Resources: []insightResource{},
			CategorySpecificSummary: summaryObject{[]deprecationDetail{}, append([]addonCompatibility{}, in.addons...)},
		}
		for _, uri := range in.Resources {
			o.Resources = append(o.Resources, insightResource{o.InsightStatus, uri})
		}
		for _, d := range in.Deprecations {
			stats := []clientStat{}
			if d.UserAgent != "" {
				stats = append(stats, clientStat{d.UserAgent, d.Requests, epoch(c.Now.Add(-in.Age))})
			}
			o.CategorySpecificSummary.DeprecationDetails = append(o.CategorySpecificSummary.DeprecationDetails,
				deprecationDetail{d.Usage, d.ReplacedWith, d.StopServingVersion, d.StopServingVersion, stats})
		}
		return insightResponse{o}, nil
	}
	return nil, notFound("No insight found for ID: %s", c.labels["id"]).in(rec.name, "")
}
