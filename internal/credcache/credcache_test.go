// SPDX-License-Identifier: Apache-2.0

package credcache

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const secret = "tok-5a1f.secret"

var start = time.Date(2026, 11, 30, 1, 0, 0, 0, time.UTC)

// bench is a cache whose clock a test turns, and a cloud that counts.
type bench struct {
	*Cache
	clock  time.Time
	minted atomic.Int32
	life   time.Duration
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{clock: start, life: 15 * time.Minute}
	b.reopen(t, filepath.Join(t.TempDir(), "below", "pmks"))
	return b
}

func (b *bench) reopen(t *testing.T, dir string) {
	t.Helper()
	c, err := Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	c.now = func() time.Time { return b.clock }
	b.Cache = c
}

func (b *bench) mint(context.Context) (Credential, error) {
	n := b.minted.Add(1)
	return Credential{Token: fmt.Sprint(secret, n), Expires: b.clock.Add(b.life)}, nil
}

// get asks as process pid does, and returns the number of the token.
func (b *bench) get(t *testing.T, pid int) string {
	t.Helper()
	c, err := b.Get(t.Context(), Request{Key: b.Key("a"), Asker: Asker{PID: pid, Since: b.clock}, Mint: b.mint})
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(c.Token, secret)
}

func TestCache_Get_life(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		life    time.Duration
		passed  time.Duration
		kept    bool
		missing bool
	}{
		{name: "fresh", life: 15 * time.Minute, kept: true},
		{name: "before-the-margin", life: 15 * time.Minute, passed: 14*time.Minute - time.Second, kept: true},
		{name: "at-the-margin", life: 15 * time.Minute, passed: 14 * time.Minute},
		{name: "ended", life: 15 * time.Minute, passed: time.Hour},
		{name: "no-end", life: -1, missing: true},
		{name: "shorter-than-the-margin", life: 40 * time.Second, missing: true},
		{name: "lasting", life: 1000 * time.Hour, passed: MaxAge - time.Second, kept: true},
		{name: "lasting-too-long", life: 1000 * time.Hour, passed: MaxAge},
		{name: "clock-set-back-a-little", life: 15 * time.Minute, passed: -2 * time.Second, kept: true},
		{name: "clock-set-back", life: 15 * time.Minute, passed: -time.Minute},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.life = test.life
			_, err := b.Get(t.Context(), Request{Key: b.Key("a"), Mint: func(ctx context.Context) (Credential, error) {
				c, err := b.mint(ctx)
				if test.life < 0 {
					c.Expires = time.Time{}
				}
				return c, err
			}})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := os.Lstat(b.path(b.Key("a"))); (err != nil) != test.missing {
				t.Errorf("the file: %v", err)
			}
			b.clock = b.clock.Add(test.passed)
			if got := b.get(t, 0); (got == "1") != test.kept {
				t.Errorf("the second answer is token %s", got)
			}
		})
	}
}

// TestCache_Get_refused: who comes back for what lives was refused with it.
func TestCache_Get_refused(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	steps := []struct {
		after time.Duration
		pid   int
		want  string
		why   string
	}{
		{0, 1, "1", "the first"},
		{time.Second, 1, "1", "minted for it a second ago: another one would be refused too"},
		{time.Minute, 2, "1", "another client"},
		{0, 0, "1", "a person"},
		{time.Second, 0, "1", "a person again"},
		{time.Second, 2, "2", "the other client was refused"},
		{time.Second, 1, "2", "the first one was refused with the old one, and has not had the new one"},
		{time.Second, 1, "2", "seconds old"},
		{time.Minute, 1, "3", "refused again"},
		{time.Minute, 3, "3", "a third one"},
	}
	for i, step := range steps {
		b.clock = b.clock.Add(step.after)
		if got := b.get(t, step.pid); got != step.want {
			t.Fatalf("step %d, %s: token %s, want %s", i, step.why, got, step.want)
		}
	}
	// A question that was put before the answer was given is no sign of a refusal.
	c, err := b.Get(t.Context(), Request{Key: b.Key("a"), Asker: Asker{PID: 3, Since: b.clock.Add(-time.Second)}, Mint: b.mint})
	if err != nil || c.Token != secret+"3" {
		t.Errorf("got %s, %v", strings.TrimPrefix(c.Token, secret), err)
	}
}

// TestCache_Get_manyAskers: the list of those who have it stays short.
func TestCache_Get_manyAskers(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for pid := range 3 * maxGiven {
		b.get(t, pid+1)
	}
	e, ok := b.read(b.Key("a"))
	if !ok || len(e.Given) != maxGiven || e.Given[maxGiven-1].PID != 3*maxGiven {
		t.Errorf("%v, %d askers", ok, len(e.Given))
	}
}

func TestCache_Get_accept(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.get(t, 0)
	c, err := b.Get(t.Context(), Request{Key: b.Key("a"), Mint: b.mint, Accept: func(c Credential) bool { return c.Token != secret+"1" }})
	if err != nil || c.Token != secret+"2" {
		t.Errorf("got %v, %v", c, err)
	}
}

