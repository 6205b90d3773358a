// SPDX-License-Identifier: Apache-2.0

// Command oracle holds the simulator of IBM's Kubernetes Service against two clients
// of other hands: the one that IBM generates from its API, and the one that its
// Terraform provider runs on. See README.md.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pmks-go/pmks/internal/sim/iks"
)

func main() {
	wire := flag.Bool("wire", false, "write the table of members that the simulator's tests read")
	flag.Parse()
	if *wire {
		if err := writeTable(os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	o := newOracle()
	o.generated()
	o.terraform()
	for _, fault := range o.faults {
		fmt.Println(fault)
	}
	fmt.Printf("%d faults in %d answers to %d operations\n", len(o.faults), o.answers, len(o.operations))
	if len(o.faults) > 0 {
		os.Exit(1)
	}
}

// oracle is a simulator with what was found.
type oracle struct {
	server *iks.Server
	now    time.Time
	table  table

	mu         sync.Mutex
	faults     []string
	answers    int
	operations map[string]bool
	// body is the last answer of the Kubernetes Service.
	body []byte
}

func newOracle() *oracle {
	o := &oracle{now: time.Date(2026, 11, 2, 9, 30, 0, 0, time.UTC), operations: map[string]bool{}}
	var text bytes.Buffer
	if err := writeTable(&text); err != nil {
		panic(err)
	}
	if err := json.Unmarshal(text.Bytes(), &o.table); err != nil {
		panic(err)
	}
	o.server = iks.New(iks.Options{
		Seed: 1, Now: func() time.Time { return o.now }, TokenLifetime: 1000 * time.Hour, Unlimited: true,
		Assumptions: iks.Assumptions{VersionsAsList: true},
	})
	return o
}

// pass lets everything end that is under way.
func (o *oracle) pass() {
	for {
		at, ok := o.server.NextEvent()
		if !ok {
			return
		}
		o.now = at
	}
}

func (o *oracle) fault(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if !slices.Contains(o.faults, text) {
		o.faults = append(o.faults, text)
	}
}

// RoundTrip sends a call to the simulator, and holds each answer against the members
// that the two clients know.
func (o *oracle) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := o.server.Transport().RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	o.mu.Lock()
	defer o.mu.Unlock()
	calls := o.server.Calls()
	op := calls[len(calls)-1].Op
	o.answers++
	o.operations[op] = true
	if response.StatusCode >= 400 {
		o.fault("%s %s: %d %s", r.Method, r.URL, response.StatusCode, body)
		return response, nil
	}
	if o.body = body; o.table.Operations[op]["output"] != "" {
		var v any
		if err := json.Unmarshal(body, &v); err != nil {
			o.fault("%s: %v", op, err)
		} else {
			o.hold(op, o.table.Operations[op]["output"], v)
		}
	}
	return response, nil
}

// hold looks for members that neither client knows, and for values of another type.
func (o *oracle) hold(path, name string, v any) {
	of := o.table.Shapes[name]
	is := ""
	switch v := v.(type) {
	case nil:
		return
	case map[string]any:
		if is = "structure"; of.Type == "map" {
			is = "map"
		}
		for key, inner := range v {
			to, known := of.Members[key]
			if of.Type == "map" {
				to, known = of.Of, true
			}
			if !known && of.Type != "any" {
				o.fault("%s.%s: neither client knows it", path, key)
				continue
			}
			o.hold(path+"."+key, to, inner)
		}
	case []any:
		is = "list"
		for _, inner := range v {
			o.hold(path+"[]", of.Of, inner)
		}
	case string:
		is = "string"
	case bool:
		is = "boolean"
	case float64:
		is = "integer"
	}
	if of.Type != is && of.Type != "any" {
		o.fault("%s is of the type %s, and must be %s", path, is, of.Type)
	}
}

// decoded holds what a client made of the last answer against the answer: every member
// that the client's struct has must have come through.
func (o *oracle) decoded(op string, err error, got any) {
	if err != nil {
		o.fault("%s: %v", op, err)
		return
	}
	data, err := json.Marshal(got)
	var sent, read any
	if err == nil {
		err = json.Unmarshal(data, &read)
	}
	if err == nil {
		err = json.Unmarshal(o.body, &sent)
	}
	if err != nil {
		o.fault("%s: %v", op, err)
		return
	}
	o.compare(op, reflect.TypeOf(got), sent, read)
}

// compare walks through an answer next to what a client made of it.
func (o *oracle) compare(path string, typ reflect.Type, sent, read any) {
	for typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	switch v := sent.(type) {
	case map[string]any:
		w, _ := read.(map[string]any)
		if typ.Kind() == reflect.Map {
			for key, inner := range v {
				o.compare(path+"."+key, typ.Elem(), inner, w[key])
			}
			return
		}
		for member, of := range membersOf(typ) {
			inner, there := v[member]
			if there {
				o.compare(path+"."+member, of, inner, anyCase(w, member))
			}
		}
	case []any:
		w, _ := read.([]any)
		if len(w) != len(v) {
			o.fault("%s: %d of %d items came through", path, len(w), len(v))
			return
		}
		for i, inner := range v {
			o.compare(path+"[]", typ.Elem(), inner, w[i])
		}
	default:
		// What is empty may be left out when it is written again.
		if sent != read && (read != nil || sent != nil && sent != "" && sent != false && sent != 0.0) {
			o.fault("%s: %v was sent, and %v came through", path, sent, read)
		}
	}
}

func anyCase(m map[string]any, name string) any {
	for key, v := range m {
		if strings.EqualFold(key, name) {
			return v
		}
	}
	return nil
}
