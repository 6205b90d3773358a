// SPDX-License-Identifier: Apache-2.0

package arch

import (
	"slices"
	"strings"
)

// depsHeader opens testdata/deps.txt.
const depsHeader = `# Third-party modules that the non-test code of each public package links, on
# linux/amd64 with cgo off. Reviewed: a new line here is a cost to every user of
# the package. Versions are in go.mod. Rewrite: go test ./internal/arch -update
`

// Public returns the packages that programs outside the module can import,
// sorted: no internals and no programs.
func Public(g *Graph) []*Package {
	return slices.DeleteFunc(g.Own(), func(p *Package) bool {
		rel, _ := g.rel(p.ImportPath)
		return p.Name == "main" || len(p.GoFiles) == 0 || slices.Contains(strings.Split(rel, "/"), "internal") ||
			within(rel, "cmd") || within(rel, "examples")
	})
}

// Dependencies lists, for each public package, the third-party modules that its
// non-test code reaches.
func Dependencies(g *Graph) string {
	var b strings.Builder
	b.WriteString(depsHeader)
	for _, p := range Public(g) {
		b.WriteString("\n" + p.ImportPath + "\n")
		var modules []string
		for _, dep := range g.Closure(p.ImportPath) {
			if d := g.Packages[dep]; d != nil && d.Module != "" && d.Module != g.Module {
				modules = append(modules, d.Module)
			}
		}
		slices.Sort(modules)
		for _, m := range slices.Compact(modules) {
			b.WriteString("\t" + m + "\n")
		}
	}
	return b.String()
}
