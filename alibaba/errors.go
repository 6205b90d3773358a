// SPDX-License-Identifier: Apache-2.0

package alibaba

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"strings"

	"github.com/alibabacloud-go/tea/tea"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
)

// vendor is how messages call the other side.
const vendor = "Alibaba Cloud"

// errorTable maps the codes of ACK, its gateway, VPC, ECS and STS. The code decides, the
// HTTP status only where a code is unknown: an unknown access key is answered with 404.
var errorTable = map[string]pmks.Code{
	"APISERVER_403":                      pmks.CodePermissionDenied,
	"AddonNotFound":                      pmks.CodeInvalidArgument,
	"ClusterNameAlreadyExist":            pmks.CodeAlreadyExists,
	"DependencyResourceExist":            pmks.CodeFailedPrecondition,
	"DependencyViolation.Resource":       pmks.CodeFailedPrecondition,
	"ErrPauseTask":                       pmks.CodeFailedPrecondition,
	"ErrorCheckAcl":                      pmks.CodePermissionDenied,
	"ErrorClusterNotFound":               pmks.CodeNotFound,
	"ErrorClusterState":                  pmks.CodeBusy, // by the state read next
	"ErrorNodePoolNotFound":              pmks.CodeNotFound,
	"ErrorQueryCluster":                  pmks.CodeInternal,
	"Forbidden.RAM":                      pmks.CodePermissionDenied,
	"ForbiddenQueryClusterNamespace":     pmks.CodePermissionDenied,
	"IncompleteSignature":                pmks.CodeUnauthenticated,
	"InsufficientBalance":                pmks.CodeQuotaExceeded,
	"InsufficientInstanceIP":             pmks.CodeQuotaExceeded,
	"InternalError":                      pmks.CodeInternal,
	"InvalidAccessKeyId.Inactive":        pmks.CodeUnauthenticated,
	"InvalidAccessKeyId.NotFound":        pmks.CodeUnauthenticated,
	"InvalidAction.NotFound":             pmks.CodeUnsupported,
	"InvalidCredentials":                 pmks.CodeUnauthenticated,
	"InvalidDesiredSizeOrCount.NotNull":  pmks.CodeFailedPrecondition,
	"InvalidNodePoolStatus.Forbidden":    pmks.CodeBusy, // by the state read next
	"InvalidPayMethod":                   pmks.CodeQuotaExceeded,
	"InvalidTimeStamp.Expired":           pmks.CodeUnauthenticated,
	"InvalidVSwitchId.IpNotEnough":       pmks.CodeQuotaExceeded,
	"NoPermission":                       pmks.CodePermissionDenied,
	"OperationDenied.NoStock":            pmks.CodeQuotaExceeded,
	"QPS Limit Exceeded":                 pmks.CodeThrottled,
	"RecommendEmpty.InstanceTypeNoStock": pmks.CodeQuotaExceeded,
	"Rejected.Throttling":                pmks.CodeThrottled,
	"ServiceUnavailable":                 pmks.CodeUnavailable,
	"SignatureDoesNotMatch":              pmks.CodeUnauthenticated,
	"SignatureNonceUsed":                 pmks.CodeUnavailable,
	"StatusForbidden":                    pmks.CodePermissionDenied,
	"TaskOperationNotSupported":          pmks.CodeFailedPrecondition,
}

// familyTable maps what codes begin with, the longer first where one begins another.
var familyTable = []struct {
	prefix string
	code   pmks.Code
}{
	{"InvalidSecurityToken.", pmks.CodeUnauthenticated},
	{"Invalid", pmks.CodeInvalidArgument},
	{"MissingAuth.", pmks.CodeFailedPrecondition},
	{"MissingParameter", pmks.CodeInvalidArgument},
	{"QuotaExceeded.", pmks.CodeQuotaExceeded},
	{"STSToken policy Forbidden", pmks.CodePermissionDenied},
	{"Throttling", pmks.CodeThrottled},
}

// fieldTable says which field of a request a code speaks of, by what it begins with.
var fieldTable = []struct{ prefix, field string }{
	{"InvalidImageId", "ImageIID"},
	{"InvalidInstanceType", "VMSpecName"},
	{"InvalidKeyPair", "KeyPairIID"},
	{"InvalidSecurityGroupId", "Network.SecurityGroupIIDs[0]"},
	{"InvalidSystemDisk", "RootDiskType"},
	{"InvalidVSwitchId", "Network.SubnetIIDs"},
	{"InvalidVpcId", "Network.VpcIID"},
	{"RecommendEmpty.InstanceType", "VMSpecName"},
}

