// SPDX-License-Identifier: Apache-2.0

package providertest

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"net/url"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/trust/canary"
)

// Types searches every exported struct type of the root package, whose folder is root,
// shown in every way, for the secrets that its fields may hold: alone, and inside slices,
// maps, structs, errors and the types that hold it.
func Types(t *testing.T, root string) {
	t.Helper()
	c := &coop{t: t, cage: &canary.Cage{}}
	secret := func(name string) string {
		text := "canary-" + name + "-7d20c4e1aa"
		c.cage.Add(name, text)
		return text
	}
	endpoint := func(name string) string { return "https://user:" + secret(name) + "@api.example.com/" }
	access := pmks.AccessInfo{Endpoint: "https://api.example.com", Kubeconfig: "apiVersion: v1\nusers:\n- name: u\n  user:\n    token: " + secret("kubeconfig") + "\n",
		ExpiresAt: time.Unix(1, 0)}
	group := pmks.NodeGroupInfo{IId: pmks.IID{NameId: "g"}, Labels: map[string]string{"a": "b"}, Nodes: []pmks.IID{{NameId: "n"}}}
	cluster := pmks.ClusterInfo{IId: pmks.IID{NameId: "c"}, AccessInfo: access, NodeGroupList: []pmks.NodeGroupInfo{group}}
	// Vendors' errors are wrapped, and net/http quotes URLs in its own.
	inner := &url.Error{Op: "Get", URL: "https://api.example.com/", Err: errors.New("it broke")}
	failed := &pmks.Error{Code: pmks.CodeUnavailable, Op: "GetCluster", Message: "it broke", Err: inner}
	wait := &pmks.WaitError{Goal: "cluster Active", Last: cluster, LastReadErr: failed, Err: failed}
	handler := holder{key: secret("the key of a handler")}
	values := map[string]any{
		"Access": pmks.Access{PublicEndpoint: "https://api.example.com"}, "AccessInfo": access,
		"Token":  pmks.Token{Value: secret("token"), ExpiresAt: time.Unix(1, 0)},
		"Config": pmks.Config{Region: "r", Credentials: map[string]string{"key": secret("credential")}, Settings: map[string]string{"stsEndpoint": endpoint("setting")}, Endpoint: endpoint("endpoint")},
		"Client": pmks.New(handler), "ClusterInfo": cluster, "NodeGroupInfo": group, "Error": failed, "WaitError": wait,
		"Event": pmks.Event{Op: "Wait", Err: wait}, "Operation": pmks.Operation{ID: "o", Err: wait}, "Progress": pmks.Progress{Reason: failed.Error()},
		"State": pmks.State{}, "UpgradePlan": pmks.UpgradePlan{}, "UpgradeStep": pmks.UpgradeStep{}, "UpgradeFinding": pmks.UpgradeFinding{},
		"Capabilities": handler.Capabilities(), "NameRule": pmks.NameRule{}, "SubnetRule": pmks.SubnetRule{}, "GroupsAtCreate": pmks.GroupsAtCreate{},
		"FieldRules": pmks.FieldRules{}, "NodeGroupRule": pmks.NodeGroupRule{}, "ScalingRule": pmks.ScalingRule{}, "VersionRule": pmks.VersionRule{},
		"AccessRule": pmks.AccessRule{}, "Durations": pmks.Durations{}, "Taint": pmks.Taint{}, "Setting": pmks.Setting{}, "Provider": pmks.Provider{},
		"IID": pmks.IID{}, "KeyValue": pmks.KeyValue{}, "UnreadFact": pmks.UnreadFact{}, "NetworkInfo": pmks.NetworkInfo{}, "AddonsInfo": pmks.AddonsInfo{},
		"Version": pmks.Version{},
	}
	for _, name := range exportedStructs(t, root) {
		v, known := values[name]
		if !known {
			t.Errorf("pmks.%s is not searched for secrets", name)
			continue
		}
		if of := reflect.TypeOf(v); strings.TrimPrefix(of.String(), "*") != "pmks."+name {
			t.Errorf("of pmks.%s a %s is searched", name, of)
		}
		c.shows("value", "pmks."+name, v)
	}
	c.panics(cluster, values["Config"], values["Token"], wait)
	c.report()
}

// holder is a handler that holds a secret, as all do.
type holder struct {
	pmks.ClusterHandler
	key string
}

// Capabilities implements [pmks.CapabilityReporter].
func (h holder) Capabilities() pmks.Capabilities {
	return pmks.Capabilities{Provider: "toy", ClusterName: pmks.NameRule{MaxLength: len(h.key)}}
}

// exportedStructs are the names of the struct types that a package exports.
func exportedStructs(t *testing.T, dir string) (names []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("the package has the files %v, %v", files, err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			if spec, ok := n.(*ast.TypeSpec); ok && spec.Name.IsExported() {
				if _, is := spec.Type.(*ast.StructType); is {
					names = append(names, spec.Name.Name)
				}
			}
			return true
		})
	}
	return names
}

// panics searches the text with which a program ends that panics with a value, as far as
// Go prints one: those of errors and Stringers, and what recover passes on.
func (c *coop) panics(values ...any) {
	for _, v := range values {
		func() {
			defer func() {
				for _, p := range canary.Show("the value of a panic", recover()) {
					c.look("panic", p)
				}
			}()
			panic(v)
		}()
	}
}
