// SPDX-License-Identifier: Apache-2.0

package pmks_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
)

func TestParseIID(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, in string
		want     pmks.IID
		ok       bool
	}{
		{"name", "c1", pmks.IID{NameId: "c1"}, true},
		{"both", "c1:id-1", pmks.IID{NameId: "c1", SystemId: "id-1"}, true},
		{"id", ":id-1", pmks.IID{SystemId: "id-1"}, true},
		{"trailing-colon", "c1:", pmks.IID{NameId: "c1"}, true},
		{"arn", "c1:arn:aws:eks:us-east-2:1:cluster/c1", pmks.IID{NameId: "c1", SystemId: "arn:aws:eks:us-east-2:1:cluster/c1"}, true},
		{"arm-id", ":/subscriptions/s/resourceGroups/g", pmks.IID{SystemId: "/subscriptions/s/resourceGroups/g"}, true},
		{"white-space", " c1 : id-1 ", pmks.IID{NameId: "c1", SystemId: "id-1"}, true},
		{"unicode", "クラスタ", pmks.IID{NameId: "クラスタ"}, true},
		{"empty", "", pmks.IID{}, false},
		{"colon", ":", pmks.IID{}, false},
		{"blank", " : ", pmks.IID{}, false},
		{"control", "c\x001", pmks.IID{}, false},
		{"parent", "..", pmks.IID{}, false},
		{"parent-inside", "c1:a/../b", pmks.IID{}, false},
		{"empty-segment", "c1:a//b", pmks.IID{}, false},
		{"not-utf8", "\xff", pmks.IID{}, false},
		{"too-long", strings.Repeat("x", 1025), pmks.IID{}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := pmks.ParseIID(tt.in)
			if got != tt.want || (err == nil) != tt.ok {
				t.Fatalf("ParseIID(%q) = %+v, %v, want %+v", tt.in, got, err, tt.want)
			}
			if !tt.ok {
				if code := pmks.CodeOf(err); code != pmks.CodeInvalidArgument {
					t.Errorf("code %v, want InvalidArgument", code)
				}
				return
			}
			if again, err := pmks.ParseIID(got.String()); err != nil || again != got {
				t.Errorf("ParseIID(%q) = %+v, %v, want %+v again", got.String(), again, err, got)
			}
		})
	}
}

func FuzzParseIID(f *testing.F) {
	for _, s := range []string{
		"c1", "c1:id-1", ":id-1", "", ":", "::", "c1:arn:aws:eks:r:1:cluster/c1", ":/subscriptions/s/x", "a/../b",
		" c1 : id ", "\x00", "\xff", "クラスタ:識別子", "c1:\u0085", ":\u00a0", "../..",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		iid, err := pmks.ParseIID(s)
		if err != nil {
			var e *pmks.Error
			if !errors.As(err, &e) || e.Code != pmks.CodeInvalidArgument || !strings.HasPrefix(e.Field, "IId") || !iid.IsZero() {
				t.Fatalf("ParseIID(%q) = %+v, %#v", s, iid, err)
			}
			return
		}
		if err := pmks.CheckIID("IId", iid); err != nil {
			t.Fatalf("ParseIID(%q) = %+v, which is refused: %v", s, iid, err)
		}
		if again, err := pmks.ParseIID(iid.String()); err != nil || again != iid {
			t.Fatalf("ParseIID(%q) = %+v, then %+v, %v", s, iid, again, err)
		}
	})
}

func TestLookup(t *testing.T) {
	t.Parallel()
	list := []pmks.KeyValue{{Key: "a", Value: "1"}, {Key: "b"}, {Key: "a", Value: "2"}}
	for key, want := range map[string]struct {
		value string
		ok    bool
	}{"a": {"1", true}, "b": {"", true}, "c": {"", false}, "A": {"", false}} {
		if value, ok := pmks.Lookup(list, key); value != want.value || ok != want.ok {
			t.Errorf("Lookup(%q) = %q, %t", key, value, ok)
		}
	}
	if _, ok := pmks.Lookup(nil, "a"); ok {
		t.Error("found in nothing")
	}
}

