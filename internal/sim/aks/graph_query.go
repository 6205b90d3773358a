// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// The query language of Azure Resource Graph, a part of that of Kusto. Here is what asks
// for the machines of scale sets: conditions that all must hold, columns, an order and a
// number of rows. Words that the service knows and this package does not are "not
// simulated"; what is no word of the language is refused as the service refuses it.

// graphQuery is a query that was read: its stages, in their order.
type graphQuery struct {
	stages []func(*graphTable) *apiError
	// ordered: the rows have an order. limited: the query says how many it wants.
	ordered, limited bool
}

// graphTable is what passes from stage to stage: rows, and what the columns are of them.
type graphTable struct {
	c       *call
	columns map[string]expression
	rows    []*indexed
}

// graphColumns are those of every table of resources.
var graphColumns = []string{"apiVersion", "extendedLocation", "id", "identity", "kind", "location", "managedBy", "name", "plan", "properties",
	"resourceGroup", "sku", "subscriptionId", "tags", "tenantId", "type", "zones"}

// graphTables are those that have no rows here.
var graphTables = []string{"advisorresources", "authorizationresources", "containerserviceeventresources", "extendedlocationresources", "guestconfigurationresources",
	"healthresources", "insightsresources", "kubernetesconfigurationresources", "maintenanceresources", "networkresources", "orbitalresources", "patchassessmentresources",
	"policyresources", "resourcechanges", "resourcecontainers", "resources", "securityresources", "servicehealthresources", "supportresources"}

// graphOperators are those of the language that are not simulated.
var graphOperators = []string{"count", "distinct", "join", "mv-expand", "parse", "project-away", "project-keep", "project-rename", "sample", "summarize", "top", "union"}

// parseQuery reads a query.
func parseQuery(c *call, text string) (*graphQuery, *apiError) {
	words, e := scanQuery(c, text)
	if e != nil {
		return nil, e
	}
	p := &queryParser{c: c, words: words}
	table := strings.ToLower(p.next().text)
	switch {
	case slices.Contains(graphTables, table):
		return nil, notSimulated("the table %.64s", table)
	case table != "computeresources":
		return nil, queryInvalid(c, "DisallowedLogicalTableName", fmt.Sprintf("Table %.64s is invalid, unsupported or disallowed.", table))
	}
	q := &graphQuery{}
	for p.fault == nil && !p.end() {
		p.want("|")
		p.stage(q)
	}
	return q, p.fault
}

// apply takes rows through the stages, and says how one is shown.
func (q *graphQuery) apply(c *call, rows []*indexed) ([]*indexed, func(*indexed) graphRow, *apiError) {
	t := &graphTable{c: c, columns: map[string]expression{}, rows: rows}
	for _, name := range graphColumns {
		t.columns[name] = expression{path: []string{name}}
	}
	for _, stage := range q.stages {
		if e := stage(t); e != nil {
			return nil, nil, e
		}
	}
	return t.rows, func(r *indexed) graphRow {
		row := graphRow{}
		for name, x := range t.columns {
			row[name] = x.value(r)
		}
		return row
	}, nil
}

// queryWord is a word of a query: a name, a sign, or the content of a text.
type queryWord struct {
	text   string
	quoted bool
}

func letter(r byte) bool {
	return r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}

// scanQuery cuts a query into words.
func scanQuery(c *call, text string) ([]queryWord, *apiError) {
	var list []queryWord
	for i := 0; i < len(text); {
		start := i
		switch r := text[i]; {
		case r == ' ' || r == '\t' || r == '\n' || r == '\r':
			i++
			continue
		case r == '\'' || r == '"':
			end := strings.IndexByte(text[i+1:], r)
			if end < 0 || strings.ContainsRune(text[i+1:i+1+end], '\\') {
				return nil, queryInvalid(c, "ParserFailure", fmt.Sprintf("ParserFailure: a text that has no end, at %d", i))
			}
			list = append(list, queryWord{text[i+1 : i+1+end], true})
			i += end + 2
			continue
		case letter(r):
			for i < len(text) && (letter(text[i]) || text[i] == '-') {
				i++
			}
			if i < len(text) && text[i] == '~' { // in~
				i++
			}
		default:
			i++
			for slices.Contains([]string{"==", "=~", "!=", "!~"}, text[start:min(i+1, len(text))]) {
				i++
			}
		}
		list = append(list, queryWord{text: text[start:i]})
	}
	return list, nil
}

