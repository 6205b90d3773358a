// SPDX-License-Identifier: Apache-2.0

package aws

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/pmks-go/pmks"
)

// answer is an error as the SDK returns it.
func answer(status int, code, message string) error {
	return &smithy.OperationError{ServiceID: "EKS", OperationName: "CreateCluster", Err: &awshttp.ResponseError{
		RequestID: "req-1",
		ResponseError: &smithyhttp.ResponseError{
			Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status}},
			Err:      &smithy.GenericAPIError{Code: code, Message: message},
		},
	}}
}

// insideEKS is a failure to get credentials in the middle of a call of EKS.
func insideEKS(err error) error {
	return &smithy.OperationError{ServiceID: "EKS", OperationName: "ListClusters",
		Err: fmt.Errorf("get identity: get credentials: failed to refresh cached credentials, %w", err)}
}

func TestFail(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		err  error
		want pmks.Code
	}{
		{"not-found", answer(404, "ResourceNotFoundException", "No cluster found for name: x."), pmks.CodeNotFound},
		{"tag-not-found", answer(404, "NotFoundException", "x"), pmks.CodeNotFound},
		{"exists", answer(409, "ResourceInUseException", "Cluster already exists with name: x"), pmks.CodeAlreadyExists},
		{"in-use", answer(409, "ResourceInUseException", "Cluster has nodegroups attached"), pmks.CodeFailedPrecondition},
		{"not-active", answer(400, "InvalidRequestException", "Cluster 'x' is not in ACTIVE status"), pmks.CodeBusy},
		{"invalid-request", answer(400, "InvalidRequestException", "deletion protection"), pmks.CodeFailedPrecondition},
		{"invalid-state", answer(400, "InvalidStateException", "insights"), pmks.CodeFailedPrecondition},
		{"invalid-parameter", answer(400, "InvalidParameterException", "unsupported Kubernetes version"), pmks.CodeInvalidArgument},
		{"propagation", answer(400, "InvalidParameterException", "Role with arn: a, could not be assumed because it does not exist or the trusted entity is not correct"), pmks.CodeFailedPrecondition},
		{"propagation-delay", answer(428, "ResourcePropagationDelayException", "x"), pmks.CodeFailedPrecondition},
		{"zone", answer(400, "UnsupportedAvailabilityZoneException", "x"), pmks.CodeInvalidArgument},
		{"limit", answer(400, "ResourceLimitExceededException", "x"), pmks.CodeQuotaExceeded},
		{"ec2-limit", answer(400, "InstanceLimitExceeded", "x"), pmks.CodeQuotaExceeded},
		{"throttling", answer(429, "ThrottlingException", "x"), pmks.CodeThrottled},
		{"throttling-400", answer(400, "Throttling", "Rate exceeded"), pmks.CodeThrottled},
		{"throttling-503", answer(503, "RequestLimitExceeded", "x"), pmks.CodeThrottled},
		{"server", answer(500, "ServerException", "x"), pmks.CodeInternal},
		{"unavailable", answer(503, "ServiceUnavailableException", "x"), pmks.CodeUnavailable},
		{"unknown-500", answer(500, "Whatever", "x"), pmks.CodeInternal},
		{"unknown-503", answer(503, "Whatever", "x"), pmks.CodeUnavailable},
		{"unknown-403", answer(403, "Whatever", "x"), pmks.CodePermissionDenied},
		{"unknown-400", answer(400, "Whatever", "x"), pmks.CodeInvalidArgument},
		{"denied", answer(403, "AccessDeniedException", "x"), pmks.CodePermissionDenied},
		{"ec2-denied", answer(403, "UnauthorizedOperation", "x"), pmks.CodePermissionDenied},
		{"bad-key", answer(403, "UnrecognizedClientException", "x"), pmks.CodeUnauthenticated},
		{"bad-key-400", answer(400, "InvalidClientTokenId", "x"), pmks.CodeUnauthenticated},
		{"bad-signature", answer(403, "InvalidSignatureException", "x"), pmks.CodeUnauthenticated},
		{"expired", answer(403, "ExpiredTokenException", "x"), pmks.CodeUnauthenticated},
		{"subnet", answer(400, "InvalidSubnetID.NotFound", "x"), pmks.CodeInvalidArgument},
		{"vpc", answer(400, "InvalidVpcID.NotFound", "x"), pmks.CodeInvalidArgument},
		{"role", answer(404, "NoSuchEntity", "x"), pmks.CodeFailedPrecondition},
		{"no-credentials", errors.New("operation error EKS: ListClusters, get identity: get credentials: failed to refresh cached credentials, no EC2 IMDS role found"), pmks.CodeUnauthenticated},
		{"sts-unreachable", insideEKS(&smithy.OperationError{ServiceID: "STS", Err: &url.Error{Op: "Post", URL: "https://x", Err: errors.New("connection refused")}}), pmks.CodeUnavailable},
		{"metadata-unreachable", insideEKS(&smithy.OperationError{ServiceID: "ec2imds", Err: &url.Error{Op: "Get", URL: "http://x", Err: errors.New("no route")}}), pmks.CodeUnauthenticated},
		{"web-identity", insideEKS(answer(400, "InvalidIdentityToken", "x")), pmks.CodeUnauthenticated},
		{"network", &url.Error{Op: "Post", URL: "https://x", Err: errors.New("connection refused")}, pmks.CodeUnavailable},
		{"canceled", fmt.Errorf("operation error: %w", context.Canceled), pmks.CodeCanceled},
		{"deadline", fmt.Errorf("operation error: %w", context.DeadlineExceeded), pmks.CodeTimeout},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			if test.want == pmks.CodeCanceled || test.want == pmks.CodeTimeout {
				ended, cancel := context.WithCancel(ctx)
				cancel()
				ctx = ended
			}
			got := fail(ctx, test.err)
			var e *pmks.Error
			if !errors.As(got, &e) || e.Code != test.want {
				t.Fatalf("got %v, want code %s", got, test.want)
			}
			if !errors.Is(got, test.err) {
				t.Error("the SDK's error is not reachable")
			}
			if e.Message == "" && e.Code != pmks.CodeUnknown {
				t.Error("no message")
			}
		})
	}
}

