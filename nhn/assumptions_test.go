// SPDX-License-Identifier: Apache-2.0

package nhn_test

import (
	"context"
	"net/http"
	"reflect"
	"testing"
	"testing/synctest"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/nks"
)

// TestEitherAnswer lives the whole life of a cluster with either answer to each question
// that no source settles, and with all of them at once.
func TestEitherAnswer(t *testing.T) {
	t.Parallel()
	all := nks.Assumptions{}
	for i := range reflect.TypeFor[nks.Assumptions]().NumField() {
		var one nks.Assumptions
		name := reflect.TypeFor[nks.Assumptions]().Field(i).Name
		for _, a := range []*nks.Assumptions{&one, &all} {
			switch field := reflect.ValueOf(a).Elem().Field(i); {
			case name == "EarlyConfigStatus":
				field.SetInt(http.StatusNotFound)
			case field.Kind() == reflect.Bool:
				field.SetBool(true)
			default:
				field.SetInt(2)
			}
		}
		either(t, name, one)
	}
	either(t, "all", all)
	either(t, "texts-other", nks.Assumptions{Texts: nks.TextsOther})
	either(t, "security-groups-as-text", nks.Assumptions{ExtraSecurityGroups: nks.EchoText})
	either(t, "early-config-500", nks.Assumptions{EarlyConfigStatus: http.StatusInternalServerError})
}

// either lives it with one set of answers.
func either(t *testing.T, name string, a nks.Assumptions) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			h := newHandler(t, nks.New(nks.Options{Assumptions: a}))
			group := bench.SampleNodeGroup("more")
			providertest.Life{Handler: h, Request: bench.SampleRequest("life"), Group: group, Scaled: [3]int{3, 1, 5}}.Run(t)
		})
	})
}

// TestEitherAnswer_lastGroup: what NKS does not give up, in whatever words it says so, is
// FailedPrecondition.
func TestEitherAnswer_lastGroup(t *testing.T) {
	t.Parallel()
	for _, a := range []nks.Assumptions{{}, {DefaultGroupKept: true}, {Texts: nks.TextsOther}, {Texts: nks.TextsEmpty}, {LastGroupRemovable: true}} {
		synctest.Test(t, func(t *testing.T) {
			s := nks.New(nks.Options{Assumptions: a})
			if err := s.Put(seed("demo")); err != nil {
				t.Fatal(err)
			}
			_, err := newHandler(t, s).RemoveNodeGroup(t.Context(), pmks.IID{NameId: "demo"}, pmks.IID{NameId: "default-worker"})
			if want := map[bool]pmks.Code{true: pmks.CodeOK, false: pmks.CodeFailedPrecondition}[a.LastGroupRemovable]; pmks.CodeOf(err) != want {
				t.Errorf("%+v: got %v, want %s", a, err, want)
			}
		})
	}
}

// TestEitherAnswer_quota: the fourth cluster is one too many, whichever way NKS says it.
func TestEitherAnswer_quota(t *testing.T) {
	t.Parallel()
	for _, a := range []nks.Assumptions{{}, {QuotaIsBadRequest: true}} {
		synctest.Test(t, func(t *testing.T) {
			s := nks.New(nks.Options{Assumptions: a, Quota: nks.Quota{Clusters: 1}})
			h := newHandler(t, s)
			if _, err := h.CreateCluster(t.Context(), bench.SampleRequest("one")); err != nil {
				t.Fatal(err)
			}
			_, err := h.CreateCluster(t.Context(), bench.SampleRequest("two"))
			if pmks.CodeOf(err) != pmks.CodeQuotaExceeded {
				t.Errorf("%+v: %v", a, err)
			}
		})
	}
}

// TestEitherAnswer_readers: a user who may only read gets everything but the kubeconfig,
// or that too, and may change nothing.
func TestEitherAnswer_readers(t *testing.T) {
	t.Parallel()
	for _, config := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := nks.New(nks.Options{Assumptions: nks.Assumptions{ConfigForReaders: config},
				Users: []nks.User{{Name: nks.DefaultUser, Password: nks.DefaultPassword, ID: nks.DefaultUserID, ReadOnly: true}}})
			if err := s.Put(seed("demo")); err != nil {
				t.Fatal(err)
			}
			h, iid := newHandler(t, s), pmks.IID{NameId: "demo"}
			if got := get(t, h, iid); (got.AccessInfo.Kubeconfig != "") != config || (unreadOf(got.KeyValueList) == "") != config {
				t.Errorf("config for readers %t: unread is %q", config, unreadOf(got.KeyValueList))
			}
			for _, call := range []func(context.Context, providertest.Handler) error{providertest.DeleteCluster(iid), providertest.CreateCluster(bench.SampleRequest("new"))} {
				if err := call(t.Context(), h); pmks.CodeOf(err) != pmks.CodePermissionDenied {
					t.Errorf("got %v", err)
				}
			}
		})
	}
}
