// SPDX-License-Identifier: Apache-2.0

package arch

import (
	"slices"
	"strings"
	"testing"
)

// graph builds a graph from lines "importer: imported imported; test imports".
// Paths without a dot in their first element belong to the main module "m.org/m"
// when they start with "m.org/m", else to the standard library.
func graph(lines ...string) *Graph {
	const module = "m.org/m"
	g := &Graph{Module: module, Packages: map[string]*Package{}}
	get := func(path string) *Package {
		if g.Packages[path] == nil {
			p := &Package{ImportPath: path, Name: "x", GoFiles: []string{"x.go"}}
			switch {
			case within(path, module):
				p.Module = module
			case strings.Contains(path, "."):
				// Three elements are enough for the modules of these tests.
				p.Module = strings.Join(strings.SplitN(path, "/", 4)[:min(3, strings.Count(path, "/")+1)], "/")
			}
			g.Packages[path] = p
		}
		return g.Packages[path]
	}
	for _, line := range lines {
		path, rest, _ := strings.Cut(line, ":")
		imports, tests, _ := strings.Cut(rest, ";")
		p := get(path)
		p.Imports = strings.Fields(imports)
		p.TestImports = strings.Fields(tests)
		for _, imp := range p.Imports {
			get(imp)
		}
	}
	return g
}

