// SPDX-License-Identifier: Apache-2.0

package ibm

import (
	"context"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/IBM/go-sdk-core/v5/core"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/endpoint"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
)

// service is the name under which the SDK looks for credentials.
const service = "kubernetes_service_api"

// variables hold an API key, as the command line and Terraform read it.
var variables = []string{"IC_API_KEY", "IBMCLOUD_API_KEY"}

// findCredentials fills in the API key, or else an Authenticator.
func (c *Config) findCredentials() error {
	if c.APIKey != "" || c.Authenticator != nil {
		return c.unwrapKey()
	}
	for _, name := range variables {
		if c.APIKey = strings.TrimSpace(os.Getenv(name)); c.APIKey != "" {
			return nil
		}
	}
	found, err := core.GetAuthenticatorFromEnvironment(service)
	if err != nil {
		// The text of the error may quote what was read.
		return &pmks.Error{Code: pmks.CodeUnauthenticated, Message: "the credentials that the environment or a credentials file gives for KUBERNETES_SERVICE_API cannot be used: check their type and that none stands in quotes or braces"}
	}
	if found == nil {
		return &pmks.Error{Code: pmks.CodeUnauthenticated, Message: "there are no credentials: give apiKey, or set " + strings.Join(variables, " or ") + " or KUBERNETES_SERVICE_API_APIKEY"}
	}
	c.Authenticator = found
	return c.unwrapKey()
}

// unwrapKey takes the API key out of the SDK's authenticator for such, which waits for
// IAM behind a lock.
func (c *Config) unwrapKey() error {
	a, ok := c.Authenticator.(*core.IamAuthenticator)
	if !ok || a.ApiKey == "" {
		return nil
	}
	c.APIKey, c.Authenticator = a.ApiKey, nil
	if c.IAMEndpoint == "" && a.URL != "" {
		c.IAMEndpoint = strings.TrimSuffix(strings.TrimRight(a.URL, "/"), "/identity/token")
		return endpoint.Check("Settings.iamEndpoint", c.IAMEndpoint, false)
	}
	return nil
}

// keepAtHome gives the authenticators of the SDK that have a client one that follows
// no redirect with what it carries.
func keepAtHome(a core.Authenticator, client *http.Client) {
	switch a := a.(type) {
	case *core.ContainerAuthenticator:
		if a.Client == nil {
			a.Client = client
		}
	case *core.VpcInstanceAuthenticator:
		if a.Client == nil {
			a.Client = client
		}
	}
}

// foreignLife is how long the token of an Authenticator is used that does not say when
// it ends: the SDK keeps it and is asked again.
const foreignLife = time.Minute

// fromAuthenticator gets tokens from any authenticator of the SDK, which knows no
// contexts: it runs beside, and nobody waits longer for it than they want.
func fromAuthenticator(a core.Authenticator) func(context.Context) (bearer, error) {
	turn := make(chan struct{}, 1) // one that hangs keeps the others from hanging as well
	return func(ctx context.Context) (bearer, error) {
		select {
		case turn <- struct{}{}:
		case <-ctx.Done():
			return bearer{}, ctx.Err()
		}
		type result struct {
			header string
			err    error
		}
		done := make(chan result, 1)
		go func() {
			defer func() { <-turn }()
			var r result
			r.err = fanout.Guarded(func() error {
				req, err := http.NewRequestWithContext(context.WithoutCancel(ctx), http.MethodGet, "https://iam.cloud.ibm.com", http.NoBody)
				if err == nil {
					err = a.Authenticate(req)
					r.header = req.Header.Get("Authorization")
				}
				return err
			})
			done <- r
		}()
		var r result
		select {
		case r = <-done:
		case <-ctx.Done():
			return bearer{}, ctx.Err()
		}
		if r.err != nil {
			return bearer{}, authenticatorFault(r.err)
		}
		value, ok := strings.CutPrefix(r.header, "Bearer ")
		if !ok {
			return bearer{}, errs.LostAnswer("the Authenticator", "bearer token")
		}
		t := bearer{value: value, expiry: time.Now().Add(foreignLife)}
		if end := claims(value).Expiry; end != 0 {
			t.expiry = time.Unix(int64(end), 0)
		}
		return t, nil
	}
}
