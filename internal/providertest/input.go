// SPDX-License-Identifier: Apache-2.0

package providertest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/pmks-go/pmks"
)

// BadRequest is a request for a cluster with something wrong in it.
type BadRequest struct {
	Name  string
	Spoil func(*pmks.ClusterInfo)
	// Says is what the error has to name, such as the field.
	Says string
	// Code is that of the error; empty means InvalidArgument.
	Code pmks.Code
	// Looks: the cloud must be asked to know it.
	Looks bool
}

// BadRequests spoils [Bench.CreateRequest] in each way: what is wrong is told, nothing is
// changed, and nothing is asked where that is possible.
func (b Bench[S]) BadRequests(t *testing.T, table []BadRequest) {
	t.Helper()
	for _, row := range table {
		t.Run(row.Name, func(t *testing.T) {
			t.Parallel()
			b.spoil(t, row)
		})
	}
}

func (b Bench[S]) spoil(t testing.TB, row BadRequest) {
	t.Helper()
	s := b.Simulate(Options{})
	req := b.CreateRequest("demo")
	row.Spoil(&req)
	_, err := b.connect(t, s, nil).CreateCluster(t.Context(), req)
	checkError(t, err, cmp.Or(row.Code, pmks.CodeInvalidArgument), row.Says)
	for request, n := range s.Counts() {
		if !row.Looks || slices.Contains(b.Mutating, request) {
			t.Errorf("%s was sent %d times", request, n)
		}
	}
}

// checkError checks the code of an error and what it says.
func checkError(t testing.TB, err error, want pmks.Code, says ...string) {
	t.Helper()
	if pmks.CodeOf(err) != want {
		t.Errorf("got %v, want %s", err, want)
		return
	}
	for _, word := range says {
		if !strings.Contains(fmt.Sprint(err), word) {
			t.Errorf("got %v, want it to say %q", err, word)
		}
	}
}

// Setup is a configuration, right or wrong: a sound one with something changed.
type Setup[C any] struct {
	Name string
	// Change changes it. Prepare does it with something around it, such as a file or the
	// environment.
	Change  func(c *C)
	Prepare func(t testing.TB, c *C)
	// Code is that of the error; see the function that the table is for.
	Code pmks.Code
	// Says are what the error has to say, such as the field and the way out.
	Says []string
}

func (row Setup[C]) config(t testing.TB, sound func(t testing.TB) C) C {
	t.Helper()
	cfg := sound(t)
	if row.Change != nil {
		row.Change(&cfg)
	}
	if row.Prepare != nil {
		row.Prepare(t, &cfg)
	}
	return cfg
}

// BadConfigs makes handlers with configurations that New refuses, in subtests: by the
// code, or by InvalidArgument where a row has none, and without showing a secret.
func BadConfigs[C, H any](t *testing.T, open func(context.Context, C) (H, error), sound func(t testing.TB) C, secrets []string, table []Setup[C]) {
	t.Helper()
	for _, row := range table {
		t.Run(row.Name, func(t *testing.T) {
			_, err := open(t.Context(), row.config(t, sound))
			row.judge(t, err, pmks.CodeInvalidArgument, secrets)
		})
	}
}

// Credentials makes handlers with identities, right and wrong, and lists the clusters
// with each, in subtests that do not run side by side: rows may change the environment.
// A row without a Code succeeds. What is wrong is told by New or by the first call,
// without showing a secret.
func Credentials[C any, H Handler](t *testing.T, open func(context.Context, C) (H, error), sound func(t testing.TB) C, secrets []string, table []Setup[C]) {
	t.Helper()
	for _, row := range table {
		t.Run(row.Name, func(t *testing.T) {
			h, err := open(t.Context(), row.config(t, sound))
			if err == nil {
				closeWith(t, h)
				err = failure(h.ListIID(t.Context()))
			}
			row.judge(t, err, pmks.CodeOK, secrets)
		})
	}
}

// judge checks what became of a configuration.
func (row Setup[C]) judge(t testing.TB, err error, otherwise pmks.Code, secrets []string) {
	t.Helper()
	checkError(t, err, cmp.Or(row.Code, otherwise), row.Says...)
	ShowNone(t, secrets, err)
}

// ShowNone prints values in every way that they could get into a log, errors with all
// that they wrap, and looks for secrets.
func ShowNone(t testing.TB, secrets []string, values ...any) {
	t.Helper()
	var b bytes.Buffer
	show := func(v any) {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%t"} {
			fmt.Fprintf(&b, verb+"\n", v)
			if _, ok := v.(pmks.ClusterHandler); ok { // as the field of a user, where its methods do not count
				fmt.Fprintf(&b, verb+"\n", struct{ v any }{v})
			}
		}
		for _, h := range []slog.Handler{slog.NewJSONHandler(&b, nil), slog.NewTextHandler(&b, nil)} {
			slog.New(h).Info("x", "v", v, "in", struct{ V any }{v})
		}
		if text, err := json.Marshal(v); err == nil {
			b.Write(text)
		}
	}
	for _, v := range values {
		show(v)
		if err, ok := v.(error); ok {
			for err = errors.Unwrap(err); err != nil; err = errors.Unwrap(err) {
				show(err)
			}
		}
	}
	for _, secret := range secrets {
		if secret != "" && strings.Contains(b.String(), secret) {
			t.Errorf("%q is shown: %s", secret, b.String())
		}
	}
}

// Capabilities compares what the handler says it can do with what the profile of the
// cloud says.
func (b Bench[S]) Capabilities(t *testing.T) {
	t.Helper()
	b.compareCapabilities(t)
}

func (b Bench[S]) compareCapabilities(t testing.TB) {
	t.Helper()
	if got, want := b.connect(t, b.Simulate(Options{}), nil).Capabilities(), b.profile().Caps; !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}