// adviceTable holds the way out where the vendor names none.
var adviceTable = map[string]string{
	"InvalidAccessKeyId.Inactive": "the access key is switched off: enable it, or give another",
	"InvalidAccessKeyId.NotFound": "check accessKeyId, and securityToken, which belongs to temporary keys",
	"InvalidAction.NotFound":      "check the region and the endpoint",
	"InvalidTimeStamp.Expired":    "check the clock of this machine",
	"SignatureDoesNotMatch":       "check accessKeySecret",
}

// classify returns the code of a refusal by the vendor's code; known is false where only
// the status tells.
func classify(code string, status int) (_ pmks.Code, known bool) {
	if status == http.StatusTooManyRequests {
		return pmks.CodeThrottled, true
	}
	if c, ok := errorTable[code]; ok {
		return c, true
	}
	if strings.HasSuffix(code, "RoleNotAttach") {
		return pmks.CodeFailedPrecondition, true
	}
	for _, f := range familyTable {
		if strings.HasPrefix(code, f.prefix) {
			return f.code, true
		}
	}
	return errs.ByStatus(status), false
}

// refusal is what the vendor says of a request: ACK in small letters, its gateway in
// capitals, and the id of the request in either or with an underscore.
type refusal struct {
	code, message, requestID string
}

func readRefusal(body []byte, status int) refusal {
	var members map[string]any
	d := json.NewDecoder(strings.NewReader(string(body)))
	d.UseNumber() // a code may be one
	if d.Decode(&members) != nil {
		return refusal{}
	}
	r := refusal{code: text(members, "code", "Code"), message: text(members, "message", "Message"),
		requestID: text(members, "requestId", "RequestId", "request_id", "requestid")}
	for _, name := range []string{"error", "Error"} { // a cause inside says it more exactly
		if inner, ok := members[name].(map[string]any); ok {
			if code := text(inner, "code", "Code"); code != "" {
				r.code, r.message = code, strings.TrimSpace(r.message+" "+text(inner, "message", "Message"))
			}
		}
	}
	if _, known := classify(r.code, 0); !known && status < 500 { // a fault inside settles nothing, whatever it quotes
		for _, word := range codeInText.FindAllString(r.message, -1) {
			if _, known := classify(word, 0); known {
				r.code = word
				break
			}
		}
	}
	return r
}

// codeInText matches what may be a code of ECS or ESS in a message of ACK.
var codeInText = regexp.MustCompile(`\b[A-Z][A-Za-z]+(?:\.[A-Z][A-Za-z]+)+\b`)

// text is the first of some members that is a text or a number.
func text(members map[string]any, names ...string) string {
	for _, name := range names {
		switch v := members[name].(type) {
		case string:
			if v != "" {
				return v
			}
		case json.Number:
			return v.String()
		}
	}
	return ""
}

// fail turns an error of the SDK into a *pmks.Error.
func (x *exchange) fail(err error) error {
	if err == nil {
		return nil
	}
	var known *pmks.Error
	var answer *tea.SDKError
	switch {
	case errors.As(err, &known):
	case errors.As(err, &answer) && x.status >= 400:
		known = x.refused(err)
	case errors.As(err, &answer) && tea.StringValue(answer.Code) == "InvalidCredentials":
		known = &pmks.Error{Code: pmks.CodeUnauthenticated, ProviderCode: "InvalidCredentials", Message: "there are no credentials", Err: err}
	default:
		// Something in the answer is not what it must be.
		known = &pmks.Error{Code: pmks.CodeUnavailable, RequestID: x.requestID(""), Message: "the answer of " + vendor + " cannot be read: it counts as lost", Err: err}
	}
	return known
}

