// SPDX-License-Identifier: Apache-2.0

package request

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// kind is what a JSON value is, in the words of an error.
type kind string

const (
	null    kind = "null"
	boolean kind = "a boolean"
	number  kind = "a number"
	text    kind = "a string"
	list    kind = "a list"
	object  kind = "an object"
)

// node is a JSON value that knows its path.
type node struct {
	path string
	kind kind
	// text is the value of a string, and the literal of a number or boolean.
	text string
	// items are the values of a list or an object, in the order of the text.
	items []node
	// keys are the names that go with the items of an object.
	keys []string
}

// at returns the path of a member.
func (n node) at(key string) string {
	if n.path == "" {
		return key
	}
	return n.path + "." + key
}

// zero reports whether a value says no more than its absence would. Marshaling
// a request writes such values for the fields that only a cloud fills.
func (n node) zero() bool {
	switch n.kind {
	case null:
		return true
	case boolean:
		return n.text == "false"
	case number:
		return n.text == "0"
	case text:
		return n.text == "" || n.text == "0001-01-01T00:00:00Z"
	}
	if n.kind == list {
		return len(n.items) == 0
	}
	for _, item := range n.items {
		if !item.zero() {
			return false
		}
	}
	return true
}

// treeReader builds the tree of a text. Unlike json.Unmarshal it sees repeated
// keys, and knows where it is.
type treeReader struct {
	data []byte
	dec  *json.Decoder
}

// readTree reads one JSON value and nothing after it.
func readTree(data []byte) (node, error) {
	switch {
	case len(data) > MaxSize:
		return node{}, fault(document, "is larger than %d bytes", MaxSize)
	case !utf8.Valid(data):
		return node{}, fault(document, "is not valid UTF-8, first at %s", position(data, invalidUTF8(data)))
	case len(bytes.TrimSpace(data)) == 0:
		return node{}, fault(document, "is empty: write a JSON object, such as {\"IId\": {\"NameId\": \"demo\"}}")
	}
	// Some editors write a byte order mark.
	data = bytes.TrimPrefix(data, []byte("\uFEFF"))
	r := &treeReader{data: data, dec: json.NewDecoder(bytes.NewReader(data))}
	r.dec.UseNumber()
	root, err := r.value("", 0)
	if err != nil {
		return node{}, err
	}
	if _, err := r.dec.Token(); !errors.Is(err, io.EOF) {
		return node{}, fault(document, "must hold one JSON object and nothing after it; more text ends at %s", r.position())
	}
	return root, nil
}

// value reads the value that follows.
func (r *treeReader) value(path string, depth int) (node, error) {
	n := node{path: path}
	token, err := r.token(path)
	if err != nil {
		return n, err
	}
	switch v := token.(type) {
	case nil:
		n.kind = null
	case bool:
		n.kind, n.text = boolean, fmt.Sprint(v)
	case json.Number:
		n.kind, n.text = number, v.String()
	case string:
		n.kind, n.text = text, v
		if strings.ContainsRune(v, utf8.RuneError) {
			// An escape of half a surrogate pair, or text that broke earlier.
			return n, fault(path, "holds the replacement character U+FFFD: the text is broken")
		}
	case json.Delim:
		if depth == maxDepth {
			return n, fault(path, "is nested too deep: at most %d levels", maxDepth)
		}
		n.kind = list
		if v == '{' {
			n.kind = object
		}
		err = r.members(&n, depth+1)
	}
	return n, err
}

// members reads a list or an object to its end.
func (r *treeReader) members(n *node, depth int) error {
	seen := map[string]bool{}
	for r.dec.More() {
		path := fmt.Sprintf("%s[%d]", n.path, len(n.items))
		if n.kind == object {
			token, err := r.token(n.path)
			if err != nil {
				return err
			}
			// The decoder lets nothing but a string be a key.
			key, _ := token.(string)
			path = n.at(clip(key))
			if seen[key] {
				return fault(path, "is given twice, again at %s", r.position())
			}
			seen[key] = true
			n.keys = append(n.keys, key)
		}
		item, err := r.value(path, depth)
		if err != nil {
			return err
		}
		n.items = append(n.items, item)
	}
	_, err := r.token(n.path)
	return err
}

// token reads a token; path is where it belongs.
func (r *treeReader) token(path string) (json.Token, error) {
	token, err := r.dec.Token()
	var syntax *json.SyntaxError
	switch {
	case err == nil:
		return token, nil
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return nil, fault(path, "ends too early: a bracket or a quote is not closed")
	case errors.As(err, &syntax):
		return nil, fault(path, "is not JSON at %s: %v", r.position(), syntax)
	}
	return nil, fault(path, "is not JSON at %s: %v", r.position(), err)
}

// position is where the decoder stands.
func (r *treeReader) position() string { return position(r.data, int(r.dec.InputOffset())) }

// position turns an offset into the line and column of an editor.
func position(data []byte, offset int) string {
	before := data[:min(max(offset, 0), len(data))]
	line := 1 + bytes.Count(before, []byte("\n"))
	column := 1 + len(before) - (bytes.LastIndexByte(before, '\n') + 1)
	return fmt.Sprintf("line %d, column %d", line, column)
}

// invalidUTF8 returns the offset of the first byte that is not UTF-8.
func invalidUTF8(data []byte) int {
	offset := 0
	for offset < len(data) {
		r, size := utf8.DecodeRune(data[offset:])
		if r == utf8.RuneError && size <= 1 {
			break
		}
		offset += size
	}
	return offset
}

// clip keeps text from the file short in an error.
func clip(s string) string {
	const most = 48
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
