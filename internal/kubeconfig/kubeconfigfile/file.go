// SPDX-License-Identifier: Apache-2.0

package kubeconfigfile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// ErrLocked says that another program holds the lock of a file.
var ErrLocked = errors.New("locked by another program")

// LockedError is the lock that was waited for in vain.
type LockedError struct {
	// Lock is the lock file.
	Lock string
	// Since is when it was made.
	Since time.Time
}

// Error names the lock file.
func (e *LockedError) Error() string {
	return fmt.Sprintf("%q is there since %s", e.Lock, e.Since.UTC().Format(time.RFC3339))
}

// Is reports whether target is ErrLocked.
func (e *LockedError) Is(target error) bool { return target == ErrLocked }

const (
	// patience is how long a lock is waited for: kubectl holds it for milliseconds.
	patience  = 10 * time.Second
	lockPause = 50 * time.Millisecond
	maxLinks  = 40
)

// Resolve follows symbolic links, as writing through them does: also to a file that is
// not there yet.
func Resolve(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	for range maxLinks {
		target, err := os.Readlink(path)
		if err != nil {
			// Not a link, or not there. The directories above may be links.
			dir, err := filepath.EvalSymlinks(filepath.Dir(path))
			if errors.Is(err, fs.ErrNotExist) {
				return path, nil
			}
			return filepath.Join(dir, filepath.Base(path)), err
		}
		if !filepath.IsAbs(target) {
			target = filepath.Join(filepath.Dir(path), target)
		}
		path = target
	}
	return "", &fs.PathError{Op: "readlink", Path: path, Err: errors.New("too many links")}
}

// Lock takes the locks of files as kubectl does: a file NAME.lock beside each, which
// nobody else could create, in the order of their names. A file that is a link is locked
// where it points to, too. It waits a while for locks that others hold, and returns an
// error of ErrLocked if they keep them. skipped are the files that could not be locked
// because their directory is not there or may not be written; nobody else can lock them
// either, and they must not be changed.
func Lock(ctx context.Context, paths []string) (unlock func(), skipped map[string]error, err error) {
	owners := map[string][]string{} // of each lock
	for _, path := range paths {
		locks := []string{path + ".lock"}
		if target, err := Resolve(path); err == nil {
			if link, err := filepath.Abs(path); err == nil && target != link {
				locks = append(locks, target+".lock")
			}
		}
		for _, lock := range locks {
			if abs, err := filepath.Abs(lock); err == nil {
				lock = abs
			}
			owners[lock] = append(owners[lock], path)
		}
	}
	locks := make([]string, 0, len(owners))
	for lock := range owners {
		locks = append(locks, lock)
	}
	slices.Sort(locks)
	var held []string
	unlock = func() {
		for _, lock := range held {
			_ = os.Remove(lock)
		}
	}
	skipped = map[string]error{}
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for _, lock := range locks {
		switch err := take(bounded, lock); {
		case err == nil:
			held = append(held, lock)
		case errors.Is(err, ErrLocked), bounded.Err() != nil:
			unlock()
			if ctx.Err() != nil {
				err = ctx.Err()
			}
			return nil, nil, err
		default:
			for _, path := range owners[lock] {
				skipped[path] = err
			}
		}
	}
	return unlock, skipped, nil
}

// take makes a lock file, waiting for one that is there.
func take(ctx context.Context, lock string) error {
	for {
		f, err := os.OpenFile(lock, os.O_CREATE|os.O_EXCL, 0) // the mode that kubectl gives it
		if err == nil {
			return f.Close()
		}
		if !errors.Is(err, fs.ErrExist) {
			return err
		}
		timer := time.NewTimer(lockPause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			e := &LockedError{Lock: lock}
			if info, err := os.Lstat(lock); err == nil {
				e.Since = info.ModTime()
			}
			return e
		}
	}
}

// Read returns the text of a file, and nil for one that is not there.
func Read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // it was read only
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "read", Path: path, Err: errors.New("not a regular file")}
	}
	return io.ReadAll(io.LimitReader(f, MaxSize+1))
}

// beforeRename lets a test crash at the worst moment.
var beforeRename = func() {}

// Replace writes a file in one step: whoever reads it sees the old text or the new one,
// whatever happens. It is only for its owner to read then. A link stays, and the file it
// points to is replaced; the owner of the file stays its owner. The caller holds the lock.
func Replace(path string, text []byte) error {
	path, err := Resolve(path)
	if err != nil {
		return err
	}
	dir, base := filepath.Split(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	old, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		old = nil
	case err != nil:
		return err
	case !old.Mode().IsRegular():
		return &fs.PathError{Op: "replace", Path: path, Err: errors.New("not a regular file")}
	default:
		// A file that may not be written is not replaced either.
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	sweep(dir, base)
	f, err := os.CreateTemp(dir, temporary(base)+"*") // 0600
	if err != nil {
		return err
	}
	if err := fill(f, old, text); err != nil {
		_ = os.Remove(f.Name())
		return err
	}
	beforeRename()
	if err := os.Rename(f.Name(), path); err != nil {
		_ = os.Remove(f.Name())
		return err
	}
	return syncDir(dir)
}

// fill writes a new file and closes it.
func fill(f *os.File, old fs.FileInfo, text []byte) error {
	_, err := f.Write(text)
	if err == nil && old != nil {
		err = keepOwner(f, old)
	}
	if err == nil {
		err = f.Chmod(0o600)
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func temporary(base string) string { return "." + base + ".pmks-" }

// sweep removes what a crash left behind: it holds credentials, and under the lock it is
// nobody's.
func sweep(dir, base string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), temporary(base)) && e.Type().IsRegular() {
			_ = os.Remove(filepath.Join(dir, e.Name()))
		}
	}
}