func TestCheckImports(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		graph *Graph
		want  []string // a part of each sentence, in order
	}{
		{
			name: "all-is-well",
			graph: graph(
				"m.org/m: context m.org/m/internal/kver github.com/cenkalti/backoff/v4; go.uber.org/goleak m.org/m/fake",
				"m.org/m/fake: m.org/m m.org/m/internal/sim/core m.org/m/internal/sim/profile m.org/m/internal/kubeconfig",
				"m.org/m/internal/kubeconfig: fmt m.org/m/internal/kver",
				"m.org/m/internal/kubeconfig/yaml: gopkg.in/yaml.v3 m.org/m/internal/kubeconfig",
				"m.org/m/internal/sim/core: time sort",
				"m.org/m/internal/sim/eks: m.org/m/internal/sim/core net/http",
				"m.org/m/aws: m.org/m github.com/aws/sdk m.org/m/internal/kver; m.org/m/internal/sim/eks m.org/m/conformance",
				"m.org/m/kube: m.org/m k8s.io/client-go/rest",
				"m.org/m/cmd/pmks-credential: m.org/m/kube k8s.io/client-go/rest m.org/m/aws m.org/m/gcp",
				"m.org/m/awsome: m.org/m/fake",
			),
		},
		{
			name:  "root-links-a-module",
			graph: graph("m.org/m: golang.org/x/sync/errgroup"),
			want:  []string{". reaches golang.org/x/sync/errgroup"},
		},
		{
			name: "root-links-a-module-through-a-leaf",
			graph: graph(
				"m.org/m: m.org/m/internal/kver",
				"m.org/m/internal/kver: gopkg.in/yaml.v3",
			),
			want: []string{". reaches gopkg.in/yaml.v3", "internal/kver imports gopkg.in/yaml.v3"},
		},
		{
			name:  "root-imports-the-fake",
			graph: graph("m.org/m: m.org/m/fake"),
			want:  []string{". reaches fake"},
		},
		{
			name:  "root-imports-the-state-machine",
			graph: graph("m.org/m: m.org/m/internal/sim/core"),
			want:  []string{". reaches internal/sim/core"},
		},
		{
			name: "root-reaches-below-a-leaf",
			graph: graph(
				"m.org/m: m.org/m/internal/kubeconfig/yaml",
				"m.org/m/internal/kubeconfig/yaml: fmt",
			),
			want: []string{". reaches internal/kubeconfig/yaml"},
		},
		{
			name:  "root-imports-a-neighbour-of-a-leaf",
			graph: graph("m.org/m: m.org/m/internal/kverx"),
			want:  []string{". reaches internal/kverx"},
		},
		{
			name: "fake-imports-a-provider-and-its-sdk",
			graph: graph(
				"m.org/m/fake: m.org/m/aws",
				"m.org/m/aws: github.com/aws/sdk",
			),
			want: []string{"fake reaches aws", "fake reaches github.com/aws/sdk"},
		},
		{
			name:  "fake-imports-a-simulator",
			graph: graph("m.org/m/fake: m.org/m/internal/sim/eks"),
			want:  []string{"fake reaches internal/sim/eks"},
		},
		{
			name:  "leaf-imports-the-root",
			graph: graph("m.org/m/internal/kver: m.org/m"),
			want:  []string{"internal/kver imports ."},
		},
		{
			name: "provider-imports-another",
			graph: graph(
				"m.org/m/aws: m.org/m/internal/shared",
				"m.org/m/internal/shared: m.org/m/gcp",
			),
			want: []string{"aws reaches gcp"},
		},
		{
			name:  "provider-test-imports-another",
			graph: graph("m.org/m/aws: m.org/m; m.org/m/gcp/internal/x"),
			want:  []string{"aws imports gcp/internal/x in a test"},
		},
		{
			name:  "part-of-a-provider-imports-the-fake-and-sim",
			graph: graph("m.org/m/ibm/wire: m.org/m/fake m.org/m/internal/sim/profile"),
			want:  []string{"ibm/wire reaches fake", "ibm/wire reaches internal/sim/profile"},
		},
		{
			name:  "simulator-imports-a-provider",
			graph: graph("m.org/m/internal/sim/eks: m.org/m/aws"),
			want:  []string{"internal/sim/eks reaches aws"},
		},
		{
			name:  "simulator-test-imports-a-provider",
			graph: graph("m.org/m/internal/sim/nks: fmt; m.org/m/nhn"),
			want:  []string{"internal/sim/nks reaches nhn"},
		},
		{
			name:  "test-kit-in-a-program",
			graph: graph("m.org/m/internal/sim/eks: m.org/m/internal/sim/wiretest; m.org/m/internal/sim/wiretest"),
			want:  []string{"internal/sim/eks imports internal/sim/wiretest"},
		},
		{
			name:  "impure-state-machine",
			graph: graph("m.org/m/internal/sim/core: net/http os math/rand; os"),
			want:  []string{"core imports math/rand", "core imports net/http", "core imports os"},
		},
		{
			name:  "client-go-outside-kube",
			graph: graph("m.org/m/gcp: k8s.io/client-go/rest", "m.org/m/conformance: fmt; k8s.io/client-go"),
			want:  []string{"conformance imports k8s.io/client-go", "gcp imports k8s.io/client-go/rest"},
		},
		{
			name: "client-go-in-tests",
			graph: graph("m.org/m/fake: fmt; k8s.io/client-go/rest", "m.org/m/internal/sim/kubeapi: k8s.io/client-go/rest; k8s.io/client-go/informers",
				"m.org/m/kube/clientset: k8s.io/client-go/kubernetes"),
			want: []string{"kubeapi imports k8s.io/client-go/rest"},
		},
		{
			name:  "kube-links-a-clientset",
			graph: graph("m.org/m/kube: m.org/m/kube/x", "m.org/m/kube/x: k8s.io/client-go/kubernetes"),
			want:  []string{"kube reaches k8s.io/client-go/kubernetes", "kube/x reaches k8s.io/client-go/kubernetes"},
		},
		{
			name: "first-program",
			graph: graph("m.org/m/examples/quickstart: m.org/m/fake", "m.org/m/fake: github.com/cenkalti/backoff/v4",
				"m.org/m/examples/realcloud: github.com/aws/sdk"),
		},
		{
			name:  "first-program-with-an-sdk",
			graph: graph("m.org/m/examples/quickstart: m.org/m/examples/internal/x", "m.org/m/examples/internal/x: github.com/aws/sdk"),
			want:  []string{"quickstart links github.com/aws/sdk"},
		},
		{
			name:  "inventory",
			graph: graph("m.org/m/inventory: m.org/m m.org/m/fake golang.org/x/time/rate; m.org/m/internal/provider/fanout"),
			want:  []string{"inventory reaches fake", "inventory reaches golang.org/x/time/rate"},
		},
		{
			name: "simulators-for-users",
			graph: graph("m.org/m/simtest: m.org/m/internal/sim/eks github.com/cenkalti/backoff/v4; m.org/m/aws m.org/m/nhn", "m.org/m/aws: github.com/aws/sdk",
				"m.org/m/simtest/gcp: google.golang.org/grpc cloud.google.com/go/container/apiv1/containerpb"),
		},
		{
			name: "simulators-for-users-with-an-sdk",
			graph: graph("m.org/m/simtest: m.org/m/fake google.golang.org/grpc", "m.org/m/simtest/gcp: cloud.google.com/go/container/apiv1 m.org/m/internal/x",
				"m.org/m/internal/x: m.org/m/gcp"),
			want: []string{"simtest reaches fake", "simtest reaches google.golang.org/grpc", "simtest/gcp reaches cloud.google.com/go/container/apiv1", "simtest/gcp reaches gcp"},
		},
		{
			name:  "assertion-library",
			graph: graph("m.org/m/aws: fmt; github.com/stretchr/testify/require"),
			want:  []string{"aws imports github.com/stretchr/testify/require"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := CheckImports(tt.graph)
			if len(got) != len(tt.want) {
				t.Fatalf("got %q, want %d faults like %q", got, len(tt.want), tt.want)
			}
			for i, w := range tt.want {
				if !strings.Contains(got[i], w) {
					t.Errorf("fault %d is %q, want one with %q", i, got[i], w)
				}
			}
		})
	}
}