// queryParser reads words. The first fault ends it.
type queryParser struct {
	c     *call
	words []queryWord
	fault *apiError
}

func (p *queryParser) end() bool { return len(p.words) == 0 }

// next takes a word, which is empty at the end.
func (p *queryParser) next() (w queryWord) {
	if !p.end() {
		w, p.words = p.words[0], p.words[1:]
	}
	return w
}

// is takes a sign or a keyword, if it comes next.
func (p *queryParser) is(text string) bool {
	if p.end() || p.words[0].quoted || !strings.EqualFold(p.words[0].text, text) {
		return false
	}
	p.next()
	return true
}

func (p *queryParser) want(text string) {
	if !p.is(text) {
		p.fail("token %.64q, expected %q", p.next().text, text)
	}
}

func (p *queryParser) fail(format string, args ...any) {
	if p.fault == nil {
		p.fault = queryInvalid(p.c, "ParserFailure", "ParserFailure: "+fmt.Sprintf(format, args...))
	}
}

// stage reads an operator with what belongs to it.
func (p *queryParser) stage(q *graphQuery) {
	if p.fault != nil {
		return
	}
	switch w := p.next(); strings.ToLower(w.text) {
	case "where":
		for more := true; more && p.fault == nil; more = p.is("and") {
			q.stages = append(q.stages, p.condition())
		}
		if !p.end() && strings.EqualFold(p.words[0].text, "or") {
			p.fault = notSimulated("the operator or")
		}
	case "project":
		q.stages = append(q.stages, p.columns(true))
	case "extend":
		q.stages = append(q.stages, p.columns(false))
	case "order", "sort":
		p.want("by")
		q.stages, q.ordered = append(q.stages, p.order()), true
	case "limit", "take":
		n, err := strconv.Atoi(p.next().text)
		if err != nil || n < 0 {
			p.fail("the number of rows")
		}
		q.limited = true
		q.stages = append(q.stages, func(t *graphTable) *apiError {
			t.rows = t.rows[:min(n, len(t.rows))]
			return nil
		})
	default:
		if slices.Contains(graphOperators, strings.ToLower(w.text)) {
			p.fault = notSimulated("the operator %s", w.text)
			return
		}
		p.fail("token %.64q is no operator", w.text)
	}
}

// comparisons are what a condition may compare a text with.
var comparisons = map[string]func(value, with string) bool{
	"==":         func(value, with string) bool { return value == with },
	"!=":         func(value, with string) bool { return value != with },
	"=~":         strings.EqualFold,
	"!~":         func(value, with string) bool { return !strings.EqualFold(value, with) },
	"contains":   func(value, with string) bool { return strings.Contains(strings.ToLower(value), strings.ToLower(with)) },
	"startswith": func(value, with string) bool { return strings.HasPrefix(strings.ToLower(value), strings.ToLower(with)) },
	"endswith":   func(value, with string) bool { return strings.HasSuffix(strings.ToLower(value), strings.ToLower(with)) },
}

// condition reads a comparison, or that something is not empty.
func (p *queryParser) condition() func(*graphTable) *apiError {
	if p.is("isnotempty") {
		p.want("(")
		of := p.expression()
		p.want(")")
		return filterRows(of, func(value string) bool { return value != "" })
	}
	of := p.expression()
	op := strings.ToLower(p.next().text)
	if op == "in" || op == "in~" {
		p.want("(")
		var with []string
		for more := true; more && p.fault == nil; more = p.is(",") {
			with = append(with, p.literal())
		}
		p.want(")")
		equal := comparisons[map[string]string{"in": "==", "in~": "=~"}[op]]
		return filterRows(of, func(value string) bool {
			return slices.ContainsFunc(with, func(one string) bool { return equal(value, one) })
		})
	}
	holds, known := comparisons[op]
	if !known {
		p.fail("token %.64q is no comparison", op)
		return nil
	}
	with := p.literal()
	return filterRows(of, func(value string) bool { return holds(value, with) })
}

