// SPDX-License-Identifier: Apache-2.0

package live

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/pmks-go/pmks/internal/redact"
)

// The kinds of differences, in the order in which a report has them.
const (
	kindRefusal = "refusal" // one refused what the other did, or by another status or code
	kindShape   = "shape"   // a member is missing, or of another type
	kindState   = "state"   // another word for a state
	kindWords   = "words"   // another message
	kindForm    = "form"    // an id, a time or an address that is written otherwise
	kindValue   = "value"   // another value
	kindCount   = "count"   // a list of another length
)

var kinds = []string{kindRefusal, kindShape, kindState, kindWords, kindForm, kindValue, kindCount}

// difference is a place where an answer of the cloud and one of its simulator differ.
type difference struct {
	kind string
	// op is the request in the vendor's words, and path where in its answer.
	op, path string
	// cloud and simulator are what each had.
	cloud, simulator string
	// n is the first exchange that shows it, and times how many do.
	n, times int
}

// key is what makes two differences the same.
func (d *difference) key() string {
	return strings.Join([]string{d.kind, d.op, d.path, d.cloud, d.simulator}, "\x00")
}

// differ compares trees. known maps what the cloud makes up to what the simulator does;
// differ adds to it.
type differ struct {
	known map[string]string
	out   []difference
	// learning adds pairs to known.
	learning bool
}

func (d *differ) add(kind, path, cloud, simulator string) {
	d.out = append(d.out, difference{kind: kind, path: path, cloud: cloud, simulator: simulator})
}

// about says in a few words what a value is.
func about(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case map[string]any:
		return "an object"
	case []any:
		return fmt.Sprintf("a list of %d", len(v))
	case string:
		return fmt.Sprintf("%q", clip(v))
	}
	return fmt.Sprint(v)
}

func clip(s string) string {
	if r := []rune(s); len(r) > 160 {
		return string(r[:160]) + "..."
	}
	return s
}

const absent = "nothing"

// compare compares what the cloud and the simulator have at a path.
func (d *differ) compare(path string, cloud, simulator any) {
	switch c := cloud.(type) {
	case map[string]any:
		if s, ok := simulator.(map[string]any); ok {
			d.objects(path, c, s)
			return
		}
	case []any:
		if s, ok := simulator.([]any); ok {
			d.lists(path, c, s)
			return
		}
	case string:
		if s, ok := simulator.(string); ok {
			d.texts(path, c, s)
			return
		}
	case json.Number:
		if s, ok := simulator.(json.Number); ok {
			d.numbers(path, c, s)
			return
		}
	case bool:
		if s, ok := simulator.(bool); ok {
			if c != s {
				d.add(kindValue, path, about(c), about(s))
			}
			return
		}
	case nil:
		if simulator == nil {
			return
		}
	}
	d.add(kindShape, path, about(cloud), about(simulator))
}

