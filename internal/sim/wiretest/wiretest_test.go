// SPDX-License-Identifier: Apache-2.0

package wiretest

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

func TestClock(t *testing.T) {
	t.Parallel()
	c := NewClock()
	start := c.Now()
	c.Add(time.Second)
	c.Pass()
	if got := c.Now().Sub(start); got != 24*time.Hour+time.Second {
		t.Errorf("it moved by %s", got)
	}
}

func TestTape(t *testing.T) {
	t.Parallel()
	watched := 0
	p := &Tape{
		Next: simkit.NewTransport(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/xml")
			body, _ := io.ReadAll(r.Body)
			_, _ = w.Write([]byte("<a><b>i-12</b><c>i-34</c><d>i-12</d></a>" + string(body[:0])))
		})),
		Sent:  func(*http.Request) string { return " sent\n" },
		Skip:  func(r *http.Request) bool { return r.URL.Path == "/skip" },
		Watch: func(_ *http.Request, sent []byte, _ *http.Response, got []byte) { watched += len(sent) + len(got) },
	}
	for _, path := range []string{"/a?b=c", "/skip"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://sim.example"+path, strings.NewReader("z=1&a=2"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		response, err := p.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(response.Body); err != nil || len(body) != 40 {
			t.Errorf("the body was eaten: %q %v", body, err)
		}
	}
	p.Note("%d\n", 5)
	want := "> POST /a?b=c sent\na=2\nz=1\n< 200\n<a>\n<b>{id 1}</b>\n<c>i-34</c>\n<d>{id 1}</d>\n</a>\n\n5\n"
	if got := Mask(p.Text(), regexp.MustCompile(`i-\d+`), "i-34"); got != want || watched != 47 {
		t.Errorf("got %q, %d bytes\nwant %q", got, watched, want)
	}
	if p.Rewind(); p.Text() != "" {
		t.Error("Rewind forgot nothing")
	}
	if got := Canonical("application/json", []byte(`{"b":1,"a":[]}`)); got != "{\n  \"a\": [],\n  \"b\": 1\n}\n" {
		t.Errorf("got %s", got)
	}
	if diff := firstDifference("a\nb\nc", "a\nx\nc"); !strings.Contains(diff, "line 2") {
		t.Errorf("the difference is %q", diff)
	}
	if diff := firstDifference("a", "a\n"); diff == "" || firstDifference("a\n", "a\n") != "" {
		t.Errorf("the difference is %q", diff)
	}
}

type oops struct{ code string }

func (e *oops) Verdict() (status int, code string) { return 400, e.code }
func (e *oops) Error() string                      { return e.code }

// subject is a simulator of one call. deaf: it looks at no fault.
func subject(deaf bool) Subject {
	k := simkit.New(simkit.Options{})
	applied := false
	return Subject{
		Sim: k, Op: "Make", Cluster: "a", Applied: func() bool { return applied },
		Do: func(ctx context.Context) error {
			x := &simkit.Exchange{Entry: simkit.Call{Op: "Make", Cluster: "a"}}
			if deaf {
				x.Entry.Op = "Deaf"
			}
			e, ending := simkit.Run(ctx, k, x, simkit.Steps[*oops]{
				Admit:    func() *oops { return nil },
				Handle:   func() *oops { applied = true; return nil },
				Injected: func(code pmks.Code, _ string, _ time.Duration) *oops { return &oops{code.String()} },
			})
			switch {
			case ctx.Err() != nil:
				return ctx.Err()
			case ending != simkit.Answered:
				return io.ErrUnexpectedEOF
			case e != nil:
				return e
			case x.Answer != nil:
				return errors.New(x.Answer.Body)
			}
			return nil
		},
	}
}

