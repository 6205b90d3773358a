// SPDX-License-Identifier: Apache-2.0

package live

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// asked is a request of a step.
type asked struct{ step, request string }

// fact is a place in the answers to it: a path, with ofRefusal before it where it is one in
// a refusal, and with inState behind it where it counts only what an object in one state
// had.
type fact struct {
	asked
	path string
}

const (
	ofRefusal = "refused: "
	inState   = " while "
)

// The orders that a list may have.
const (
	oldestFirst = "the oldest first"
	newestFirst = "the newest first"
)

// facts are what a record shows, place by place.
type facts struct {
	// accepted and refused are the requests that were, once at least.
	accepted, refused map[asked]bool
	// order are the places as they came, and values what stood there, without what is made
	// up.
	order  []fact
	values map[fact][]string
	// words are those of the first refusal.
	words map[asked]string
}

// factsOf reads a record.
func factsOf(rec *record) *facts {
	f := &facts{accepted: map[asked]bool{}, refused: map[asked]bool{}, values: map[fact][]string{}, words: map[asked]string{}}
	step, authorities, seen := "", map[string]string{}, map[string]bool{}
	for _, l := range rec.lines {
		if l.Step != "" {
			step = l.Step
		}
		x := l.Exchange
		if x == nil || x.Failed != "" || signsIn(x) {
			continue
		}
		at, before := asked{step, x.request()}, ""
		if x.refused() {
			f.refused[at], before = true, ofRefusal
			if f.words[at] == "" {
				f.words[at] = clip(strings.Join(strings.Fields(x.Reply.Body), " "))
			}
		} else {
			f.accepted[at] = true
		}
		if m := authorityData.FindStringSubmatch(x.Reply.Body); m != nil {
			// Two kubeconfigs of a step show together whether a cluster still has its authority.
			if before := authorities[step]; before != "" {
				f.add(fact{at, "authority"}, map[bool]string{true: "as before", false: "another"}[before == m[1]])
			}
			authorities[step] = m[1]
		}
		answer := fmt.Sprint(at, x.Status, x.Reply.Body)
		if seen[answer] { // polls are answered alike a hundred times
			f.walk(at, before, "header", x.headers())
			continue
		}
		seen[answer] = true
		f.walk(at, before, "", x.tree())
	}
	return f
}

// authorityData finds the certificate authority in a kubeconfig, which may be in JSON.
var authorityData = regexp.MustCompile(`certificate-authority-data\\?"?: *\\?"?([A-Za-z0-9+/=]{20,})`)

// answered reports whether a request was answered at all.
func (f *facts) answered(at asked) bool { return f.accepted[at] || f.refused[at] }

// shows reports whether a record can say what stands in a place: the request was made, and
// accepted or refused as the place wants it; and the object was seen in that state.
func (f *facts) shows(place fact) bool {
	path, refused := strings.CutPrefix(place.path, ofRefusal)
	base, state, conditional := strings.Cut(path, inState)
	switch {
	case refused:
		return f.refused[place.asked]
	case outright(path):
		return f.answered(place.asked)
	case conditional:
		member, word, _ := strings.Cut(state, " ")
		object := base[:max(0, strings.LastIndexByte(base, '.'))]
		return slices.Contains(f.values[fact{place.asked, object + "." + member}], word)
	}
	return f.accepted[place.asked]
}

// outright reports whether a place means something whatever the answer is: the status, and
// the code of a refusal.
func outright(path string) bool {
	return path == "status" || codeKeys.MatchString(path) && !strings.Contains(path, inState)
}

// at is what stood in a place.
func (f *facts) at(place fact) []string {
	if seen := f.values[place]; len(seen) > 0 {
		return seen
	}
	return []string{absent}
}

// walk adds what stands below a path. before is what the place has before it, unless it
// means something outright.
func (f *facts) walk(at asked, before, path string, v any) {
	if outright(path) {
		before = ""
	}
	switch v := v.(type) {
	case map[string]any:
		keys := slices.Sorted(maps.Keys(v))
		for _, key := range keys {
			f.walk(at, before, strings.TrimPrefix(path+"."+key, "."), v[key])
		}
		f.conditions(at, before, path, v, keys)
		return
	case []any:
		for i, member := range v {
			f.walk(at, before, path+"[]", member)
			if object, ok := member.(map[string]any); ok && i == 0 && len(v) > 1 {
				f.first(at, before, path, object)
			}
		}
		if word := map[int]string{1: oldestFirst, -1: newestFirst}[direction(v)]; word != "" {
			f.add(fact{at, before + path}, word)
		} else {
			f.add(fact{at, before + path + ".length"}, fmt.Sprint(len(v)))
		}
		return
	}
	if text, ok := v.(string); ok && (codeKeys.MatchString(path) || stateKeys.MatchString(path)) && text != "" && !strings.ContainsAny(text, "\n\t") {
		f.add(fact{at, before + path}, clip(text)) // a word, digits and all
		return
	} else if _, version, found := strings.Cut(text, "api-version="); found {
		f.add(fact{at, before + path + ".api-version"}, clip(version))
	}
	if text, ok := v.(string); ok && strings.HasPrefix(strings.ToLower(text), "/subscriptions/") {
		f.add(fact{at, before + path + ".case"}, map[bool]string{true: "lower", false: "mixed"}[text == strings.ToLower(text)])
	}
	f.add(fact{at, before + path}, plain(v))
}