func (d *differ) objects(path string, cloud, simulator map[string]any) {
	keys := slices.Collect(maps.Keys(cloud))
	for key := range simulator {
		if _, ok := cloud[key]; !ok {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	for _, key := range keys {
		c, inCloud := cloud[key]
		s, inSimulator := simulator[key]
		below := strings.TrimPrefix(path+"."+key, ".")
		switch {
		case !inCloud:
			d.add(kindShape, below, absent, about(s))
		case !inSimulator:
			d.add(kindShape, below, about(c), absent)
		default:
			d.compare(below, c, s)
		}
	}
}

func (d *differ) numbers(path string, cloud, simulator json.Number) {
	switch {
	case cloud == simulator:
	case path == "status":
		d.add(kindRefusal, path, string(cloud), string(simulator))
	case len(cloud) >= 6 && len(simulator) >= 6: // a time or an id
		d.learn(string(cloud), string(simulator))
	default:
		d.add(kindValue, path, string(cloud), string(simulator))
	}
}

// Members by what their values are: states, and words of a refusal.
var (
	stateKeys   = regexp.MustCompile(`(?i)(status|state|phase|lifecycle|health|severity)$`)
	codeKeys    = regexp.MustCompile(`(?i)(^|\.)(code|errortype|x-amzn-errortype|reason|grpc-status)$|Error\.Code$|error\.status$|__type$`)
	messageKeys = regexp.MustCompile(`(?i)(message|description|msg|recommend|statusReason|faultstring)$`)
)

func (d *differ) texts(path, cloud, simulator string) {
	if a, b := kubeconfigKeys(cloud), kubeconfigKeys(simulator); a != "" && b != "" {
		if a != b {
			d.add(kindShape, path, "a kubeconfig with "+a, "one with "+b)
		}
		return
	}
	switch {
	case cloud == simulator, strings.Contains(cloud, redact.Placeholder) && simulator != "":
		return
	case d.known[cloud] == simulator && simulator != "", d.mapped(cloud) == simulator:
		return
	case stateKeys.MatchString(path):
		d.add(kindState, path, about(cloud), about(simulator))
	case codeKeys.MatchString(path):
		d.add(kindRefusal, path, about(cloud), about(simulator))
	case messageKeys.MatchString(path), strings.Contains(cloud, " ") && strings.Contains(simulator, " "):
		if shape(d.mapped(cloud)) != shape(simulator) {
			d.add(kindWords, path, about(cloud), about(simulator))
		}
	case len(cloud) < 6 && digits.MatchString(cloud) && digits.MatchString(simulator): // a number in a text
		d.add(kindValue, path, about(cloud), about(simulator))
	case made(cloud) && made(simulator), idKeys.MatchString(path) && (made(cloud) || made(simulator)) && cloud != "" && simulator != "":
		if !alikeInForm(cloud, simulator) && !alikeInForm(d.mapped(cloud), simulator) {
			d.add(kindForm, path, about(cloud), about(simulator))
		}
		d.learn(cloud, simulator)
	default:
		d.add(kindValue, path, about(cloud), about(simulator))
	}
}

// mapped is a text of the cloud with what the simulator has in its place.
func (d *differ) mapped(text string) string {
	return remap(text, d.known)
}

// learn remembers that the simulator calls something otherwise.
func (d *differ) learn(cloud, simulator string) {
	if !d.learning || len(cloud) < 4 || cloud == simulator || simulator == "" {
		return
	}
	if _, err := time.Parse(time.RFC3339, cloud); err == nil {
		return
	}
	d.known[cloud] = simulator
	// The parts of a path or of an ARN stand elsewhere alone.
	for _, between := range []string{"/", ":"} {
		c, s := strings.Split(cloud, between), strings.Split(simulator, between)
		if len(c) < 2 || len(c) != len(s) {
			continue
		}
		for i := range c {
			if c[i] != s[i] && len(c[i]) >= 4 && made(c[i]) && made(s[i]) {
				d.known[c[i]] = s[i]
			}
		}
	}
}

// made reports whether a text looks like one that was made up: it has digits in it, or a
// path, and no spaces.
func made(s string) bool {
	return strings.ContainsFunc(s, unicode.IsDigit) && !strings.Contains(s, " ") || strings.Contains(s, "/") || s == ""
}

// idKeys are members whose values are ids and names.
var idKeys = regexp.MustCompile(`(?i)(id|ids|name|arn|url|uri|link|\[\])$`)

// alikeInForm reports whether two made-up texts are written alike. A part that is made up
// need not have a digit in it.
func alikeInForm(a, b string) bool {
	x, y := words.FindAllString(shape(a), -1), words.FindAllString(shape(b), -1)
	if words.ReplaceAllString(shape(a), "") != words.ReplaceAllString(shape(b), "") || len(x) != len(y) {
		return false
	}
	for i := range x {
		if x[i] != y[i] && x[i] != "x" && y[i] != "x" {
			return false
		}
	}
	return true
}

// shape is a text without what differs from one made-up text to the next: runs of letters
// and digits that have a digit, or long ones of lower-case letters in hexadecimal.
func shape(s string) string {
	s = fractions.ReplaceAllString(anyUUID.ReplaceAllString(s, "uuid"), "$1")
	return words.ReplaceAllStringFunc(s, func(word string) string {
		switch {
		case digits.MatchString(word) && len(word) < 6:
			return "9"
		case strings.ContainsFunc(word, unicode.IsDigit), len(word) >= 8 && hexes.MatchString(word):
			return "x"
		}
		return word
	})
}

// fractions are those of the seconds of a time, which not every time has.
var fractions = regexp.MustCompile(`(T\d\d:\d\d:\d\d)\.\d+`)

var anyUUID = regexp.MustCompile(`(?i)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

var words = regexp.MustCompile(`[A-Za-z0-9]+`)

// kubeconfigKeys are the members that users have in a text that is a kubeconfig, also one
// in base64: what else is in it is made up. Empty: it is none.
func kubeconfigKeys(text string) string {
	if inner, err := base64.StdEncoding.DecodeString(text); err == nil && len(text) > 64 {
		text = string(inner)
	}
	if !strings.Contains(text, "clusters:") || !strings.Contains(text, "contexts:") {
		return ""
	}
	found := userKeys.FindAllString(text, -1)
	for i, key := range found {
		found[i] = strings.Trim(key, " \n-\":")
	}
	slices.Sort(found)
	return "[" + strings.Join(slices.Compact(found), " ") + "]"
}

var userKeys = regexp.MustCompile(`\n[ "-]*(client-certificate-data|client-key-data|token|exec|auth-provider|password|username)"?:`)
