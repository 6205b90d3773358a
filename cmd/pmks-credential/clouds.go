// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pmks-go/pmks"
)

// cloud is what must be known of a provider that is built in, in a file of its own with
// its build tag.
type cloud struct {
	// variables are how the names of those variables begin that choose an identity.
	variables []string
	// files are those that hold one, with ~ and $VARIABLE; that one is not there is fine.
	files []string
	// login says how a person gets an identity.
	login string
}

// clouds are those that are built in, by the name of the provider.
var clouds = map[string]cloud{}

// pmksClouds are those that there are.
var pmksClouds = []string{"alibaba", "aws", "azure", "gcp", "ibm", "nhn", "tencent"}

// maxIdentityFile is how much of a file is looked at.
const maxIdentityFile = 1 << 20

// identity are the parts of a credential's key: where the cluster is, and who asks. A
// variable or a file that has changed gives another key: whether the identity has too,
// only the vendor's SDK could tell.
func (p process) identity(q query) []string {
	parts := []string{q.provider, q.config.Region, q.config.Zone, q.config.Endpoint, q.cluster.NameId, q.cluster.SystemId}
	c := clouds[q.provider]
	var files []string
	for _, name := range slices.Sorted(maps.Keys(q.config.Settings)) {
		value := q.config.Settings[name]
		parts = append(parts, name+"="+value)
		if strings.HasSuffix(name, "File") {
			files = append(files, value)
		}
	}
	for _, line := range slices.Sorted(slices.Values(p.environ)) {
		name, _, _ := strings.Cut(line, "=")
		if slices.ContainsFunc(c.variables, func(prefix string) bool { return strings.HasPrefix(name, prefix) }) {
			parts = append(parts, line)
		}
	}
	for _, file := range c.files {
		if path := p.expand(file); path != "" {
			files = append(files, path)
		}
	}
	for _, path := range files {
		if hash, ok := hashFile(path); ok {
			parts = append(parts, path, hash)
		}
	}
	return parts
}

// expand returns the path of a file; empty where a variable in it is not set.
func (p process) expand(file string) string {
	missing := false
	path := os.Expand(file, func(name string) string {
		value := p.getenv(name)
		missing = missing || value == ""
		return value
	})
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		home := p.getenv("HOME")
		if home == "" {
			home, _ = os.UserHomeDir()
		}
		missing = missing || home == ""
		path = filepath.Join(home, filepath.FromSlash(rest))
	}
	if missing {
		return ""
	}
	return path
}

// hashFile returns what tells one content of a file from another.
func hashFile(path string) (string, bool) {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return "", false
	}
	f, err := os.Open(path)
	if err != nil {
		return "", false
	}
	defer f.Close() //nolint:errcheck // it was only read
	h := sha256.New()
	if _, err := io.Copy(h, io.LimitReader(f, maxIdentityFile)); err != nil {
		return "", false
	}
	return string(h.Sum(nil)), true
}

// advise says what can be done about an error; empty where the error itself does.
func advise(err error, q query) string {
	code := pmks.CodeOf(err)
	if e := (*pmks.Error)(nil); errors.As(err, &e) && strings.HasPrefix(e.Field, "Credentials.") {
		code = pmks.CodeUnauthenticated // they are not there, which the provider found out by itself
	}
	switch code {
	case pmks.CodeUnauthenticated:
		if c, ok := clouds[q.provider]; ok {
			return c.login + "; pmks-credential itself asks nothing and opens no browser"
		}
	case pmks.CodePermissionDenied:
		return "the identity that this machine has may not do that: choose another one, or ask the administrator of the account"
	case pmks.CodeNotFound:
		return "the cluster is gone, or is another account's: choose another identity, or take the context out of the kubeconfig (kubectl config delete-context)"
	case pmks.CodeTimeout:
		if errors.Is(err, context.DeadlineExceeded) {
			return fmt.Sprintf("the cloud gave no answer within %s (-timeout): try again, and look at the network and proxies between", q.timeout)
		}
	case pmks.CodeUnavailable:
		return "try again, and look at the network and proxies between this machine and the cloud"
	case pmks.CodeThrottled, pmks.CodeBusy:
		return "try again a little later"
	case pmks.CodeInvalidArgument:
		return "the flags are those that the kubeconfig holds: write it anew, or see pmks-credential -h"
	}
	return ""
}
