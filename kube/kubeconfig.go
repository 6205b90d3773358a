// SPDX-License-Identifier: Apache-2.0

package kube

import (
	"context"
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kubeconfig"
)

// KubeconfigOption changes what is written for kubectl, and where.
type KubeconfigOption func(*kubeconfigOptions)

type kubeconfigOptions struct {
	context, namespace, file string
	current, overwrite       bool
	embedded                 bool
	helper                   string
	place                    *pmks.Config
}

// WithContext names the context, and with it cluster and user. The default is the name
// that the provider gives to the cluster's kubeconfig.
func WithContext(name string) KubeconfigOption {
	return func(o *kubeconfigOptions) { o.context = name }
}

// WithNamespace sets the namespace that the context starts in. The default leaves it
// as it is in the file, and else to kubectl.
func WithNamespace(name string) KubeconfigOption {
	return func(o *kubeconfigOptions) { o.namespace = name }
}

// WithFile works on one file, as kubectl's flag --kubeconfig does, in place of those
// that KUBECONFIG lists or of the one in the home directory.
func WithFile(path string) KubeconfigOption {
	return func(o *kubeconfigOptions) { o.file = path }
}

// WithCurrentContext makes the context the current one.
func WithCurrentContext() KubeconfigOption { return func(o *kubeconfigOptions) { o.current = true } }

// WithOverwrite takes over entries of the same name that somebody else made.
func WithOverwrite() KubeconfigOption { return func(o *kubeconfigOptions) { o.overwrite = true } }

// WithCredentialHelper has kubectl call a program for each credential, so that the
// kubeconfig never goes stale and holds no secret. command is the path of
// pmks-credential, or "" to have it found in PATH; place is what the handler was opened
// with, of which region, zone, endpoint and settings are written and the credentials are
// not: the program finds them where it runs.
func WithCredentialHelper(command string, place pmks.Config) KubeconfigOption {
	return func(o *kubeconfigOptions) {
		o.helper, o.embedded = command, false
		clone := place.Clone()
		o.place = &clone
	}
}

// WithEmbeddedCredential writes a certificate or a token into the kubeconfig, also where
// the handler is opened with kubeconfigKind=exec. A token works until it ends.
func WithEmbeddedCredential() KubeconfigOption {
	return func(o *kubeconfigOptions) { o.embedded, o.place = true, nil }
}

func newKubeconfigOptions(opts []KubeconfigOption) (kubeconfigOptions, error) {
	var o kubeconfigOptions
	for _, opt := range opts {
		if opt != nil {
			opt(&o)
		}
	}
	for field, s := range map[string]string{"WithContext": o.context, "WithNamespace": o.namespace, "WithFile": o.file, "WithCredentialHelper": o.helper} {
		if !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
			return o, &pmks.Error{Code: pmks.CodeInvalidArgument, Field: field, Message: "must be printable text"}
		}
	}
	return o, nil
}

// Kubeconfig returns the text of a kubeconfig for one cluster, for kubectl, Lens and
// whatever else reads one. It is a secret, unless a credential helper is in it. Where it
// holds a token it works until that ends: minutes on some clouds.
//
// It fails as [RESTConfig] does. ErrInvalidArgument: an option is wrong.
func Kubeconfig(ctx context.Context, h pmks.ClusterHandler, clusterIID pmks.IID, opts ...KubeconfigOption) (string, error) {
	const op = "Kubeconfig"
	o, err := newKubeconfigOptions(opts)
	if err != nil {
		return "", annotate(err, h, op, clusterIID)
	}
	_, k, err := o.build(ctx, h, clusterIID)
	if err != nil {
		return "", annotate(err, h, op, clusterIID)
	}
	text, err := kubeconfig.Build(k)
	if err != nil {
		return "", annotate(unbuilt(err), h, op, clusterIID)
	}
	return text, nil
}

func unbuilt(err error) error {
	return &pmks.Error{Code: pmks.CodeInternal, Field: "AccessInfo.Kubeconfig", Message: "the kubeconfig could not be built: " + err.Error(), Err: err}
}

// build reads a cluster and returns what is to be written.
func (o kubeconfigOptions) build(ctx context.Context, h pmks.ClusterHandler, iid pmks.IID) (pmks.IID, kubeconfig.Config, error) {
	info, k, err := readCluster(ctx, h, iid)
	if err != nil {
		return iid, k, err
	}
	found := identity(iid, info.IId)
	if strings.ContainsFunc(k.Name, unicode.IsControl) {
		return found, k, &pmks.Error{Code: pmks.CodeInternal, Field: "AccessInfo.Kubeconfig", Message: "the name of the kubeconfig that the cloud issued holds control characters: choose another with kube.WithContext"}
	}
	if o.context != "" {
		k.Name = o.context
	}
	k.Namespace = o.namespace
	switch {
	case o.place != nil:
		e, err := o.exec(h, found)
		if err != nil {
			return found, k, err
		}
		// Where certificates are issued the helper compares the authority with the file's.
		e.ProvideClusterInfo = k.ClientCertificate != "" || k.Exec != nil && k.Exec.ProvideClusterInfo
		k.ClientCertificate, k.ClientKey, k.Token, k.Exec = "", kubeconfig.Secret{}, kubeconfig.Secret{}, e
	case o.embedded && k.Exec != nil:
		token, err := issueToken(ctx, h, found)
		if err != nil {
			return found, k, err
		}
		k.Exec, k.Token = nil, kubeconfig.NewSecret(token.Value)
	}
	if err := k.Validate(); err != nil {
		return found, k, unbuilt(err)
	}
	return found, k, nil
}

// exec is the call of pmks-credential for a cluster.
func (o kubeconfigOptions) exec(h pmks.ClusterHandler, iid pmks.IID) (*kubeconfig.Exec, error) {
	e := &kubeconfig.Exec{Command: o.helper}
	if e.Command == "" {
		e.Command = "pmks-credential"
	}
	provider := ""
	if r, ok := h.(pmks.CapabilityReporter); ok {
		provider = r.Capabilities().Provider
	}
	if provider == "" {
		return nil, &pmks.Error{Code: pmks.CodeInvalidArgument, Field: "WithCredentialHelper", Message: "the handler does not tell which provider it is, so that no helper can find its cluster"}
	}
	add := func(name, value string) {
		if value != "" {
			e.Args = append(e.Args, "-"+name, value)
		}
	}
	add("provider", provider)
	add("region", o.place.Region)
	add("zone", o.place.Zone)
	if err := checkPublic("Endpoint", o.place.Endpoint); err != nil {
		return nil, err
	}
	add("endpoint", o.place.Endpoint)
	add("cluster", iid.String())
	for _, name := range slices.Sorted(maps.Keys(o.place.Settings)) {
		if name == "kubeconfigKind" || name == "credentialHelper" {
			continue // they say how files are made, not where the cluster is
		}
		if err := checkPublic("Settings."+name, o.place.Settings[name]); err != nil {
			return nil, err
		}
		add("setting", name+"="+o.place.Settings[name])
	}
	return e, nil
}

// checkPublic refuses a URL with a password where all may read it.
func checkPublic(field, value string) error {
	if u, err := url.Parse(value); err == nil && u.User != nil {
		return &pmks.Error{Code: pmks.CodeInvalidArgument, Field: field, Message: "a URL with a user or a password does not go into a kubeconfig: put it into the environment of the helper"}
	}
	return nil
}
