// SPDX-License-Identifier: Apache-2.0

package kubeconfigyaml

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/pmks-go/pmks/internal/kubeconfig"
)

// text is a string that may stand unquoted as a number or a bool. yaml.v2 fills a
// string kind from any scalar as it is written; for JSON the method below does.
type text string

var errNotScalar = errors.New("not a scalar")

// UnmarshalJSON takes strings, numbers and bools; null is the empty text.
func (t *text) UnmarshalJSON(b []byte) error {
	switch b[0] {
	case '"':
		return json.Unmarshal(b, (*string)(t))
	case '{', '[':
		return errNotScalar
	case 'n':
		*t = ""
	default:
		*t = text(b)
	}
	return nil
}

// The parts of the format that are read; the rest is passed over.
type (
	document struct {
		APIVersion     text           `yaml:"apiVersion" json:"apiVersion"`
		Kind           text           `yaml:"kind" json:"kind"`
		CurrentContext text           `yaml:"current-context" json:"current-context"`
		Clusters       []namedCluster `yaml:"clusters" json:"clusters"`
		Contexts       []namedContext `yaml:"contexts" json:"contexts"`
		Users          []namedUser    `yaml:"users" json:"users"`
	}
	namedCluster struct {
		Name    text    `yaml:"name" json:"name"`
		Cluster cluster `yaml:"cluster" json:"cluster"`
	}
	namedContext struct {
		Name    text           `yaml:"name" json:"name"`
		Context contextSection `yaml:"context" json:"context"`
	}
	namedUser struct {
		Name text `yaml:"name" json:"name"`
		User user `yaml:"user" json:"user"`
	}
	contextSection struct {
		Cluster   text `yaml:"cluster" json:"cluster"`
		User      text `yaml:"user" json:"user"`
		Namespace text `yaml:"namespace" json:"namespace"`
	}
	cluster struct {
		Server        text `yaml:"server" json:"server"`
		CAData        text `yaml:"certificate-authority-data" json:"certificate-authority-data"`
		CAFile        text `yaml:"certificate-authority" json:"certificate-authority"`
		Insecure      bool `yaml:"insecure-skip-tls-verify" json:"insecure-skip-tls-verify"`
		TLSServerName text `yaml:"tls-server-name" json:"tls-server-name"`
		ProxyURL      text `yaml:"proxy-url" json:"proxy-url"`
	}
	user struct {
		CertificateData text            `yaml:"client-certificate-data" json:"client-certificate-data"`
		CertificateFile text            `yaml:"client-certificate" json:"client-certificate"`
		KeyData         text            `yaml:"client-key-data" json:"client-key-data"`
		KeyFile         text            `yaml:"client-key" json:"client-key"`
		Token           text            `yaml:"token" json:"token"`
		TokenFile       text            `yaml:"tokenFile" json:"tokenFile"`
		Exec            *exec           `yaml:"exec" json:"exec"`
		AuthProvider    *struct{}       `yaml:"auth-provider" json:"auth-provider"`
		Username        text            `yaml:"username" json:"username"`
		Password        text            `yaml:"password" json:"password"`
		As              text            `yaml:"as" json:"as"`
		AsUID           text            `yaml:"as-uid" json:"as-uid"`
		AsGroups        []text          `yaml:"as-groups" json:"as-groups"`
		AsExtra         map[text][]text `yaml:"as-user-extra" json:"as-user-extra"`
	}
	exec struct {
		APIVersion         text   `yaml:"apiVersion" json:"apiVersion"`
		Command            text   `yaml:"command" json:"command"`
		Args               []text `yaml:"args" json:"args"`
		Env                []env  `yaml:"env" json:"env"`
		InteractiveMode    text   `yaml:"interactiveMode" json:"interactiveMode"`
		ProvideClusterInfo bool   `yaml:"provideClusterInfo" json:"provideClusterInfo"`
	}
	env struct {
		Name  text `yaml:"name" json:"name"`
		Value text `yaml:"value" json:"value"`
	}
)

// selection is what the chosen context refers to.
type selection struct {
	name    text
	context contextSection
	cluster cluster
	user    user
}

