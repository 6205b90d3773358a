// SPDX-License-Identifier: Apache-2.0

package arch

import (
	"fmt"
	"slices"
	"strings"
)

// providers are the directories of the clouds. A name here may be ahead of its
// directory.
var providers = []string{"alibaba", "aws", "azure", "gcp", "ibm", "nhn", "tencent"}

// rootLeaves are the internals that the root package may reach. They import the
// standard library and each other. A package below one is not meant: kubeconfig's
// YAML reader, for example, stands apart so that the root does not link it.
var rootLeaves = []string{"internal/errtree", "internal/jsontree", "internal/kubeconfig", "internal/kver", "internal/poll", "internal/redact", "internal/upgrade"}

// fakeLeaves are what package fake may reach besides.
var fakeLeaves = []string{".", "internal/capability", "internal/once", "internal/provider/errs", "internal/refuse", "internal/sim/core", "internal/sim/kubeapi", "internal/sim/profile"}

// inventoryDir links what the root package links, whatever it lists.
const inventoryDir = "inventory"

// coreModules are the only third-party modules that the root package and fake
// may reach: who imports pmks pays for the clouds they use and for nothing else.
var coreModules = []string{"github.com/cenkalti/backoff/v4"}

// assertionLibraries are imported nowhere: tests compare whole values and say
// what differs.
var assertionLibraries = []string{
	"github.com/onsi/ginkgo", "github.com/onsi/gomega", "github.com/stretchr/testify", "gotest.tools",
}

// impure are the packages that would give the state machine a clock, a random
// source or I/O of its own. (time is allowed for its types; the linter forbids
// time.Now there.)
var impure = []string{"crypto/rand", "io/fs", "math/rand", "net", "os", "path/filepath", "syscall"}

// pure lie below the impure ones and are not: a stream that is seeded by its
// caller, and the parsing of addresses.
var pure = []string{"math/rand/v2", "net/netip"}

// clientGo may be imported only below clientGoDirs: it is by far the heaviest
// dependency, and most programs already have one of their own version.
const clientGo = "k8s.io/client-go"

// The examples, the fake's tests and the simulated API server's tests are clients as a
// user's program is; their non-test code is held to the same rule by what they are.
var clientGoDirs = []string{"cmd", "examples", "kube"}

// clientGoTestDirs may import it in tests besides: what is served is asked by the client
// that users have.
var clientGoTestDirs = []string{"fake", "internal/sim/kubeapi"}

// clientset is the typed clientset of client-go, larger than all else of it. Only
// clientsetDirs and programs link it.
const clientset = clientGo + "/kubernetes"

var clientsetDirs = []string{"kube/clientset"}

// simtestDir is the simulators as users have them in their tests. It links no provider, so
// that a test pays for the clouds it imports, and no module but coreModules. gRPC is below
// it alone.
const simtestDir = "simtest"

// vendorModules are those whose packages are a vendor's SDK, by how they begin, and
// vendorMessages the packages among them that are nothing but the types of a protocol.
var (
	vendorModules = []string{
		"cloud.google.com/go", "github.com/IBM", "github.com/Azure", "github.com/AzureAD", "github.com/alibabacloud-go", "github.com/aliyun",
		"github.com/aws", "github.com/gophercloud", "github.com/tencentcloud", "google.golang.org/api",
	}
	vendorMessages = []string{"cloud.google.com/go/container/apiv1/containerpb"}
)

// firstProgram is what a newcomer runs first: on an empty cache it must not compile
// SDKs before it shows anything.
const firstProgram = "examples/quickstart"

// within reports whether path is base or below it, base being a package path.
func within(path, base string) bool {
	return path == base || strings.HasPrefix(path, base+"/")
}

// withinAny reports whether path is within one of the bases.
func withinAny(path string, bases []string) bool {
	return slices.ContainsFunc(bases, func(b string) bool { return within(path, b) })
}

// provider returns the cloud that rel, a path relative to the module, belongs to.
func provider(rel string) string {
	top, _, _ := strings.Cut(rel, "/")
	if slices.Contains(providers, top) {
		return top
	}
	return ""
}

// simulator reports whether rel is one of the vendor simulators: anything under
// internal/sim but the shared core and the profiles.
func simulator(rel string) bool {
	return strings.HasPrefix(rel, "internal/sim/") &&
		!withinAny(rel, []string{"internal/sim/core", "internal/sim/profile"})
}