func TestCache_Get_failure(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	broken := errors.New("broken")
	_, err := b.Get(t.Context(), Request{Key: b.Key("a"), Mint: func(context.Context) (Credential, error) { return Credential{}, broken }})
	if !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.Get(ctx, Request{Key: b.Key("a"), Mint: b.mint}); !errors.Is(err, context.Canceled) || b.minted.Load() > 0 {
		t.Errorf("got %v after %d mints", err, b.minted.Load())
	}
}

// TestCache_Get_once: of many that ask at once one asks the cloud. Each has opened the
// directory by itself, as a process has.
func TestCache_Get_once(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var wait sync.WaitGroup
	for range 20 {
		wait.Go(func() {
			c, err := Open(t.Context(), b.dir)
			if err == nil {
				c.now = b.now
				_, err = c.Get(t.Context(), Request{Key: c.Key("a"), Mint: b.mint})
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if n := b.minted.Load(); n != 1 {
		t.Errorf("the cloud was asked %d times", n)
	}
}

// TestCache_Get_hungHolder: a process that holds the lock and does nothing is waited for
// a while, and what it has kept before is given out.
func TestCache_Get_hungHolder(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.get(t, 0)
	unlock := b.lock(t.Context(), b.Key("a"))
	defer unlock()
	b.patience = func(context.Context) time.Duration { return time.Millisecond }
	if got := b.get(t, 0); got != "1" {
		t.Errorf("token %s", got)
	}
	b.clock = b.clock.Add(time.Hour)
	if got := b.get(t, 0); got != "2" {
		t.Errorf("token %s", got)
	}
}

func TestHalfOf(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(time.Hour))
	defer cancel()
	if got := halfOf(ctx); got < 29*time.Minute || got > 30*time.Minute {
		t.Errorf("got %s of an hour", got)
	}
	if got := halfOf(context.WithoutCancel(ctx)); got != MaxAge {
		t.Errorf("got %s", got)
	}
}

func TestCache_Key(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	keys := map[string]string{}
	for _, parts := range [][]string{{"aws", "demo"}, {"aws", "demo", ""}, {"awsd", "emo"}, {"demo", "aws"}, {}} {
		key := b.Key(parts...)
		if other, taken := keys[key]; taken {
			t.Errorf("%q and %s have the same key", parts, other)
		}
		keys[key] = fmt.Sprint(parts)
	}
	again := newBench(t)
	if b.Key("a") == again.Key("a") {
		t.Error("two directories have the same keys")
	}
	again.reopen(t, b.dir)
	if b.Key("a") != again.Key("a") {
		t.Error("a directory that is opened again has other keys")
	}
	// Without its random number all that was kept is lost, and nothing else.
	if err := os.WriteFile(filepath.Join(b.dir, saltName), []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	b.get(t, 0)
	b.reopen(t, b.dir)
	if got := b.get(t, 0); got != "2" {
		t.Errorf("token %s", got)
	}
}

func TestCredential_redacted(t *testing.T) {
	t.Parallel()
	c := Credential{Token: secret, PrivateKey: secret, Certificate: secret, Expires: start}
	text, err := json.Marshal(struct{ C Credential }{c})
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "c", c)
	for _, shown := range []string{fmt.Sprint(c), fmt.Sprintf("%+v %#v %d %q %x", c, c, c, c, []Credential{c}), string(text), log.String()} {
		if strings.Contains(shown, secret) || strings.Contains(shown, fmt.Sprintf("%x", secret)) {
			t.Errorf("shown: %s", shown)
		}
	}
}

func TestOpen_refused(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	for name, prepare := range map[string]func(path string) error{
		"link": func(path string) error { return os.Symlink(t.TempDir(), path) },
		"file": func(path string) error { return os.WriteFile(path, nil, 0o600) },
	} {
		path := filepath.Join(base, name)
		if err := prepare(path); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(t.Context(), path); !errors.Is(err, ErrUnsafe) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Open(t.Context(), "pmks"); err == nil {
		t.Error("a relative path was taken")
	}
	if _, err := Open(t.Context(), filepath.Join(base, "file", "pmks")); err == nil || errors.Is(err, ErrUnsafe) {
		t.Errorf("below a file: %v", err)
	}
}

// TestOpen_opensClosed: a directory of the user's own that others can reach is closed.
func TestOpen_opensClosed(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "pmks")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o777); err != nil { //nolint:gosec // what is tested
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(dir)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

// TestCache_sweep: what has ended goes with the next credential that is kept.
func TestCache_sweep(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.clock = time.Now() // the file system has a clock of its own
	b.get(t, 0)
	kept := b.path(b.Key("a"))
	leftover := filepath.Join(b.dir, "x"+tempSuffix)
	foreign := filepath.Join(b.dir, "notes.txt")
	for _, path := range []string{leftover, foreign} {
		if err := os.WriteFile(path, []byte(secret), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	b.clock = b.clock.Add(2 * MaxAge)
	if _, err := b.Get(t.Context(), Request{Key: b.Key("b"), Mint: b.mint}); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{kept, leftover} {
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", filepath.Base(path), err)
		}
	}
	if _, err := os.Lstat(foreign); err != nil {
		t.Errorf("a file of somebody else's is gone: %v", err)
	}
}
