// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// requests finds the requests of a provider in its sources, where each has the name of
// the permission that it needs. Those of gcp are translated below; the clouds that are not
// here give roles in place of permissions.
var requests = map[string]*regexp.Regexp{
	"alibaba": regexp.MustCompile(`(?:read|send)\(ctx, h, "(\w+)"`),
	"aws":     regexp.MustCompile(`(?m)^\t(\w+) +call\[`),
	"gcp":     regexp.MustCompile(`(?m)^\t(\w+) +func\(context\.Context, \*containerpb\.`),
	"tencent": regexp.MustCompile(`\.New(\w+)Response\b`),
}

// permissionsGCP are the permissions of GKE's requests (IAM permissions reference of GKE).
var permissionsGCP = map[string]string{
	"CreateCluster": "container.clusters.create", "DeleteCluster": "container.clusters.delete", "GetCluster": "container.clusters.get",
	"ListClusters": "container.clusters.list", "UpdateMaster": "container.clusters.update", "SetLabels": "container.clusters.update",
	"GetNodePool": "container.clusters.get", "CreateNodePool": "container.clusters.update", "DeleteNodePool": "container.clusters.update",
	"UpdateNodePool": "container.clusters.update", "SetNodePoolSize": "container.clusters.update",
	"SetNodePoolAutoscaling": "container.clusters.update", "ListOperations": "container.operations.list", "GetOperation": "container.operations.get",
	"GetServerConfig": "container.clusters.list", "FetchClusterUpgradeInfo": "container.clusters.get", "FetchNodePoolUpgradeInfo": "container.clusters.get",
}

// rolesTable are what a caller is granted on the clouds that know roles for it.
var rolesTable = map[string][]string{
	"azure": {"Azure Kubernetes Service Contributor Role", "subnets/join/action", "Reader"},
	"gcp":   {"roles/container.admin", "roles/iam.serviceAccountUser"},
	"ibm":   {"Viewer", "Operator", "Administrator", "Manager", "IAM Identity Service"},
	"nhn":   {"NKS ADMIN", "Infrastructure MEMBER"},
}

// TestPermissions: the page of a provider names what its caller must be allowed, each
// request by each.
func TestPermissions(t *testing.T) {
	t.Parallel()
	pages, err := generate("../..")
	if err != nil {
		t.Fatal(err)
	}
	for cloud, find := range requests {
		found := map[string]bool{}
		for _, name := range sources(t, cloud) {
			source, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range find.FindAllStringSubmatch(string(source), -1) {
				found[m[1]] = true
			}
		}
		if len(found) < 15 {
			t.Errorf("%s: only %d requests are found in its sources", cloud, len(found))
		}
		text := section(string(pages["providers/"+cloud+".md"]), "Authentication")
		for request := range found {
			if cloud == "gcp" {
				checkGCP(t, text, request)
			} else if !regexp.MustCompile(`\b` + request + `\b`).MatchString(text) {
				t.Errorf("%s: the page does not say that %s must be allowed", cloud, request)
			}
		}
	}
	for cloud, roles := range rolesTable {
		text := section(string(pages["providers/"+cloud+".md"]), "Authentication")
		for _, role := range roles {
			if !strings.Contains(text, role) {
				t.Errorf("%s: the page does not name %s", cloud, role)
			}
		}
	}
}

// checkGCP looks for the last part of a permission: the page names the resource once
// for several.
func checkGCP(t *testing.T, text, request string) {
	t.Helper()
	permission := permissionsGCP[request]
	i := strings.LastIndex(permission, ".")
	if i < 0 {
		t.Errorf("gcp: nobody says what permission %s needs", request)
		return
	}
	_, list, _ := strings.Cut(text, permission[:i+1])
	list, _, _ = strings.Cut(list, "container.")
	if !strings.Contains(permission[:i+1]+list, permission[i+1:]) {
		t.Errorf("gcp: the page does not name %s", permission)
	}
}

// sources are the files of a provider without its tests.
func sources(t *testing.T, cloud string) (names []string) {
	t.Helper()
	all, err := filepath.Glob(filepath.Join("..", "..", cloud, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range all {
		if !strings.HasSuffix(name, "_test.go") {
			names = append(names, name)
		}
	}
	return names
}
