// SPDX-License-Identifier: Apache-2.0

package eks

import (
	"encoding/json"
	"errors"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// handler answers an operation. The lock is held.
type handler func(*Server, *call) (any, *apiError)

// route is what a request asks for.
type route struct {
	service, op string
	// labels are the decoded parts of the path, by their name; for operations
	// that name their target in the body, those names too.
	labels map[string]string
	query  url.Values
	form   *form
	body   []byte
	handle handler
	// anonymous: the operation is not signed.
	anonymous bool
	// fault is why there is nothing to handle.
	fault *apiError
}

// restRoute is one operation of EKS. A nil handler means that it is not
// simulated.
type restRoute struct {
	method, path, op string
	query            []string
	handle           handler
}

// restTable lists the operations of EKS.
var restTable []restRoute

// The handlers refer to the table only through requests, but the compiler cannot
// know that.
func init() {
	pages := []string{"maxResults", "nextToken"}
	restTable = []restRoute{
		{"GET", "/cluster-versions", "DescribeClusterVersions", append([]string{"defaultOnly", "includeAll", "clusterVersions", "versionStatus", "status", "clusterType"}, pages...), (*Server).describeClusterVersions},
		{"GET", "/clusters", "ListClusters", append([]string{"include"}, pages...), (*Server).listClusters},
		{"POST", "/clusters", "CreateCluster", nil, once((*Server).createCluster)},
		{"GET", "/clusters/{name}", "DescribeCluster", nil, (*Server).describeCluster},
		{"DELETE", "/clusters/{name}", "DeleteCluster", nil, (*Server).deleteCluster},
		{"GET", "/clusters/{name}/addons", "ListAddons", pages, (*Server).listAddons},
		{"POST", "/clusters/{name}/addons", "CreateAddon", nil, nil},
		{"GET", "/clusters/{name}/addons/{addonName}", "DescribeAddon", nil, (*Server).describeAddon},
		{"DELETE", "/clusters/{name}/addons/{addonName}", "DeleteAddon", nil, nil},
		{"POST", "/clusters/{name}/addons/{addonName}/update", "UpdateAddon", nil, nil},
		{"GET", "/clusters/{name}/access-entries", "ListAccessEntries", nil, nil},
		{"POST", "/clusters/{name}/access-entries", "CreateAccessEntry", nil, nil},
		{"GET", "/clusters/{name}/access-entries/{principalArn}", "DescribeAccessEntry", nil, nil},
		{"POST", "/clusters/{name}/access-entries/{principalArn}", "UpdateAccessEntry", nil, nil},
		{"DELETE", "/clusters/{name}/access-entries/{principalArn}", "DeleteAccessEntry", nil, nil},
		{"GET", "/clusters/{name}/access-entries/{principalArn}/access-policies", "ListAssociatedAccessPolicies", nil, nil},
		{"POST", "/clusters/{name}/access-entries/{principalArn}/access-policies", "AssociateAccessPolicy", nil, nil},
		{"DELETE", "/clusters/{name}/access-entries/{principalArn}/access-policies/{policyArn}", "DisassociateAccessPolicy", nil, nil},
		{"GET", "/access-policies", "ListAccessPolicies", nil, nil},
		{"GET", "/addons/supported-versions", "DescribeAddonVersions", append([]string{"addonName", "kubernetesVersion", "owners", "publishers", "types"}, pages...), (*Server).describeAddonVersions},
		{"GET", "/addons/configuration-schemas", "DescribeAddonConfiguration", nil, nil},
		{"GET", "/clusters/{name}/capabilities", "ListCapabilities", nil, nil},
		{"POST", "/clusters/{name}/capabilities", "CreateCapability", nil, nil},
		{"GET", "/clusters/{name}/capabilities/{capabilityName}", "DescribeCapability", nil, nil},
		{"POST", "/clusters/{name}/capabilities/{capabilityName}", "UpdateCapability", nil, nil},
		{"DELETE", "/clusters/{name}/capabilities/{capabilityName}", "DeleteCapability", nil, nil},
		{"GET", "/clusters/{name}/certificate-authorities", "ListCertificateAuthorities", nil, nil},
		{"POST", "/clusters/{name}/certificate-authorities", "CreateCertificateAuthority", nil, nil},
		{"GET", "/clusters/{name}/certificate-authorities/{certificateAuthorityId}", "DescribeCertificateAuthority", nil, nil},
		{"DELETE", "/clusters/{name}/certificate-authorities/{certificateAuthorityId}", "DeleteCertificateAuthority", nil, nil},
		{"POST", "/clusters/{name}/certificate-authorities/{certificateAuthorityId}/activate", "ActivateCertificateAuthority", nil, nil},
		{"POST", "/cluster-registrations", "RegisterCluster", nil, nil},
		{"DELETE", "/cluster-registrations/{name}", "DeregisterCluster", nil, nil},
		{"GET", "/eks-anywhere-subscriptions", "ListEksAnywhereSubscriptions", nil, nil},
		{"POST", "/eks-anywhere-subscriptions", "CreateEksAnywhereSubscription", nil, nil},
		{"GET", "/eks-anywhere-subscriptions/{id}", "DescribeEksAnywhereSubscription", nil, nil},
		{"POST", "/eks-anywhere-subscriptions/{id}", "UpdateEksAnywhereSubscription", nil, nil},
		{"DELETE", "/eks-anywhere-subscriptions/{id}", "DeleteEksAnywhereSubscription", nil, nil},
		{"POST", "/clusters/{name}/encryption-config/associate", "AssociateEncryptionConfig", nil, nil},
		{"GET", "/clusters/{name}/fargate-profiles", "ListFargateProfiles", pages, (*Server).listFargateProfiles},
		{"POST", "/clusters/{name}/fargate-profiles", "CreateFargateProfile", nil, nil},
		{"GET", "/clusters/{name}/fargate-profiles/{fargateProfileName}", "DescribeFargateProfile", nil, (*Server).describeFargateProfile},
		{"DELETE", "/clusters/{name}/fargate-profiles/{fargateProfileName}", "DeleteFargateProfile", nil, (*Server).deleteFargateProfile},
		{"GET", "/clusters/{name}/identity-provider-configs", "ListIdentityProviderConfigs", nil, nil},
		{"POST", "/clusters/{name}/identity-provider-configs/associate", "AssociateIdentityProviderConfig", nil, nil},
		{"POST", "/clusters/{name}/identity-provider-configs/describe", "DescribeIdentityProviderConfig", nil, nil},
		{"POST", "/clusters/{name}/identity-provider-configs/disassociate", "DisassociateIdentityProviderConfig", nil, nil},
		{"POST", "/clusters/{name}/insights", "ListInsights", nil, (*Server).listInsights},
		{"GET", "/clusters/{name}/insights/{id}", "DescribeInsight", nil, (*Server).describeInsight},
		{"GET", "/clusters/{name}/insights-refresh", "DescribeInsightsRefresh", nil, nil},
		{"POST", "/clusters/{name}/insights-refresh", "StartInsightsRefresh", nil, nil},
		{"GET", "/clusters/{name}/pod-identity-associations", "ListPodIdentityAssociations", nil, nil},
		{"POST", "/clusters/{name}/pod-identity-associations", "CreatePodIdentityAssociation", nil, nil},
		{"GET", "/clusters/{name}/pod-identity-associations/{associationId}", "DescribePodIdentityAssociation", nil, nil},
		{"POST", "/clusters/{name}/pod-identity-associations/{associationId}", "UpdatePodIdentityAssociation", nil, nil},
		{"DELETE", "/clusters/{name}/pod-identity-associations/{associationId}", "DeletePodIdentityAssociation", nil, nil},
		{"GET", "/clusters/{name}/node-groups", "ListNodegroups", pages, (*Server).listNodegroups},
		{"POST", "/clusters/{name}/node-groups", "CreateNodegroup", nil, once((*Server).createNodegroup)},
		{"GET", "/clusters/{name}/node-groups/{nodegroupName}", "DescribeNodegroup", nil, (*Server).describeNodegroup},
		{"DELETE", "/clusters/{name}/node-groups/{nodegroupName}", "DeleteNodegroup", nil, (*Server).deleteNodegroup},
		{"POST", "/clusters/{name}/node-groups/{nodegroupName}/update-config", "UpdateNodegroupConfig", nil, once((*Server).updateNodegroupConfig)},
		{"POST", "/clusters/{name}/node-groups/{nodegroupName}/update-version", "UpdateNodegroupVersion", nil, once((*Server).updateNodegroupVersion)},
		{"POST", "/clusters/{name}/update-config", "UpdateClusterConfig", nil, once((*Server).updateClusterConfig)},
		{"GET", "/clusters/{name}/updates", "ListUpdates", append([]string{"nodegroupName", "addonName", "capabilityName"}, pages...), (*Server).listUpdates},
		{"POST", "/clusters/{name}/updates", "UpdateClusterVersion", nil, once((*Server).updateClusterVersion)},
		{"GET", "/clusters/{name}/updates/{updateId}", "DescribeUpdate", []string{"nodegroupName", "addonName", "capabilityName"}, (*Server).describeUpdate},
		{"POST", "/clusters/{name}/updates/{updateId}/cancel-update", "CancelUpdate", nil, nil},
		{"GET", "/tags/{resourceArn}", "ListTagsForResource", nil, (*Server).listTags},
		{"POST", "/tags/{resourceArn}", "TagResource", nil, (*Server).tagResource},
		{"DELETE", "/tags/{resourceArn}", "UntagResource", []string{"tagKeys"}, (*Server).untagResource},
	}
}

// queryAPI is one query service.
type queryAPI struct {
	version string
	actions map[string]handler
	// known lists actions that exist and are not simulated; the list need not be
	// complete, as any other name is refused too.
	known []string
}

var queryTable map[string]queryAPI

func init() {
	queryTable = map[string]queryAPI{
		"autoscaling": {"2011-01-01", map[string]handler{
			"CreateOrUpdateTags":        (*Server).createOrUpdateTags,
			"DeleteTags":                (*Server).deleteTags,
			"DescribeAutoScalingGroups": (*Server).describeAutoScalingGroups,
		}, []string{"UpdateAutoScalingGroup", "SetDesiredCapacity", "DescribeAutoScalingInstances", "DescribeTags", "DeleteAutoScalingGroup", "CreateAutoScalingGroup"}},
		"ec2": {"2016-11-15", map[string]handler{
			"CreateLaunchTemplate":    (*Server).createLaunchTemplate,
			"DeleteLaunchTemplate":    (*Server).deleteLaunchTemplate,
			"DescribeInstanceTypes":   (*Server).describeInstanceTypes,
			"DescribeKeyPairs":        (*Server).describeKeyPairs,
			"DescribeLaunchTemplates": (*Server).describeLaunchTemplates,
			"DescribeSecurityGroups":  (*Server).describeSecurityGroups,
			"DescribeSubnets":         (*Server).describeSubnets,
			"DescribeVpcs":            (*Server).describeVpcs,
		}, []string{"CreateTags", "DeleteTags", "DescribeImages", "DescribeInstances", "DescribeLaunchTemplateVersions", "CreateLaunchTemplateVersion", "DescribeRegions", "DescribeAvailabilityZones", "DescribeRouteTables", "ModifySubnetAttribute", "RunInstances"}},
		"iam": {"2010-05-08", map[string]handler{
			"AttachRolePolicy": (*Server).attachRolePolicy,
			"CreateRole":       (*Server).createRole,
			"GetRole":          (*Server).getRole,
		}, []string{"CreateServiceLinkedRole", "DeleteRole", "DetachRolePolicy", "ListAttachedRolePolicies", "ListRoles", "PutRolePolicy"}},
		"sts": {"2011-06-15", map[string]handler{
			"AssumeRole":                (*Server).assumeRole,
			"AssumeRoleWithWebIdentity": (*Server).assumeRoleWithWebIdentity,
			"GetCallerIdentity":         (*Server).getCallerIdentity,
		}, []string{"AssumeRoleWithSAML", "GetSessionToken", "GetFederationToken", "GetAccessKeyInfo"}},
	}
}

// routeOf says what a request asks for; it does not look at the signature but for
// the service in its scope.
func routeOf(r *http.Request, query url.Values, body []byte) route {
	sig, err := readSignature(r, query)
	switch service := sig.scope.service; {
	case service == "eks":
		return routeREST(r, query, body)
	case service != "":
		if _, ok := queryTable[service]; !ok {
			return route{service: service, fault: notSimulated("the service %q", service)}
		}
		return routeQuery(service, r, query, body)
	case errors.Is(err, errNoSignature) && looksLikeQuery(r):
		return routeQuery(unsignedService(body), r, query, body)
	}
	return routeREST(r, query, body)
}

// unsignedService says which service an unsigned form is for, by its version. Only
// STS has an action that needs no signature; the others refuse in their own words.
func unsignedService(body []byte) string {
	if values, err := url.ParseQuery(string(body)); err == nil {
		for name, api := range queryTable {
			if api.version == values.Get("Version") {
				return name
			}
		}
	}
	return "sts"
}

func looksLikeQuery(r *http.Request) bool {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return r.Method == http.MethodPost && r.URL.Path == "/" && kind == "application/x-www-form-urlencoded"
}

func routeREST(r *http.Request, query url.Values, body []byte) route {
	segments := simkit.Segments(r)
	for _, entry := range restTable {
		labels, ok := simkit.MatchPath(entry.path, segments, simkit.Exactly)
		if !ok || entry.method != r.Method {
			continue
		}
		found := route{service: "eks", op: entry.op, labels: labels, query: query, body: body, handle: entry.handle}
		found.fault = found.check(r, entry)
		return found
	}
	return route{service: "eks", fault: fail(http.StatusNotFound, "UnknownOperationException", "There is no such operation")}
}

// check refuses what is wrong before any handler looks.
func (t *route) check(r *http.Request, entry restRoute) *apiError {
	if entry.handle == nil {
		return notSimulated("%s", entry.op)
	}
	for _, key := range slices.Sorted(maps.Keys(t.query)) {
		if !slices.Contains(entry.query, key) {
			return invalidParameter("Unknown query parameter: %s", key)
		}
	}
	if r.Method == http.MethodPost {
		if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/json" {
			return fail(http.StatusUnsupportedMediaType, "UnsupportedMediaTypeException", "The content type must be application/json")
		}
		t.nameTarget()
	} else if len(t.body) > 0 {
		return invalidParameter("%s takes no body", t.op)
	}
	return nil
}