func TestMatrix(t *testing.T) {
	t.Parallel()
	refusal := func(err error) string {
		var e *oops
		if errors.As(err, &e) {
			return e.code
		}
		return ""
	}
	codes := map[pmks.Code]string{pmks.CodeThrottled: "Throttled", pmks.CodeInternal: "Internal"}
	m := Matrix{Start: func(*testing.T) Subject { return subject(false) }, Codes: codes, Refusal: refusal}
	m.Run(t)
	m.Lost = func(err error) bool { return errors.Is(err, io.ErrUnexpectedEOF) }
	cells := m.cells()
	if len(cells) != 16 {
		t.Errorf("there are %d cells: %v", len(cells), slices.Sorted(maps.Keys(cells)))
	}
	for name, c := range cells { // a simulator that looks at no fault is found out in every cell
		synctest.Test(t, func(t *testing.T) {
			if len(m.check(t.Context(), subject(true), c)) == 0 {
				t.Errorf("%s finds nothing", name)
			}
		})
	}
	t.Run("connected", m.RunConnected)
	m.Codes = map[pmks.Code]string{pmks.CodeThrottled: "Other"}
	synctest.Test(t, func(t *testing.T) {
		if len(m.check(t.Context(), subject(false), m.cells()["throttle"])) != 1 {
			t.Error("the wrong words are not found")
		}
	})
}

func TestPages(t *testing.T) {
	t.Parallel()
	refused := errors.New("bad token")
	get := func(token string) ([]string, string, error) {
		switch token {
		case "":
			return []string{"a", "b"}, "t2", nil
		case "t2":
			return []string{"c"}, "", nil
		}
		return nil, "", refused
	}
	good := Pages{Get: get, Want: []string{"a", "b", "c"}, Limit: 2, Refused: func(err error) bool { return errors.Is(err, refused) }}
	good.Run(t)
	for name, change := range map[string]func(*Pages){
		"too-long":     func(p *Pages) { p.Limit = 1 },
		"one-missing":  func(p *Pages) { p.Want = []string{"a", "b", "c", "d"} },
		"any-token":    func(p *Pages) { p.Refused = func(error) bool { return false } },
		"repeats":      func(p *Pages) { p.Get = func(string) ([]string, string, error) { return []string{"a"}, "t2", nil } },
		"one-page":     func(p *Pages) { p.Get = func(string) ([]string, string, error) { return []string{"a", "b"}, "", nil } },
		"fails":        func(p *Pages) { p.Get = func(string) ([]string, string, error) { return nil, "", refused } },
		"empty-middle": func(p *Pages) { p.Get = func(string) ([]string, string, error) { return nil, "t2", nil } },
	} {
		bad := good
		if change(&bad); len(bad.faults()) == 0 {
			t.Errorf("%s is not found", name)
		}
	}
}

