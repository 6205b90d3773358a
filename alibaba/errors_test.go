// SPDX-License-Identifier: Apache-2.0

package alibaba

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
)

// TestClassify holds every code of the tables, word by word, and the families.
func TestClassify(t *testing.T) {
	t.Parallel()
	const (
		invalid, absent, exists, busy, first = pmks.CodeInvalidArgument, pmks.CodeNotFound, pmks.CodeAlreadyExists, pmks.CodeBusy, pmks.CodeFailedPrecondition
		who, denied, slow, quota, away       = pmks.CodeUnauthenticated, pmks.CodePermissionDenied, pmks.CodeThrottled, pmks.CodeQuotaExceeded, pmks.CodeUnavailable
		inside, never                        = pmks.CodeInternal, pmks.CodeUnsupported
	)
	seen := map[string]bool{}
	for _, test := range []struct {
		code   string
		status int
		want   pmks.Code
		known  bool
	}{
		{"APISERVER_403", 403, denied, true},
		{"AddonNotFound", 404, invalid, true},
		{"ClusterNameAlreadyExist", 400, exists, true},
		{"DependencyResourceExist", 400, first, true},
		{"DependencyViolation.Resource", 400, first, true},
		{"ErrPauseTask", 400, first, true},
		{"ErrorCheckAcl", 403, denied, true},
		{"ErrorClusterNotFound", 404, absent, true},
		{"ErrorClusterState", 400, busy, true},
		{"ErrorNodePoolNotFound", 404, absent, true},
		{"ErrorQueryCluster", 500, inside, true},
		{"Forbidden.RAM", 403, denied, true},
		{"ForbiddenQueryClusterNamespace", 403, denied, true},
		{"IncompleteSignature", 400, who, true},
		{"InsufficientBalance", 400, quota, true},
		{"InsufficientInstanceIP", 400, quota, true},
		{"InternalError", 500, inside, true},
		{"InvalidAccessKeyId.Inactive", 400, who, true},
		{"InvalidAccessKeyId.NotFound", 404, who, true}, // 404!
		{"InvalidAction.NotFound", 404, never, true},    // and no absence
		{"InvalidCredentials", 0, who, true},
		{"InvalidDesiredSizeOrCount.NotNull", 400, first, true},
		{"InvalidNodePoolStatus.Forbidden", 400, busy, true},
		{"InvalidPayMethod", 400, quota, true},
		{"InvalidTimeStamp.Expired", 400, who, true},
		{"InvalidVSwitchId.IpNotEnough", 400, quota, true},
		{"NoPermission", 403, denied, true},
		{"OperationDenied.NoStock", 400, quota, true},
		{"QPS Limit Exceeded", 400, slow, true},
		{"RecommendEmpty.InstanceTypeNoStock", 400, quota, true},
		{"Rejected.Throttling", 400, slow, true},
		{"ServiceUnavailable", 503, away, true},
		{"SignatureDoesNotMatch", 400, who, true},
		{"SignatureNonceUsed", 400, away, true},
		{"StatusForbidden", 403, denied, true},
		{"TaskOperationNotSupported", 400, first, true},
		// Families.
		{"ErrManagedKuberneteRoleNotAttach", 400, first, true},
		{"ErrManagedAddonRoleNotAttach", 403, first, true},
		{"ErrKubernetesAuditRoleNotAttach", 403, first, true},
		{"ErrAutoScalerRoleNotAttach", 403, first, true},
		{"MissingAuth.AliyunOOSLifecycleHook4CSRole", 403, first, true},
		{"InvalidParameter.Management", 400, invalid, true},
		{"InvalidParameter", 400, invalid, true},
		{"InvalidImageId.NotFound", 404, invalid, true},
		{"InvalidVpcId.NotFound", 404, invalid, true},
		{"InvalidKeyPair.NotFound", 404, invalid, true},
		{"InvalidInstanceType.ValueNotSupported", 400, invalid, true},
		{"MissingParameter.Name", 400, invalid, true},
		{"InvalidSecurityToken.Expired", 400, who, true},
		{"QuotaExceeded.Cluster", 400, quota, true},
		{"STSToken policy Forbidden for action cs:X", 403, denied, true},
		{"Throttling", 400, slow, true},
		{"Throttling.User", 503, slow, true},
		{"Throttling.Api", 429, slow, true},
		// What nobody knows falls by its status, and 429 means one thing alone.
		{"Weird", 429, slow, true},
		{"ErrorClusterNotFound", 429, slow, true},
		{"Weird", 400, invalid, false},
		{"400", 400, invalid, false},
		{"Weird", 403, denied, false},
		{"Weird", 404, away, false},
		{"", 404, away, false},
		{"Weird", 409, busy, false},
		{"Weird", 418, first, false},
		{"Weird", 500, inside, false},
		{"Weird", 502, away, false},
	} {
		if got, known := classify(test.code, test.status); got != test.want || known != test.known {
			t.Errorf("%s with %d: got %s, %t; want %s, %t", test.code, test.status, got, known, test.want, test.known)
		}
		seen[test.code] = true
	}
	for code := range errorTable {
		if !seen[code] {
			t.Errorf("%s is not held", code)
		}
	}
	if !slices.IsSortedFunc(fieldTable, func(a, b struct{ prefix, field string }) int { return strings.Compare(a.prefix, b.prefix) }) {
		t.Error("fieldTable is not sorted")
	}
}

