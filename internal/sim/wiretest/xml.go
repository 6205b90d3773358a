// SPDX-License-Identifier: Apache-2.0

package wiretest

import (
	"encoding/xml"
	"slices"
	"strconv"
	"strings"
)

// element is a part of an XML document.
type element struct {
	XMLName  xml.Name
	Text     string    `xml:",chardata"`
	Children []element `xml:",any"`
}

// AnswerXML is Answer for the query protocols of AWS: a root with the members and a
// requestId, or with a result and metadata.
func (t *Table) AnswerXML(op string, body []byte) []string {
	var root element
	if err := xml.Unmarshal(body, &root); err != nil {
		return []string{op + ": " + err.Error()}
	}
	operation, ok := t.Operations[op]
	if !ok {
		return []string{op + " is not in the table"}
	}
	_, action, _ := strings.Cut(op, ".")
	if root.XMLName.Local != action+"Response" {
		return []string{op + ": the root is " + root.XMLName.Local}
	}
	for _, child := range root.Children {
		if child.XMLName.Local == action+"Result" {
			return t.Value(operation.Output, op, t.fromXML(operation.Output, child))
		}
	}
	root.Children = slices.DeleteFunc(root.Children, func(e element) bool { return e.XMLName.Local == "requestId" })
	return t.Value(operation.Output, op, t.fromXML(operation.Output, root))
}

// fromXML returns what an element would be in JSON, as far as it is what the shape
// wants: what is not stays a text or an object, for Value to find.
func (t *Table) fromXML(shape string, e element) any {
	s := t.Shapes[shape]
	text := strings.TrimSpace(e.Text)
	switch s.Type {
	case "list":
		items := []any{}
		for _, child := range e.Children {
			if child.XMLName.Local != "item" && child.XMLName.Local != "member" {
				return map[string]any{child.XMLName.Local: nil}
			}
			items = append(items, t.fromXML(s.Of, child))
		}
		return items
	case "structure":
		members := map[string]any{}
		for _, child := range e.Children {
			members[child.XMLName.Local] = t.fromXML(s.Members[child.XMLName.Local], child)
		}
		return members
	case "boolean":
		if on, err := strconv.ParseBool(text); err == nil {
			return on
		}
	case "integer", "number":
		if n, err := strconv.ParseFloat(text, 64); err == nil {
			return n
		}
	}
	return text
}
