// SPDX-License-Identifier: Apache-2.0

package kube

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kubeconfig"
	"github.com/pmks-go/pmks/internal/kubeconfig/kubeconfigfile"
)

// Entry is what stands in kubeconfig files for one cluster.
type Entry struct {
	// Context, Cluster and User are the names of the three in the file.
	Context, Cluster, User string
	// File holds the context. Cluster and user may be in other files of KUBECONFIG.
	File string
	// Current is true when it is the current context.
	Current bool
}

// Command returns a line for a POSIX shell that calls kubectl with the entry, every word
// quoted where it must be.
func (e Entry) Command(args ...string) string {
	words := append([]string{"kubectl", "--kubeconfig", e.File, "--context", e.Context}, args...)
	for i, w := range words {
		words[i] = shellWord(w)
	}
	return strings.Join(words, " ")
}

// shellWord quotes a word for a POSIX shell.
func shellWord(s string) string {
	safe := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:@%+=,", r)
	}
	if s != "" && !strings.ContainsFunc(s, func(r rune) bool { return !safe(r) }) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// extension is where the context of a cluster says whose it is: names can be changed.
const extension = "pmks"

// What an entry of ours holds in place of what was there; the rest of an entry stays.
var (
	clusterKeys = []string{"server", "certificate-authority", "certificate-authority-data", "insecure-skip-tls-verify"}
	userKeys    = []string{"auth-provider", "client-certificate", "client-certificate-data", "client-key", "client-key-data", "exec", "password", "token", "tokenFile", "username"}
	contextKeys = []string{"cluster", "user"}
)

// MergeKubeconfig puts a cluster into the user's kubeconfig, or brings what is there of
// it up to date: endpoint, authority and credential, under the names that the entry has.
// Which file that is, and how it is locked, is as with kubectl: the one that holds the
// entry, else the first of KUBECONFIG that exists, else the last; without KUBECONFIG
// .kube/config in the home directory. The current context changes on request only.
//
// The file is replaced in one step, and is only for its owner to read then. Everything
// else in it stays, fields and comments that pmks does not know included. A file that
// cannot be read, or would not mean the same to kubectl but for the entry, is not touched.
// A symbolic link stays, and what it points to is replaced.
//
// It fails as [Kubeconfig] does. ErrAlreadyExists: an entry of that name is somebody
// else's. ErrBusy: another program holds the lock. ErrFailedPrecondition: a file is
// corrupt, or not a file. ErrPermissionDenied: it may not be written.
func MergeKubeconfig(ctx context.Context, h pmks.ClusterHandler, clusterIID pmks.IID, opts ...KubeconfigOption) (Entry, error) {
	const op = "MergeKubeconfig"
	o, err := newKubeconfigOptions(opts)
	if err != nil {
		return Entry{}, annotate(err, h, op, clusterIID)
	}
	iid, k, err := o.build(ctx, h, clusterIID)
	if err != nil {
		return Entry{}, annotate(err, h, op, clusterIID)
	}
	e, err := merge(ctx, o, owner{provider(h), iid}, k)
	return e, annotate(err, h, op, clusterIID)
}

func provider(h pmks.ClusterHandler) string {
	if r, ok := h.(pmks.CapabilityReporter); ok {
		return r.Capabilities().Provider
	}
	return ""
}

// owner says which cluster an entry is of.
type owner struct {
	provider string
	iid      pmks.IID
}

func (w owner) fields() [][2]string {
	return [][2]string{{"provider", w.provider}, {"cluster", w.iid.NameId}, {"id", w.iid.SystemId}}
}

// of reports whether an entry's extension names the cluster.
func (w owner) of(fields map[string]string) bool {
	switch {
	case fields == nil || fields["provider"] != w.provider:
		return false
	case w.iid.SystemId != "" && fields["id"] != "":
		return w.iid.SystemId == fields["id"]
	}
	return w.iid.NameId != "" && w.iid.NameId == fields["cluster"]
}