func TestClusterInfo_NodeGroup(t *testing.T) {
	t.Parallel()
	c := cluster(pmks.ClusterActive,
		pmks.NodeGroupInfo{IId: pmks.IID{NameId: "a", SystemId: "1"}},
		pmks.NodeGroupInfo{IId: pmks.IID{NameId: "b", SystemId: "2"}},
		pmks.NodeGroupInfo{})
	tests := []struct {
		name string
		iid  pmks.IID
		want string // the group's name; empty: none
	}{
		{"by-name", pmks.IID{NameId: "b"}, "b"},
		{"by-id", pmks.IID{SystemId: "1"}, "a"},
		{"id-wins", pmks.IID{NameId: "a", SystemId: "2"}, "b"},
		{"wrong-id-right-name", pmks.IID{NameId: "a", SystemId: "3"}, ""},
		{"unknown", pmks.IID{NameId: "c"}, ""},
		{"zero", pmks.IID{}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			g, ok := c.NodeGroup(tt.iid)
			if g.IId.NameId != tt.want || ok != (tt.want != "") {
				t.Errorf("NodeGroup(%+v) = %+v, %t, want %q", tt.iid, g.IId, ok, tt.want)
			}
		})
	}
}

// fill sets everything below v, so that a new field cannot be forgotten. It fails
// on kinds that it does not know how to share.
func fill(t *testing.T, v reflect.Value) {
	t.Helper()
	switch v.Kind() {
	case reflect.String:
		v.SetString("before")
	case reflect.Int:
		v.SetInt(1)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 4))
		for i := range v.Len() {
			fill(t, v.Index(i))
		}
	case reflect.Map:
		value := reflect.New(v.Type().Elem()).Elem()
		fill(t, value)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf("key"), value)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Unix(1, 0).UTC()))
			return
		}
		for i := range v.NumField() {
			fill(t, v.Field(i))
		}
	default:
		t.Fatalf("a %s: teach fill and spoil about it", v.Type())
	}
}

// spoil changes everything that is reached through memory below v.
func spoil(v reflect.Value) {
	switch v.Kind() {
	case reflect.Slice:
		all := v.Slice(0, v.Cap())
		for i := range all.Len() {
			spoil(all.Index(i))
			all.Index(i).SetZero()
		}
	case reflect.Map:
		v.Clear()
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type() != reflect.TypeFor[time.Time]() {
				spoil(v.Field(i))
			}
		}
	}
}

// checkClone fills a value, clones it and spoils the clone; the value must stay.
func checkClone[T any](t *testing.T, clone func(T) T) {
	t.Helper()
	var v, want T
	fill(t, reflect.ValueOf(&v).Elem())
	fill(t, reflect.ValueOf(&want).Elem())
	c := clone(v)
	if d := diff(want, c); d != "" {
		t.Errorf("the clone differs:%s", d)
	}
	spoil(reflect.ValueOf(&c).Elem())
	if reflect.DeepEqual(want, c) {
		t.Fatal("spoil changed nothing")
	}
	if d := diff(want, v); d != "" {
		t.Errorf("the clone shares memory:%s", d)
	}
	var zero T
	if d := diff(zero, clone(zero)); d != "" {
		t.Errorf("the clone of nothing is something:%s", d)
	}
}

func TestClusterInfo_Clone(t *testing.T) {
	t.Parallel()
	checkClone(t, pmks.ClusterInfo.Clone)
}

func TestNodeGroupInfo_Clone(t *testing.T) {
	t.Parallel()
	checkClone(t, pmks.NodeGroupInfo.Clone)
}

func TestConfig_Clone(t *testing.T) {
	t.Parallel()
	want := pmks.Config{Credentials: map[string]string{"k": "v"}, Settings: map[string]string{"s": "v"}}
	c := want.Clone()
	c.Credentials["k"], c.Settings["s"] = "changed", "changed"
	if want.Credentials["k"] != "v" || want.Settings["s"] != "v" {
		t.Errorf("the clone shares memory: %v", want)
	}
}
