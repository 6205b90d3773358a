// SPDX-License-Identifier: Apache-2.0

package ibm

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"strings"

	"github.com/IBM/go-sdk-core/v5/core"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
)

// Codes of IKS that say more than their meaning for a caller.
const (
	codeMasterThere = "E0120" // the master has that version
	codeNoRole      = "A0656"
	codeNoFlavor    = "E4e5b" // the flavor is not to be had in the zone
	codeTooFew      = "E1437" // too few workers would be left, or some are worked on
)

// errorTable holds the codes of IKS, of VPC, and the reasons of a cluster's API.
var errorTable = map[string]pmks.Code{
	"A0002":         pmks.CodeUnavailable, // the backend was not reached
	"A0003":         pmks.CodeUnauthenticated,
	"A0006":         pmks.CodeNotFound, // the cluster: see absent
	codeNoRole:      pmks.CodePermissionDenied,
	"AlreadyExists": pmks.CodeAlreadyExists,
	"Conflict":      pmks.CodeBusy,
	"E0007":         pmks.CodeAlreadyExists, // a cluster
	"E0008":         pmks.CodeNotFound,      // the cluster: see absent
	"E0020":         pmks.CodeInvalidArgument,
	codeMasterThere: pmks.CodeFailedPrecondition,
	"E0d39":         pmks.CodeAlreadyExists, // a worker pool
	codeTooFew:      pmks.CodeFailedPrecondition,
	"E3310":         pmks.CodeInvalidArgument,
	codeNoFlavor:    pmks.CodeInvalidArgument,
	"E60b6":         pmks.CodeQuotaExceeded,
	"E7b85":         pmks.CodeBusy,          // not deployed far enough for an add-on
	"Ede7d":         pmks.CodeAlreadyExists, // a zone
	"Ef9cc":         pmks.CodeBusy,          // the master is not in the state deployed
	"Forbidden":     pmks.CodePermissionDenied,
	"G0002":         pmks.CodeUnavailable, // an internal failure
	"G0004":         pmks.CodeNotFound,    // the cluster: see absent
	"NotFound":      pmks.CodeNotFound,
	"Unauthorized":  pmks.CodeUnauthenticated,
	"not_found":     pmks.CodeNotFound,
}

// clusterCodes say of a cluster that it is not there, or that the caller may not see
// it, or that it is too new.
var clusterCodes = map[string]bool{"A0006": true, "E0008": true, "G0004": true}

// poolMissing are IBM's words for a worker pool that is not there: which code comes
// with them, no document says.
var poolMissing = regexp.MustCompile(`(?i)specified worker pool could not be found`)

