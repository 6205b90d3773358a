// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"cmp"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/pmks-go/pmks/internal/kver"
)

var (
	clusterNamePattern = regexp.MustCompile(`^[a-zA-Z0-9]$|^[a-zA-Z0-9][-_a-zA-Z0-9]{0,61}[a-zA-Z0-9]$`)
	dnsPrefixPattern   = regexp.MustCompile(`^[a-zA-Z0-9]$|^[a-zA-Z0-9][a-zA-Z0-9-]{0,52}[a-zA-Z0-9]$`)
	nodeGroupPattern   = regexp.MustCompile(`^[-\w._()]{0,79}[-\w_()]$`)
	adminPattern       = regexp.MustCompile(`^[A-Za-z][-A-Za-z0-9_]{0,31}$`)
)

// reservedAdmins are names that virtual machines of Azure do not take.
var reservedAdmins = []string{"admin", "administrator", "guest", "root", "test", "user", "user1"}

// checkName checks the name of a new cluster.
func checkName(name string) *apiError {
	lower := strings.ToLower(name)
	switch {
	case !clusterNamePattern.MatchString(name):
		return invalid("name", "The resource name is invalid: it must be 1 to 63 characters, letters, digits, underscores and hyphens, and begin and end with a letter or digit")
	case lower == "azure", strings.Contains(lower, "microsoft"), strings.Contains(lower, "windows"),
		strings.HasPrefix(lower, "login"), strings.HasPrefix(lower, "xbox"):
		return gateway(http.StatusBadRequest, "ReservedResourceName", "The resource name '%s' or a part of the name is a trademarked or reserved word.", name)
	}
	return nil
}

// checkTagNames checks tags as Azure Resource Manager does.
func (s *Server) checkTagNames(tags map[string]string, private bool) *apiError {
	code := "InvalidTagNameCharacters"
	if s.assumed.TagsRefusedAsParameter {
		code = "InvalidParameter"
	}
	switch {
	case len(tags) > 50:
		return gateway(http.StatusBadRequest, "TooManyTags", "A resource may have at most 50 tags, got %d.", len(tags))
	case private && len(tags) > 15 && !s.assumed.PrivateTagsUnlimited:
		return gateway(http.StatusBadRequest, "TooManyTags", "The private DNS zone of the cluster may have at most 15 tags, got %d.", len(tags))
	}
	seen := map[string]bool{}
	for key, value := range tags {
		lower := strings.ToLower(key)
		if seen[lower] {
			// Azure Resource Manager reads tags into a table that minds no case.
			return gateway(http.StatusBadRequest, "InvalidRequestContent", "The request content was invalid and could not be deserialized: "+
				"'An item with the same key has already been added. Key: %.64s'.", key)
		}
		seen[lower] = true
		switch {
		case key == "" || utf8.RuneCountInString(key) > 512:
			return gateway(http.StatusBadRequest, "InvalidTagName", "The name of a tag must be 1 to 512 characters long.")
		case utf8.RuneCountInString(value) > 256:
			return gateway(http.StatusBadRequest, "InvalidTagValue", "The value of a tag must be at most 256 characters long.")
		case strings.ContainsAny(key, `<>%&\?/`):
			return gateway(http.StatusBadRequest, code, `The tag name '%.64s' is invalid: it must not contain any of '<,>,%%,&,\,?,/'.`, key)
		}
	}
	return nil
}

// planCluster checks a request for a new cluster and fills the defaults in.
func (s *Server) planCluster(c *call, in *clusterObject) *apiError {
	p := in.Properties
	for _, check := range []func() *apiError{
		func() *apiError { return checkName(c.vars["cluster"]) },
		func() *apiError { return s.checkLocation(in) },
		func() *apiError { return s.checkIdentity(in) },
		func() *apiError { return checkSKU(in, nil) },
		func() *apiError { return checkDNSPrefix(p) },
		func() *apiError { return s.checkNodeGroup(c, p) },
		func() *apiError { return s.checkLinux(p.LinuxProfile) },
		func() *apiError { return planWindows(p) },
		func() *apiError { return checkAutoUpgrade(p.AutoUpgradeProfile) },
		func() *apiError { return s.checkAccess(p) },
		func() *apiError { return s.checkServerAccess(p, nil) },
		func() *apiError { return checkFeatures(p, nil) },
		func() *apiError { return s.planVersion(in) },
		func() *apiError { return planNetwork(p) },
		func() *apiError { return s.planPools(c, p) },
		func() *apiError { return checkProvisioning(p, p.AgentPoolProfiles) },
		func() *apiError { return s.checkAddresses(p, "") },
		func() *apiError { return s.checkVCPUs(nil, p.AgentPoolProfiles) },
	} {
		if e := check(); e != nil {
			return e
		}
	}
	if p.EnableRBAC == nil {
		p.EnableRBAC = new(true)
	}
	if p.SupportPlan == nil {
		p.SupportPlan = new(planOfficial)
	}
	return nil
}