// CheckImports returns a sentence for each import that breaks a rule, sorted.
//
// Rules on what a package is, such as the root's, hold for all that its non-test
// code reaches. Rules on test files hold for what these import themselves.
func CheckImports(g *Graph) []string {
	var faults []string
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	for _, p := range g.Own() {
		rel, _ := g.rel(p.ImportPath)
		switch {
		case rel == ".":
			g.checkCore(rel, rootLeaves, fault)
		case rel == "fake":
			g.checkCore(rel, slices.Concat(rootLeaves, fakeLeaves), fault)
		case rel == inventoryDir:
			g.checkCore(rel, slices.Concat(rootLeaves, []string{"."}), fault)
		case slices.Contains(rootLeaves, rel):
			g.checkLeaf(p, rel, fault)
		case provider(rel) != "":
			g.checkProvider(p, rel, fault)
		case simulator(rel):
			g.checkSimulator(p, rel, fault)
		case within(rel, "kube") && !withinAny(rel, clientsetDirs):
			if slices.Contains(g.Closure(p.ImportPath), clientset) {
				fault("%s reaches %s: only %s may, because it makes a program 23 MB larger", rel, clientset, strings.Join(clientsetDirs, ", "))
			}
		case within(rel, simtestDir):
			g.checkSimtest(p, rel, fault)
		case rel == firstProgram:
			for _, dep := range g.Closure(p.ImportPath) {
				if d := g.Packages[dep]; d != nil && d.Module != "" && d.Module != g.Module && !withinAny(dep, coreModules) {
					fault("%s links %s: a newcomer's first program begins without a vendor's SDK", rel, dep)
				}
			}
		case within(rel, "internal/sim/core"):
			for _, imp := range p.Imports {
				if withinAny(imp, impure) && !slices.Contains(pure, imp) {
					fault("%s imports %s: the state machine has no clock, random source or I/O of its own", rel, imp)
				}
			}
		}
		for i, imp := range slices.Concat(p.Imports, p.TestImports) {
			inTest := i >= len(p.Imports) && withinAny(rel, clientGoTestDirs)
			if within(imp, clientGo) && !withinAny(rel, clientGoDirs) && !inTest {
				fault("%s imports %s: client-go lives only under %s", rel, imp, strings.Join(clientGoDirs, ", "))
			}
			if withinAny(imp, assertionLibraries) {
				fault("%s imports %s: tests use no assertion library", rel, imp)
			}
		}
		for _, imp := range p.Imports {
			if kit, ok := g.rel(imp); ok && slices.Contains(testKits, kit) {
				fault("%s imports %s: it is for tests alone", rel, kit)
			}
		}
	}
	slices.Sort(faults)
	return slices.Compact(faults)
}

// testKits are imported by tests and by nothing else: they define flags and stop tests.
var testKits = []string{"internal/providertest", "internal/sim/wiretest"}

type faultFunc func(format string, args ...any)

// checkCore checks the packages that every user links: rel may reach the standard
// library, coreModules and the given own packages.
func (g *Graph) checkCore(rel string, allowed []string, fault faultFunc) {
	path := g.Module
	if rel != "." {
		path += "/" + rel
	}
	for _, dep := range g.Closure(path) {
		d := g.Packages[dep]
		own, isOwn := g.rel(dep)
		switch {
		case isOwn && !slices.Contains(allowed, own):
			fault("%s reaches %s, which is not among its leaf internals (%s)", rel, own, strings.Join(allowed, ", "))
		case isOwn, d != nil && d.Module == "":
		case !withinAny(dep, coreModules):
			fault("%s reaches %s: it may use the standard library and %s only", rel, dep, strings.Join(coreModules, ", "))
		}
	}
}

// checkSimtest checks that the simulators link no provider and no SDK.
func (g *Graph) checkSimtest(p *Package, rel string, fault faultFunc) {
	for _, dep := range g.Closure(p.ImportPath) {
		own, isOwn := g.rel(dep)
		d := g.Packages[dep]
		switch {
		case isOwn && (provider(own) != "" || within(own, "fake")):
			fault("%s reaches %s: a test imports the providers that it opens", rel, own)
		case isOwn, d != nil && d.Module == "", withinAny(dep, coreModules):
		case rel == simtestDir:
			fault("%s reaches %s: it may use the standard library and %s only", rel, dep, strings.Join(coreModules, ", "))
		case withinAny(dep, vendorModules) && !slices.Contains(vendorMessages, dep):
			fault("%s reaches %s: it links no vendor's SDK", rel, dep)
		}
	}
}

// checkLeaf checks that a leaf internal is one.
func (g *Graph) checkLeaf(p *Package, rel string, fault faultFunc) {
	for _, imp := range p.Imports {
		d := g.Packages[imp]
		if own, isOwn := g.rel(imp); isOwn && !slices.Contains(rootLeaves, own) {
			fault("%s imports %s: a leaf imports the standard library and other leaves only", rel, own)
		} else if !isOwn && (d == nil || d.Module != "") && !withinAny(imp, coreModules) {
			fault("%s imports %s: a leaf imports the standard library and other leaves only", rel, imp)
		}
	}
}

// checkProvider checks that a cloud stands alone. Its tests may use the simulator
// and the fake, but no other cloud.
func (g *Graph) checkProvider(p *Package, rel string, fault faultFunc) {
	self := provider(rel)
	for _, dep := range g.Closure(p.ImportPath) {
		own, isOwn := g.rel(dep)
		switch {
		case !isOwn:
		case provider(own) != "" && provider(own) != self:
			fault("%s reaches %s: a provider never imports another provider", rel, own)
		case within(own, "fake"), within(own, "internal/sim"):
			fault("%s reaches %s: a provider never imports the fake or a simulator", rel, own)
		}
	}
	for _, imp := range p.TestImports {
		if own, isOwn := g.rel(imp); isOwn && provider(own) != "" && provider(own) != self {
			fault("%s imports %s in a test: a provider never imports another provider", rel, own)
		}
	}
}

// checkSimulator checks that a simulator, its tests included, knows no provider:
// a field that both misread must not agree with itself.
func (g *Graph) checkSimulator(p *Package, rel string, fault faultFunc) {
	for _, dep := range slices.Concat(g.Closure(p.ImportPath), p.TestImports) {
		if own, isOwn := g.rel(dep); isOwn && provider(own) != "" {
			fault("%s reaches %s: a simulator never imports a provider", rel, own)
		}
	}
}
