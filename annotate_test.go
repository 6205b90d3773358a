// SPDX-License-Identifier: Apache-2.0

package pmks_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"strings"
	"testing"

	"github.com/pmks-go/pmks"
)

// TestAnnotate_once: the same fault stands once, however many reads met it; what
// differs stays, and so do the contexts inside.
func TestAnnotate_once(t *testing.T) {
	t.Parallel()
	denied := func(request string) error {
		return &pmks.Error{Code: pmks.CodeUnauthenticated, Message: "the key is not known", RequestID: request}
	}
	where := pmks.Error{Provider: "p", Op: "GetCluster", Cluster: clusterIID}
	err := pmks.Annotate(errors.Join(denied("1"), denied("2"), errors.Join(denied("3"), denied("4"))), where)
	if n := strings.Count(err.Error(), "the key is not known"); n != 1 || !errors.Is(err, pmks.ErrUnauthenticated) {
		t.Errorf("said %d times: %v", n, err)
	}
	other := &pmks.Error{Code: pmks.CodeUnauthenticated, Cluster: pmks.IID{NameId: "c2"}, Message: "the key is not known"}
	err = pmks.Annotate(errors.Join(denied("1"), other, context.Canceled, denied("2"), context.Canceled), where)
	if parts := leaves(err); len(parts) != 3 || !errors.Is(err, context.Canceled) || !errors.Is(err, pmks.ErrCanceled) {
		t.Errorf("got %d parts: %v", len(parts), err)
	}
	lost := &pmks.Error{Code: pmks.CodeUnauthenticated, Message: "the key is not known", MayHaveHappened: true}
	if parts := leaves(pmks.Annotate(errors.Join(denied("1"), lost), where)); len(parts) != 2 {
		t.Errorf("the open outcome is lost: %v", parts)
	}
}

// TestAnnotate_success: a call that succeeded pays nothing for it.
func TestAnnotate_success(t *testing.T) { // not parallel: AllocsPerRun counts everything
	where := pmks.Error{Provider: "p", Op: "GetCluster", Cluster: clusterIID}
	if n := testing.AllocsPerRun(100, func() {
		if err := pmks.Annotate(nil, where); err != nil {
			t.Error(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestErrors_longNames: a name of 100 kB is repeated whole nowhere.
func TestErrors_longNames(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 100_000)
	iid := pmks.IID{NameId: long, SystemId: long}
	client := pmks.New(newHandler(t, pmks.Capabilities{Provider: "p"}))
	_, errGet := client.GetCluster(t.Context(), iid)
	_, errScale := client.ChangeNodeGroupScaling(t.Context(), iid, iid, 1, 1, 1)
	_, errCreate := client.CreateCluster(t.Context(), pmks.ClusterInfo{IId: iid, Version: long})
	_, errWait := pmks.WaitNodeGroupActive(t.Context(), client, iid, iid)
	_, errVersion := pmks.WaitClusterVersion(t.Context(), client, iid, long)
	_, errOpen := pmks.Open(t.Context(), long, pmks.Config{})
	for name, err := range map[string]error{
		"get": errGet, "scale": errScale, "create": errCreate, "wait": errWait, "version": errVersion, "open": errOpen,
		"annotate": pmks.Annotate(errors.New(long), pmks.Error{Provider: long, Op: "x", Cluster: iid, NodeGroup: iid, Field: long}),
		"teardown": pmks.Teardown(t.Context(), client, iid),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		text, jsonErr := json.Marshal(leaves(err)[0])
		if len(err.Error()) > 20_000 || len(text) > 20_000 || jsonErr != nil {
			t.Errorf("%s: %d characters, %d in JSON, %v", name, len(err.Error()), len(text), jsonErr)
		}
	}
	// A real id is shown whole.
	arm := "/subscriptions/12345678-1234-1234-1234-123456789012/resourceGroups/" + strings.Repeat("g", 90) +
		"/providers/Microsoft.ContainerService/managedClusters/" + strings.Repeat("c", 63) + "/agentPools/workers"
	if err := pmks.Annotate(errors.New("x"), pmks.Error{Cluster: pmks.IID{SystemId: arm}}); !strings.Contains(err.Error(), arm) {
		t.Errorf("an ARM id is cut: %v", err)
	}
}

// TestClient_zero: every method of a Client that nobody made says how to make one.
func TestClient_zero(t *testing.T) {
	t.Parallel()
	for name, client := range map[string]*pmks.Client{"zero": {}, "nil": nil, "around-nothing": pmks.New(nil)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := reflect.ValueOf(client)
			calls := 0
			for i := range v.NumMethod() {
				method := v.Type().Method(i)
				if method.Name == "Format" {
					_ = fmt.Sprint(client)
					continue
				}
				args := make([]reflect.Value, 0, method.Type.NumIn())
				for j := 1; j < method.Type.NumIn(); j++ {
					arg := reflect.Zero(method.Type.In(j))
					switch arg.Interface().(type) {
					case pmks.IID:
						arg = reflect.ValueOf(clusterIID)
					case pmks.ClusterInfo:
						arg = reflect.ValueOf(request())
					}
					if method.Type.In(j) == reflect.TypeFor[context.Context]() {
						arg = reflect.ValueOf(t.Context())
					}
					args = append(args, arg)
				}
				out := v.Method(i).Call(args)
				if method.Name == "Unwrap" || method.Name == "Capabilities" || method.Name == "Close" {
					continue
				}
				calls++
				err, _ := out[len(out)-1].Interface().(error)
				if stream, ok := out[0].Interface().(iter.Seq2[pmks.ClusterInfo, error]); ok {
					for _, err = range stream {
					}
				}
				if !errors.Is(err, pmks.ErrFailedPrecondition) || !strings.Contains(err.Error(), "pmks.Open") || !strings.Contains(err.Error(), "pmks.New") {
					t.Errorf("%s: got %v", method.Name, err)
				}
			}
			if calls < 17 {
				t.Errorf("%d calls were tried", calls)
			}
			if _, err := pmks.WaitClusterActive(t.Context(), client, clusterIID); !errors.Is(err, pmks.ErrFailedPrecondition) {
				t.Errorf("a wait: %v", err)
			}
			if _, err := pmks.Provision(t.Context(), client, request()); !errors.Is(err, pmks.ErrFailedPrecondition) {
				t.Errorf("a job: %v", err)
			}
		})
	}
}
