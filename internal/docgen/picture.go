// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/pmks-go/pmks/internal/arch"
)

// part is a box of the picture: packages that belong together.
type part struct {
	name, text string
	// under are the folders of the module whose packages it has; one that ends in "*" is
	// taken with all below.
	under []string
}

// parts are the boxes. A package that none of them has is no part of the library: a
// program, an example, a test kit.
var parts = []part{
	{"pmks", "the portable API: Client, checks, waiters, jobs", []string{"."}},
	{"inventory, kube, pmkstest", "helpers for users", []string{"inventory", "kube*", "pmkstest"}},
	{"fake", "a cloud in memory", []string{"fake"}},
	{"conformance", "what a provider must pass", []string{"conformance"}},
	{"simtest", "simulated clouds for users' tests", []string{"simtest*", "internal/sim/account*"}},
	{"seven providers", "aws azure gcp alibaba tencent nhn ibm", []string{"aws", "azure", "gcp", "alibaba", "tencent", "nhn", "ibm"}},
	{"internal/provider", "requests, errors, looks, tokens, once", []string{"internal/provider*", "internal/once", "internal/refuse", "internal/setting"}},
	{"internal/capability", "what each cloud can do, as data", []string{"internal/capability"}},
	{"simulators", "eks aks gke ack tke nks iks", []string{
		"internal/sim/eks", "internal/sim/aks", "internal/sim/gke", "internal/sim/ack", "internal/sim/tke", "internal/sim/nks", "internal/sim/iks"}},
	{"internal/sim/kubeapi", "a Kubernetes API behind a cluster", []string{"internal/sim/kubeapi"}},
	{"internal/sim/simkit", "what every server is", []string{"internal/sim/simkit"}},
	{"internal/sim/core, profile", "states and time of seven clouds", []string{"internal/sim/core", "internal/sim/profile"}},
	{"leaves", "poll kver redact upgrade errtree kubeconfig", []string{
		"internal/poll", "internal/kver", "internal/redact", "internal/upgrade", "internal/errtree", "internal/jsontree", "internal/kubeconfig*"}},
}

// has reports whether a package, relative to the module, belongs to the part.
func (p part) has(rel string) bool {
	return slices.ContainsFunc(p.under, func(folder string) bool {
		base, all := strings.CutSuffix(folder, "*")
		return rel == base || all && strings.HasPrefix(rel, base+"/")
	})
}

// partOf is the index of the part of a package, or -1.
func partOf(module, path string) int {
	rel := "."
	if path != module {
		var ok bool
		if rel, ok = strings.CutPrefix(path, module+"/"); !ok {
			return -1
		}
	}
	return slices.IndexFunc(parts, func(p part) bool { return p.has(rel) })
}

// imports says which part imports which, by the code without tests. What follows from the
// others is left out: who imports the root by way of a leaf needs no line to it.
func imports(g *arch.Graph) map[[2]int]bool {
	edges := map[[2]int]bool{}
	for _, p := range g.Own() {
		from := partOf(g.Module, p.ImportPath)
		for _, imported := range p.Imports {
			if to := partOf(g.Module, imported); from >= 0 && to >= 0 && from != to {
				edges[[2]int{from, to}] = true
			}
		}
	}
	return reduced(edges)
}

// reduced leaves out each line beside which there is a longer way.
func reduced(edges map[[2]int]bool) map[[2]int]bool {
	reach := maps.Clone(edges)
	for via := range parts {
		for from := range parts {
			for to := range parts {
				if reach[[2]int{from, via}] && reach[[2]int{via, to}] {
					reach[[2]int{from, to}] = true
				}
			}
		}
	}
	kept := map[[2]int]bool{}
	for e := range edges {
		longer := false
		for via := range parts {
			longer = longer || via != e[0] && via != e[1] && reach[[2]int{e[0], via}] && reach[[2]int{via, e[1]}]
		}
		if !longer {
			kept[e] = true
		}
	}
	return kept
}

// rowsOf places each part one row below the lowest that imports it.
func rowsOf(edges map[[2]int]bool) ([][]int, error) {
	rank := make([]int, len(parts))
	for range parts {
		for e := range edges {
			rank[e[1]] = max(rank[e[1]], rank[e[0]]+1)
		}
	}
	var placed [][]int
	for i, r := range rank {
		if r >= len(parts) {
			return nil, fmt.Errorf("the parts import each other in a circle at %s", parts[i].name)
		}
		for len(placed) <= r {
			placed = append(placed, nil)
		}
		placed[r] = append(placed[r], i)
	}
	return placed, nil
}

const (
	boxWidth, boxHeight = 250, 46
	gapX, gapY          = 24, 52
)

// picture draws the parts and who imports whom, top down.
func picture(w io.Writer, g *arch.Graph) error {
	edges := imports(g)
	placed, err := rowsOf(edges)
	if err != nil {
		return err
	}
	widest := len(slices.MaxFunc(placed, func(a, b []int) int { return cmp.Compare(len(a), len(b)) }))
	width := widest*(boxWidth+gapX) + gapX
	height := len(placed)*(boxHeight+gapY) + gapX
	x, y := make([]int, len(parts)), make([]int, len(parts))
	for r, row := range placed {
		left := (width - len(row)*(boxWidth+gapX) + gapX) / 2
		for i, p := range row {
			x[p], y[p] = left+i*(boxWidth+gapX), gapX+r*(boxHeight+gapY)
		}
	}
	fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="13">`+"\n", width, height)
	fmt.Fprintf(w, `<title>Who imports whom in pmks, top down</title>`+"\n"+`<rect width="%d" height="%d" fill="white"/>`+"\n", width, height)
	for _, e := range slices.SortedFunc(maps.Keys(edges), func(a, b [2]int) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) }) {
		fmt.Fprintf(w, `<line x1="%d" y1="%d" x2="%d" y2="%d" stroke="#9ab"/>`+"\n", x[e[0]]+boxWidth/2, y[e[0]]+boxHeight, x[e[1]]+boxWidth/2, y[e[1]])
	}
	for i, p := range parts {
		fmt.Fprintf(w, `<rect x="%d" y="%d" width="%d" height="%d" rx="5" fill="#eef3f8" stroke="#567"/>`+"\n", x[i], y[i], boxWidth, boxHeight)
		fmt.Fprintf(w, `<text x="%d" y="%d" text-anchor="middle" font-weight="bold">%s</text>`+"\n", x[i]+boxWidth/2, y[i]+19, escaped(p.name))
		fmt.Fprintf(w, `<text x="%d" y="%d" text-anchor="middle" font-size="10">%s</text>`+"\n", x[i]+boxWidth/2, y[i]+35, escaped(p.text))
	}
	fmt.Fprint(w, "</svg>\n")
	return nil
}

func escaped(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a builder takes everything
	return b.String()
}
