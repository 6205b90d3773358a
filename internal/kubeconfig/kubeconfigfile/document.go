// SPDX-License-Identifier: Apache-2.0

// Package kubeconfigfile changes kubeconfig files that are not ours: entries are put in
// and taken out, and all else stays, fields that nobody here knows and comments
// included. Files are locked as kubectl locks them and replaced in one step.
//
// It knows files and YAML; whose entry is whose is for its caller, package kube. Errors
// hold no value of a file but the names that the caller gave.
package kubeconfigfile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/pmks-go/pmks/internal/kubeconfig"
)

// MaxSize is the largest file that is read. Files of fleets are larger than one cluster's.
const MaxSize = 16 << 20

// Sections of a kubeconfig, with the key under which each holds its content.
const (
	Clusters = "clusters"
	Users    = "users"
	Contexts = "contexts"
)

var contentKey = map[string]string{Clusters: "cluster", Users: "user", Contexts: "context"}

const currentContext = "current-context"

// Document is a kubeconfig that can be changed.
type Document struct {
	root *yaml.Node // a mapping
	file *yaml.Node // the document around it, with the comments of the file
}

// Parse reads a kubeconfig, YAML or JSON; an empty text is an empty one. Its error is a
// [*kubeconfig.Error].
func Parse(text []byte) (*Document, error) {
	if len(text) > MaxSize {
		return nil, fault("file", "larger than 16 MiB")
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if !utf8.Valid(text) {
		return nil, fault("file", "not valid UTF-8")
	}
	isJSON := false
	if trimmed := bytes.TrimSpace(text); len(trimmed) > 0 && trimmed[0] == '{' {
		// JSON has escapes that YAML does not know.
		if plain, ok := plainJSON(trimmed); ok {
			text, isJSON = plain, true
		}
	}
	var file yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(text))
	switch err := dec.Decode(&file); {
	case err != nil && err.Error() == "EOF":
		return empty(), nil
	case err != nil:
		return nil, yamlFault(err)
	}
	if dec.Decode(new(yaml.Node)) == nil {
		return nil, fault("file", "holds more than one YAML document, of which kubectl reads the first")
	}
	if len(file.Content) != 1 {
		return nil, fault("file", "not a kubeconfig")
	}
	d := &Document{root: file.Content[0], file: &file}
	if isJSON {
		block(d.root)
	}
	if d.root.Kind == yaml.ScalarNode && d.root.Tag == "!!null" {
		return empty(), nil
	}
	return d, d.check()
}

func empty() *Document {
	root := &yaml.Node{Kind: yaml.MappingNode}
	setKey(root, "apiVersion", word("v1"))
	setKey(root, "kind", word("Config"))
	return &Document{root: root, file: &yaml.Node{Kind: yaml.DocumentNode, Content: []*yaml.Node{root}}}
}

