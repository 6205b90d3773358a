// SPDX-License-Identifier: Apache-2.0

package kube

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kubeconfig/kubeconfigfile"
)

// source is one file of the user's kubeconfig.
type source struct {
	path    string
	text    []byte // nil: it is not there
	doc     *kubeconfigfile.Document
	changed bool
	locked  error // why it could not be locked
}

// sources are the files of the user's kubeconfig, in kubectl's order, locked.
type sources struct {
	files []*source
	home  *source // where new entries go
	close func()
}

// open locks and reads the files. Where create is true, the directory of new entries is
// made.
func open(ctx context.Context, o kubeconfigOptions, create bool) (*sources, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	paths := clientcmd.NewDefaultPathOptions()
	paths.LoadingRules.ExplicitPath = o.file
	var list []string
	for _, path := range paths.GetLoadingPrecedence() {
		if path != "" { // as KUBECONFIG=: has it
			list = append(list, path)
		}
	}
	home := paths.GetDefaultFilename()
	if home == "" && len(list) > 0 {
		home = list[len(list)-1]
	}
	if home == "" {
		return nil, &pmks.Error{Code: pmks.CodeFailedPrecondition, Field: "KUBECONFIG", Message: "there is no file to write: set KUBECONFIG or HOME, or name one with kube.WithFile"}
	}
	if create {
		if target, err := kubeconfigfile.Resolve(home); err == nil {
			if err := errors.Join(os.MkdirAll(filepath.Dir(home), 0o700), os.MkdirAll(filepath.Dir(target), 0o700)); err != nil {
				return nil, fileError(home, err)
			}
		}
	}
	unlock, skipped, err := kubeconfigfile.Lock(ctx, list)
	if err != nil {
		return nil, fileError(home, err)
	}
	s := &sources{close: unlock}
	for _, path := range list {
		f := &source{path: path, locked: skipped[path]}
		if f.text, err = kubeconfigfile.Read(path); err != nil {
			unlock()
			return nil, fileError(path, err)
		}
		if f.doc, err = kubeconfigfile.Parse(f.text); err == nil {
			_, err = load(f.text)
		}
		if err != nil {
			unlock()
			return nil, corrupt(path, err)
		}
		s.files = append(s.files, f)
		if path == home {
			s.home = f
		}
	}
	return s, nil
}

// load reads a text as kubectl does. Its error says nothing of the text.
func load(text []byte) (*clientcmdapi.Config, error) {
	if len(text) == 0 {
		return clientcmdapi.NewConfig(), nil
	}
	c, err := clientcmd.Load(text)
	if err != nil {
		return nil, errors.New("kubectl could not read it")
	}
	return c, nil
}

// owned returns the names of the contexts of a cluster.
func (s *sources) owned(w owner) []string {
	var names []string
	for _, f := range s.files {
		for _, name := range f.doc.Names(kubeconfigfile.Contexts) {
			if s.holder(kubeconfigfile.Contexts, name) == f && w.of(f.doc.Extension(kubeconfigfile.Contexts, name, extension)) && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// clusters counts the clusters that contexts are of.
func (s *sources) clusters(names []string) int {
	ids := map[string]bool{}
	for _, name := range names {
		ids[s.extension(name)["id"]] = true
	}
	return len(ids)
}

// extension returns what a context says of its cluster.
func (s *sources) extension(context string) map[string]string {
	if f := s.holder(kubeconfigfile.Contexts, context); f != nil {
		return f.doc.Extension(kubeconfigfile.Contexts, context, extension)
	}
	return nil
}

// holder returns the file whose entry of a name counts.
func (s *sources) holder(section, name string) *source {
	for _, f := range s.files {
		if f.doc.Has(section, name) {
			return f
		}
	}
	return nil
}

// current returns the current context.
func (s *sources) current() string {
	for _, f := range s.files {
		if name := f.doc.Current(); name != "" {
			return name
		}
	}
	return ""
}

// unsetCurrent unsets the current context where it is one that is not there any more.
func (s *sources) unsetCurrent(name string) {
	if s.holder(kubeconfigfile.Contexts, name) != nil {
		return
	}
	for _, f := range s.files {
		if f.doc.Current() == name {
			f.doc.SetCurrent("")
			f.changed = true
		}
	}
}

// removeUnused takes out a cluster or a user that no context names.
func (s *sources) removeUnused(section, field, name string) {
	for _, f := range s.files {
		for _, context := range f.doc.Names(kubeconfigfile.Contexts) {
			if f.doc.Get(kubeconfigfile.Contexts, context, field) == name {
				return
			}
		}
	}
	if f := s.holder(section, name); f != nil {
		f.doc.Delete(section, name)
		f.changed = true
	}
}

// write replaces the files that were changed, once it is sure that nothing but the
// entries changes in them.
func (s *sources) write(entries ...Entry) error {
	texts := map[*source][]byte{}
	for _, f := range s.files {
		if !f.changed {
			continue
		}
		if f.locked != nil {
			return fileError(f.path, f.locked)
		}
		text, err := f.doc.Bytes()
		if err != nil {
			return corrupt(f.path, err)
		}
		if bytes.Equal(text, f.text) {
			continue
		}
		if err := sameButFor(f.text, text, entries); err != nil {
			return corrupt(f.path, err)
		}
		texts[f] = text
	}
	for _, f := range s.files {
		if text, ok := texts[f]; ok {
			if err := kubeconfigfile.Replace(f.path, text); err != nil {
				return fileError(f.path, err)
			}
		}
	}
	return nil
}

// sameButFor compares what two texts mean to kubectl, some entries left out.
func sameButFor(before, after []byte, entries []Entry) error {
	a, err := load(before)
	if err != nil {
		return err
	}
	b, err := load(after)
	if err != nil {
		return err
	}
	for _, e := range entries {
		for _, c := range []*clientcmdapi.Config{a, b} {
			delete(c.Contexts, e.Context)
			delete(c.Clusters, e.Cluster)
			delete(c.AuthInfos, e.User)
		}
	}
	a.CurrentContext, b.CurrentContext = "", ""
	if !reflect.DeepEqual(a, b) {
		return errors.New("what pmks would write does not mean the same to kubectl")
	}
	return nil
}

// corrupt says that a file is not touched because it is not understood.
func corrupt(path string, err error) error {
	return &pmks.Error{Code: pmks.CodeFailedPrecondition, Field: "file", Err: err,
		Message: fmt.Sprintf("the kubeconfig %q is left as it is: %v: mend it, or name another file with kube.WithFile", path, err)}
}

// fileError says what is wrong with a file, and the way out.
func fileError(path string, err error) error {
	e := &pmks.Error{Code: pmks.CodeFailedPrecondition, Field: "file", Err: err}
	var locked *kubeconfigfile.LockedError
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.As(err, &locked):
		e.Code = pmks.CodeBusy
		e.Message = fmt.Sprintf("another program is changing the kubeconfig %q (%v): call again; if none is running, one ended before it was done, and its lock is to be removed: rm -- %s", path, locked, shellWord(locked.Lock))
	case errors.Is(err, fs.ErrPermission):
		e.Code = pmks.CodePermissionDenied
		e.Message = fmt.Sprintf("the kubeconfig %q may not be changed (%v): let this user write it and its directory, or name another file with kube.WithFile", path, err)
	default:
		e.Message = fmt.Sprintf("the kubeconfig %q cannot be changed (%v): name a file in a directory of yours with kube.WithFile", path, err)
	}
	return e
}
