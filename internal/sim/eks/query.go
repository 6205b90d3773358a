// SPDX-License-Identifier: Apache-2.0

package eks

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// form reads the parameters of a query service, and remembers which were read: a
// parameter that the operation does not know is a typo.
type form struct {
	values url.Values
	read   map[string]bool
	// unknown, missing and bad are the codes of the service for what can be wrong
	// with a parameter.
	unknown, missing, bad string
	fault                 *apiError // the first one
	// wildcards: the values of filters are patterns.
	wildcards bool
}

func newForm(values url.Values, service string) *form {
	f := &form{values: values, read: map[string]bool{"Action": true, "Version": true}}
	f.unknown, f.missing, f.bad = "ValidationError", "ValidationError", "ValidationError"
	if service == "ec2" {
		f.unknown, f.missing, f.bad = "UnknownParameter", "MissingParameter", "InvalidParameterValue"
		f.wildcards = true
	}
	return f
}

func (f *form) refuse(code, format string, args ...any) {
	if f.fault == nil {
		f.fault = fail(http.StatusBadRequest, code, format, args...)
	}
}

// text returns a parameter, empty when it is not there.
func (f *form) text(key string) string {
	f.read[key] = true
	values := f.values[key]
	if len(values) > 1 {
		f.refuse(f.bad, "The parameter %s is given more than once", key)
	}
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

// required is text for a parameter that must not be empty.
func (f *form) required(key string) string {
	v := f.text(key)
	if v == "" {
		f.refuse(f.missing, "The request must contain the parameter %s", key)
	}
	return v
}

func (f *form) number(key string, low, high, missing int) int {
	v := f.text(key)
	if v == "" {
		return missing
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < low || n > high {
		f.refuse(f.bad, "Value '%s' for %s must be a number between %d and %d", v, key, low, high)
	}
	return n
}

func (f *form) boolean(key string, missing bool) bool {
	switch v := f.text(key); v {
	case "":
		return missing
	case "true":
		return true
	case "false":
		return false
	default:
		f.refuse(f.bad, "Value '%s' for %s must be true or false", v, key)
		return false
	}
}

// has reports whether a parameter, or one below it, is there.
func (f *form) has(prefix string) bool {
	for key := range f.values {
		if key == prefix || strings.HasPrefix(key, prefix+".") {
			return true
		}
	}
	return false
}

// list returns prefix.1, prefix.2 and so on. A number that is left out ends it,
// and what comes behind is then unknown.
func (f *form) list(prefix string) []string {
	var list []string
	for n := 1; f.values.Has(fmt.Sprintf("%s.%d", prefix, n)); n++ {
		list = append(list, f.text(fmt.Sprintf("%s.%d", prefix, n)))
	}
	return list
}

// items returns the prefixes prefix.1, prefix.2 and so on of a list of
// structures.
func (f *form) items(prefix string) []string {
	var items []string
	for n := 1; f.has(fmt.Sprintf("%s.%d", prefix, n)); n++ {
		items = append(items, fmt.Sprintf("%s.%d", prefix, n))
	}
	return items
}

// done returns what was wrong, unknown parameters included. What is not simulated
// comes first, as it may be why the rest looks wrong.
func (f *form) done() *apiError {
	var strange []string
	for key := range f.values {
		if !f.read[key] {
			strange = append(strange, key)
		}
	}
	slices.Sort(strange)
	for _, key := range strange {
		if f.left(key) {
			return notSimulated("the parameter %s", key)
		}
	}
	if len(strange) > 0 {
		f.refuse(f.unknown, "The parameter %s is not recognized", strange[0])
	}
	return f.fault
}

// The XML of errors.
type (
	queryError struct {
		XMLName   xml.Name `xml:"ErrorResponse"`
		Type      string   `xml:"Error>Type"`
		Code      string   `xml:"Error>Code"`
		Message   string   `xml:"Error>Message"`
		RequestID string   `xml:"RequestId"`
	}
	ec2Error struct {
		XMLName   xml.Name `xml:"Response"`
		Code      string   `xml:"Errors>Error>Code"`
		Message   string   `xml:"Errors>Error>Message"`
		RequestID string   `xml:"RequestID"`
	}
)

// metadata ends every answer of IAM, STS and Auto Scaling.
type metadata struct {
	RequestID string `xml:"ResponseMetadata>RequestId"`
}

func (c *call) xmlReply(status int, body any) simkit.Reply {
	data, err := xml.Marshal(body)
	if err != nil {
		status, data = http.StatusInternalServerError, []byte("<Response/>")
	}
	return c.reply(status, "text/xml;charset=UTF-8", append([]byte(xml.Header), data...))
}

// queryErrorOf is the body of an error of a query service.
func queryErrorOf(service, requestID string, e *apiError) any {
	kind := "Sender"
	if e.status >= 500 {
		kind = "Receiver"
	}
	// XML 1.0 has no place for control characters.
	message := strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' && r != '\n' {
			return '?'
		}
		return r
	}, e.message)
	if service == "ec2" {
		return ec2Error{Code: e.code, Message: message, RequestID: requestID}
	}
	return queryError{Type: kind, Code: e.code, Message: message, RequestID: requestID}
}

// iso is how the query services write times.
func iso(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }
