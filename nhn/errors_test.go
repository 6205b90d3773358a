// SPDX-License-Identifier: Apache-2.0

package nhn

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gophercloud/gophercloud/v2"

	"github.com/pmks-go/pmks"
)

// refused is an answer as gophercloud hands it on.
func refused(status int, body string) error {
	return gophercloud.ErrUnexpectedResponseCode{Method: http.MethodPost, URL: "https://nks.example/v1/clusters", Actual: status, Body: []byte(body),
		ResponseHeader: http.Header{"X-Openstack-Request-Id": {"req-1"}, "Retry-After": {"7"}}}
}

func magnum(status int, detail string) string {
	text, _ := json.Marshal(detail)
	return fmt.Sprintf(`{"errors":[{"request_id":"","code":"client","status":%d,"title":"","detail":%s,"links":[]}]}`, status, text)
}

// TestErrors takes every sentence of Magnum, and the forms of the other services.
func TestErrors(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		service string
		status  int
		body    string
		want    pmks.Code
	}{
		{serviceNKS, 400, magnum(400, `Updating a cluster when status is "UPDATE_IN_PROGRESS" is not supported`), pmks.CodeBusy},
		{serviceNKS, 400, magnum(400, `Upgrading a cluster when status is "UPDATE_FAILED" is not supported`), pmks.CodeFailedPrecondition},
		{serviceNKS, 400, magnum(400, `Cluster x already has an operation in progress.`), pmks.CodeBusy},
		{serviceNKS, 400, magnum(400, `Resource limit exceeded: you have reached the maximum.`), pmks.CodeQuotaExceeded},
		{serviceNKS, 400, magnum(400, `Deleting a default nodegroup is not supported.`), pmks.CodeFailedPrecondition},
		{serviceNKS, 400, magnum(400, `Resizing x outside the allowed range: min_node_count = 1, max_node_count = 3`), pmks.CodeInvalidArgument},
		{serviceNKS, 400, magnum(400, `Resizing a cluster to zero is not allowed`), pmks.CodeInvalidArgument},
		{serviceNKS, 400, magnum(400, `Unable to find flavor m9`), pmks.CodeInvalidArgument},
		{serviceNKS, 400, magnum(400, `Image x could not be found.`), pmks.CodeInvalidArgument},
		{serviceNKS, 400, magnum(400, ""), pmks.CodeInvalidArgument},
		{serviceNKS, 403, magnum(403, `Resource limit exceeded: you have reached the maximum clusters per project, 3.`), pmks.CodeQuotaExceeded},
		{serviceNKS, 403, magnum(403, `Policy doesn't allow nodegroup:get to be performed`), pmks.CodePermissionDenied},
		{serviceNKS, 404, magnum(404, `Cluster x could not be found.`), pmks.CodeNotFound},
		{serviceNKS, 404, magnum(404, `Nodegroup x could not be found.`), pmks.CodeNotFound},
		{serviceNKS, 404, magnum(404, "\uc5c6\uc74c"), pmks.CodeNotFound},
		{serviceNKS, 404, magnum(404, `Unable to find keypair k.`), pmks.CodeInvalidArgument},
		{serviceNKS, 404, `{"itemNotFound":{"code":404,"message":"x"}}`, pmks.CodeUnavailable},
		{serviceNKS, 404, ``, pmks.CodeUnavailable},
		{serviceNKS, 404, `<html></html>`, pmks.CodeUnavailable},
		{serviceNKS, 406, magnum(406, `Version 1.1 was requested`), pmks.CodeInternal},
		{serviceNKS, 409, magnum(409, `A node group with name x already exists in the cluster c.`), pmks.CodeAlreadyExists},
		{serviceNKS, 409, magnum(409, `Multiple Clusters exist with same name. Please use the UUID instead.`), pmks.CodeInvalidArgument},
		{serviceNKS, 409, magnum(409, `Cluster API address is not available yet.`), pmks.CodeBusy},
		{serviceNKS, 409, magnum(409, `min_node_count for x is invalid (y).`), pmks.CodeInvalidArgument},
		{serviceNKS, 409, magnum(409, `Failed to pre-delete resources for cluster c, error: x`), pmks.CodeFailedPrecondition},
		{serviceNKS, 409, magnum(409, ""), pmks.CodeBusy},
		{serviceNKS, 429, ``, pmks.CodeThrottled},
		{serviceNKS, 498, ``, pmks.CodeThrottled},
		{serviceNKS, 500, magnum(500, "x"), pmks.CodeInternal},
		{serviceNKS, 502, `<html></html>`, pmks.CodeUnavailable},
		{serviceNKS, 503, ``, pmks.CodeUnavailable},
		{serviceNKS, 204, ``, pmks.CodeUnavailable},
		{serviceNKS, 302, ``, pmks.CodeUnavailable},
		{serviceCompute, 404, `{"itemNotFound":{"code":404,"message":"Keypair k not found for user u"}}`, pmks.CodeNotFound},
		{serviceCompute, 403, `{"forbidden":{"code":403,"message":"Policy does not allow it"}}`, pmks.CodePermissionDenied},
		{serviceCompute, 413, `{"overLimit":{"code":413,"message":"This request was rate-limited."}}`, pmks.CodeThrottled},
		{serviceCompute, 413, ``, pmks.CodeInvalidArgument},
		{serviceNetwork, 404, `{"NeutronError":{"type":"VpcNotFound","message":"Vpc x could not be found.","detail":""}}`, pmks.CodeNotFound},
		{serviceNetwork, 409, `{"NeutronError":{"type":"OverQuota","message":"x","detail":""}}`, pmks.CodeBusy},
		{serviceImage, 404, `No image found with ID x`, pmks.CodeNotFound},
		{serviceImage, 403, `<html>Forbidden</html>`, pmks.CodePermissionDenied},
		{keystone, 401, `{"error":{"code":401,"title":"Unauthorized","message":"The request you have made requires authentication."}}`, pmks.CodeUnauthenticated},
	} {
		var e *pmks.Error
		if err := fail(test.service, refused(test.status, test.body)); !errors.As(err, &e) || e.Code != test.want || e.HTTPStatus != test.status ||
			e.Message == "" || e.RequestID != "req-1" || e.RetryAfter != 7*time.Second {
			t.Errorf("%s %d %s: got %#v, want %s", test.service, test.status, test.body, e, test.want)
		}
		var own gophercloud.ErrUnexpectedResponseCode
		if !errors.As(e, &own) || own.Actual != test.status {
			t.Errorf("%d: gophercloud's error is lost", test.status)
		}
	}
}

