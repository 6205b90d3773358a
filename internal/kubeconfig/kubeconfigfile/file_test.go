// SPDX-License-Identifier: Apache-2.0

package kubeconfigfile

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// crashEnv has the test binary crash between write and rename, in a process of its own.
const crashEnv = "PMKS_TEST_CRASH"

func TestMain(m *testing.M) {
	if path := os.Getenv(crashEnv); path != "" {
		beforeRename = func() { os.Exit(3) }
		_, _, err := Lock(context.Background(), []string{path})
		if err == nil {
			err = Replace(path, []byte("new"))
		}
		fmt.Println("did not crash:", err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func want(t *testing.T, path, text string) {
	t.Helper()
	if got, err := os.ReadFile(path); err != nil || string(got) != text {
		t.Errorf("%s holds %q, %v, want %q", path, got, err, text)
	}
}

func TestReplace_Crash(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "config")
	write(t, path, "old")
	cmd := exec.CommandContext(t.Context(), os.Args[0]) //nolint:gosec // this very test
	cmd.Env = append(os.Environ(), crashEnv+"="+path)
	out, err := cmd.CombinedOutput()
	if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || exit.ExitCode() != 3 {
		t.Fatalf("the process ended with %v: %s", err, out)
	}
	want(t, path, "old")
	// As after a crash of kubectl, the lock is still there, and says since when.
	bounded, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if err := take(bounded, path+".lock"); !errors.Is(err, ErrLocked) {
		t.Errorf("error %v, want ErrLocked", err)
	}
	left, _ := filepath.Glob(filepath.Join(dir, ".config.pmks-*"))
	if len(left) != 1 {
		t.Errorf("the crash left %q, want one temporary file", left)
	}
	for _, name := range left {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v, want 0600", name, info.Mode(), err)
		}
	}
	if err := os.Remove(path + ".lock"); err != nil {
		t.Fatal(err)
	}
	if err := Replace(path, []byte("new")); err != nil {
		t.Fatal(err)
	}
	want(t, path, "new")
	if left, _ := filepath.Glob(filepath.Join(dir, ".config.pmks-*")); len(left) != 0 {
		t.Errorf("what the crash left is still there: %q", left)
	}
}

func TestReplace_ModeAndLinks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "real"), 0o755); err != nil {
		t.Fatal(err)
	}
	target, link, second := filepath.Join(dir, "real", "config"), filepath.Join(dir, "link"), filepath.Join(dir, "second")
	for link, to := range map[string]string{link: filepath.Join("real", "config"), second: link} {
		if err := os.Symlink(to, link); err != nil {
			t.Fatal(err)
		}
	}
	for _, text := range []string{"made through a link to nothing", "again"} {
		if err := Replace(second, []byte(text)); err != nil {
			t.Fatal(err)
		}
		want(t, target, text)
		if info, err := os.Lstat(second); err != nil || info.Mode()&os.ModeSymlink == 0 {
			t.Errorf("the link is %v, %v", info.Mode(), err)
		}
		if info, err := os.Lstat(target); err != nil || info.Mode() != 0o600 {
			t.Errorf("the file is %v, %v, want 0600", info.Mode(), err)
		}
		if err := os.Chmod(target, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	unlock, _, err := Lock(t.Context(), []string{second})
	if err != nil {
		t.Fatal(err)
	}
	for _, lock := range []string{second + ".lock", target + ".lock"} {
		if _, err := os.Lstat(lock); err != nil {
			t.Error(err)
		}
	}
	unlock()
	loop := filepath.Join(dir, "loop")
	if err := os.Symlink("loop", loop); err != nil {
		t.Fatal(err)
	}
	if err := Replace(loop, nil); err == nil || !strings.Contains(err.Error(), "too many links") {
		t.Errorf("a loop of links: %v", err)
	}
	if err := Replace(dir, nil); err == nil {
		t.Error("a directory was replaced")
	}
}

func TestLock_IsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "config")
		write(t, path+".lock", "")
		start := time.Now()
		_, _, err := Lock(t.Context(), []string{path})
		var locked *LockedError
		if !errors.As(err, &locked) || locked.Lock != path+".lock" || locked.Since.IsZero() || time.Since(start) != patience {
			t.Errorf("error %v after %v", err, time.Since(start))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, _, err := Lock(ctx, []string{path}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want that of the context", err)
		}
		time.AfterFunc(3*time.Second, func() { _ = os.Remove(path + ".lock") })
		unlock, skipped, err := Lock(t.Context(), []string{path, filepath.Join(path, "no", "directory")})
		if err != nil || len(skipped) != 1 {
			t.Fatal(skipped, err)
		}
		unlock()
		if _, err := os.Lstat(path + ".lock"); err == nil {
			t.Error("the lock is still there")
		}
	})
}

func TestLock_Excludes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, link := filepath.Join(dir, "config"), filepath.Join(dir, "link")
	if err := os.Symlink("config", link); err != nil {
		t.Fatal(err)
	}
	var inside, most int
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			name := path
			if i%2 == 1 {
				name = link
			}
			unlock, _, err := Lock(t.Context(), []string{name})
			if err != nil {
				if !errors.Is(err, ErrLocked) {
					t.Error(err)
				}
				return
			}
			mu.Lock()
			inside++
			most = max(most, inside)
			mu.Unlock()
			mu.Lock()
			inside--
			mu.Unlock()
			unlock()
		})
	}
	wg.Wait()
	if most != 1 {
		t.Errorf("%d held the lock at once", most)
	}
}
