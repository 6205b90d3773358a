// SPDX-License-Identifier: Apache-2.0

package trust

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Tally is how many trials there were and what became of them.
type Tally struct{ Tried, Passed, Excepted int }

// Failed is how many neither passed nor are excepted.
func (t Tally) Failed() int { return t.Tried - t.Passed - t.Excepted }

func (t *Tally) add(v Verdict) {
	n := v.Count()
	t.Tried += n
	switch {
	case len(v.Faults) == 0:
		t.Passed += n
	case v.Reason != "":
		t.Excepted += n
	}
}

// String is the cell of a table.
func (t Tally) String() string {
	switch {
	case t.Tried == 0:
		return "-"
	case t.Failed() > 0:
		return fmt.Sprintf("%d of %d, **%d failed**", t.Passed, t.Tried, t.Failed())
	case t.Excepted > 0:
		return fmt.Sprintf("%d + %d of %d", t.Passed, t.Excepted, t.Tried)
	}
	return fmt.Sprint(t.Passed)
}

// Report is what a run found, by provider.
type Report struct {
	// Clouds are the providers in the order of the columns.
	Clouds   []string
	verdicts map[string][]Verdict
}

// Read adds the verdicts of a provider, one JSON object a line.
func (r *Report) Read(cloud string, from io.Reader) error {
	if r.verdicts == nil {
		r.verdicts = map[string][]Verdict{}
	}
	if !slices.Contains(r.Clouds, cloud) {
		r.Clouds = append(r.Clouds, cloud)
	}
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var v Verdict
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			return fmt.Errorf("the verdicts of %s: %w", cloud, err)
		}
		r.verdicts[cloud] = append(r.verdicts[cloud], v)
	}
	return lines.Err()
}

// tally counts what is taken, of one provider, or of all where cloud is empty.
func (r *Report) tally(cloud string, take func(Verdict) bool) (t Tally) {
	for name, list := range r.verdicts {
		for _, v := range list {
			if (cloud == "" || name == cloud) && take(v) {
				t.add(v)
			}
		}
	}
	return t
}

// Total counts the trials of a part.
func (r *Report) Total(part string) Tally {
	return r.tally("", func(v Verdict) bool { return v.Part == part })
}