func (s *Server) checkLocation(in *clusterObject) *apiError {
	if !sameLocation(*in.Location, s.location) {
		return gateway(http.StatusBadRequest, "LocationNotAvailableForResourceType", "The provided location '%.64s' is not available for resource type "+
			"'Microsoft.ContainerService/managedClusters'. List of available regions for the resource type is '%s'.", *in.Location, s.location)
	}
	return nil
}

// checkIdentity wants an identity or a service principal, and an identity that
// exists.
func (s *Server) checkIdentity(in *clusterObject) *apiError {
	id, principal := in.Identity, in.Properties.ServicePrincipalProfile
	if in.Properties.IdentityProfile != nil {
		return notSimulated("identityProfile of a new cluster")
	}
	if principal != nil && principal.ClientID == managedPrincipal && id != nil {
		principal = nil
		in.Properties.ServicePrincipalProfile = nil
	}
	if id == nil {
		switch {
		case principal == nil:
			return required("servicePrincipalProfile or identity")
		case !uuidPattern.MatchString(principal.ClientID) || principal.Secret == "":
			return fail(http.StatusBadRequest, "ServicePrincipalValidationClientError", "The credentials in ServicePrincipalProfile were invalid.")
		}
		return nil
	}
	switch id.Type {
	case "SystemAssigned":
		if len(id.UserAssignedIdentities) > 0 {
			return invalid("identity.userAssignedIdentities", "user assigned identities need the type UserAssigned")
		}
		id.PrincipalID, id.TenantID = s.Random.UUID(), s.tenant
	case "UserAssigned":
		if len(id.UserAssignedIdentities) != 1 {
			return invalid("identity.userAssignedIdentities", "exactly one user assigned identity must be given")
		}
		for key := range id.UserAssignedIdentities {
			ref := armID(key)
			if !ref.is("Microsoft.ManagedIdentity/userAssignedIdentities") {
				return gateway(http.StatusBadRequest, "LinkedInvalidPropertyId", "Property id '%.256s' at path 'identity.userAssignedIdentities' is invalid.", key)
			}
			if _, ok := s.resources.identity(ref.group, ref.names[0]); !ok {
				return gateway(http.StatusBadRequest, "FailedIdentityOperation", "Identity operation failed: the resource '%.256s' was not found.", key)
			}
			id.UserAssignedIdentities[key] = &assignedIdentity{s.Random.UUID(), s.Random.UUID()}
		}
	default:
		return invalid("identity.type", "%q is not one of SystemAssigned and UserAssigned", id.Type)
	}
	return nil
}

// checkSKU checks the SKU and the support plan. is is the SKU of the cluster that is
// being changed: an Automatic one is not made here, see AttrAutomatic, but stays one.
func checkSKU(in *clusterObject, is *skuObject) *apiError {
	if in.SKU == nil {
		in.SKU = &skuObject{}
	}
	automatic := is != nil && is.Name == skuAutomatic
	in.SKU.Name, in.SKU.Tier = cmp.Or(in.SKU.Name, "Base"), cmp.Or(in.SKU.Tier, "Free")
	switch {
	case in.SKU.Name == skuAutomatic && automatic:
		if in.SKU.Tier != "Standard" {
			return invalid("sku.tier", "the SKU Automatic needs the tier Standard")
		}
	case in.SKU.Name == skuAutomatic:
		return notSimulated("the SKU Automatic")
	case automatic && in.SKU.Name == "Base":
		return notSimulated("a change of the SKU")
	case in.SKU.Name != "Base":
		return invalid("sku.name", "%q is not one of Base and Automatic", in.SKU.Name)
	case !slices.Contains([]string{"Free", "Standard", "Premium"}, in.SKU.Tier):
		return invalid("sku.tier", "%q is not one of Free, Standard and Premium", in.SKU.Tier)
	}
	plan := text(in.Properties.SupportPlan)
	switch {
	case plan != "" && plan != planOfficial && plan != planLTS:
		return invalid("supportPlan", "%q is not one of %s and %s", plan, planOfficial, planLTS)
	case plan == planLTS && in.SKU.Tier != "Premium":
		return invalid("supportPlan", "%s needs the tier Premium", planLTS)
	}
	return nil
}

func checkDNSPrefix(p *clusterProperties) *apiError {
	if text(p.DNSPrefix) == "" {
		return required("dnsPrefix")
	}
	if !dnsPrefixPattern.MatchString(*p.DNSPrefix) {
		return invalid("dnsPrefix", "it must be 1 to 54 characters, letters, digits and hyphens, and begin and end with a letter or digit")
	}
	return nil
}