// nameTarget takes the name of what is to be made out of the body, for the journal
// and for faults that strike one cluster.
func (t *route) nameTarget() {
	var names struct{ Name, NodegroupName string }
	if json.Unmarshal(t.body, &names) != nil {
		return // the handler will say so
	}
	switch t.op {
	case "CreateCluster":
		t.labels["name"] = names.Name
	case "CreateNodegroup":
		t.labels["nodegroupName"] = names.NodegroupName
	}
}

func routeQuery(service string, r *http.Request, query url.Values, body []byte) route {
	t := route{service: service}
	malformed := func(format string, args ...any) route {
		t.fault = fail(http.StatusBadRequest, "MalformedQueryString", format, args...)
		return t
	}
	values := url.Values{}
	switch {
	case r.URL.Path != "/" && r.URL.Path != "":
		t.fault = fail(http.StatusNotFound, "InvalidAction", "There is no such path")
		return t
	case r.Method == http.MethodGet:
		for key, value := range query {
			if !strings.HasPrefix(key, "X-Amz-") {
				values[key] = value
			}
		}
	case !looksLikeQuery(r) || len(query) > 0:
		return malformed("The request must be a form")
	default:
		var err error
		if values, err = url.ParseQuery(string(body)); err != nil {
			return malformed("The form cannot be read")
		}
	}
	api := queryTable[service]
	t.op = values.Get("Action")
	t.form = newForm(values, service)
	t.handle = api.actions[t.op]
	switch {
	case t.handle == nil && slices.Contains(api.known, t.op):
		t.fault = notSimulated("%s of %s", t.op, service)
	case t.handle == nil:
		t.op = "" // not the vendor's word
		t.fault = fail(http.StatusBadRequest, "InvalidAction", "Could not find the operation for version %s", api.version)
	case len(values["Action"]) != 1 || len(values["Version"]) != 1 || values.Get("Version") != api.version:
		t.fault = fail(http.StatusBadRequest, "InvalidAction", "Could not find operation %s for this version", t.op)
	}
	t.anonymous = service == "sts" && t.op == "AssumeRoleWithWebIdentity"
	return t
}
