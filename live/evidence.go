// SPDX-License-Identifier: Apache-2.0

package live

import (
	_ "embed" // evidence.tsv
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// evidence says where a record shows what a cloud does about an assumption: in the answers
// to one request of one step. It is read from the record alone.
type evidence struct {
	cloud, assumption string
	// step is that of the run; those that begin with "probe" are made for nothing else.
	step, request string
	// path is where in the answer it stands, and assumed and otherwise what stands there;
	// never: it is enough that the other does not.
	path, assumed, otherwise string
}

// never is in the place of what cannot be waited for.
const never = "-"

//go:embed evidence.tsv
var evidenceFile string

// evidenceTable holds the rows of evidence.tsv, sorted by cloud and assumption, which
// TestEvidence -update finds and writes: for each assumption it holds the records of two
// simulators against each other that differ in nothing else.
var evidenceTable = readEvidence(evidenceFile)

func readEvidence(text string) (list []evidence) {
	for line := range strings.Lines(text) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if strings.HasPrefix(line, "#") || len(f) != 7 {
			continue
		}
		list = append(list, evidence{f[0], f[1], f[2], f[3], f[4], f[5], f[6]})
	}
	return list
}

func (e evidence) line() string {
	return strings.Join([]string{e.cloud, e.assumption, e.step, e.request, e.path, e.assumed, e.otherwise}, "\t") + "\n"
}

// evidenceOf returns the row of an assumption.
func evidenceOf(cloud, assumption string) (evidence, bool) {
	for _, e := range evidenceTable {
		if e.cloud == cloud && e.assumption == assumption {
			return e, true
		}
	}
	return evidence{}, false
}

// verdict reads what the cloud of a record did.
func (e evidence) verdict(f *facts) verdict {
	v := verdict{name: e.assumption, verdict: unseen}
	at := asked{e.step, e.request}
	if !f.asked[at] {
		return v
	}
	seen := f.at(fact{at, e.path})
	hasAssumed, hasOther := slices.Contains(seen, e.assumed), slices.Contains(seen, e.otherwise)
	switch {
	case hasAssumed && !hasOther, e.assumed == never && !hasOther:
		v.verdict = asAssumed
	case hasOther && !hasAssumed, e.otherwise == never && !hasAssumed:
		v.verdict = otherwise
	default:
		v.verdict = neither
	}
	v.evidence = fmt.Sprintf("%s, %s, %s: the cloud has %s; as assumed %s, otherwise %s", e.step, e.request, e.path, strings.Join(seen, " and "), e.assumed, e.otherwise)
	return v
}

// asked is a request of a step.
type asked struct{ step, request string }

// fact is a place in the answers to it.
type fact struct {
	asked
	path string
}

// facts are what a record shows, place by place.
type facts struct {
	asked map[asked]bool
	// order are the places as they came, and values what stood there, without what is made
	// up.
	order  []fact
	values map[fact][]string
}

// factsOf reads a record.
func factsOf(rec *record) *facts {
	f := &facts{asked: map[asked]bool{}, values: map[fact][]string{}}
	step := ""
	for _, l := range rec.lines {
		if l.Step != "" {
			step = l.Step
		}
		if x := l.Exchange; x != nil && x.Failed == "" && !signsIn(x) {
			at := asked{step, x.request()}
			f.asked[at] = true
			f.walk(at, "", x.tree())
		}
	}
	return f
}

// at is what stood in a place whose request was made.
func (f *facts) at(place fact) []string {
	if seen := f.values[place]; len(seen) > 0 {
		return seen
	}
	return []string{absent}
}

func (f *facts) walk(at asked, path string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for key, member := range v {
			f.walk(at, strings.TrimPrefix(path+"."+key, "."), member)
		}
		return
	case []any:
		for _, member := range v {
			f.walk(at, path+"[]", member)
		}
		if word := map[int]string{1: "the oldest first", -1: "the newest first"}[direction(v)]; word != "" {
			f.add(fact{at, path}, word)
		} else {
			f.add(fact{at, path + ".length"}, fmt.Sprint(len(v)))
		}
		return
	}
	if text, ok := v.(string); ok && (codeKeys.MatchString(path) || stateKeys.MatchString(path)) && text != "" && !strings.ContainsAny(text, "\n\t") {
		f.add(fact{at, path}, clip(text)) // a word, digits and all
		return
	} else if _, version, found := strings.Cut(text, "api-version="); found {
		f.add(fact{at, path + ".api-version"}, clip(version))
	}
	f.add(fact{at, path}, plain(v))
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
	action := x.Header["x-acs-action"] + x.Header["x-tc-action"] + x.rpcName()
	if form, err := url.ParseQuery(x.Body); err == nil && strings.HasPrefix(x.Header["content-type"], "application/x-www-form-urlencoded") {
		action += form.Get("Action")
	}
	if action != "" {
		return action
	}
	u, err := url.Parse(x.URL)
	if err != nil {
		return x.Method
	}
	segments := strings.Split(u.Path, "/")
	for i, segment := range segments {
		if i > 0 && !fixedSegment.MatchString(segment) || i > 0 && namedBy[segments[i-1]] {
			segments[i] = "{}"
		}
	}
	return x.Method + " " + strings.Join(segments, "/")
}

// fixedSegment is one that belongs to the API, and namedBy those before a name.
var (
	fixedSegment = regexp.MustCompile(`^(v\d(\.\d)?|\$batch|[A-Za-z][A-Za-z._:]*([A-Za-z-]*[a-z])?)$`)
	namedBy      = map[string]bool{
		"clusters": true, "node-groups": true, "nodegroups": true, "resourceGroups": true, "resourcegroups": true, "subscriptions": true, "locations": true,
		"managedClusters": true, "agentPools": true, "zones": true, "projects": true, "regions": true, "networks": true, "subnetworks": true,
		"addons": true, "keypairs": true, "os-keypairs": true, "sshPublicKeys": true, "virtualNetworks": true, "subnets": true, "instanceGroupManagers": true,
	}
)

// findEvidence finds where the records of two simulators differ of which the second has the
// assumption switched; the place that says it best.
func findEvidence(cloud, assumption string, assumed, switched *facts) (best evidence, ok bool) {
	bestRank := 0
	for n, place := range append(slices.Clone(assumed.order), switched.order...) {
		if !assumed.asked[place.asked] || !switched.asked[place.asked] {
			continue
		}
		a, o := without(assumed.at(place), switched.at(place)), without(switched.at(place), assumed.at(place))
		if a == never && o == never || idKeys.MatchString(place.path) && a != absent && o != absent {
			continue // the names of things are drawn
		}
		rank := 1_000_000*placeRank(place, assumption, a, o) + min(n, 999_999)
		if !ok || rank < bestRank {
			best, bestRank, ok = evidence{cloud, assumption, place.step, place.request, place.path, a, o}, rank, true
		}
	}
	return best, ok
}

// without is the first value that only the first list has.
func without(list, others []string) string {
	for _, v := range list {
		if !slices.Contains(others, v) {
			return v
		}
	}
	return never
}

// placeRank is lower for what says more.
func placeRank(place fact, assumption, assumed, otherwise string) (rank int) {
	if place.step != "probe "+assumption {
		rank += 100
	}
	if assumed == never || otherwise == never {
		rank += 40
	}
	switch {
	case place.path == "status":
	case codeKeys.MatchString(place.path):
		rank += 5
	case stateKeys.MatchString(place.path):
		rank += 10
	case messageKeys.MatchString(place.path):
		rank += 20
	case strings.HasSuffix(place.path, ".length"):
		rank += 30
	default:
		rank += 15
	}
	return rank
}
