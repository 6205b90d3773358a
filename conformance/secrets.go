// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"

	"github.com/pmks-go/pmks"
)

var secretChecks = []check{
	{"secrets/in-no-error-log-or-event", secretsNowhere},
}

// secretsNowhere makes many calls fail in many ways and searches everything that
// is printed for the credentials of the harness, and for the tokens and
// kubeconfigs of the cluster.
func secretsNowhere(t T, c *Cloud) {
	ctx := t.Context()
	var printed strings.Builder
	var mu sync.Mutex
	note := func(texts ...string) {
		mu.Lock()
		defer mu.Unlock()
		for _, text := range texts {
			printed.WriteString(text + "\n")
		}
	}
	var logs bytes.Buffer
	client := pmks.New(c.Handler,
		pmks.WithLogger(slog.New(slog.NewJSONHandler(&logs, &slog.HandlerOptions{Level: slog.LevelDebug}))),
		pmks.WithObserver(pmks.ObserverFunc(func(_ context.Context, e pmks.Event) { note(fmt.Sprintf("%+v", e), fmt.Sprintf("%#v", e)) })))
	through := *c
	through.Handler = client

	info := through.up(t, "secret")
	g := first(t, info)
	secrets := append([]string{}, c.Secrets...)
	for _, line := range strings.Split(info.AccessInfo.Kubeconfig, "\n") {
		for _, key := range []string{"token:", "client-key-data:", "client-certificate-data:"} {
			if _, value, ok := strings.Cut(line, key); ok {
				secrets = append(secrets, strings.Trim(value, ` "'`))
			}
		}
	}
	if token, err := client.GenerateClusterToken(ctx, info.IId); err == nil {
		secrets = append(secrets, token.Value)
		note(fmt.Sprintf("%v %+v %#v %s %q", token, token, token, token, token))
	}
	fail := func(err error) { note(texts(err)...) }
	for _, m := range allCalls() {
		fail(m.do(ctx, &through, pmks.IID{NameId: "unknown"}, g))
		fail(m.do(ctx, &through, pmks.IID{}, g))
		if c.Inject != nil {
			for _, kind := range []FaultKind{Throttle, Unavailable} {
				stop := c.inject("", "", kind, -1)
				fail(m.do(ctx, &through, info.IId, g))
				stop()
			}
		}
	}
	note(fmt.Sprintf("%v %+v %#v", info, info, info.AccessInfo))
	slog.New(slog.NewTextHandler(&logs, nil)).Info("info", "cluster", info, "access", info.AccessInfo)
	all := printed.String() + logs.String()
	if c.Logs != nil {
		all += c.Logs()
	}
	if len(secrets) == 0 {
		t.Errorf("there is nothing to look for: the harness has no Secrets and the kubeconfig no credential")
	}
	for _, secret := range secrets {
		if secret != "" && strings.Contains(all, secret) {
			t.Errorf("a secret is shown (%d characters, beginning with %.4q)", len(secret), secret)
		}
	}
}

// texts prints an error, and every error inside it, in every way.
func texts(err error) []string {
	if err == nil {
		return nil
	}
	list := []string{fmt.Sprintf("%v|%+v|%#v|%s|%q|%x", err, err, err, err, err, "")}
	switch e := err.(type) { //nolint:errorlint // it walks the tree itself
	case interface{ Unwrap() []error }:
		for _, part := range e.Unwrap() {
			list = append(list, texts(part)...)
		}
	default:
		if inner := errors.Unwrap(err); inner != nil {
			list = append(list, inner.Error())
			list = append(list, texts(inner)...)
		}
	}
	return list
}