// TestReadRefusal: both forms of a refusal, the three spellings of the request's id, a code
// that is a number, and the true code inside another.
func TestReadRefusal(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		body string
		want refusal
	}{
		"ack":             {`{"code":"ErrorClusterNotFound","message":"cluster c1 not found","requestId":"R1","status":404}`, refusal{"ErrorClusterNotFound", "cluster c1 not found", "R1"}},
		"gateway":         {`{"Code":"Forbidden.RAM","Message":"not authorized","RequestId":"R2","HostId":"cs.aliyuncs.com"}`, refusal{"Forbidden.RAM", "not authorized", "R2"}},
		"snake":           {`{"code":"InternalError","message":"m","request_id":"R3"}`, refusal{"InternalError", "m", "R3"}},
		"small":           {`{"code":"InternalError","message":"m","requestid":"R4"}`, refusal{"InternalError", "m", "R4"}},
		"number":          {`{"code":400,"message":"bad"}`, refusal{"400", "bad", ""}},
		"nested":          {`{"error":{"code":"QuotaExceeded.Cluster","message":"at most 20"},"request_id":"R5"}`, refusal{"QuotaExceeded.Cluster", "at most 20", "R5"}},
		"inside-text":     {`{"code":"400","message":"ess: InvalidKeyPair.NotFound: no such key"}`, refusal{"InvalidKeyPair.NotFound", "ess: InvalidKeyPair.NotFound: no such key", ""}},
		"known-is-kept":   {`{"code":"ErrorQueryCluster","message":"saw InvalidKeyPair.NotFound"}`, refusal{"ErrorQueryCluster", "saw InvalidKeyPair.NotFound", ""}},
		"nothing-of-ours": {`{"hello":"world"}`, refusal{}},
		"no-object":       {`[]`, refusal{}},
		"not-json":        {`<html>`, refusal{}},
		"wrong-types":     {`{"code":{},"message":[],"requestId":true}`, refusal{}},
	} {
		if got := readRefusal([]byte(test.body), 400); got != test.want {
			t.Errorf("%s: got %+v, want %+v", name, got, test.want)
		}
	}
}

