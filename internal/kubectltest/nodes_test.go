// SPDX-License-Identifier: Apache-2.0

package kubectltest

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/pmks-go/pmks"
)

// everyKubeconfig runs a test for each kind of kubeconfig of each cloud.
func everyKubeconfig(t *testing.T, test func(*testing.T, account, credential)) {
	t.Helper()
	if _, err := findKubectl(); err != nil {
		newUser(t, "", nil)
	}
	for _, name := range slices.Sorted(maps.Keys(clouds)) {
		c := clouds[name]
		for _, kind := range slices.Sorted(maps.Keys(c.kinds)) {
			t.Run(name+"/"+kind, func(t *testing.T) {
				t.Parallel()
				test(t, c.open(t, name, kind), c.kinds[kind])
			})
		}
	}
}

// TestKubectl: who somebody is, what the cluster is, and its nodes, while they come and
// go.
func TestKubectl(t *testing.T) {
	t.Parallel()
	everyKubeconfig(t, func(t *testing.T, a account, _ credential) {
		u := a.user(t)
		info, err := a.client.GetCluster(t.Context(), a.cluster)
		if err != nil {
			t.Fatal(err)
		}
		server := u.must(t, "version")
		if want := "Server Version: v" + minorOf(info.Version); !strings.Contains(server, want) {
			t.Errorf("version prints no %q:\n%s", want, server)
		}
		if who := u.must(t, "auth", "whoami"); !strings.Contains(who, "Username") || strings.Contains(who, "anonymous") {
			t.Errorf("whoami prints:\n%s", who)
		}
		before := names(u.must(t, "get", "nodes", "--no-headers"))
		if len(before) != 2 {
			t.Errorf("the nodes are %q", before)
		}
		for _, node := range info.NodeGroupList[0].Nodes {
			// On some clouds the name of a node is not told, and that of its machine is there.
			if node.NameId != "" && node.NameId != node.SystemId && !slices.Contains(before, node.NameId) {
				t.Errorf("%q has no %q", before, node.NameId)
			}
		}

		lines := u.watch(t, "get", "nodes", "--no-headers", "--watch", "--request-timeout=2m")
		seen := map[string]bool{}
		awaitReady(t, lines, seen, 2)
		if _, err := a.client.ChangeNodeGroupScaling(t.Context(), a.cluster, a.group, 3, 1, 5); err != nil {
			t.Fatal(err)
		}
		awaitReady(t, lines, seen, 3)
	})
}

// minorOf is the "1.33" in a version.
func minorOf(version string) string {
	parts := strings.SplitN(strings.TrimPrefix(version, "v"), ".", 3)
	return strings.Join(parts[:min(2, len(parts))], ".")
}

// names are the first words of lines.
func names(text string) []string {
	var list []string
	for line := range strings.Lines(text) {
		if fields := strings.Fields(line); len(fields) > 0 {
			list = append(list, fields[0])
		}
	}
	return list
}

// awaitReady reads what kubectl prints until that many nodes have been seen ready.
func awaitReady(t *testing.T, lines <-chan string, seen map[string]bool, n int) {
	t.Helper()
	var printed []string
	for len(seen) < n {
		line, ok := <-lines
		if !ok {
			t.Fatalf("kubectl has ended with %d of %d nodes ready; it printed:\n%s", len(seen), n, strings.Join(printed, "\n"))
		}
		printed = append(printed, line)
		if fields := strings.Fields(line); len(fields) > 1 && fields[1] == "Ready" {
			seen[fields[0]] = true
		}
	}
}

// Every provider that is registered has its cloud here.
func TestClouds(t *testing.T) {
	t.Parallel()
	for _, p := range pmks.Providers() {
		if _, ok := clouds[p.Name]; !ok && p.Name != "fake" {
			t.Errorf("%s is not tried", p.Name)
		}
	}
}
