// SPDX-License-Identifier: Apache-2.0

package credcache

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const (
	// maxFile is more than any entry has.
	maxFile = 1 << 20

	entrySuffix = ".json"
	tempSuffix  = ".tmp"
)

// errNotOwn is of a file that is passed over.
var errNotOwn = errors.New("not a file of this user's alone")

// secureDir makes a directory, or makes sure that it is the user's alone.
func secureDir(dir string) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	info, err := os.Lstat(dir)
	switch {
	case err != nil:
		return err
	case info.Mode()&fs.ModeSymlink != 0:
		return fmt.Errorf("%w: %s is a symbolic link", ErrUnsafe, dir)
	case !info.IsDir():
		return fmt.Errorf("%w: %s is no directory", ErrUnsafe, dir)
	case !ownedByUser(info):
		return fmt.Errorf("%w: %s belongs to another user", ErrUnsafe, dir)
	case openToOthers(info):
		// What others have put there meanwhile is passed over for its owner, and what
		// they have moved for the key in it.
		if err := os.Chmod(dir, 0o700); err != nil { //nolint:gosec // a directory
			return fmt.Errorf("%w: %s is open to other users: %w", ErrUnsafe, dir, err)
		}
	}
	return nil
}

// readOwn reads a regular file that is the user's own, has no other name and is open
// to nobody else.
func readOwn(path string) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|openFlags, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // it was only read
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || !ownedByUser(info) || openToOthers(info) || linked(info) || info.Size() > maxFile {
		return nil, errNotOwn
	}
	return io.ReadAll(io.LimitReader(f, maxFile))
}

// replace puts a file in the place of whatever lies there. Who reads meanwhile sees the
// old one or the new one.
func replace(path string, data []byte) (err error) {
	temp := filepath.Join(filepath.Dir(path), rand.Text()+tempSuffix)
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL|openFlags, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(temp) // the first error says more
		}
	}()
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(temp, path)
}

// sweep removes entries that can be alive no more, by the time at which they were
// written, and what a process that died has left.
func (c *Cache) sweep() {
	files, err := os.ReadDir(c.dir)
	if err != nil {
		return
	}
	for _, f := range files {
		if name := f.Name(); !strings.HasSuffix(name, entrySuffix) && !strings.HasSuffix(name, tempSuffix) {
			continue
		}
		if info, err := f.Info(); err == nil && c.now().Sub(info.ModTime()) > MaxAge {
			_ = os.Remove(filepath.Join(c.dir, f.Name())) // the next sweep tries again
		}
	}
}