// checkNodeGroup checks the name of the resource group that AKS makes.
func (s *Server) checkNodeGroup(c *call, p *clusterProperties) *apiError {
	name := cmp.Or(text(p.NodeResourceGroup), s.nodeGroupName(s.groupName(c.group()), c.vars["cluster"]))
	switch {
	case len(name) > 80:
		return invalid("name", "The length of the node resource group name is too long: %d, at most 80. The name is %s", len(name), name)
	case !nodeGroupPattern.MatchString(name):
		return invalid("nodeResourceGroup", "the name has characters that are not allowed")
	case strings.EqualFold(name, c.group()):
		return invalid("nodeResourceGroup", "it must not be the resource group of the cluster")
	case s.hasGroup(name):
		return fail(http.StatusConflict, "NodeResourceGroupAlreadyExists", "The node resource group '%s' exists already.", name)
	}
	return nil
}

func (s *Server) checkLinux(l *linuxProfile) *apiError {
	if l == nil {
		return nil
	}
	switch {
	case !adminPattern.MatchString(l.AdminUsername):
		return invalid("linuxProfile.adminUsername", "it must begin with a letter and have at most 32 letters, digits, underscores and hyphens")
	case slices.Contains(reservedAdmins, strings.ToLower(l.AdminUsername)) && !s.assumed.AnyAdminUsername:
		return invalid("linuxProfile.adminUsername", "%q is reserved", l.AdminUsername)
	case l.SSH == nil || len(l.SSH.PublicKeys) != 1:
		return invalid("linuxProfile.ssh.publicKeys", "exactly one key must be given")
	}
	kind, _, _ := strings.Cut(l.SSH.PublicKeys[0].KeyData, " ")
	switch {
	case !strings.HasPrefix(kind, "ssh-") || !strings.Contains(l.SSH.PublicKeys[0].KeyData, " "):
		return invalid("linuxProfile.ssh.publicKeys.keyData", "it is not an SSH public key")
	case kind != "ssh-rsa" && (kind != "ssh-ed25519" || !s.assumed.Ed25519Keys):
		return invalid("linuxProfile.ssh.publicKeys.keyData", "keys of type %.64s are not supported", kind)
	}
	return nil
}

// planWindows checks the account of Windows nodes. AKS makes one up for a cluster
// that is to have such nodes and names none.
func planWindows(p *clusterProperties) *apiError {
	w := p.WindowsProfile
	if w == nil {
		if slices.ContainsFunc(p.AgentPoolProfiles, func(pool poolProfile) bool { return text(pool.OSType) == osWindows }) {
			p.WindowsProfile = &windowsProfile{AdminUsername: "azureuser"}
		}
		return nil
	}
	switch {
	case !adminPattern.MatchString(w.AdminUsername) || len(w.AdminUsername) > 20:
		return invalid("windowsProfile.adminUsername", "it must begin with a letter and have at most 20 letters, digits, underscores and hyphens")
	case len(w.AdminPassword) < 8 || len(w.AdminPassword) > 123:
		return invalid("windowsProfile.adminPassword", "it must have 8 to 123 characters")
	}
	return nil
}

func checkAutoUpgrade(a *autoUpgrade) *apiError {
	if a == nil {
		return nil
	}
	for _, field := range []struct {
		name, value string
		known       []string
	}{
		{"upgradeChannel", a.UpgradeChannel, []string{"", "rapid", "stable", "patch", "node-image", "none"}},
		{"nodeOSUpgradeChannel", a.NodeOSUpgradeChannel, []string{"", "None", "Unmanaged", "NodeImage", "SecurityPatch"}},
	} {
		if !slices.Contains(field.known, field.value) {
			return invalid("autoUpgradeProfile."+field.name, "%.64q is not a value of it", field.value)
		}
	}
	return nil
}

// checkAccess checks who may log in.
func (s *Server) checkAccess(p *clusterProperties) *apiError {
	if a := p.AADProfile; a != nil {
		switch {
		case !a.Managed:
			return invalid("aadProfile.managed", "only the AKS-managed integration with Entra is supported")
		case a.TenantID != "" && !strings.EqualFold(a.TenantID, s.tenant):
			return notSimulated("another tenant in aadProfile")
		}
		a.TenantID = s.tenant
	}
	return nil
}

// planVersion checks the version of the control plane, and leaves it as it was
// asked for.
func (s *Server) planVersion(in *clusterObject) *apiError {
	asked := text(in.Properties.KubernetesVersion)
	resolved := s.resolveVersion(asked)
	if e := s.checkVersion(asked, resolved, text(in.Properties.SupportPlan) == planLTS, "K8sVersionNotSupported"); e != nil {
		return e
	}
	if asked == "" {
		in.Properties.KubernetesVersion = &resolved
	}
	return nil
}

// newer compares versions.
func newer(a, b string) bool {
	x, errX := kver.Parse(a)
	y, errY := kver.Parse(b)
	return errX == nil && errY == nil && x.Compare(y) > 0
}
