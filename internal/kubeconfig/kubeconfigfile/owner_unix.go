// SPDX-License-Identifier: Apache-2.0

//go:build unix

package kubeconfigfile

import (
	"io/fs"
	"os"
	"syscall"
)

// keepOwner gives a new file the owner of the old one: an administrator who writes the
// file of a user must not lock the user out of it.
func keepOwner(f *os.File, old fs.FileInfo) error {
	was, ok := old.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	is, ok := info.Sys().(*syscall.Stat_t)
	if !ok || is.Uid == was.Uid {
		return nil
	}
	return f.Chown(int(was.Uid), int(was.Gid))
}

// syncDir makes a renaming last.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return nil //nolint:nilerr // a directory that may not be read: the file is written
	}
	_ = d.Sync() // not every file system can
	return d.Close()
}
