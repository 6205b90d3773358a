// SPDX-License-Identifier: Apache-2.0

package aws

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/endpoint"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/redact"
)

// answers looks at each answer before the SDK does, which takes an empty one for a
// success that says nothing, and the page of a proxy for a fault without a code.
// It also cuts out of a refusal what the request carried as its credential: the
// vendor's own error is kept, and everybody may print that.
func answers(credentials aws.CredentialsProvider) func(*middleware.Stack) error {
	look := middleware.DeserializeMiddlewareFunc("pmksAnswers", func(ctx context.Context, in middleware.DeserializeInput,
		next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
		out, metadata, err := next.HandleDeserialize(ctx, in)
		answer, ok := out.RawResponse.(*smithyhttp.Response)
		if err != nil || !ok {
			return out, metadata, err
		}
		whole, err := endpoint.ReadWhole(answer.Body, answer.ContentLength)
		if err != nil {
			return out, metadata, err
		}
		body := whole.Bytes()
		answer.Body = whole // the SDK keeps nothing of it beyond Close
		service, op := middleware.GetServiceID(ctx), middleware.GetOperationName(ctx)
		ok = answer.StatusCode/100 == 2
		switch foreign := errs.Foreign(answer.Header, body) || !ok && len(body) > largestRefusal; {
		case foreign || answer.StatusCode/100 == 3:
			err = &pmks.Error{Code: errs.ByStatus(answer.StatusCode), HTTPStatus: answer.StatusCode,
				RetryAfter: errs.RetryAfter(answer.Header), Message: errs.ForeignText("AWS", answer.StatusCode)}
			if ok {
				err = &pmks.Error{Code: pmks.CodeUnavailable, HTTPStatus: answer.StatusCode, Message: errs.ForeignText("AWS", answer.StatusCode)}
			}
		case ok && !holds(service, op, body):
			err = errs.LostAnswer("AWS", op+" result")
		case !ok:
			text := redact.Text(string(body), sentCredentials(ctx, in.Request, credentials)...)
			answer.Body = io.NopCloser(strings.NewReader(text))
		}
		return out, metadata, err
	})
	return func(stack *middleware.Stack) error { return stack.Deserialize.Add(look, middleware.After) }
}

// largestRefusal is more than a fault of AWS ever takes.
const largestRefusal = 256 << 10

// holds reports whether the body of a success is one of the operation: a JSON
// object of EKS, the XML element that is named after the action elsewhere.
func holds(service, op string, body []byte) bool {
	if service == eks.ServiceID {
		return bytes.HasPrefix(bytes.TrimSpace(body), []byte("{"))
	}
	return bytes.Contains(body, []byte("<"+op+"Response"))
}

// sentCredentials lists what a request carried as its credential, and what belongs to it.
func sentCredentials(ctx context.Context, request any, credentials aws.CredentialsProvider) []string {
	var list []string
	if r, ok := request.(*smithyhttp.Request); ok {
		list = append(list, r.Header.Get("X-Amz-Security-Token"), r.Header.Get("Authorization"))
		if _, signature, ok := strings.Cut(r.Header.Get("Authorization"), "Signature="); ok {
			list = append(list, signature)
		}
		list = append(list, webIdentityToken(r))
	}
	if credentials != nil {
		if c, err := credentials.Retrieve(ctx); err == nil {
			list = append(list, c.SecretAccessKey, c.SessionToken)
		}
	}
	return list
}

// webIdentityToken returns the token in the body of AssumeRoleWithWebIdentity, which
// is not signed for that reason.
func webIdentityToken(r *smithyhttp.Request) string {
	if r.Header.Get("Authorization") != "" || r.Method != http.MethodPost || r.GetStream() == nil || r.RewindStream() != nil {
		return ""
	}
	body, err := io.ReadAll(r.GetStream())
	form, formErr := url.ParseQuery(string(body))
	if err != nil || formErr != nil {
		return ""
	}
	return form.Get("WebIdentityToken")
}
