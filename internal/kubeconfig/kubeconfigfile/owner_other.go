// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package kubeconfigfile

import (
	"io/fs"
	"os"
)

func keepOwner(*os.File, fs.FileInfo) error { return nil }

func syncDir(string) error { return nil }
