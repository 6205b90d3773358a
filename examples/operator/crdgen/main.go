// SPDX-License-Identifier: Apache-2.0

// Crdgen writes the files of config/crd from the types of api/v1alpha1: their fields, JSON
// names and comments, and the markers of kubebuilder that stand there. It knows what these
// types use and refuses the rest; a project with more takes controller-gen, which reads the
// same markers.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: crdgen TYPES-DIR OUT-DIR")
		os.Exit(2)
	}
	files, err := Generate(os.Args[1])
	if err == nil {
		for name, data := range files {
			if err = os.WriteFile(filepath.Join(os.Args[2], name), data, 0o644); err != nil {
				break
			}
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "crdgen:", err)
		os.Exit(1)
	}
}