// plainJSON writes a JSON text without escapes that are not of YAML.
func plainJSON(in []byte) ([]byte, bool) {
	dec := json.NewDecoder(bytes.NewReader(in))
	dec.UseNumber()
	var v any
	if dec.Decode(&v) != nil || dec.More() {
		return nil, false
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	return out.Bytes(), enc.Encode(v) == nil && len(out.Bytes()) > 0
}

// block has a node written as kubectl writes it.
func block(n *yaml.Node) {
	n.Style &^= yaml.FlowStyle
	for _, child := range n.Content {
		block(child)
	}
}

// check wants the shape that is edited: entries with a name and a mapping each.
func (d *Document) check() error {
	if d.root.Kind != yaml.MappingNode {
		return fault("file", "not a kubeconfig")
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(d.root.Content); i += 2 {
		key := d.root.Content[i].Value
		if seen[key] {
			return fault("file", "a key stands twice, at line "+fmt.Sprint(d.root.Content[i].Line))
		}
		seen[key] = true
	}
	for _, section := range []string{Clusters, Users, Contexts} {
		list := d.section(section)
		if list == nil {
			continue
		}
		if list.Kind != yaml.SequenceNode {
			return fault(section, "not a list")
		}
		for _, entry := range list.Content {
			if resolve(entry).Kind != yaml.MappingNode {
				return fault(section, "an entry at line "+fmt.Sprint(entry.Line)+" is no mapping")
			}
		}
	}
	return nil
}

// section returns the list of a section; nil where there is none.
func (d *Document) section(section string) *yaml.Node {
	list := resolve(value(d.root, section))
	if list == nil || list.Kind == yaml.ScalarNode && list.Tag == "!!null" {
		return nil
	}
	return list
}

// Names returns the names of a section, in their order.
func (d *Document) Names(section string) []string {
	var names []string
	if list := d.section(section); list != nil {
		for _, entry := range list.Content {
			if name := resolve(value(resolve(entry), "name")); name != nil {
				names = append(names, name.Value)
			}
		}
	}
	return names
}

// entry returns the first entry of a name, as kubectl does, and how many there are. Put
// refuses a name that stands twice.
func (d *Document) entry(section, name string) (found *yaml.Node, count int) {
	if list := d.section(section); list != nil {
		for _, entry := range list.Content {
			if n := resolve(value(resolve(entry), "name")); n != nil && n.Value == name {
				count++
				if found == nil {
					found = resolve(entry)
				}
			}
		}
	}
	return found, count
}

// Has reports whether a section has an entry of a name.
func (d *Document) Has(section, name string) bool {
	_, count := d.entry(section, name)
	return count > 0
}

// Get returns a field of the content of an entry, such as the server of a cluster; empty
// where it is not there or not a scalar.
func (d *Document) Get(section, name, field string) string {
	entry, _ := d.entry(section, name)
	if v := resolve(value(resolve(value(entry, contentKey[section])), field)); v != nil && v.Kind == yaml.ScalarNode {
		return v.Value
	}
	return ""
}

// Extension returns the fields of the extension of an entry that has a name.
func (d *Document) Extension(section, name, extension string) map[string]string {
	entry, _ := d.entry(section, name)
	list := resolve(value(resolve(value(entry, contentKey[section])), "extensions"))
	if list == nil || list.Kind != yaml.SequenceNode {
		return nil
	}
	for _, item := range list.Content {
		item = resolve(item)
		if n := resolve(value(item, "name")); n == nil || n.Value != extension {
			continue
		}
		m := resolve(value(item, "extension"))
		if m == nil || m.Kind != yaml.MappingNode {
			return nil
		}
		out := map[string]string{}
		for i := 0; i+1 < len(m.Content); i += 2 {
			if v := resolve(m.Content[i+1]); v.Kind == yaml.ScalarNode {
				out[m.Content[i].Value] = v.Value
			}
		}
		return out
	}
	return nil
}

// Put puts the entry of a section of another document into this one under a name. Where
// there is one of that name already, its fields in drop go, those of the new entry are
// set, and others stay.
func (d *Document) Put(section string, from *Document, fromName, name string, drop []string) error {
	entry, _ := from.entry(section, fromName)
	if entry == nil {
		return fault(section, "no such entry")
	}
	content := resolve(value(entry, contentKey[section]))
	old, count := d.entry(section, name)
	switch {
	case count > 1:
		return fault(section, "the name is given more than once")
	case count == 0:
		added := &yaml.Node{Kind: yaml.MappingNode}
		setKey(added, "name", text(name))
		setKey(added, contentKey[section], content)
		list := d.section(section)
		if list == nil {
			list = &yaml.Node{Kind: yaml.SequenceNode}
			setKey(d.root, section, list)
		}
		if len(list.Content) == 0 {
			list.Style &^= yaml.FlowStyle
		}
		list.Content = append(list.Content, added)
		return nil
	}
	mapping := resolve(value(old, contentKey[section]))
	if mapping == nil || mapping.Kind != yaml.MappingNode {
		setKey(old, contentKey[section], content)
		return nil
	}
	for _, key := range drop {
		if value(content, key) == nil {
			deleteKey(mapping, key)
		}
	}
	for i := 0; i+1 < len(content.Content); i += 2 {
		setKey(mapping, content.Content[i].Value, content.Content[i+1])
	}
	return nil
}

// Set sets a scalar in the content of an entry.
func (d *Document) Set(section, name, field, v string) {
	if entry, _ := d.entry(section, name); entry != nil {
		if m := resolve(value(entry, contentKey[section])); m != nil && m.Kind == yaml.MappingNode {
			setKey(m, field, text(v))
		}
	}
}

// SetExtension gives an entry an extension, in place of one of that name.
func (d *Document) SetExtension(section, name, extension string, fields [][2]string) {
	entry, _ := d.entry(section, name)
	m := resolve(value(entry, contentKey[section]))
	if m == nil || m.Kind != yaml.MappingNode {
		return
	}
	content := &yaml.Node{Kind: yaml.MappingNode}
	for _, f := range fields {
		setKey(content, f[0], text(f[1]))
	}
	item := &yaml.Node{Kind: yaml.MappingNode}
	setKey(item, "extension", content)
	setKey(item, "name", text(extension))
	list := resolve(value(m, "extensions"))
	if list == nil || list.Kind != yaml.SequenceNode {
		list = &yaml.Node{Kind: yaml.SequenceNode}
		setKey(m, "extensions", list)
	}
	list.Content = slices.DeleteFunc(list.Content, func(n *yaml.Node) bool {
		v := resolve(value(resolve(n), "name"))
		return v != nil && v.Value == extension
	})
	list.Content = append(list.Content, item)
}

// Delete takes out an entry. It does nothing where there is none.
func (d *Document) Delete(section, name string) {
	if list := d.section(section); list != nil {
		list.Content = slices.DeleteFunc(list.Content, func(n *yaml.Node) bool {
			v := resolve(value(resolve(n), "name"))
			return v != nil && v.Value == name
		})
		if len(list.Content) == 0 {
			list.Style |= yaml.FlowStyle
		} else {
			list.Style &^= yaml.FlowStyle
		}
	}
}

// Current returns the current context.
func (d *Document) Current() string {
	if v := resolve(value(d.root, currentContext)); v != nil && v.Kind == yaml.ScalarNode && v.Tag != "!!null" {
		return v.Value
	}
	return ""
}

// SetCurrent sets the current context, "" for none.
func (d *Document) SetCurrent(name string) { setKey(d.root, currentContext, text(name)) }

// Bytes returns the text of the document.
func (d *Document) Bytes() ([]byte, error) {
	spellNulls(d.root, false)
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	enc.CompactSeqIndent()
	if err := enc.Encode(d.file); err != nil {
		return nil, yamlFault(err)
	}
	if err := enc.Close(); err != nil {
		return nil, yamlFault(err)
	}
	if b.Len() > MaxSize {
		return nil, fault("file", "larger than 16 MiB")
	}
	return b.Bytes(), nil
}

// spellNulls writes out each null of no text where the encoder would quote it, and so make
// a string of it: in braces or brackets, and as a key.
func spellNulls(n *yaml.Node, quoted bool) {
	if n.Kind == yaml.ScalarNode && n.Value == "" && n.ShortTag() == "!!null" && quoted {
		n.Value = "null"
	}
	quoted = quoted || n.Style&yaml.FlowStyle != 0
	for i, child := range n.Content {
		spellNulls(child, quoted || n.Kind == yaml.MappingNode && i%2 == 0)
	}
}

// resolve follows an alias.
func resolve(n *yaml.Node) *yaml.Node {
	for n != nil && n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

// value returns the value of a key of a mapping.
func value(m *yaml.Node, key string) *yaml.Node {
	if m == nil || m.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(m.Content); i += 2 {
		if m.Content[i].Value == key {
			return m.Content[i+1]
		}
	}
	return nil
}

// setKey sets a key of a mapping; comments beside it stay.
func setKey(m *yaml.Node, key string, v *yaml.Node) {
	for i := 0; i+1 < len(m.Content); i += 2 {
		if m.Content[i].Value == key {
			m.Content[i+1] = v
			return
		}
	}
	m.Content = append(m.Content, word(key), v)
	m.Style &^= yaml.FlowStyle
}

func deleteKey(m *yaml.Node, key string) {
	for i := 0; i+1 < len(m.Content); i += 2 {
		if m.Content[i].Value == key {
			m.Content = slices.Delete(m.Content, i, i+2)
			return
		}
	}
}

// text is a string in double quotes, so that any reader takes it for one.
func text(s string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s, Style: yaml.DoubleQuotedStyle}
}

// word is a key, or a value of the format itself.
func word(s string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s} }

// lineNumber finds the place in a message of the YAML reader.
var lineNumber = regexp.MustCompile(`line ([0-9]{1,7})`)

// yamlFault keeps the line of an error and nothing else: a message may quote a secret.
func yamlFault(err error) error {
	reason := "not valid YAML"
	if m := lineNumber.FindStringSubmatch(err.Error()); m != nil {
		reason += " at line " + m[1]
	}
	return fault("file", reason)
}

func fault(field, reason string) error {
	return &kubeconfig.Error{Field: field, Reason: reason}
}
