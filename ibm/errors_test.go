// SPDX-License-Identifier: Apache-2.0

package ibm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/IBM/go-sdk-core/v5/core"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/once"
)

// refusal is a refusal of IKS in its own form.
func refusal(code, words string) string {
	return fmt.Sprintf(`{"incidentID":"6f2c","code":%q,"description":%q,"type":"General"}`, code, words)
}

// TestRefusedBy says every refusal of IBM in each of its forms, code by code.
func TestRefusedBy(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, cloud string
		status      int
		body        string
		want        pmks.Code
		code, says  string
	}{
		{"A0002", cloud, 500, refusal("A0002", "Could not connect to a backend service."), pmks.CodeUnavailable, "A0002", "backend"},
		{"A0003", cloud, 401, refusal("A0003", "The token is not valid."), pmks.CodeUnauthenticated, "A0003", "token"},
		{"A0006", cloud, 404, refusal("A0006", "The specified cluster could not be found."), pmks.CodeNotFound, "A0006", "could not be found"},
		{"A0656", cloud, 403, refusal("A0656", "The API key could not be created."), pmks.CodePermissionDenied, "A0656", "The API key could not be created."},
		{"E0007", cloud, 409, refusal("E0007", "A cluster with the same name already exists."), pmks.CodeAlreadyExists, "E0007", "same name"},
		{"E0008", cloud, 404, refusal("E0008", "The specified cluster could not be found."), pmks.CodeNotFound, "E0008", ""},
		{"E0020", cloud, 400, refusal("E0020", "Fields are missing."), pmks.CodeInvalidArgument, "E0020", ""},
		{"E0120", cloud, 409, refusal("E0120", "The master already runs it."), pmks.CodeFailedPrecondition, "E0120", ""},
		{"E0d39", cloud, 409, refusal("E0d39", "A worker pool with that name exists."), pmks.CodeAlreadyExists, "E0d39", ""},
		{"E1437", cloud, 400, refusal("E1437", "The minimum number of workers."), pmks.CodeFailedPrecondition, "E1437", ""},
		{"E3310", cloud, 400, refusal("E3310", "At least 2."), pmks.CodeInvalidArgument, "E3310", ""},
		{"E4e5b", cloud, 400, refusal("E4e5b", "The flavor is not available in the zone."), pmks.CodeInvalidArgument, "E4e5b", ""},
		{"E60b6", cloud, 403, refusal("E60b6", "You reached the quota."), pmks.CodeQuotaExceeded, "E60b6", "quota"},
		{"E7b85", cloud, 400, refusal("E7b85", "The cluster is not fully deployed."), pmks.CodeBusy, "E7b85", ""},
		{"Ede7d", cloud, 409, refusal("Ede7d", "The zone exists."), pmks.CodeAlreadyExists, "Ede7d", ""},
		{"Ef9cc", cloud, 400, refusal("Ef9cc", "The master is not in a deployed state."), pmks.CodeBusy, "Ef9cc", ""},
		{"G0002", cloud, 500, refusal("G0002", "Internal."), pmks.CodeUnavailable, "G0002", ""},
		{"G0004", cloud, 404, refusal("G0004", "The specified cluster could not be found."), pmks.CodeNotFound, "G0004", ""},
		{"codes-have-a-case", cloud, 400, refusal("e4E5B", "x"), pmks.CodeInvalidArgument, "e4E5B", ""},
		{"recovery", cloud, 400, `{"code":"E0020","description":"No.","recoveryCLI":"Run 'ibmcloud ks flavors'."}`, pmks.CodeInvalidArgument, "E0020", "ibmcloud ks flavors"},
		{"terse", cloud, 400, `{"code":"E0020","terseDescription":"No."}`, pmks.CodeInvalidArgument, "E0020", "No."},
		{"pool", cloud, 404, refusal("", "The specified worker pool could not be found."), pmks.CodeNotFound, "", ""},
		{"pool-of-any-code", cloud, 404, refusal("G0004", "The specified worker pool could not be found."), pmks.CodeNotFound, "G0004", ""},
		{"unknown-400", cloud, 400, refusal("E9999", "x"), pmks.CodeInvalidArgument, "E9999", "x"},
		{"unknown-409", cloud, 409, refusal("E9999", "x"), pmks.CodeBusy, "E9999", ""},
		{"unknown-422", cloud, 422, refusal("E9999", "x"), pmks.CodeInvalidArgument, "E9999", ""},
		{"unknown-451", cloud, 451, refusal("E9999", "x"), pmks.CodePermissionDenied, "E9999", ""},
		{"unknown-404", cloud, 404, refusal("E9999", "x"), pmks.CodeUnavailable, "E9999", ""},
		{"unknown-500", cloud, 500, refusal("E9999", "x"), pmks.CodeInternal, "E9999", ""},
		{"throttled", cloud, 429, refusal("A0003", "Too many."), pmks.CodeThrottled, "A0003", ""},
		{"text-404", cloud, 404, "404 page not found", pmks.CodeUnavailable, "", "404 page not found"},
		{"page", cloud, 502, "<html><body>Bad gateway</body></html>", pmks.CodeUnavailable, "", "not from IKS"},
		{"nothing", cloud, 403, "{}", pmks.CodePermissionDenied, "", "without a word"},
		{"empty-list", cloud, 400, `{"errors":[]}`, pmks.CodeInvalidArgument, "", "without a word"},

		{"vpc", "the VPC API", 404, `{"errors":[{"code":"not_found","message":"Subnet not found","more_info":"https://x"}],"trace":"t1"}`, pmks.CodeNotFound, "not_found", "Subnet not found"},
		{"vpc-denied", "the VPC API", 403, `{"errors":[{"code":"not_authorized","message":"No."}],"trace":"t1"}`, pmks.CodePermissionDenied, "not_authorized", "No."},
		{"iam", iam, 400, `{"errorCode":"BXNIM0415E","errorMessage":"Provided API key could not be found.","context":{"requestId":"r1"}}`, pmks.CodeUnauthenticated, "BXNIM0415E", "check the API key"},
		{"iam-refresh", iam, 400, `{"errorCode":"BXNIM0408E","errorMessage":"Expired."}`, pmks.CodeUnauthenticated, "BXNIM0408E", ""},
		{"iam-fails", iam, 500, `{"errorCode":"BXNIM0500E","errorMessage":"x"}`, pmks.CodeInternal, "BXNIM0500E", ""},
		{"kubernetes-not-found", "the cluster's API", 404, `{"kind":"Status","reason":"NotFound","message":"configmaps not found","code":404}`, pmks.CodeNotFound, "NotFound", ""},
		{"kubernetes-conflict", "the cluster's API", 409, `{"kind":"Status","reason":"Conflict","message":"x","code":409}`, pmks.CodeBusy, "Conflict", ""},
		{"kubernetes-forbidden", "the cluster's API", 403, `{"kind":"Status","reason":"Forbidden","message":"x","code":403}`, pmks.CodePermissionDenied, "Forbidden", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			header := http.Header{"Retry-After": {"7"}}
			if strings.HasPrefix(test.body, "<") {
				header.Set("Content-Type", "text/html")
			}
			err := refusedBy(test.cloud, test.status, header, []byte(test.body))
			var e *pmks.Error
			if !errors.As(err, &e) || e.Code != test.want || e.ProviderCode != test.code || !strings.Contains(e.Message, test.says) {
				t.Fatalf("got %v, want %s", err, test.want)
			}
			if e.HTTPStatus != test.status || e.RetryAfter != 7*time.Second || e.MayHaveHappened {
				t.Errorf("got %+v", e)
			}
			if open := once.Open(err); open != (test.status >= 500) {
				t.Errorf("open is %t", open)
			}
		})
	}
}