// TestRefused: fields, advice, the vendor's sentence in front, the address of an
// authorization whole, and of a signature that does not match nothing that it quotes.
func TestRefused(t *testing.T) {
	t.Parallel()
	const link = "https://ram.console.aliyun.com/#/role/authorize?request=%7B%22Requests%22%3A%7B%7D%7D"
	for name, test := range map[string]struct {
		status    int
		body      string
		code      pmks.Code
		field     string
		says, not string
	}{
		"link":          {403, `{"code":"ErrManagedKuberneteRoleNotAttach","message":"please complete the authorization at ` + link + `"}`, pmks.CodeFailedPrecondition, "", link, ""},
		"key":           {404, `{"Code":"InvalidAccessKeyId.NotFound","Message":"Specified access key is not found."}`, pmks.CodeUnauthenticated, "", "is not found: check accessKeyId", ""},
		"signature":     {400, `{"Code":"SignatureDoesNotMatch","Message":"does not match. server string to sign is:GET x-acs-security-token:hush"}`, pmks.CodeUnauthenticated, "", "check accessKeySecret", "hush"},
		"vpc":           {400, `{"code":"InvalidVpcId.NotFound","message":"m"}`, pmks.CodeInvalidArgument, "Network.VpcIID", "m", ""},
		"vswitch":       {400, `{"code":"InvalidVSwitchID.NotFound","message":"m"}`, pmks.CodeInvalidArgument, "Network.SubnetIIDs", "m", ""},
		"group":         {400, `{"code":"InvalidSecurityGroupId.NotFound","message":"m"}`, pmks.CodeInvalidArgument, "Network.SecurityGroupIIDs[0]", "m", ""},
		"pair":          {400, `{"code":"InvalidKeyPair.NotFound","message":"m"}`, pmks.CodeInvalidArgument, "KeyPairIID", "m", ""},
		"image":         {400, `{"code":"InvalidImageId.NotFound","message":"m"}`, pmks.CodeInvalidArgument, "ImageIID", "m", ""},
		"type":          {400, `{"code":"InvalidInstanceType.NotFound","message":"m"}`, pmks.CodeInvalidArgument, "VMSpecName", "m", ""},
		"inside-fault":  {500, `{"code":"InvalidSomething","message":"m"}`, pmks.CodeInternal, "", "m", ""},
		"speechless":    {400, `{"code":"Odd"}`, pmks.CodeInvalidArgument, "", "without a word", ""},
		"wrong-service": {404, `{"Code":"InvalidAction.NotFound","Message":"no such action"}`, pmks.CodeUnsupported, "", "check the region", ""},
	} {
		x := exchange{status: test.status, body: []byte(test.body), header: http.Header{"X-Acs-Request-Id": {"HEADER"}}}
		e := x.refused(nil)
		if e.Code != test.code || e.Field != test.field || !strings.Contains(e.Error(), test.says) || test.not != "" && strings.Contains(e.Error(), test.not) || e.RequestID != "HEADER" {
			t.Errorf("%s: got %v (%s, field %q)", name, e, e.Code, e.Field)
		}
	}
}

// TestRetryAfter: the header of all and those of the vendor's gateway, in milliseconds.
func TestRetryAfter(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"Retry-After: 7": 7 * time.Second,
		"X-Ratelimit-User-Api: Limit:100,Remain:0,TimeLeft:1500": 1500 * time.Millisecond,
		"X-Ratelimit-User: TimeLeft:2000":                        2 * time.Second,
		"X-Ratelimit-User: TimeLeft:-5":                          0,
		"X-Ratelimit-User: TimeLeft:soon":                        0,
		"X-Ratelimit-User: TimeLeft:99999999999999":              0,
		"X-Other: 1": 0,
	} {
		name, value, _ := strings.Cut(text, ": ")
		x := exchange{header: http.Header{name: {value}}}
		if got := x.retryAfter(); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

// TestAbsent: only the two codes mean that a cluster or a pool is not there, each of its
// own kind.
func TestAbsent(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		code  string
		kinds []string
		want  pmks.Code
	}{
		"cluster":             {noCluster, []string{noCluster}, pmks.CodeNotFound},
		"pool-of-cluster":     {noCluster, []string{noCluster, noPool}, pmks.CodeNotFound},
		"pool":                {noPool, []string{noCluster, noPool}, pmks.CodeNotFound},
		"pool-for-a-cluster":  {noPool, []string{noCluster}, pmks.CodeUnavailable},
		"something-else-gone": {"Elsewhere", []string{noCluster}, pmks.CodeUnavailable},
	} {
		err := absent(&pmks.Error{Code: pmks.CodeNotFound, ProviderCode: test.code}, test.kinds...)
		if pmks.CodeOf(err) != test.want {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
