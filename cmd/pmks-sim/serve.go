// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pmks-go/pmks/internal/sim/account"
	_ "github.com/pmks-go/pmks/internal/sim/account/gcp" // the one whose table stands apart
	"github.com/pmks-go/pmks/internal/sim/kubeapi"
)

// poll is how often a provider that waits inside an operation looks: a deletion looks
// as often as the simulated cloud is fast.
const poll = 200 * time.Millisecond

// options are what the flags say.
type options struct {
	account.Options
	listen string
	secure bool
}

// simulator is one cloud, being served.
type simulator struct {
	account.Access
	provider string
	// environment reaches it with the vendor's own tools, settings with pmks.
	environment, settings []string
	// resources say what the account holds, a line each.
	resources []string
	// kubernetes: there is an API behind the clusters.
	kubernetes bool
	close      func() error
}

// serve starts the simulator of that name.
func serve(name string, o options) (s simulator, err error) {
	a, err := account.Open(name, o.Options)
	if err != nil {
		return simulator{}, fmt.Errorf("-%w", err) // an option is named as its flag
	}
	listener, err := a.Server.Listen(o.listen, o.secure || a.Cloud.TLS)
	if err != nil {
		return simulator{}, err
	}
	closing := func() error { return errors.Join(listener.Close(), a.Server.CloseKubernetes()) }
	s = simulator{Access: a.Access(listener.URL(), poll), provider: name, resources: describe(a.Kinds), kubernetes: o.Kubernetes != kubeapi.Off}
	for _, setting := range slices.Sorted(maps.Keys(s.Settings)) {
		s.settings = append(s.settings, setting+"="+s.Settings[setting])
	}
	files := maps.Clone(s.Files)
	if x := listener.Certificate(); x != nil {
		if files == nil {
			files = map[string][]byte{}
		}
		for _, variable := range s.TrustedBy {
			files[variable] = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: x.Raw})
		}
	}
	written, remove, err := writeFiles(files)
	s.environment = slices.Concat(s.Environment, written)
	s.close = func() error { return errors.Join(closing(), remove()) }
	if err != nil {
		return simulator{}, errors.Join(err, s.close())
	}
	return s, nil
}

// writeFiles writes what tools read from files, by the variables that name them. Files
// of the same content are one.
func writeFiles(files map[string][]byte) (environment []string, remove func() error, err error) {
	remove = func() error { return nil }
	if len(files) == 0 {
		return nil, remove, nil
	}
	dir, err := os.MkdirTemp("", "pmks-sim-")
	if err != nil {
		return nil, remove, err
	}
	remove = func() error { return os.RemoveAll(dir) }
	paths := map[string]string{}
	for _, variable := range slices.Sorted(maps.Keys(files)) {
		content := string(files[variable])
		path, ok := paths[content]
		if !ok {
			path = filepath.Join(dir, strings.ToLower(variable))
			if err := os.WriteFile(path, files[variable], 0o600); err != nil {
				return nil, remove, err
			}
			paths[content] = path
		}
		environment = append(environment, variable+"="+path)
	}
	return environment, remove, nil
}

// describe says what an account holds, a line each.
func describe(kinds []account.Kind) (lines []string) {
	for _, k := range kinds {
		if k.Label == "" {
			continue
		}
		for _, t := range k.List() {
			words := slices.DeleteFunc([]string{t.ID, t.Name, t.About}, func(word string) bool { return word == "" })
			lines = append(lines, fmt.Sprintf("%-16s %s", k.Label, strings.Join(words, "  ")))
		}
	}
	return lines
}
