// SPDX-License-Identifier: Apache-2.0

// Package kubeconfigyaml reads the kubeconfig files that clouds hand out. It is
// apart from package kubeconfig because it needs a YAML reader and the writer
// does not.
//
// It decodes with go.yaml.in/yaml/v2, the reader inside the sigs.k8s.io/yaml of
// kubectl, used directly: that way a bare 100012345678 or 0100 where a string
// belongs arrives as it is written, and not by way of a number.
package kubeconfigyaml

import (
	"bytes"
	"encoding/json"
	"errors"
	"regexp"
	"unicode/utf8"

	"go.yaml.in/yaml/v2"

	"github.com/pmks-go/pmks/internal/kubeconfig"
)

// Parse reads a vendor's kubeconfig, YAML or JSON, and returns what its current
// context says; without one, what its only context says. Bare integers as names
// (TKE) are understood. The result passes Validate, and Name is the name of the
// context.
//
// Where a user has several credentials, a client certificate is preferred to a
// token, a token to a plugin; the others are left out, as are user name and
// password, extensions and the install hint of a plugin.
//
// Refused with a [*kubeconfig.Error], which never holds a value of the text: a
// text larger than [kubeconfig.MaxSize]; references to files; settings that
// [kubeconfig.Config] cannot carry and that matter (insecure-skip-tls-verify,
// proxy-url, tls-server-name, impersonation); users with an auth-provider or a
// password alone; names that are missing or given twice.
func Parse(text []byte) (kubeconfig.Config, error) {
	c, u, err := read(text, true)
	if err == nil {
		err = u.credential(&c)
	}
	if err == nil {
		err = c.Validate()
	}
	if err != nil {
		return kubeconfig.Config{}, err
	}
	return c, nil
}

// ParseCluster reads the cluster half only: Name, Server, CAData and Namespace.
// It is for files whose user is of no use, such as the auth-provider of IBM
// Cloud, when the caller has a credential of its own. The result passes
// ValidateCluster, and Validate once it is given one.
func ParseCluster(text []byte) (kubeconfig.Config, error) {
	c, _, err := read(text, false)
	return c, err
}

// StaticToken returns the bearer token of the current user, empty when there is
// none. The administrator's file of AKS has one beside the client certificate
// that [Parse] prefers.
func StaticToken(text []byte) (kubeconfig.Secret, error) {
	c, u, err := read(text, true)
	switch {
	case err != nil:
		return kubeconfig.Secret{}, err
	case u.TokenFile != "":
		return kubeconfig.Secret{}, fileFault("user.tokenFile")
	}
	c.Token = u.token()
	if c.Token.IsZero() {
		return kubeconfig.Secret{}, nil
	}
	if err := c.Validate(); err != nil {
		return kubeconfig.Secret{}, err
	}
	return c.Token, nil
}

// read does what all readers share. The config has its cluster half, checked.
func read(text []byte, withUser bool) (kubeconfig.Config, user, error) {
	doc, err := decode(text)
	if err != nil {
		return kubeconfig.Config{}, user{}, err
	}
	s, err := doc.choose(withUser)
	if err != nil {
		return kubeconfig.Config{}, user{}, err
	}
	c := kubeconfig.Config{Name: string(s.name), Namespace: string(s.context.Namespace)}
	if err := s.cluster.fill(&c); err != nil {
		return kubeconfig.Config{}, user{}, err
	}
	if err := c.ValidateCluster(); err != nil {
		return kubeconfig.Config{}, user{}, err
	}
	return c, s.user, nil
}

// decode turns text into a document.
func decode(text []byte) (document, error) {
	var doc document
	if len(text) > kubeconfig.MaxSize {
		return doc, fault("file", "larger than 1 MiB")
	}
	text = bytes.TrimSpace(bytes.TrimPrefix(text, []byte("\ufeff")))
	switch {
	case len(text) == 0:
		return doc, fault("file", "empty")
	case !utf8.Valid(text):
		return doc, fault("file", "not valid UTF-8")
	case text[0] == '{' && json.Valid(text):
		// JSON is read as JSON: YAML does not know its \/ and surrogate pairs.
		if json.Unmarshal(text, &doc) != nil {
			return document{}, fault("file", "not a kubeconfig")
		}
	default:
		if err := yaml.Unmarshal(text, &doc); err != nil {
			return document{}, yamlFault(err)
		}
	}
	if doc.Kind != "" && doc.Kind != "Config" || doc.APIVersion != "" && doc.APIVersion != "v1" {
		return document{}, fault("kind", "not a kubeconfig: want apiVersion v1 and kind Config")
	}
	return doc, nil
}

// lineNumber finds the place in a message of the YAML reader.
var lineNumber = regexp.MustCompile(`line ([0-9]{1,7}):`)

// yamlFault keeps of an error of the YAML reader the line and nothing else: its
// messages quote the text, which may be a secret.
func yamlFault(err error) error {
	reason := "not valid YAML"
	if typeError := (*yaml.TypeError)(nil); errors.As(err, &typeError) {
		reason = "not a kubeconfig"
	}
	if m := lineNumber.FindStringSubmatch(err.Error()); m != nil {
		reason += " at line " + m[1]
	}
	return fault("file", reason)
}

func fault(field, reason string) error {
	return &kubeconfig.Error{Field: field, Reason: reason}
}

func fileFault(field string) error {
	return fault(field, "refers to a file; the data must be inline")
}
