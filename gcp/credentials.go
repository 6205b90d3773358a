// SPDX-License-Identifier: Apache-2.0

package gcp

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"os"
	"strings"

	"cloud.google.com/go/auth"
	"cloud.google.com/go/auth/credentials"
	"cloud.google.com/go/auth/oauth2adapt"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/endpoint"
	"github.com/pmks-go/pmks/internal/provider/token"
	"github.com/pmks-go/pmks/internal/refuse"
)

// scopes are those of requests and of cluster tokens alike. Without the second one
// a cluster knows a service account by a number, and not by its e-mail.
var scopes = []string{"https://www.googleapis.com/auth/cloud-platform", "https://www.googleapis.com/auth/userinfo.email"}

// tokenURI is where the key of a service account is exchanged for a token.
const tokenURI = "https://oauth2.googleapis.com/token"

// newCredentials makes the way to get tokens, and returns the private key, if there
// is one. No token is got yet.
func newCredentials(cfg *Config, client *http.Client) (creds *auth.Credentials, key string, err error) {
	opts := &credentials.DetectOptions{Scopes: scopes, Client: client, EarlyTokenRefresh: token.Early, DisableAsyncRefresh: true}
	switch {
	case cfg.TokenSource != nil:
		return auth.NewCredentials(&auth.CredentialsOptions{TokenProvider: oauth2adapt.TokenProviderFromTokenSource(cfg.TokenSource)}), "", nil
	case cfg.ClientEmail != "":
		return fromKey("Credentials.privateKey", map[string]any{
			"type": string(credentials.ServiceAccount), "project_id": cfg.ProjectID, "client_email": cfg.ClientEmail,
			"token_uri": tokenURI, "private_key": cfg.PrivateKey,
		}, opts)
	case cfg.CredentialsFile != "":
		const field = "Settings.credentialsFile"
		text, err := os.ReadFile(cfg.CredentialsFile)
		if err != nil {
			return nil, "", refuse.Invalid(field, "%q cannot be read", cfg.CredentialsFile)
		}
		return fromJSON(field, text, opts)
	case cfg.CredentialsJSON != "":
		return fromJSON("Credentials.credentialsJson", []byte(cfg.CredentialsJSON), opts)
	}
	creds, err = credentials.DetectDefault(opts)
	if err != nil {
		return nil, "", &pmks.Error{Code: pmks.CodeUnauthenticated, Err: err,
			Message: "there are no Application Default Credentials: give the key of a service account, set GOOGLE_APPLICATION_CREDENTIALS, or log in with gcloud auth application-default login"}
	}
	return creds, "", nil
}

func fromJSON(field string, text []byte, opts *credentials.DetectOptions) (*auth.Credentials, string, error) {
	var key map[string]any
	if json.Unmarshal(text, &key) != nil {
		// The text of the error may quote what was read.
		return nil, "", refuse.Invalid(field, "is not the key of a service account: it is no JSON object")
	}
	return fromKey(field, key, opts)
}

// fromKey takes the key of a service account, and refuses one that could only fail
// at its first use. What is wrong is told without quoting anything.
func fromKey(field string, key map[string]any, opts *credentials.DetectOptions) (*auth.Credentials, string, error) {
	if key["type"] != string(credentials.ServiceAccount) {
		return nil, "", refuse.Invalid(field, "is not the key of a service account: its type is another")
	}
	text, _ := key["private_key"].(string)
	// Keys that went through an environment have their line ends spelled out.
	text = strings.ReplaceAll(text, `\n`, "\n")
	if !isPrivateKey(text) {
		return nil, "", refuse.Invalid(field, "holds no private key that can be read: it must be PEM, with its line ends")
	}
	key["private_key"] = text
	if uri, ok := key["token_uri"].(string); ok {
		if err := endpoint.Check(field+".token_uri", uri, false); err != nil {
			return nil, "", err
		}
	}
	again, err := json.Marshal(key)
	if err != nil {
		return nil, "", refuse.Invalid(field, "cannot be read")
	}
	creds, err := credentials.NewCredentialsFromJSON(credentials.ServiceAccount, again, opts)
	if err != nil {
		return nil, "", refuse.Invalid(field, "is not the key of a service account: something is missing in it")
	}
	return creds, text, nil
}

// isPrivateKey reports whether a text is a key as the client library reads it.
func isPrivateKey(text string) bool {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return false
	}
	if _, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
		return true
	}
	if _, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return true
	}
	_, err := x509.ParseECPrivateKey(block.Bytes)
	return err == nil
}
