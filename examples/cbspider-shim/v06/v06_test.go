// SPDX-License-Identifier: Apache-2.0

package v06_test

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/examples/cbspider-shim/v06"
)

// text is V0.6 as testdata has it: the lines of a kind, split.
func text(t *testing.T, kind string) (lines [][]string) {
	t.Helper()
	data, err := os.ReadFile("testdata/v06.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		if fields := strings.SplitN(strings.TrimSpace(line), " ", 4); fields[0] == kind {
			lines = append(lines, fields[1:])
		}
	}
	if len(lines) == 0 {
		t.Fatalf("no %s in the text", kind)
	}
	return lines
}

// unqualified is a type as its own package writes it.
func unqualified(t reflect.Type) string {
	return strings.NewReplacer("v06.", "", "pmks.", "", "context.Context, ", "", "context.Context", "").Replace(t.String())
}

// structs are the types of V0.6, here and in pmks.
var structs = map[string][2]reflect.Type{
	"IID":           {reflect.TypeFor[v06.IID](), reflect.TypeFor[pmks.IID]()},
	"KeyValue":      {reflect.TypeFor[v06.KeyValue](), reflect.TypeFor[pmks.KeyValue]()},
	"ClusterInfo":   {reflect.TypeFor[v06.ClusterInfo](), reflect.TypeFor[pmks.ClusterInfo]()},
	"NetworkInfo":   {reflect.TypeFor[v06.NetworkInfo](), reflect.TypeFor[pmks.NetworkInfo]()},
	"NodeGroupInfo": {reflect.TypeFor[v06.NodeGroupInfo](), reflect.TypeFor[pmks.NodeGroupInfo]()},
	"AccessInfo":    {reflect.TypeFor[v06.AccessInfo](), reflect.TypeFor[pmks.AccessInfo]()},
	"AddonsInfo":    {reflect.TypeFor[v06.AddonsInfo](), reflect.TypeFor[pmks.AddonsInfo]()},
}

// TestFields: the structs have the fields of the text, of its types and no others; those
// of pmks have them all, and more.
func TestFields(t *testing.T) {
	t.Parallel()
	count := map[string]int{}
	for _, line := range text(t, "field") {
		name, field, want := line[0], line[1], line[2]
		count[name]++
		for _, in := range structs[name] {
			f, ok := in.FieldByName(field)
			if !ok || unqualified(f.Type) != want {
				t.Errorf("%s.%s is a %v, want %s", in, field, f.Type, want)
			}
		}
	}
	for name, in := range structs {
		if in[0].NumField() != count[name] {
			t.Errorf("%s has %d fields, the text has %d", in[0], in[0].NumField(), count[name])
		}
	}
}

// TestMethods: the interface has the methods of the text; those of pmks take a context
// before what the text has.
func TestMethods(t *testing.T) {
	t.Parallel()
	here, there := reflect.TypeFor[v06.ClusterHandler](), reflect.TypeFor[pmks.ClusterHandler]()
	lines := text(t, "method")
	for _, line := range lines {
		name, want := line[0], strings.Join(line[1:], " ")
		for _, in := range []reflect.Type{here, there} {
			m, ok := in.MethodByName(name)
			if !ok || unqualified(m.Type) != want {
				t.Errorf("%s.%s is a %v, want %s", in, name, m.Type, want)
			}
		}
	}
	if here.NumMethod() != len(lines) || there.NumMethod() != len(lines) {
		t.Errorf("%d and %d methods, the text has %d", here.NumMethod(), there.NumMethod(), len(lines))
	}
}

// TestWords: the words of a status are those of the text.
func TestWords(t *testing.T) {
	t.Parallel()
	words := map[string]string{
		"ClusterCreating": string(v06.ClusterCreating) + string(pmks.ClusterCreating),
		"ClusterActive":   string(v06.ClusterActive) + string(pmks.ClusterActive),
		"ClusterInactive": string(v06.ClusterInactive) + string(pmks.ClusterInactive),
		"ClusterUpdating": string(v06.ClusterUpdating) + string(pmks.ClusterUpdating),
		"ClusterDeleting": string(v06.ClusterDeleting) + string(pmks.ClusterDeleting),

		"NodeGroupCreating": string(v06.NodeGroupCreating) + string(pmks.NodeGroupCreating),
		"NodeGroupActive":   string(v06.NodeGroupActive) + string(pmks.NodeGroupActive),
		"NodeGroupInactive": string(v06.NodeGroupInactive) + string(pmks.NodeGroupInactive),
		"NodeGroupUpdating": string(v06.NodeGroupUpdating) + string(pmks.NodeGroupUpdating),
		"NodeGroupDeleting": string(v06.NodeGroupDeleting) + string(pmks.NodeGroupDeleting),
	}
	lines := text(t, "const")
	for _, line := range lines {
		if name, want := line[0], line[2]; words[name] != want+want {
			t.Errorf("%s is %q, want %q twice", name, words[name], want)
		}
	}
	if len(lines) != len(words) {
		t.Errorf("the text has %d words, want %d", len(lines), len(words))
	}
}