// conditions adds what an object has beside its state: two answers together show what
// neither shows alone.
func (f *facts) conditions(at asked, before, path string, object map[string]any, keys []string) {
	for _, member := range keys {
		word, ok := object[member].(string)
		if !ok || word == "" || strings.Contains(word, " ") || !stateKeys.MatchString(member) {
			continue
		}
		for _, key := range keys {
			switch object[key].(type) {
			case map[string]any, []any:
			default:
				if key != member {
					f.add(fact{at, before + path + "." + key + inState + member + " " + word}, plain(object[key]))
				}
			}
		}
	}
}

// first adds the words of the first entry of a list, which show how it is sorted; its state
// does not, which may be another one a moment later.
func (f *facts) first(at asked, before, path string, object map[string]any) {
	for _, key := range slices.Sorted(maps.Keys(object)) {
		if text, ok := object[key].(string); ok && text != "" && !stateKeys.MatchString(key) {
			f.add(fact{at, before + path + "[0]." + key}, plain(text))
		}
	}
}

func (f *facts) add(place fact, value string) {
	seen, ok := f.values[place]
	if !ok {
		f.order = append(f.order, place)
	}
	if !slices.Contains(seen, value) {
		f.values[place] = append(seen, value)
	}
}

// drawn are words that were made up, in which there happens to be no digit.
var drawn = regexp.MustCompile(`\b([a-z]{20,}|[A-Z]{20,})\b`)

// plain is a value in one line, without what is made up in it.
func plain(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case json.Number:
		if len(v) >= 6 {
			return "x"
		}
		return string(v)
	case string:
		if keys := kubeconfigKeys(v); keys != "" {
			return "a kubeconfig with " + keys
		}
		if v == "" {
			return `""`
		}
		return clip(strings.Join(strings.Fields(drawn.ReplaceAllString(shape(v), "x")), " "))
	}
	return fmt.Sprint(v)
}

// request is what is asked, without the names of what it is asked of: the action, or the
// method and the path.
func (x *exchange) request() string {
	if action := x.Header["x-acs-action"] + x.Header["x-tc-action"] + x.rpcName() + x.formAction(); action != "" {
		return action
	}
	u, err := url.Parse(x.URL)
	if err != nil {
		return x.Method
	}
	// What a cloud serves on hosts of their own, its simulator serves below a word.
	segments := strings.Split(ownHost.ReplaceAllString(u.Path, ""), "/")
	for i, segment := range segments {
		if i > 0 && !fixedSegment.MatchString(segment) || i > 0 && namedBy[segments[i-1]] {
			segments[i] = "{}"
		}
	}
	return x.Method + " " + strings.Join(segments, "/")
}

// formAction is the action of a request whose body is a form, as some services of AWS have
// it.
func (x *exchange) formAction() string {
	if strings.HasPrefix(x.Header["content-type"], "application/x-www-form-urlencoded") {
		if form, err := url.ParseQuery(x.Body); err == nil {
			return form.Get("Action")
		}
	}
	return ""
}

var ownHost = regexp.MustCompile(`^/(compute|image|network|volume)\b`)

// fixedSegment is one that belongs to the API, and namedBy those before a name.
var (
	fixedSegment = regexp.MustCompile(`^(v\d(\.\d)?|\$batch|[A-Za-z][A-Za-z._:]*([A-Za-z-]*[a-z])?)$`)
	namedBy      = map[string]bool{
		"clusters": true, "node-groups": true, "nodegroups": true, "resourceGroups": true, "resourcegroups": true, "subscriptions": true, "locations": true,
		"managedClusters": true, "agentPools": true, "zones": true, "projects": true, "regions": true, "networks": true, "subnetworks": true,
		"addons": true, "keypairs": true, "os-keypairs": true, "sshPublicKeys": true, "virtualNetworks": true, "subnets": true, "instanceGroupManagers": true,
	}
)
