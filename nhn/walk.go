// SPDX-License-Identifier: Apache-2.0

package nhn

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"
)

// walker reads the answers that listings have hundreds of, in one pass and without
// reflection. It is used by the UnmarshalJSON of types alone, so that encoding/json has
// found the text to be JSON before; that and no more is taken for granted. What the walker
// reads is what encoding/json would, but for names of members, which count in the case in
// which they are documented.
type walker struct {
	data []byte
	at   int
	err  error // the first value of a type that it must not have
}

// next returns the first byte of the next token; 0 at the end.
func (w *walker) next() byte {
	for ; w.at < len(w.data); w.at++ {
		switch c := w.data[w.at]; c {
		case ' ', '\t', '\r', '\n', ',', ':':
		default:
			return c
		}
	}
	return 0
}

// step goes on by a byte, but not beyond the end.
func (w *walker) step() { w.at = min(w.at+1, len(w.data)) }

// object hands the names of an object's members over; member has to read the value, by one
// of the other methods. It returns false where there is no object, and reads nothing.
func (w *walker) object(member func(name []byte)) bool {
	if w.next() != '{' {
		return false
	}
	w.at++
	for w.next() == '"' {
		name, plain := w.quoted()
		if !plain {
			var s string
			_ = json.Unmarshal(name, &s) // it is a text of JSON
			name = []byte(s)
		}
		member(name)
	}
	w.step()
	return true
}

// array has each item of an array read. It returns false where there is no array, and
// reads nothing.
func (w *walker) array(item func()) bool {
	if w.next() != '[' {
		return false
	}
	w.at++
	for c := w.next(); c != ']' && c != 0; c = w.next() {
		item()
	}
	w.step()
	return true
}

// quoted reads a string: what is between its quotes where that stands for itself, as nearly
// all do, else the JSON that it is.
func (w *walker) quoted() (text []byte, plain bool) {
	start := w.at
	plain = true
	for w.at++; w.at < len(w.data); w.at++ {
		switch c := w.data[w.at]; {
		case c == '"':
			w.at++
			if plain {
				return w.data[start+1 : w.at-1], true
			}
			return w.data[start:w.at], false
		case c == '\\':
			plain = false
			w.step()
		case c >= utf8.RuneSelf, c < ' ':
			plain = false
		}
	}
	w.at = len(w.data)
	return nil, false
}

// raw reads a value as the JSON that it is.
func (w *walker) raw() []byte {
	c := w.next()
	start := w.at
	switch c {
	case 0:
	case '"':
		w.quoted()
	case '{', '[':
		for depth := 0; w.at < len(w.data); {
			switch w.data[w.at] {
			case '"':
				w.quoted()
				continue
			case '{', '[':
				depth++
			case '}', ']':
				depth--
			}
			if w.at++; depth == 0 {
				break
			}
		}
	default:
		for w.at++; w.at < len(w.data) && bytes.IndexByte([]byte(",]} \t\r\n"), w.data[w.at]) < 0; w.at++ {
		}
	}
	return w.data[start:w.at]
}

// other reads a value as encoding/json does.
func (w *walker) other(out any) {
	if err := json.Unmarshal(w.raw(), out); err != nil && w.err == nil {
		w.err = err
	}
}

// string reads a string; null changes nothing.
func (w *walker) string(out *string) {
	if w.next() == '"' {
		start := w.at
		if s, plain := w.quoted(); plain {
			*out = string(s)
			return
		}
		w.at = start
	}
	w.other(out)
}

// text reads a scalar of any type.
func (w *walker) text(out *text) {
	if w.next() == '"' {
		w.string((*string)(out))
		return
	}
	if *out = ""; w.next() != 'n' {
		*out = text(w.raw())
		return
	}
	w.raw()
}

// strings reads a list of strings.
func (w *walker) strings(out *[]string) {
	start := w.at
	var list []string
	whole := true
	if w.array(func() {
		if whole = whole && w.next() == '"'; !whole {
			w.raw()
			return
		}
		var s string
		w.string(&s)
		list = append(list, s)
	}) && whole && list != nil {
		*out = list
		return
	}
	w.at = start
	w.other(out)
}

// json reads a value to be looked at later.
func (w *walker) json(out *json.RawMessage) { *out = bytes.Clone(w.raw()) }