// merge puts an entry into the files.
func merge(ctx context.Context, o kubeconfigOptions, w owner, k kubeconfig.Config) (Entry, error) {
	s, err := open(ctx, o, true)
	if err != nil {
		return Entry{}, err
	}
	defer s.close()
	e := Entry{Context: k.Name, Cluster: k.Name, User: k.Name}
	mine := s.owned(w)
	ours := false
	switch {
	case o.context == "" && len(mine) > 1:
		return e, ambiguous(mine)
	case o.context == "" && len(mine) == 1:
		e.Context, ours = mine[0], true // also when its user gave it another name
	default:
		for _, name := range mine {
			ours = ours || name == e.Context
		}
	}
	at := map[string]*source{}
	if f := s.holder(kubeconfigfile.Contexts, e.Context); f != nil && ours {
		e.Cluster, e.User = f.doc.Get(kubeconfigfile.Contexts, e.Context, "cluster"), f.doc.Get(kubeconfigfile.Contexts, e.Context, "user")
		if e.Cluster == "" || e.User == "" {
			e.Cluster, e.User = k.Name, k.Name
		}
	}
	for _, part := range []struct{ section, name string }{{kubeconfigfile.Contexts, e.Context}, {kubeconfigfile.Clusters, e.Cluster}, {kubeconfigfile.Users, e.User}} {
		f := s.holder(part.section, part.name)
		switch {
		case f == nil:
			f = s.home
		case !ours && !o.overwrite:
			return e, &pmks.Error{Code: pmks.CodeAlreadyExists, Field: part.section, Message: fmt.Sprintf("%q holds an entry %q that is not of this cluster, or was not made by pmks: choose another name with kube.WithContext, or take it over with kube.WithOverwrite", f.path, part.name)}
		}
		at[part.section] = f
	}
	text, err := kubeconfig.Build(k)
	if err != nil {
		return e, unbuilt(err)
	}
	from, err := kubeconfigfile.Parse([]byte(text))
	if err != nil {
		return e, unbuilt(err)
	}
	err = errors.Join(
		at[kubeconfigfile.Clusters].doc.Put(kubeconfigfile.Clusters, from, k.Name, e.Cluster, clusterKeys),
		at[kubeconfigfile.Users].doc.Put(kubeconfigfile.Users, from, k.Name, e.User, userKeys),
		at[kubeconfigfile.Contexts].doc.Put(kubeconfigfile.Contexts, from, k.Name, e.Context, contextKeys))
	if err != nil {
		return e, corrupt(s.home.path, err)
	}
	contexts := at[kubeconfigfile.Contexts].doc
	contexts.Set(kubeconfigfile.Contexts, e.Context, "cluster", e.Cluster)
	contexts.Set(kubeconfigfile.Contexts, e.Context, "user", e.User)
	contexts.SetExtension(kubeconfigfile.Contexts, e.Context, extension, w.fields())
	if o.current {
		s.home.doc.SetCurrent(e.Context)
		s.home.changed = true
	}
	for _, f := range at {
		f.changed = true
	}
	e.File = at[kubeconfigfile.Contexts].path
	e.Current = s.current() == e.Context
	return e, s.write(e)
}

func ambiguous(names []string) error {
	return &pmks.Error{Code: pmks.CodeInvalidArgument, Field: "WithContext", Message: fmt.Sprintf("several contexts are of that cluster, or of clusters of that name: %q: choose one with kube.WithContext, or name the cluster by its SystemId", names)}
}

// RemoveKubeconfig takes a cluster out of the user's kubeconfig, and returns what was
// taken out: its context, and its cluster and user where no other context uses them. It
// asks nothing of the cloud, so that it works when the cluster is gone. The entries are
// those that [MergeKubeconfig] made for the cluster, whatever their names are now, or the
// one that [WithContext] names, if it is of that cluster or [WithOverwrite] says that it
// may be of anybody. A current context that is taken out is unset. Nothing to take out is
// success.
//
// ErrInvalidArgument: clusters of that name from several places are there; name it by its
// SystemId. Otherwise it fails as MergeKubeconfig does with files.
func RemoveKubeconfig(ctx context.Context, h pmks.ClusterHandler, clusterIID pmks.IID, opts ...KubeconfigOption) ([]Entry, error) {
	const op = "RemoveKubeconfig"
	o, err := newKubeconfigOptions(opts)
	if err == nil {
		err = pmks.CheckIID("clusterIID", clusterIID)
	}
	var removed []Entry
	if err == nil {
		removed, err = remove(ctx, o, owner{provider(h), clusterIID})
	}
	return removed, annotate(err, h, op, clusterIID)
}

func remove(ctx context.Context, o kubeconfigOptions, w owner) ([]Entry, error) {
	s, err := open(ctx, o, false)
	if err != nil {
		return nil, err
	}
	defer s.close()
	names := s.owned(w)
	switch {
	case o.context != "":
		found := s.holder(kubeconfigfile.Contexts, o.context)
		switch {
		case found == nil:
			return nil, nil
		case !o.overwrite && !w.of(found.doc.Extension(kubeconfigfile.Contexts, o.context, extension)):
			return nil, &pmks.Error{Code: pmks.CodeFailedPrecondition, Field: "WithContext", Message: fmt.Sprintf("the context %q in %q is not of this cluster, or was not made by pmks: kube.WithOverwrite removes it all the same", o.context, found.path)}
		}
		names = []string{o.context}
	case s.clusters(names) > 1:
		return nil, ambiguous(names)
	}
	var removed []Entry
	for _, name := range names {
		for f := s.holder(kubeconfigfile.Contexts, name); f != nil; f = s.holder(kubeconfigfile.Contexts, name) {
			e := Entry{Context: name, File: f.path, Current: s.current() == name,
				Cluster: f.doc.Get(kubeconfigfile.Contexts, name, "cluster"), User: f.doc.Get(kubeconfigfile.Contexts, name, "user")}
			f.doc.Delete(kubeconfigfile.Contexts, name)
			f.changed = true
			removed = append(removed, e)
			if !o.overwrite && !w.of(s.extension(name)) {
				break // the one that this one hid is somebody else's
			}
		}
		s.unsetCurrent(name)
	}
	for _, e := range removed {
		s.removeUnused(kubeconfigfile.Clusters, "cluster", e.Cluster)
		s.removeUnused(kubeconfigfile.Users, "user", e.User)
	}
	if len(removed) == 0 {
		return nil, nil
	}
	return removed, s.write(removed...)
}
