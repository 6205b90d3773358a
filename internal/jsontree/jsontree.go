// SPDX-License-Identifier: Apache-2.0

// Package jsontree reads JSON into a tree whose values know their paths, for what a
// person writes by hand: it sees what encoding/json lets pass, such as a key that is
// given twice, and says where. It imports nothing of ours.
package jsontree

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// maxDepth is how deep objects and lists may nest.
const maxDepth = 32

// Kind is what a JSON value is, in the words of an error.
type Kind string

// The kinds of values.
const (
	Null    Kind = "null"
	Boolean Kind = "a boolean"
	Number  Kind = "a number"
	Text    Kind = "a string"
	List    Kind = "a list"
	Object  Kind = "an object"
)

// Node is a JSON value that knows its path.
type Node struct {
	// Path is such as "NodeGroupList[0].MinNodeSize"; that of the whole is empty.
	Path string
	Kind Kind
	// Text is the value of a string, and the literal of a number or boolean.
	Text string
	// Items are the values of a list or an object, in the order of the text.
	Items []Node
	// Keys are the names that go with the items of an object. None is there twice.
	Keys []string
	// Twin is the fault of a name that differs from another of the object in case alone,
	// which encoding/json would take for one; nil if there is none. Where the names are
	// the user's own it is no fault.
	Twin *Error
}

// Error is why a text is not a tree. It shows no values.
type Error struct {
	// Path is where; empty for the text as a whole.
	Path    string
	Message string
}

// Error implements [error]: the path, and what is wrong there.
func (e *Error) Error() string { return strings.TrimPrefix(e.Path+": "+e.Message, ": ") }

func fault(path, format string, args ...any) *Error {
	return &Error{path, fmt.Sprintf(format, args...)}
}

// Member returns the value of a key, in whatever case it is written, as encoding/json
// takes it.
func (n Node) Member(key string) (Node, bool) {
	for i, k := range n.Keys {
		if strings.EqualFold(k, key) {
			return n.Items[i], true
		}
	}
	return Node{}, false
}

// at returns the path of a member.
func (n Node) at(key string) string {
	if n.Path == "" {
		return key
	}
	return n.Path + "." + key
}

// Zero reports whether a value says no more than its absence would. Marshaling
// a request writes such values for the fields that only a cloud fills.
func (n Node) Zero() bool {
	switch n.Kind {
	case Null:
		return true
	case Boolean:
		return n.Text == "false"
	case Number:
		return n.Text == "0"
	case Text:
		return n.Text == "" || n.Text == "0001-01-01T00:00:00Z"
	}
	if n.Kind == List {
		return len(n.Items) == 0
	}
	for _, item := range n.Items {
		if !item.Zero() {
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

// Parse reads one JSON value of at most maxSize bytes, and nothing after it. Errors
// are [*Error].
func Parse(data []byte, maxSize int) (Node, error) {
	switch {
	case len(data) > maxSize:
		return Node{}, fault("", "is larger than %d bytes", maxSize)
	case !utf8.Valid(data):
		return Node{}, fault("", "is not valid UTF-8, first at %s", position(data, invalidUTF8(data)))
	}
	// Some editors write a byte order mark.
	data = bytes.TrimPrefix(data, []byte("\uFEFF"))
	if len(bytes.TrimSpace(data)) == 0 {
		return Node{}, fault("", "is empty")
	}
	r := &treeReader{data: data, dec: json.NewDecoder(bytes.NewReader(data))}
	r.dec.UseNumber()
	root, err := r.value("", 0)
	if err != nil {
		return Node{}, err
	}
	if _, err := r.dec.Token(); !errors.Is(err, io.EOF) {
		return Node{}, fault("", "must hold one JSON object and nothing after it; more text ends at %s", r.position())
	}
	return root, nil
}

// value reads the value that follows.
func (r *treeReader) value(path string, depth int) (Node, error) {
	n := Node{Path: path}
	token, err := r.token(path)
	if err != nil {
		return n, err
	}
	switch v := token.(type) {
	case nil:
		n.Kind = Null
	case bool:
		n.Kind, n.Text = Boolean, fmt.Sprint(v)
	case json.Number:
		n.Kind, n.Text = Number, v.String()
	case string:
		n.Kind, n.Text = Text, v
		if strings.ContainsRune(v, utf8.RuneError) {
			// An escape of half a surrogate pair, or text that broke earlier.
			return n, fault(path, "holds the replacement character U+FFFD: the text is broken")
		}
	case json.Delim:
		if depth == maxDepth {
			return n, fault(path, "is nested too deep: at most %d levels", maxDepth)
		}
		n.Kind = List
		if v == '{' {
			n.Kind = Object
		}
		err = r.members(&n, depth+1)
	}
	return n, err
}

// members reads a list or an object to its end.
func (r *treeReader) members(n *Node, depth int) error {
	seen, folded := map[string]bool{}, map[string]bool{}
	for r.dec.More() {
		path := fmt.Sprintf("%s[%d]", n.Path, len(n.Items))
		if n.Kind == Object {
			token, err := r.token(n.Path)
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
			lower := strings.ToLower(strings.ToUpper(key)) // as strings.EqualFold compares
			if folded[lower] && n.Twin == nil {
				n.Twin = fault(path, "is given twice, again at %s", r.position())
			}
			folded[lower] = true
			n.Keys = append(n.Keys, key)
		}
		item, err := r.value(path, depth)
		if err != nil {
			return err
		}
		n.Items = append(n.Items, item)
	}
	_, err := r.token(n.Path)
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
