// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/refuse"
)

// Types of resources, as ARM ids spell them. Ids are compared without regard to
// case: Azure itself writes one id in several ways.
const (
	identityType = "Microsoft.ManagedIdentity/userAssignedIdentities"

	clusterNamespace = "Microsoft.ContainerService"
	clusterKind      = "managedClusters"

	clusterType = clusterNamespace + "/" + clusterKind
	poolType    = "Microsoft.ContainerService/managedClusters/agentPools"
	networkType = "Microsoft.Network/virtualNetworks"
	subnetType  = "Microsoft.Network/virtualNetworks/subnets"
	groupType   = "Microsoft.Network/networkSecurityGroups"
	keyType     = "Microsoft.Compute/sshPublicKeys"
)

var (
	clusterPattern = regexp.MustCompile(`^[a-zA-Z0-9]([-_a-zA-Z0-9]{0,61}[a-zA-Z0-9])?$`)
	poolPattern    = regexp.MustCompile(`^[a-z][a-z0-9]{0,11}$`)
	// namePattern is what the names of other resources have in common; it keeps a
	// name from being more than one segment of a path.
	namePattern = regexp.MustCompile(`^[\w(][\w.()-]{0,89}$`)
)

// ref is where a resource is: its resource group and name.
type ref struct{ group, name string }

// is reports whether two refs are to one resource.
func (r ref) is(other ref) bool {
	return strings.EqualFold(r.group, other.group) && strings.EqualFold(r.name, other.name)
}

// segments takes an ARM id apart that is spelled as Azure's documentation does, but for the
// type, into what is behind "subscriptions", "resourceGroups", "providers" and each type: a
// tenth of what the SDK's parser costs, which is a good part of a large listing. Of any
// other id ok is false: that parser knows more.
func segments(id string) (s [11]string, n int, ok bool) {
	rest, more := id, true
	for ; more; n++ {
		if n == len(s) {
			return s, n, false
		}
		if s[n], rest, more = strings.Cut(rest, "/"); (s[n] == "") != (n == 0) || strings.TrimSpace(s[n]) != s[n] {
			return s, n, false
		}
	}
	return s, n, n >= 9 && n%2 == 1 && s[1] == "subscriptions" && s[3] == "resourceGroups" && s[5] == "providers"
}

// clusterSegments are the subscription, the resource group and the name in the id of a
// cluster.
func clusterSegments(id string) (subscription, group, name string, ok bool) {
	s, n, ok := segments(id)
	return s[2], s[4], s[8], ok && n == 9 && strings.EqualFold(s[6], clusterNamespace) && strings.EqualFold(s[7], clusterKind)
}

// clusterRef returns which cluster an IID stands for: an ARM id, whose resource
// group counts, or a name in the handler's own.
func (h *Handler) clusterRef(iid pmks.IID) (ref, error) {
	return h.resolve("clusterIID", iid, clusterType, h.cfg.ResourceGroup, clusterPattern)
}

// clusterID is the ARM id of a cluster.
func (h *Handler) clusterID(r ref) string {
	return canonical("/subscriptions/"+h.cfg.SubscriptionID+"/resourceGroups/"+r.group+"/providers/"+clusterType+"/"+r.name, h.cfg.ResourceGroup)
}

// poolName is clusterRef for a node group of a cluster.
func (h *Handler) poolName(cluster ref, iid pmks.IID) (string, error) {
	if err := pmks.CheckIID("nodeGroupIID", iid); err != nil {
		return "", err
	}
	text := firstOf(iid.SystemId, iid.NameId) // users put ids into either half
	if !strings.HasPrefix(text, "/") {
		return checkName("nodeGroupIID", text, poolPattern)
	}
	id, err := parseID("nodeGroupIID", text, poolType, h.cfg.SubscriptionID)
	if err != nil {
		return "", err
	}
	if cluster.name != "" && !cluster.is(ref{id.ResourceGroupName, id.Parent.Name}) {
		return "", &pmks.Error{Code: pmks.CodeNotFound, Field: "nodeGroupIID",
			Message: fmt.Sprintf("it is a node group of the cluster %q in the resource group %q, not of %q in %q", id.Parent.Name, id.ResourceGroupName, cluster.name, cluster.group)}
	}
	return checkName("nodeGroupIID", id.Name, poolPattern)
}

// names returns what a cluster and a node group are called, or all that is wrong
// with them.
func (h *Handler) names(clusterIID, nodeGroupIID pmks.IID) (cluster ref, pool string, err error) {
	cluster, err1 := h.clusterRef(clusterIID)
	pool, err2 := h.poolName(cluster, nodeGroupIID)
	return cluster, pool, errors.Join(err1, err2)
}

// resolve returns the resource that an IID stands for.
func (h *Handler) resolve(field string, iid pmks.IID, kind, group string, pattern *regexp.Regexp) (ref, error) {
	if err := pmks.CheckIID(field, iid); err != nil {
		return ref{}, err
	}
	text := iid.SystemId
	if text == "" {
		text = iid.NameId
	}
	if !strings.HasPrefix(text, "/") {
		name, err := checkName(field, text, pattern)
		return ref{group, name}, err
	}
	if subscription, group, name, ok := clusterSegments(text); ok && kind == clusterType && strings.EqualFold(subscription, h.cfg.SubscriptionID) && namePattern.MatchString(group) {
		name, err := checkName(field, name, pattern)
		return ref{group, name}, err
	}
	id, err := parseID(field, text, kind, h.cfg.SubscriptionID)
	if err != nil {
		return ref{}, err
	}
	name, err := checkName(field, id.Name, pattern)
	return ref{id.ResourceGroupName, name}, err
}

func checkName(field, name string, pattern *regexp.Regexp) (string, error) {
	if !pattern.MatchString(name) {
		return "", refuse.Invalid(field, "%q is not a name that Azure can have there", name)
	}
	return name, nil
}

// parseID reads an ARM id of one type in the handler's own subscription. Every part
// of it counts: what it does not have, such as a provider that it is nested in,
// would be lost on the way into a URL.
func parseID(field, text, kind, subscription string) (*arm.ResourceID, error) {
	id, err := arm.ParseResourceID(text)
	switch {
	case err != nil || !strings.EqualFold(id.ResourceType.String(), kind):
		return nil, refuse.Invalid(field, "%q is not the id of a resource of the type %s", text, kind)
	case !strings.EqualFold(id.SubscriptionID, subscription):
		return nil, refuse.Invalid(field, "is in the subscription %s, this connection is to %s", id.SubscriptionID, subscription)
	case !namePattern.MatchString(id.ResourceGroupName):
		return nil, refuse.Invalid(field, "%q is not the name of a resource group", id.ResourceGroupName)
	}
	names := []string{id.Name}
	for parent := id.Parent; parent != nil && len(names) < strings.Count(kind, "/"); parent = parent.Parent {
		names = append(names, parent.Name)
	}
	whole := "/subscriptions/" + id.SubscriptionID + "/resourceGroups/" + id.ResourceGroupName + "/providers/" + id.ResourceType.Namespace
	for i, part := range strings.Split(kind, "/")[1:] {
		whole += "/" + part + "/" + names[len(names)-1-i]
	}
	if !strings.EqualFold(whole, text) {
		return nil, refuse.Invalid(field, "%q has more parts than %q, of which none may be lost", text, whole)
	}
	return id, nil
}