// said is what a refusal may hold, in the forms of IKS, VPC, IAM and Kubernetes.
type said struct {
	Code        json.RawMessage `json:"code"` // a number in those of Kubernetes
	Description string          `json:"description"`
	Terse       string          `json:"terseDescription"`
	Incident    string          `json:"incidentID"`
	Recovery    string          `json:"recoveryCLI"`

	Errors []struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"errors"`
	Trace string `json:"trace"`

	ErrorCode    string `json:"errorCode"`
	ErrorMessage string `json:"errorMessage"`
	ErrorDetails string `json:"errorDetails"`
	Context      struct {
		RequestID string `json:"requestId"`
	} `json:"context"`

	Reason  string `json:"reason"`
	Message string `json:"message"`
}

func (s said) code() string {
	var code string
	if json.Unmarshal(s.Code, &code) != nil {
		code = "" // that of Kubernetes is the status again
	}
	for _, e := range s.Errors {
		code = cmp.Or(code, e.Code)
	}
	return cmp.Or(code, s.ErrorCode, s.Reason)
}

func (s said) words() string {
	var listed []string
	for _, e := range s.Errors {
		listed = append(listed, e.Message)
	}
	words := cmp.Or(s.Description, s.Terse, strings.Join(listed, "; "), s.Message, strings.Trim(s.ErrorMessage+" "+s.ErrorDetails, " "))
	if s.Recovery != "" {
		words += " " + s.Recovery
	}
	return strings.Join(strings.Fields(words), " ")
}

// refusedBy is the error of an answer that is no success.
func refusedBy(cloud string, status int, header http.Header, body []byte) error {
	const longest = 4096 // more than any message of IBM has
	e := &pmks.Error{HTTPStatus: status, RetryAfter: errs.RetryAfter(header)}
	var s said
	if errs.Foreign(header, body) || json.Unmarshal(body, &s) != nil {
		e.Code, e.Message = errs.ByStatus(status), errs.ForeignText(cloud, status)
		if text := strings.Join(strings.Fields(string(body[:min(len(body), 200)])), " "); text != "" && !errs.Foreign(header, body) && status < 500 {
			e.Message = cloud + " says: " + strings.ToValidUTF8(text, "")
		}
		return e
	}
	e.ProviderCode = s.code()
	e.RequestID = cmp.Or(s.Incident, s.Trace, s.Context.RequestID, header.Get("X-Request-Id"), header.Get("X-Correlation-Id"), header.Get("Transaction-Id"))
	words := s.words()
	e.Message = cmp.Or(strings.ToValidUTF8(words[:min(len(words), longest)], ""), cloud+" answered without a word ("+http.StatusText(status)+")")
	e.Code = classify(status, e.ProviderCode, words)
	if e.Code == pmks.CodeUnauthenticated && cloud == iam {
		e.Message += ": check the API key"
	}
	return e
}

// classify decides by the code first and by the status last.
func classify(status int, code, words string) pmks.Code {
	switch {
	case status == http.StatusTooManyRequests:
		return pmks.CodeThrottled
	case status == http.StatusNotFound && poolMissing.MatchString(words):
		return pmks.CodeNotFound
	case strings.HasPrefix(code, "BXNIM") && status < 500:
		return pmks.CodeUnauthenticated
	}
	if known, ok := errorTable[code]; ok {
		return known
	}
	return errs.ByStatus(status)
}

// unreachable is the error of a request without an answer.
func unreachable(cloud string, err error) error {
	var known *pmks.Error
	if errors.As(err, &known) {
		return err
	}
	e := &pmks.Error{Code: pmks.CodeOf(err), Err: err}
	if e.Code == pmks.CodeCanceled || e.Code == pmks.CodeTimeout {
		e.Message = "the context ended during a request"
		return e
	}
	e.Code, e.Message = pmks.CodeUnavailable, "the answer of "+cloud+" cannot be read: it counts as lost"
	if cause, ok := errs.Transport(err); ok {
		e.Message = cloud + " could not be reached, or its answer was lost: " + cause
	}
	return e
}

// unreadable is the error of a success that cannot be decoded.
func unreadable(cloud string, status int, header http.Header, body []byte, err error) error {
	e := &pmks.Error{Code: pmks.CodeUnavailable, Err: err, Message: "the answer of " + cloud + " cannot be read: it counts as lost"}
	if errs.Foreign(header, body) {
		e.Message = errs.ForeignText(cloud, status)
	}
	return e
}

// answered turns how a request of the SDK ended into our error. The SDK makes its text
// from members that IKS does not use, so the answer is read instead.
func answered(cloud string, resp *core.DetailedResponse, err error) error {
	if resp == nil || resp.StatusCode == 0 || resp.StatusCode >= 200 && resp.StatusCode < 300 {
		return unreachable(cloud, err)
	}
	body := resp.RawResult
	if m, ok := resp.GetResultAsMap(); ok {
		var b bytes.Buffer
		if json.NewEncoder(&b).Encode(m) == nil {
			body = b.Bytes()
		}
	}
	return refusedBy(cloud, resp.StatusCode, resp.Headers, body)
}

// authenticatorFault is the error of an authenticator of the SDK.
func authenticatorFault(err error) error {
	var refused *core.AuthenticationError
	if errors.As(err, &refused) && refused.Response != nil && refused.Response.StatusCode != 0 {
		return answered(iam, refused.Response, err)
	}
	return unreachable(iam, err)
}

// existing says of a refusal that something has the name already which field it is
// about.
func existing(err error, hint string) error {
	if !errs.Is(err, pmks.CodeAlreadyExists) {
		return err
	}
	return errs.With(err, func(e *pmks.Error) { e.Field, e.Message = "IId.NameId", e.Message+hint })
}

// ofRole says of a creation that lacks a role which one that may be.
func ofRole(err error) error {
	if errs.ProviderCode(err) != codeNoRole {
		return err
	}
	return errs.With(err, func(e *pmks.Error) {
		e.Message += ": creating a cluster needs the role Operator on the IAM Identity Service for the key that the service makes"
	})
}

// ofFlavor says of a refusal of the flavor which field it is about.
func ofFlavor(err error, prefix string) error {
	if errs.ProviderCode(err) != codeNoFlavor {
		return err
	}
	return errs.With(err, func(e *pmks.Error) { e.Field = prefix + "VMSpecName" })
}

// annotate says where an error happened, once for each method of the handler.
func annotate(err *error, op string, cluster, nodeGroup pmks.IID) {
	errs.Annotate(err, Name, op, cluster, nodeGroup)
}