// Failures are the faults that nothing excuses, sorted.
func (r *Report) Failures() (list []string) {
	for _, cloud := range r.Clouds {
		for _, v := range r.verdicts[cloud] {
			if v.Reason == "" {
				for _, f := range v.Faults {
					list = append(list, cloud+": "+v.Part+": "+f)
				}
			}
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// titles are the headings of the parts, and what a trial of each is.
var titles = map[string][2]string{
	Faults: {"Fault matrix", "one operation, one of whose requests fails in one way. It ends with the right typed error or well; there is exactly one " +
		"resource, or none; the caller can tell which; a second call converges; nothing still runs; its time and what it reads are bounded. " +
		"A stale read shows what was there when the operation began: once, or to all who read within eight seconds. The fake has no network, so that what " +
		"comes of a broken answer or of a proxy cannot happen to it: its kinds are the faults that it injects, with each of its profiles"},
	Cancel: {"Cancel anywhere", "one operation, wait or job whose context ends at one of its requests or in one of its pauses. It returns at that instant of virtual time, " +
		"with an error that is `context.Canceled`, leaves nothing running, and can be called again"},
	Crash: {"Crash and resume", "one of Provision, Upgrade and Teardown, stopped at one of its requests and run again by a new handler that has nothing of the old. " +
		"It comes to its end with one of each; after a Teardown nothing is left, neither clusters nor what was made for them. With the fake the new handler " +
		"has a copy of the cloud as it was"},
	Lives: {"Model runs", "the life of one cluster under random commands of one of many callers, with faults on. After each command the cloud " +
		"is what a reference model of thirty lines says"},
	Same: {"Differential", "one random command, given to the fake with the cloud's profile and to the provider on its simulator. Both give the same result, " +
		"what is in no one's hand (ids, times, words of a vendor) left out"},
	Canaries: {"Secrets", "one place (a printed value, a log, an error, an event, a file) that was searched for the secrets that went by"},
	Hostile:  {"Hostile answers", "one operation under an answer, or with a name, that means harm. The fake reads no answers, and is given the names alone"},
}

// kinds are those of a part, in the order of their names.
func (r *Report) kinds(part string) []string {
	names := map[string]bool{}
	for _, list := range r.verdicts {
		for _, v := range list {
			if v.Part == part {
				names[v.Kind] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// Write writes the tables as Markdown.
func (r *Report) Write(w io.Writer) {
	r.table(w, "what", Parts, func(part string) string { return titles[part][0] }, func(v Verdict) string { return v.Part })
	for _, part := range Parts {
		kinds := r.kinds(part)
		if len(kinds) == 0 {
			continue
		}
		t := r.Total(part)
		fmt.Fprintf(w, "\n## %s\n\nA trial is %s.\n\n%d tried, %d passed, %d excepted, %d failed.\n\n", titles[part][0], titles[part][1], t.Tried, t.Passed, t.Excepted, t.Failed())
		r.table(w, "kind", kinds, func(kind string) string { return "`" + kind + "`" }, func(v Verdict) string {
			if v.Part != part {
				return ""
			}
			return v.Kind
		})
	}
	r.exceptions(w)
	if failures := r.Failures(); len(failures) > 0 {
		fmt.Fprint(w, "\n## What failed\n\n")
		for _, f := range failures {
			fmt.Fprintf(w, "- %s\n", f)
		}
	}
}

// table has a row for each name, which key finds in a verdict, and a column for each
// provider.
func (r *Report) table(w io.Writer, head string, names []string, show func(name string) string, key func(Verdict) string) {
	fmt.Fprintf(w, "| %s | all |", head)
	for _, cloud := range r.Clouds {
		fmt.Fprintf(w, " `%s` |", cloud)
	}
	fmt.Fprintf(w, "\n|---|%s\n", strings.Repeat("---|", 1+len(r.Clouds)))
	for _, name := range names {
		is := func(v Verdict) bool { return key(v) == name }
		fmt.Fprintf(w, "| %s | %s |", show(name), r.tally("", is))
		for _, cloud := range r.Clouds {
			fmt.Fprintf(w, " %s |", r.tally(cloud, is))
		}
		fmt.Fprintln(w)
	}
}

// exceptions lists what is excused, with its reason.
func (r *Report) exceptions(w io.Writer) {
	type excuse struct{ cloud, reason string }
	count, where := map[excuse]int{}, map[excuse][]string{}
	for _, cloud := range r.Clouds {
		for _, v := range r.verdicts[cloud] {
			if len(v.Faults) > 0 && v.Reason != "" {
				e := excuse{cloud, v.Reason}
				count[e] += v.Count()
				where[e] = append(where[e], v.Case+" / "+v.Kind)
			}
		}
	}
	fmt.Fprint(w, "\n## Exceptions\n\n")
	if len(count) == 0 {
		fmt.Fprint(w, "There are none.\n")
		return
	}
	fmt.Fprint(w, "| provider | trials | where | reason |\n|---|---|---|---|\n")
	order := slices.SortedFunc(maps.Keys(count), func(a, b excuse) int {
		return cmp.Or(cmp.Compare(a.cloud, b.cloud), cmp.Compare(a.reason, b.reason))
	})
	for _, e := range order {
		places := slices.Compact(slices.Sorted(slices.Values(where[e])))
		if len(places) > 3 {
			places = append(places[:3], fmt.Sprintf("and %d more", len(places)-3))
		}
		fmt.Fprintf(w, "| %s | %d | %s | %s |\n", e.cloud, count[e], strings.Join(places, ", "), e.reason)
	}
}

// Text is the report as text.
func (r *Report) Text() string {
	var b bytes.Buffer
	r.Write(&b)
	return b.String()
}
