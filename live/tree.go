// SPDX-License-Identifier: Apache-2.0

package live

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// tree is an answer taken apart: what JSON decodes to, of any kind of body.
func (x *exchange) tree() map[string]any {
	t := map[string]any{"status": json.Number(fmt.Sprint(x.Status))}
	if x.Failed != "" {
		t["failed"] = "no answer"
		return t
	}
	t["header"] = x.headers()
	if x.Reply.Body != "" {
		t["body"] = parse(x.Reply.Body)
	}
	return t
}

// headers are those of an answer.
func (x *exchange) headers() map[string]any {
	header := map[string]any{}
	for name, v := range x.Reply.Header {
		header[name] = v
		if name == "content-type" {
			header[name], _, _ = strings.Cut(v, ";")
		}
	}
	return header
}

// deepest is how far what a body holds may be nested to be taken apart: no cloud's answer
// goes so far, and a record may come from anybody.
const deepest = 100

// tooDeep reports whether a body of JSON is nested further.
func tooDeep(body string) bool {
	depth, quoted := 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{', c == '[':
			if depth++; depth > deepest {
				return true
			}
		case c == '}', c == ']':
			depth--
		}
	}
	return false
}

// parse takes a body apart; one that is neither JSON nor XML, or is nested too far, is a
// text.
func parse(body string) any {
	var v any
	if tooDeep(body) {
		return body
	}
	if decode(body, &v) == nil {
		return v
	}
	if strings.HasPrefix(strings.TrimSpace(body), "<") {
		if v, err := parseXML(body); err == nil {
			return v
		}
	}
	return body
}

// parseXML turns elements into members; those that repeat, and those of lists, into lists.
func parseXML(body string) (any, error) {
	d := xml.NewDecoder(strings.NewReader(body))
	for {
		token, err := d.Token()
		if err != nil {
			return nil, err
		}
		if start, ok := token.(xml.StartElement); ok {
			inner, err := element(d, 1)
			return map[string]any{start.Name.Local: inner}, err
		}
	}
}

// inLists are the elements that AWS puts around the entries of a list.
var inLists = regexp.MustCompile(`^(item|member)$`)

// errDeep is of a body that is nested further than deepest.
var errDeep = errors.New("nested too far")

// element reads to the end of the element that has begun, which has so many around it.
func element(d *xml.Decoder, depth int) (any, error) {
	if depth > deepest {
		return nil, errDeep
	}
	members := map[string]any{}
	var list []any
	var text strings.Builder
	for {
		token, err := d.Token()
		switch token := token.(type) {
		case xml.CharData:
			text.Write(token)
		case xml.StartElement:
			inner, err := element(d, depth+1)
			if err != nil {
				return nil, err
			}
			if name := token.Name.Local; inLists.MatchString(name) {
				list = append(list, inner)
			} else if before, ok := members[name]; !ok {
				members[name] = inner
			} else if several, ok := before.([]any); ok {
				members[name] = append(several, inner)
			} else {
				members[name] = []any{before, inner}
			}
		case xml.EndElement:
			switch {
			case list != nil:
				return list, nil
			case len(members) > 0:
				return members, nil
			}
			return text.String(), nil
		}
		if errors.Is(err, io.EOF) {
			return nil, io.ErrUnexpectedEOF
		}
		if err != nil {
			return nil, err
		}
	}
}
