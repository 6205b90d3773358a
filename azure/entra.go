// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
)

// aadsts is the code of an error of Entra.
var aadsts = regexp.MustCompile(`AADSTS\d+`)

// entraFault fills e in from the failure to get a token. Whether Entra refused, or
// could not be asked, is told apart: only a 4xx of its own is a refusal.
func entraFault(e *pmks.Error, f *azidentity.AuthenticationFailedError) {
	e.Code, e.ProviderCode = entraCode(f), aadsts.FindString(f.Error())
	e.Message = "Microsoft Entra refused the credentials: check tenantId, clientId and the secret, certificate or token"
	if e.Code != pmks.CodeUnauthenticated {
		e.Message = "Microsoft Entra could not be asked for a token, or failed to give one"
	}
	r := f.RawResponse
	if r == nil {
		return
	}
	e.HTTPStatus, e.RetryAfter = r.StatusCode, errs.RetryAfter(r.Header)
	if r.StatusCode >= 300 && r.StatusCode < 400 {
		e.Message = "Microsoft Entra answered with a redirect, which is not followed with a credential: check authorityHost"
	}
	if words := entraWords(r); words != "" {
		e.Message += ": " + words
	}
}

// entraWords are Entra's own sentence, without the ids that end it.
func entraWords(r *http.Response) string {
	body, err := runtime.Payload(r)
	var said struct {
		Description string `json:"error_description"`
	}
	if err != nil || json.Unmarshal(body, &said) != nil {
		return ""
	}
	words := oneLine(said.Description)
	for _, end := range []string{" Trace ID:", " Correlation ID:", " Timestamp:"} {
		words, _, _ = strings.Cut(words, end)
	}
	return words
}

// entraCode tells apart that Entra refused credentials and that it could not be
// asked: where no answer came the SDK keeps the cause as text alone.
func entraCode(f *azidentity.AuthenticationFailedError) pmks.Code {
	r := f.RawResponse
	if r == nil {
		text := f.Error()
		for _, lost := range []string{"server response error", "could not read the body", "json decode error", "unable to resolve an endpoint"} {
			if strings.Contains(text, lost) {
				return pmks.CodeUnavailable
			}
		}
		return pmks.CodeUnauthenticated
	}
	switch c := errs.ByStatus(r.StatusCode); c {
	case pmks.CodeThrottled, pmks.CodeUnavailable, pmks.CodeInternal:
		return c
	}
	return pmks.CodeUnauthenticated
}

// isCredentialFailure recognises credentials that yielded nothing: the type is not
// exported.
func isCredentialFailure(err error) bool {
	var refused interface{ NonRetriable() }
	text := err.Error()
	return strings.Contains(text, "Credential") && (errors.As(err, &refused) || strings.Contains(text, "failed to acquire a token"))
}