func TestMutations(t *testing.T) {
	t.Parallel()
	good := map[string]any{"a": map[string]any{"b": []any{"c"}}, "d": 1}
	n, seen := 0, map[string]bool{}
	for body := range Mutations(good) {
		n++
		seen[body] = true
	}
	if want := 4 * len(replacements); n != want || !seen[`{"a":{"b":[true]},"d":1}`] || !seen[`{"a":null,"d":1}`] || !seen[`{"a":{"b":["c"]},"d":-1}`] {
		t.Errorf("got %d bodies, want %d", n, want)
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	table := ReadTable(t, "table.json")
	for body, want := range map[string]string{
		`{"name":"ab","kind":"X","size":3,"made":1.5,"tags":{"a":"b"},"parts":[{"on":true}],"rest":[{}]}`: "",
		`{"name":"ab","made":"2026-11-02T09:30:00Z"}`:                                                     "",
		`{"name":"ab","colour":1}`:              "Make.colour is not in the vendor's model",
		`{"name":"ab","id":"x"}`:                "Make.id is not in the vendor's model", // it is in the path
		`{}`:                                    "Make.name is missing",
		`{"name":"a"}`:                          "Make.name has the length 1, which is out of its bounds",
		`{"name":"ab","kind":"Z"}`:              `Make.kind is "Z", which is none of its enumeration`,
		`{"name":"ab","size":11}`:               "Make.size is 11, which is out of its bounds",
		`{"name":"ab","size":1.5}`:              "Make.size is 1.5, and must be a integer",
		`{"name":"ab","size":"1"}`:              "Make.size is a text, and must be a integer",
		`{"name":"ab","parts":{}}`:              "Make.parts is an object, and must be a list",
		`{"name":"ab","tags":[]}`:               "Make.tags is a list, and must be a map",
		`{"name":"ab","parts":[{"on":1}]}`:      "Make.parts[0].on is 1, and must be a boolean",
		`{"name":"ab","made":true}`:             "Make.made is a truth value, and must be a timestamp",
		`{"name":"ab","parts":[]}`:              "",
		`{"name":"ab","parts":[{},{},{},{}]}`:   "Make.parts has the length 4, which is out of its bounds",
		`{`:                                     "Make: unexpected end of JSON input",
		`{"name":"ab","tags":{"a":"","b":null}`: "Make: unexpected end of JSON input",
	} {
		if got := strings.Join(table.Answer("Make", []byte(body)), "; "); got != want {
			t.Errorf("%s: got %q, want %q", body, got, want)
		}
	}
	if len(table.Answer("Other", nil)) != 1 {
		t.Error("an operation that is not in the table")
	}
}

func TestTable_AnswerXML(t *testing.T) {
	t.Parallel()
	table := ReadTable(t, "table.json")
	for body, want := range map[string]string{
		`<MakeResponse><requestId>1</requestId><name>ab</name><size>3</size><parts><item><on>true</on></item></parts></MakeResponse>`: "",
		`<MakeResponse><MakeResult><name>ab</name><parts/></MakeResult><ResponseMetadata/></MakeResponse>`:                            "",
		`<MakeResponse><name>ab</name><size>x</size></MakeResponse>`:                                                                  "s.Make.size is a text, and must be a integer",
		`<MakeResponse><name>ab</name><colour>1</colour></MakeResponse>`:                                                              "s.Make.colour is not in the vendor's model",
		`<MakeResponse><name>ab</name><parts><part/></parts></MakeResponse>`:                                                          "s.Make.parts is an object, and must be a list",
		`<MakeResponse><name>ab</name><parts><item><on>yes</on></item></parts></MakeResponse>`:                                        "s.Make.parts[0].on is a text, and must be a boolean",
		`<Other/>`: "s.Make: the root is Other",
		`<`:        "s.Make: XML syntax error on line 1: unexpected EOF",
	} {
		if got := strings.Join(table.AnswerXML("s.Make", []byte(body)), "; "); got != want {
			t.Errorf("%s: got %q, want %q", body, got, want)
		}
	}
	if len(table.AnswerXML("s.Other", []byte("<OtherResponse/>"))) != 1 {
		t.Error("an operation that is not in the table")
	}
}

func TestTable_Struct(t *testing.T) {
	t.Parallel()
	table := ReadTable(t, "table.json")
	type part struct {
		On bool `json:"on"`
	}
	type whole struct {
		Name  string            `json:"name"`
		Kind  *string           `json:"kind"`
		Size  int32             `json:"size"`
		Made  time.Time         `json:"made"`
		Tags  map[string]string `json:"tags"`
		Parts []part            `json:"parts"`
		Rest  any               `json:"rest" sim:"no"`
	}
	if faults := table.Struct("MakeRequest", reflect.TypeFor[whole](), true); len(faults) != 0 {
		t.Error(faults)
	}
	type wrong struct {
		Name   int                `json:"name"`
		Colour string             `json:"colour"`
		Parts  []struct{ On int } `json:"parts"`
	}
	want := []string{
		"MakeRequest.colour is not in the vendor's model", "MakeRequest.kind is in the vendor's model and not in the struct",
		"MakeRequest.made is in the vendor's model and not in the struct", "MakeRequest.name is a int, and must be a string",
		"MakeRequest.parts[].on is in the vendor's model and not in the struct", "MakeRequest.rest is in the vendor's model and not in the struct",
		"MakeRequest.size is in the vendor's model and not in the struct", "MakeRequest.tags is in the vendor's model and not in the struct",
	}
	if got := table.Struct("MakeRequest", reflect.TypeFor[wrong](), true); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	if got := table.Struct("MakeRequest", reflect.TypeFor[wrong](), false); len(got) != 2 {
		t.Errorf("not complete: got %q", got)
	}
}

func TestTable_readOnly(t *testing.T) {
	t.Parallel()
	table := ReadTable(t, "table.json")
	for _, name := range []string{"made", "parts"} {
		request := table.Shapes["MakeRequest"]
		request.ReadOnly = []string{name}
		table.Shapes["MakeRequest"] = request
		for v := range table.Violations("Make", map[string]any{"name": "ab"}) {
			if v.Path == name {
				t.Errorf("%s is read-only and broken", name)
			}
		}
	}
	type right struct {
		Parts any `json:"parts" sim:"read"`
	}
	type wrong struct {
		Name  string `json:"name" sim:"read"`
		Parts []any  `json:"parts"`
	}
	only := func(faults []string) []string {
		return slices.DeleteFunc(faults, func(f string) bool { return !strings.Contains(f, "read-only") })
	}
	if got := only(table.Struct("MakeRequest", reflect.TypeFor[right](), true)); len(got) != 0 {
		t.Errorf("got %q", got)
	}
	want := []string{"MakeRequest.name is read-only: true in the struct, false in the vendor's model", "MakeRequest.parts is read-only: false in the struct, true in the vendor's model"}
	if got := only(table.Structs(map[string]any{"Make": wrong{}}, nil)); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	if got := only(table.Structs(nil, map[string]any{"Make": wrong{}})); len(got) != 0 {
		t.Errorf("an answer: got %q", got)
	}
}

// TestRequest: a strict simulator passes, and each way to be lax is found.
func TestRequest(t *testing.T) {
	t.Parallel()
	table := ReadTable(t, "table.json")
	send := func(_ *testing.T, body string) (int, string) {
		var v map[string]any
		if err := json.Unmarshal([]byte(body), &v); err != nil {
			return 400, ""
		}
		if faults := table.Value("MakeRequest", "Make", v); len(faults) > 1 || len(faults) == 1 && !strings.Contains(faults[0], "id is missing") {
			return 400, `{"message":"no"}`
		}
		return 200, body
	}
	Request{Op: "Make", Body: map[string]any{"name": "ab", "kind": "X", "size": 3}, Send: send}.Run(t, table)
}

func TestChoices(t *testing.T) {
	t.Parallel()
	type assumptions struct {
		A bool
		B int
	}
	choices := map[string]Choice[assumptions, string]{
		"a": {func(a *assumptions) { a.A = true }, func(_ *testing.T, w string) string { return w }, "false", "true"},
	}
	if got := unset(choices); !slices.Equal(got, []string{"B"}) {
		t.Errorf("not set: %v", got)
	}
	choices["b"] = Choice[assumptions, string]{func(a *assumptions) { a.B = 1 }, func(*testing.T, string) string { return "" }, "", ""}
	Choices(t, func(_ *testing.T, a assumptions) string { return strconv.FormatBool(a.A) }, choices)
}

func TestTable_Violations(t *testing.T) {
	t.Parallel()
	table := ReadTable(t, "table.json")
	var got []string
	for v := range table.Violations("Make", map[string]any{"name": "ab", "parts": []any{map[string]any{"on": true}}}) {
		got = append(got, v.Path+" "+v.Rule)
	}
	want := []string{"kind type", "kind enum", "made type", "name required", "name type", "name min", "name max", "parts type",
		"parts[0].on type", "size type", "size min", "size max", "tags type", "tags max"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	for v := range table.Violations("Make", map[string]any{"name": "ab", "size": 3}) {
		if v.Path == "size" && v.Rule == "max" && v.Body != `{"name":"ab","size":11}` {
			t.Errorf("the body is %s", v.Body)
		}
	}
}
