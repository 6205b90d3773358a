// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package credcache

import "io/fs"

// On Windows the user's cache directory is closed to others by its access list, which
// the mode bits do not show.

const openFlags = 0

func ownedByUser(fs.FileInfo) bool  { return true }
func openToOthers(fs.FileInfo) bool { return false }
func linked(fs.FileInfo) bool       { return false }
