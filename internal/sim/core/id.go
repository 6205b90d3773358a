// SPDX-License-Identifier: Apache-2.0

package core

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

const (
	hexDigits   = "0123456789abcdef"
	alnumDigits = "0123456789abcdefghijklmnopqrstuvwxyz"
)

// template is an identifier's pattern, taken apart once.
type template []part

// part is literal text, a word to fill in, or random characters.
type part struct {
	text   string // literal text, or the word
	word   bool
	digits string // the alphabet of random characters
	count  int
}

// place is what the words of a template stand for.
type place struct {
	region, name, cluster, clusterName, group string
}

// operationID is how operations are named; skins dress it up.
var operationID = parseTemplate("{uuid}")

// idTemplates are the templates of a profile.
type idTemplates struct {
	cluster, nodeGroup, node, nodeName, endpoint template
}

func parseIDs(ids profile.IDs) idTemplates {
	return idTemplates{
		cluster:   parseTemplate(ids.Cluster),
		nodeGroup: parseTemplate(ids.NodeGroup),
		node:      parseTemplate(ids.Node),
		nodeName:  parseTemplate(ids.NodeName),
		endpoint:  parseTemplate(ids.Endpoint),
	}
}

// parseTemplate takes a pattern apart. It panics on a word it does not know:
// profiles are code, and a test reads them all.
func parseTemplate(s string) template {
	var t template
	for s != "" {
		open := strings.IndexByte(s, '{')
		if open < 0 {
			return append(t, part{text: s})
		}
		if open > 0 {
			t = append(t, part{text: s[:open]})
		}
		word, rest, found := strings.Cut(s[open+1:], "}")
		if !found {
			panic("core: unclosed { in the identifier template " + s)
		}
		t, s = append(t, parsePart(word)...), rest
	}
	return t
}

func parsePart(word string) []part {
	switch word {
	case "name", "cluster", "clusterName", "group", "region":
		return []part{{text: word, word: true}}
	case "uuid": // version 4
		hex := func(n int) part { return part{digits: hexDigits, count: n} }
		dash := part{text: "-"}
		return []part{hex(8), dash, hex(4), dash, {text: "4"}, hex(3), dash,
			{digits: "89ab", count: 1}, hex(3), dash, hex(12)}
	}
	for prefix, digits := range map[string]string{"hex": hexDigits, "alnum": alnumDigits} {
		if n, err := strconv.Atoi(strings.TrimPrefix(word, prefix)); strings.HasPrefix(word, prefix) && err == nil && n > 0 {
			return []part{{digits: digits, count: n}}
		}
	}
	panic("core: unknown word {" + word + "} in an identifier template")
}

// random reports whether two uses of t give different texts.
func (t template) random() bool {
	for _, p := range t {
		if p.digits != "" {
			return true
		}
	}
	return false
}

// expand fills t in.
func (t template) expand(random *rand.Rand, at place) string {
	var b strings.Builder
	for _, p := range t {
		switch {
		case p.digits != "":
			for range p.count {
				b.WriteByte(p.digits[random.IntN(len(p.digits))])
			}
		case p.word:
			b.WriteString(at.word(p.text))
		default:
			b.WriteString(p.text)
		}
	}
	return b.String()
}

func (at place) word(word string) string {
	switch word {
	case "name":
		return at.name
	case "cluster":
		return at.cluster
	case "clusterName":
		return at.clusterName
	case "group":
		return at.group
	}
	return at.region
}

// unique expands t until the result is not taken. A template that gives the same
// text again and again gets a number behind it.
func (w *World) unique(t template, at place, taken func(string) bool) string {
	at.region = w.Region()
	id := t.expand(w.random, at)
	for try := 0; taken(id); try++ {
		if id = t.expand(w.random, at); try >= 100 {
			id = fmt.Sprintf("%s-%d", id, w.next())
		}
	}
	return id
}

// fill gives g as many nodes as it wants: new ones behind the others, and what is
// too many taken from the end.
func (w *World) fill(c *Cluster, g *NodeGroup) {
	if len(g.Nodes) > g.Desired {
		// A new array: a reader may still hold the longer one.
		g.Nodes = append([]pmks.IID(nil), g.Nodes[:g.Desired]...)
		return
	}
	missing := g.Desired - len(g.Nodes)
	if missing == 0 {
		return
	}
	nodes := make([]pmks.IID, len(g.Nodes), g.Desired)
	copy(nodes, g.Nodes)
	seen := make(map[string]bool, g.Desired)
	for _, n := range nodes {
		seen[n.SystemId] = true
	}
	at := place{cluster: c.ID, clusterName: c.Name, group: g.Name}
	for range missing {
		id := w.unique(w.ids.node, at, func(id string) bool { return seen[id] })
		seen[id] = true
		at.region = w.Region()
		nodes = append(nodes, pmks.IID{SystemId: id, NameId: w.ids.nodeName.expand(w.random, at)})
	}
	g.Nodes = nodes
}