func TestDependencies(t *testing.T) {
	t.Parallel()
	g := graph(
		"m.org/m: m.org/m/internal/kver github.com/cenkalti/backoff/v4; go.uber.org/goleak",
		"m.org/m/aws: m.org/m github.com/aws/sdk/eks github.com/aws/sdk/ec2",
		"m.org/m/internal/kver: golang.org/x/mod",
		"m.org/m/cmd/tool: gopkg.in/yaml.v3",
		"m.org/m/examples/quickstart: gopkg.in/yaml.v3",
	)
	const want = depsHeader + `
m.org/m
	github.com/cenkalti/backoff
	golang.org/x/mod

m.org/m/aws
	github.com/aws/sdk
	github.com/cenkalti/backoff
	golang.org/x/mod
`
	if d := Diff(want, Dependencies(g)); d != "" {
		t.Error(d)
	}
}

// TestLoad looks at this very module, whose root is known to import backoff and
// whose arch package is known not to.
func TestLoad(t *testing.T) {
	t.Parallel()
	g := load(t)
	p := g.Packages[g.Module+"/internal/arch"]
	if p == nil || p.Name != "arch" || p.Module != g.Module || p.Dir == "" {
		t.Fatalf("internal/arch is listed as %+v", p)
	}
	if !slices.Contains(p.Imports, "go/doc") || slices.Contains(p.Imports, "testing") {
		t.Errorf("internal/arch imports %q", p.Imports)
	}
	if !slices.Contains(p.TestImports, "testing") {
		t.Errorf("the tests of internal/arch import %q", p.TestImports)
	}
	if c := g.Closure(p.ImportPath); !slices.Contains(c, "runtime") || slices.Contains(c, p.ImportPath) {
		t.Errorf("internal/arch reaches %q", c)
	}
	for path, p := range g.Packages {
		for _, imp := range p.Imports {
			if g.Packages[imp] == nil && imp != "C" && p.Module == "" {
				t.Errorf("%s imports %s, which is not listed", path, imp)
			}
		}
	}
}

func TestAddIgnored(t *testing.T) {
	t.Parallel()
	p := &Package{Dir: "testdata/ignored", Imports: []string{"os"}}
	if err := p.addIgnored([]string{"live.go", "live_test.go"}); err != nil {
		t.Fatal(err)
	}
	if want := []string{"os", "net/http"}; !slices.Equal(p.Imports, want) {
		t.Errorf("Imports = %q, want %q", p.Imports, want)
	}
	if want := []string{"testing"}; !slices.Equal(p.TestImports, want) {
		t.Errorf("TestImports = %q, want %q", p.TestImports, want)
	}
	if err := p.addIgnored([]string{"absent.go"}); err == nil {
		t.Error("a file that is not there gave no error")
	}
}
