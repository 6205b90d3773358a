// SPDX-License-Identifier: Apache-2.0

package eks

import (
	"slices"
	"strconv"
	"strings"
)

// left reports whether a parameter, or one that it is part of, exists at AWS and
// is left out here. Members of lists are compared without their numbers.
func (f *form) left(key string) bool {
	var parts []string
	for part := range strings.SplitSeq(key, ".") {
		if _, err := strconv.Atoi(part); err != nil && part != "member" {
			parts = append(parts, part)
		}
	}
	names := leftOutTable[f.values.Get("Action")]
	for n := range parts {
		if slices.Contains(names, strings.Join(parts[:n+1], ".")) {
			return true
		}
	}
	return false
}

// leftOutTable lists, by action, the parameters that AWS has and this package has
// not.
var leftOutTable = map[string][]string{
	"AssumeRole": {"MinimumSessionTokenSize", "Policy", "PolicyArns", "ProvidedContexts", "SerialNumber", "SourceIdentity",
		"Tags", "TokenCode", "TransitiveTagKeys"},
	"AssumeRoleWithWebIdentity": {"MinimumSessionTokenSize", "Policy", "PolicyArns"},
	"CreateLaunchTemplate":      append(prefixed("LaunchTemplateData.", leftOutData), "DryRun", "Operator"),
	"CreateRole":                {"MaxSigninSessionDuration", "PermissionsBoundary"},
	"DeleteLaunchTemplate":      {"DryRun"},
	"DescribeAutoScalingGroups": {"IncludeManagedResources"},
	"DescribeInstanceTypes":     {"DryRun", "IncludeUnsupportedInRegion"},
	"DescribeKeyPairs":          {"DryRun", "IncludePublicKey"},
	"DescribeLaunchTemplates":   {"DryRun", "IncludeManagedResources"},
	"DescribeSecurityGroups":    {"DryRun"},
	"DescribeSubnets":           {"DryRun"},
	"DescribeVpcs":              {"DryRun"},
}

func prefixed(prefix string, names []string) []string {
	list := make([]string, len(names))
	for i, name := range names {
		list[i] = prefix + name
	}
	return list
}
