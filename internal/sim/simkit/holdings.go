// SPDX-License-Identifier: Apache-2.0

package simkit

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/pmks-go/pmks/internal/sim/core"
)

// Holdings lists all that a server keeps, whatever it is: each value that it holds, by the
// names of the fields and the keys that lead to it. What is new in it after a life of a
// cluster was left behind by that, unless it is the cloud's own memory of what was.
//
// Left out are what every server has (the Kit), clusters and node groups that are in a
// world, which reads show, and functions.
func (k *Kit) Holdings(server any) []string {
	k.Mu.Lock()
	defer k.Mu.Unlock()
	h := holdings{seen: map[place]bool{}}
	h.walk("", reflect.ValueOf(server))
	slices.Sort(h.list)
	return h.list
}

type holdings struct {
	list []string
	// seen are the pointers that were followed: what is kept in two places is listed once.
	seen map[place]bool
}

// place is where a pointer leads.
type place struct {
	at uintptr
	of reflect.Type
}

var leftOut = []reflect.Type{reflect.TypeFor[Kit](), reflect.TypeFor[core.World](), reflect.TypeFor[core.Cluster]()}

func (h *holdings) walk(path string, v reflect.Value) {
	switch v.Kind() {
	case reflect.Interface:
		h.walk(path, v.Elem())
	case reflect.Pointer:
		at := place{v.Pointer(), v.Type()}
		if v.IsNil() || h.seen[at] {
			return
		}
		h.seen[at] = true
		h.walk(path, v.Elem())
	case reflect.Struct:
		if slices.Contains(leftOut, v.Type()) || strings.HasPrefix(v.Type().PkgPath(), "google.golang.org/protobuf") {
			return
		}
		for i := range v.NumField() {
			h.walk(strings.TrimPrefix(path+"."+v.Type().Field(i).Name, "."), v.Field(i))
		}
	case reflect.Map:
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		for _, key := range keys {
			at := fmt.Sprintf("%s[%v]", path, key)
			h.list = append(h.list, at)
			h.walk(at, v.MapIndex(key))
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			h.walk(fmt.Sprintf("%s[%d]", path, i), v.Index(i))
		}
	case reflect.Func, reflect.Chan, reflect.UnsafePointer, reflect.Invalid:
	default:
		h.list = append(h.list, fmt.Sprintf("%s = %v", path, v))
	}
}