// TestErrorTable: every code of the table is one of the cases above, so that each has IBM's
// own words.
func TestErrorTable(t *testing.T) {
	t.Parallel()
	for code := range clusterCodes {
		if errorTable[code] != pmks.CodeNotFound {
			t.Errorf("%s means %s", code, errorTable[code])
		}
	}
	if e, ok := refusedBy(cloud, 409, nil, []byte(refusal("E0007", "x"))).(*pmks.Error); !ok || e.RequestID != "6f2c" { //nolint:errorlint // it has just been made
		t.Errorf("the incident is lost: %v", e)
	}
}

// TestAnswered: the SDK makes its text of members that IKS does not use, and none at all
// of an empty list.
func TestAnswered(t *testing.T) {
	t.Parallel()
	body := map[string]any{"code": "E0007", "description": "A cluster with the same name already exists.", "incidentID": "6f2c"}
	err := answered(cloud, &core.DetailedResponse{StatusCode: 409, Result: body}, errors.New("Conflict"))
	if pmks.CodeOf(err) != pmks.CodeAlreadyExists || !strings.Contains(err.Error(), "same name") {
		t.Errorf("JSON: %v", err)
	}
	err = answered(cloud, &core.DetailedResponse{StatusCode: 404, RawResult: []byte("404 page not found")}, errors.New("Not Found"))
	if pmks.CodeOf(err) != pmks.CodeUnavailable {
		t.Errorf("text: %v", err)
	}
	for _, test := range []struct {
		err  error
		want pmks.Code
	}{
		{context.Canceled, pmks.CodeCanceled}, {fmt.Errorf("x: %w", context.DeadlineExceeded), pmks.CodeTimeout},
		{&url.Error{Op: "Get", URL: "https://x", Err: errors.New("refused")}, pmks.CodeUnavailable},
		{io.ErrUnexpectedEOF, pmks.CodeUnavailable}, {errors.New("anything"), pmks.CodeUnavailable},
	} {
		if got := answered(cloud, nil, test.err); pmks.CodeOf(got) != test.want {
			t.Errorf("%v: got %v, want %s", test.err, got, test.want)
		}
	}
}