func (p *queryParser) literal() string {
	w := p.next()
	if !w.quoted {
		p.fail("token %.64q is no text", w.text)
	}
	return w.text
}

func filterRows(of expression, holds func(string) bool) func(*graphTable) *apiError {
	return func(t *graphTable) *apiError {
		x, e := t.resolve(of)
		if e != nil {
			return e
		}
		t.rows = slices.DeleteFunc(t.rows, func(r *indexed) bool { return !holds(textOf(x.value(r))) })
		return nil
	}
}

// expression is a column, or a member of one, as a text or as it is.
type expression struct {
	path   []string
	asText bool
}

// expression reads one, such as tostring(tags['a']).
func (p *queryParser) expression() (x expression) {
	if x.asText = p.is("tostring"); x.asText {
		p.want("(")
		defer p.want(")")
	}
	w := p.next()
	if w.quoted || w.text == "" || !letter(w.text[0]) {
		p.fail("token %.64q is no column", w.text)
		return x
	}
	x.path = []string{w.text}
	for p.fault == nil {
		switch {
		case p.is("."):
			x.path = append(x.path, p.next().text)
		case p.is("["):
			x.path = append(x.path, p.literal())
			p.want("]")
		case p.is("("):
			p.fault = notSimulated("the function %.64s", w.text)
		default:
			return x
		}
	}
	return x
}

// resolve says what an expression is of a row as the table came, and refuses what is no
// column of it now.
func (t *graphTable) resolve(x expression) (expression, *apiError) {
	of, known := t.columns[x.path[0]]
	if !known {
		return x, queryInvalid(t.c, "Default", fmt.Sprintf("Failed to resolve column or scalar expression named '%.64s'.", x.path[0]))
	}
	if of.asText && len(x.path) > 1 {
		of.path = []string{"kind"} // a text has no members
	}
	return expression{path: slices.Concat(of.path, x.path[1:]), asText: of.asText || x.asText}, nil
}

func (x expression) value(r *indexed) any {
	v := r.column(x.path)
	if x.asText {
		return textOf(v)
	}
	return v
}

// textOf is a value as a text; what is no text or number is none.
func textOf(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case int:
		return strconv.Itoa(v)
	}
	return ""
}

// columns reads the columns of project, which alone are left, or of extend.
func (p *queryParser) columns(alone bool) func(*graphTable) *apiError {
	var names []string
	var values []expression
	for more := true; more && p.fault == nil; more = p.is(",") {
		x := p.expression()
		if p.fault != nil {
			return nil
		}
		name := strings.Join(x.path, "_")
		if p.is("=") {
			name, x = x.path[0], p.expression()
		}
		names, values = append(names, name), append(values, x)
	}
	return func(t *graphTable) *apiError {
		columns := map[string]expression{}
		if !alone {
			maps.Copy(columns, t.columns)
		}
		for i, x := range values {
			made, e := t.resolve(x)
			if e != nil {
				return e
			}
			columns[names[i]] = made
		}
		t.columns = columns
		return nil
	}
}

// order reads columns with their directions; without one the last comes first.
func (p *queryParser) order() func(*graphTable) *apiError {
	type column struct {
		expression
		sign int
	}
	var by []column
	for more := true; more && p.fault == nil; more = p.is(",") {
		x := column{p.expression(), -1}
		if p.is("asc") {
			x.sign = 1
		} else {
			p.is("desc")
		}
		by = append(by, x)
	}
	return func(t *graphTable) *apiError {
		resolved := slices.Clone(by)
		for i, x := range by {
			of, e := t.resolve(x.expression)
			if e != nil {
				return e
			}
			resolved[i].expression = of
		}
		slices.SortStableFunc(t.rows, func(a, b *indexed) int {
			for _, x := range resolved {
				if d := cmp.Compare(textOf(x.value(a)), textOf(x.value(b))); d != 0 {
					return x.sign * d
				}
			}
			return 0
		})
		return nil
	}
}