// choose follows the current context, or the only one.
func (d document) choose(withUser bool) (selection, error) {
	name := d.CurrentContext
	if name == "" {
		switch len(d.Contexts) {
		case 0:
			return selection{}, fault("contexts", "there are none")
		case 1:
			name = d.Contexts[0].Name
		default:
			return selection{}, fault("current-context", "not set, and there are several contexts")
		}
	}
	s := selection{name: name}
	found, err := find("contexts", "current-context", d.Contexts, func(c namedContext) bool { return c.Name == name })
	if err != nil {
		return selection{}, err
	}
	s.context = found.Context
	c, err := find("clusters", "context.cluster", d.Clusters, func(c namedCluster) bool { return c.Name == s.context.Cluster })
	if err != nil {
		return selection{}, err
	}
	s.cluster = c.Cluster
	if withUser {
		u, err := find("users", "context.user", d.Users, func(u namedUser) bool { return u.Name == s.context.User })
		if err != nil {
			return selection{}, err
		}
		s.user = u.User
	}
	return s, nil
}

// find returns the one element that a reference means.
func find[T any](list, reference string, elements []T, match func(T) bool) (T, error) {
	var found, zero T
	count := 0
	for _, e := range elements {
		if match(e) {
			found = e
			count++
		}
	}
	switch count {
	case 0:
		return zero, fault(reference, "names nothing in "+list)
	case 1:
		return found, nil
	}
	return zero, fault(list, "the name is given more than once")
}

// fill copies the cluster half into c.
func (s cluster) fill(c *kubeconfig.Config) error {
	switch {
	case s.Insecure:
		return fault("cluster.insecure-skip-tls-verify", "refused: the server would not be verified")
	case s.ProxyURL != "":
		return fault("cluster.proxy-url", "not supported")
	case s.TLSServerName != "":
		return fault("cluster.tls-server-name", "not supported")
	case s.CAFile != "" && s.CAData == "": // kubectl, too, lets data win
		return fileFault("cluster.certificate-authority")
	}
	c.Server = string(s.Server)
	var err error
	c.CAData, err = inline("certificate-authority-data", s.CAData)
	return err
}

// credential copies the best credential of the user into c.
func (u user) credential(c *kubeconfig.Config) error {
	switch {
	case u.CertificateFile != "" && u.CertificateData == "":
		return fileFault("user.client-certificate")
	case u.KeyFile != "" && u.KeyData == "":
		return fileFault("user.client-key")
	case u.TokenFile != "":
		return fileFault("user.tokenFile")
	case u.As != "" || u.AsUID != "" || len(u.AsGroups) > 0 || len(u.AsExtra) > 0:
		return fault("user.as", "impersonation is not supported")
	}
	switch {
	case u.CertificateData != "" && u.KeyData != "":
		certificate, err := inline("client-certificate-data", u.CertificateData)
		if err != nil {
			return err
		}
		key, err := inline("client-key-data", u.KeyData)
		if err != nil {
			return err
		}
		c.ClientCertificate, c.ClientKey = certificate, kubeconfig.NewSecret(key)
	case !u.token().IsZero():
		c.Token = u.token()
	case u.Exec != nil:
		c.Exec = u.Exec.convert()
	case u.CertificateData != "" || u.KeyData != "":
		return fault("user", "a client certificate needs its key, and the other way round")
	case u.AuthProvider != nil:
		return fault("user.auth-provider", "not supported; it is gone from the format")
	case u.Username != "" || u.Password != "":
		return fault("user.password", "not supported; no API server takes one any more")
	default:
		return fault("user", "holds no credential")
	}
	return nil
}

// token drops the line end that block scalars leave.
func (u user) token() kubeconfig.Secret {
	return kubeconfig.NewSecret(strings.TrimSpace(string(u.Token)))
}

func (e exec) convert() *kubeconfig.Exec {
	out := &kubeconfig.Exec{
		Command:            string(e.Command),
		APIVersion:         string(e.APIVersion),
		InteractiveMode:    string(e.InteractiveMode),
		ProvideClusterInfo: e.ProvideClusterInfo,
	}
	if out.APIVersion == "" {
		out.APIVersion = kubeconfig.ExecV1
	}
	if out.InteractiveMode == "" {
		out.InteractiveMode = kubeconfig.InteractiveNever
		if out.APIVersion == kubeconfig.ExecV1Beta1 { // the default of that version
			out.InteractiveMode = kubeconfig.InteractiveIfAvailable
		}
	}
	for _, a := range e.Args {
		out.Args = append(out.Args, string(a))
	}
	for _, v := range e.Env {
		out.Env = append(out.Env, kubeconfig.EnvVar{Name: string(v.Name), Value: kubeconfig.NewSecret(string(v.Value))})
	}
	return out
}

// inline decodes a *-data value; an empty one stays empty.
func inline(field string, data text) (string, error) {
	if data == "" {
		return "", nil
	}
	pem, err := kubeconfig.DecodePEM(string(data))
	if e := (*kubeconfig.Error)(nil); errors.As(err, &e) {
		return "", fault(field, e.Reason)
	}
	return pem, nil
}