// TestVersion: the versions of IKS have a fix pack, and while a master is updated two.
func TestVersion(t *testing.T) {
	t.Parallel()
	for native, want := range map[string]string{
		"1.34.4_1526": "1.34.4", "1.34.4": "1.34.4", "1.33.5_1540 --> 1.34.4_1526 (pending)": "1.33.5", "": "", "-": "", "4.8.46_1566_openshift": "4.8.46",
	} {
		if got := version(native); got != want {
			t.Errorf("%q is %q, want %q", native, got, want)
		}
	}
	if got := pendingVersion(clusterObject{MasterKubeVersion: "1.33.5_1540 --> 1.34.4_1526 (pending)"}); got != "1.34.4" {
		t.Errorf("it goes to %q", got)
	}
	for _, text := range []string{"2026-08-15T01:58:00+0000", "2026-08-15T01:58:00Z", "2026-08-15T01:58:00+00:00"} {
		if got := stamp(text); !got.Equal(time.Date(2026, 8, 15, 1, 58, 0, 0, time.UTC)) {
			t.Errorf("%q is %s", text, got)
		}
	}
	if !stamp("").IsZero() || !stamp("soon").IsZero() {
		t.Error("nothing is a time")
	}
}

// TestOffer: the versions come as a map of kinds, and perhaps as a list.
func TestOffer(t *testing.T) {
	t.Parallel()
	const one = `{"major":1,"minor":34,"patch":4,"default":true,"end_of_service":""}`
	const old = `{"major":1,"minor":33,"patch":8,"default":false,"end_of_service":"2026-12-01T00:00:00+0000"}`
	for _, body := range []string{`{"kubernetes":[` + one + `,` + old + `],"openshift":[{"major":4,"minor":8,"patch":1}]}`, `[` + one + `,` + old + `,{"major":4,"minor":8,"patch":1,"type":"openshift"}]`} {
		var o offer
		a := answer{body: []byte(body)}
		if err := a.decode(cloud, &o); err != nil || !slices.Equal(o.names(true), []string{"1.34.4", "1.33.8"}) || !slices.Equal(o.names(false), []string{"1.34.4"}) || o.standard() != "1.34.4" {
			t.Errorf("%s: got %v, %v", body, o, err)
		}
	}
}

// TestSupports: ranges of add-ons.
func TestSupports(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		within, version string
		want            bool
	}{
		{">=1.30.0 <1.36.0", "1.34.4", true}, {">=1.30.0 <1.36.0", "1.36.0", false}, {">=1.30.0 <1.36.0", "1.29.9", false},
		{">1.30.0", "1.30.0", false}, {"<=1.30.0", "1.30.0", true}, {"", "1.34.4", true}, {"any", "1.34.4", true}, {">=1.30", "", true},
	} {
		if got := supports(test.within, test.version); got != test.want {
			t.Errorf("%q has %q: %t", test.within, test.version, got)
		}
	}
}