// denied is the error of an answer that says with the status of a success that it was
// none: what came of the request is not known.
func (x *exchange) denied() error {
	if !x.mentions("message") || !x.mentions("code") {
		return nil // as nearly all: such an answer is not decoded once more for it
	}
	var members map[string]any
	_ = json.Unmarshal(x.body, &members)                                             // what is no object says nothing
	for _, name := range []string{"task_id", "cluster_id", "nodepool_id", "state"} { // it is of something, which has failed maybe
		if members[name] != nil {
			return nil
		}
	}
	r := readRefusal(x.body, x.status)
	if r.code == "" || r.message == "" || r.code == "200" || strings.EqualFold(r.code, "OK") || strings.EqualFold(r.code, "Success") {
		return nil
	}
	return errs.With(errs.LostAnswer(vendor, "answer"), func(e *pmks.Error) {
		e.ProviderCode, e.RequestID, e.Message = r.code, x.requestID(r.requestID), e.Message+", and says: "+strings.Join(strings.Fields(r.message), " ")
	})
}

// mentions reports whether an answer has a member of this name, in whatever case, at any
// depth. It looks for how the name ends: quotes are everywhere in JSON, and a search for
// what begins with one stops at each.
func (x *exchange) mentions(name string) bool {
	end := []byte(name[len(name)-2:] + `"`)
	for at := 0; ; {
		i := bytes.Index(x.body[at:], end)
		if i < 0 {
			return false
		}
		at += i + len(end)
		if start := at - len(name) - 2; start >= 0 && x.body[start] == '"' && bytes.EqualFold(x.body[start+1:at-1], []byte(name)) {
			return true
		}
	}
}

func (x *exchange) requestID(said string) string {
	if said == "" && x.header != nil {
		return x.header.Get("X-Acs-Request-Id")
	}
	return said
}

// refused is the error of an answer that says why.
func (x *exchange) refused(err error) *pmks.Error {
	r := readRefusal(x.body, x.status)
	e := &pmks.Error{ProviderCode: r.code, HTTPStatus: x.status, RequestID: x.requestID(r.requestID), RetryAfter: x.retryAfter(), Err: err}
	e.Code, _ = classify(r.code, x.status)
	if x.status >= 500 && e.Code == pmks.CodeInvalidArgument {
		e.Code = errs.ByStatus(x.status) // a fault inside is no fault of the request
	}
	if r.code == "SignatureDoesNotMatch" {
		// What follows quotes the request, with the security token in it.
		r.message, _, _ = strings.Cut(r.message, "server string to sign")
		e.Err = errors.New("SignatureDoesNotMatch")
	}
	if e.Message = strings.Join(strings.Fields(r.message), " "); e.Message == "" {
		e.Message = vendor + " refused the request without a word"
	}
	if advice := adviceTable[r.code]; advice != "" {
		e.Message = strings.TrimSuffix(e.Message, ".") + ": " + advice
	}
	if e.Code == pmks.CodeInvalidArgument {
		for _, f := range fieldTable {
			if strings.HasPrefix(strings.ToLower(r.code), strings.ToLower(f.prefix)) {
				e.Field = f.field
			}
		}
	}
	return e
}

// absent returns err, a NotFound only with one of the codes that speak of what was asked
// for. A cluster that is not there says nothing of a pool, but that it is gone too.
func absent(err error, codes ...string) error {
	if !errs.Is(err, pmks.CodeNotFound) {
		return err
	}
	return errs.With(err, func(e *pmks.Error) {
		for _, code := range codes {
			if e.ProviderCode == code {
				return
			}
		}
		e.Code = pmks.CodeUnavailable
	})
}

const (
	noCluster = "ErrorClusterNotFound"
	noPool    = "ErrorNodePoolNotFound"
)

// isRefusal reports whether err is an answer that settles a request: it was understood
// and not done.
func isRefusal(err error) bool {
	var e *pmks.Error
	return errors.As(err, &e) && e.HTTPStatus >= 400 && e.HTTPStatus < 500 && !errs.Is(err, pmks.CodeThrottled)
}

// byState reports whether what a refusal means depends on the state of its target: its
// code says so, or nobody knows the code.
func byState(err error) bool {
	var e *pmks.Error
	if !errors.As(err, &e) || !isRefusal(err) {
		return false
	}
	_, known := classify(e.ProviderCode, e.HTTPStatus)
	return !known && !errs.Is(err, pmks.CodePermissionDenied) && !errs.Is(err, pmks.CodeUnauthenticated) || e.ProviderCode == "ErrorClusterState" || e.ProviderCode == "InvalidNodePoolStatus.Forbidden"
}

// annotate says where an error happened, once for each method of the handler.
func annotate(err *error, op string, cluster, nodeGroup pmks.IID) {
	errs.Annotate(err, Name, op, cluster, nodeGroup)
}