// TestTextTable: every row is met by a sentence above.
func TestTextTable(t *testing.T) {
	t.Parallel()
	sentences := []string{`when status is "UPDATE_IN_PROGRESS"`, `when status is "X"`, "already has an operation in progress", "Resource limit exceeded", "default nodegroup", "allowed range",
		"Flavor x not found", "Quota exceeded", "Unable to find keypair k", "already exists", "Multiple clusters exist with same name", "API address is not available yet",
		"x is invalid", "Failed to pre-delete resources"}
	for i, row := range textTable {
		met := false
		for _, s := range sentences {
			met = met || row.pattern.MatchString(s)
		}
		if !met {
			t.Errorf("row %d, %s, is met by none", i, row.pattern)
		}
		if i > 0 && textTable[i-1].status > row.status {
			t.Errorf("row %d is not in the order of the statuses", i)
		}
	}
}

// TestFail_lost: what is no answer leaves the outcome open; what never left does not.
func TestFail_lost(t *testing.T) {
	t.Parallel()
	dial := &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	for name, test := range map[string]struct {
		err    error
		unsent bool
	}{
		"refused": {dial, true}, "reset": {&net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}, false}, "empty": {io.EOF, false},
		"cut": {io.ErrUnexpectedEOF, false}, "syntax": {&json.SyntaxError{}, false}, "no-token": {&pmks.Error{Code: pmks.CodeUnavailable, Err: notSentError{}}, true},
	} {
		err := fail(serviceNKS, test.err)
		if pmks.CodeOf(err) != pmks.CodeUnavailable || neverSent(err) != test.unsent {
			t.Errorf("%s: got %v, never sent %t", name, err, neverSent(err))
		}
	}
	if fail(serviceNKS, nil) != nil || failLogin(nil) != nil {
		t.Error("nil became an error")
	}
}

// FuzzReadRefusal: no body of a refusal, however broken, ends in a panic or without a
// code.
func FuzzReadRefusal(f *testing.F) {
	for _, body := range []string{magnum(400, "x"), `{"errors":7}`, `{"errors":[]}`, `{"error":null}`, `{"NeutronError":"text"}`, `{"a":{"code":"x"}}`, `null`, `[]`, "", "<html>"} {
		f.Add(400, []byte(body))
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		for _, service := range []string{serviceNKS, serviceCompute, serviceNetwork, serviceImage, keystone} {
			var e *pmks.Error
			if err := fail(service, refused(status, string(body))); !errors.As(err, &e) || e.Message == "" || len(e.Message) > 2*longestBody {
				t.Fatalf("%s: %v", service, err)
			}
			if e.Code == pmks.CodeNotFound && !strings.Contains(string(body), "{") && service != serviceImage {
				t.Fatalf("%s: a bare 404 is believed: %v", service, e)
			}
		}
	})
}