func TestFail_KeepsTheVendorsOwn(t *testing.T) {
	t.Parallel()
	vendor := &types.ResourceNotFoundException{}
	err := fail(t.Context(), &awshttp.ResponseError{RequestID: "req-7", ResponseError: &smithyhttp.ResponseError{
		Response: &smithyhttp.Response{Response: &http.Response{StatusCode: http.StatusNotFound}}, Err: vendor}})
	var e *pmks.Error
	var typed *types.ResourceNotFoundException
	if !errors.As(err, &e) || !errors.As(err, &typed) {
		t.Fatalf("got %v", err)
	}
	if e.RequestID != "req-7" || e.HTTPStatus != 404 || e.ProviderCode != "ResourceNotFoundException" {
		t.Errorf("got request %q, status %d, code %q", e.RequestID, e.HTTPStatus, e.ProviderCode)
	}
	if fail(t.Context(), err) != err { //nolint:errorlint // the very same value is meant
		t.Error("an error of pmks is wrapped again")
	}
	if fail(t.Context(), nil) != nil {
		t.Error("nil became an error")
	}
}

// TestFail_QuotedRequest: some services quote the signed request to whoever got
// the signature wrong, session token and all.
func TestFail_QuotedRequest(t *testing.T) {
	t.Parallel()
	const quoted = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method." +
		"\n\nThe Canonical String for this request should have been\n'GET\n/clusters\n\nx-amz-security-token:IQoJb3JpZ2luX2VjEXAMPLE\n'"
	err := fail(t.Context(), answer(403, "InvalidSignatureException", quoted))
	if text := fmt.Sprintf("%v %+v %#v", err, err, err); strings.Contains(text, "EXAMPLE") || strings.Contains(text, "\n") || !strings.Contains(text, checkSecret) {
		t.Errorf("got %s", text)
	}
}

// TestAdviceTable: advice goes with what is wrong with an identity.
func TestAdviceTable(t *testing.T) {
	t.Parallel()
	for code := range adviceTable {
		if errorTable[code] != pmks.CodeUnauthenticated {
			t.Errorf("%s is %s", code, errorTable[code])
		}
	}
}
