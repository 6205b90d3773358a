// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
)

// said is what the body of an error says: AKS sends a flat object, Azure Resource
// Manager one within "error". Both may hold details of the same form.
type said struct {
	Code    string
	Message string
	Details []said
}

// UnmarshalJSON takes what it understands; a member of another type is passed over.
func (s *said) UnmarshalJSON(data []byte) error {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		return nil //nolint:nilerr // it is no object, and says nothing
	}
	_ = json.Unmarshal(raw["code"], &s.Code)
	_ = json.Unmarshal(raw["message"], &s.Message)
	_ = json.Unmarshal(raw["details"], &s.Details)
	var subcode string
	if json.Unmarshal(raw["subcode"], &subcode) == nil && oneLine(subcode) != "" {
		s.Details = append(s.Details, said{Code: oneLine(subcode)}) // more exact than the code
	}
	var within said
	if json.Unmarshal(raw["innererror"], &within) == nil && within.Code != "" {
		s.Details = append(s.Details, within)
	}
	s.Code, s.Message = oneLine(s.Code), oneLine(s.Message)
	if inner, ok := raw["error"]; ok && s.Code == "" && s.Message == "" {
		return json.Unmarshal(inner, s)
	}
	return nil
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// depth bounds how deep details are followed.
const depth = 8

// each calls f for s and all its details, the outermost first.
func (s said) each(level int, f func(said)) {
	f(s)
	for _, d := range s.Details {
		if level < depth {
			d.each(level+1, f)
		}
	}
}

// generalCodes are those under which Azure says nearly anything; a known code among
// the details is the true one then.
var generalCodes = []string{"", "BadRequest", "Conflict", "InternalServerError", "InvalidParameter", "OperationNotAllowed"}

// reason returns the part of s that tells what is the matter: s itself, unless its
// code is unknown or means nearly anything and one of the details has a better one.
func (s said) reason() said {
	if known(s.Code, s.Message) && !slices.Contains(generalCodes, s.Code) {
		return s
	}
	best := s
	s.each(0, func(d said) {
		if best.Code == s.Code && known(d.Code, d.Message) && !slices.Contains(generalCodes, d.Code) {
			best = d
		}
	})
	return best
}

func known(code, text string) bool {
	_, ok := errorTable[code]
	return ok || isQuota(code, text)
}

// text is everything that s says, each sentence once.
func (s said) text() string {
	var parts []string
	s.each(0, func(d said) {
		if d.Message != "" && !slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(p, d.Message) }) {
			parts = append(parts, d.Message)
		}
	})
	return strings.Join(parts, ": ")
}

// bodyOf reads the body of an error. ResponseError has no field for it, and its text
// is the whole exchange. foreign: something on the way sent it, not Azure.
func bodyOf(r *azcore.ResponseError) (s said, foreign bool) {
	if r.RawResponse == nil {
		return said{}, false
	}
	body, err := runtime.Payload(r.RawResponse)
	if err != nil {
		return said{}, false
	}
	if errs.Foreign(r.RawResponse.Header, body) {
		return said{}, true
	}
	_ = json.Unmarshal(body, &s) // what is no JSON says nothing
	return s, false
}

// statusText is what is told of an answer that says nothing itself.
func statusText(status int, foreign bool) string {
	if foreign || status >= 300 && status < 400 {
		return errs.ForeignText("Azure", status)
	}
	return strings.TrimSpace(fmt.Sprintf("Azure answered %d %s", status, http.StatusText(status)))
}

// classify tells what an answer means: 429 is throttling whatever its code says,
// else the code decides, and the status last.
func classify(code, text string, status int) pmks.Code {
	switch {
	case status == http.StatusTooManyRequests:
		return pmks.CodeThrottled
	case isQuota(code, text):
		return pmks.CodeQuotaExceeded
	case code == "OperationNotAllowed":
		return notAllowed(text, status)
	}
	if c, ok := errorTable[code]; ok {
		return c
	}
	if inUsePattern.MatchString(code) {
		return pmks.CodeFailedPrecondition
	}
	if code == "PreconditionFailed" || status == http.StatusPreconditionFailed {
		// Of If-Match; the callers that send If-None-Match know better.
		return pmks.CodeBusy
	}
	return errs.ByStatus(status)
}

// notAllowed tells the meanings of OperationNotAllowed apart, which AKS answers to
// nearly everything that depends on the state.
func notAllowed(text string, status int) pmks.Code {
	lower := strings.ToLower(text)
	for _, busy := range []string{"another operation", "in progress", "aks-pending-operation"} {
		if strings.Contains(lower, busy) && !strings.Contains(lower, "stopped") {
			return pmks.CodeBusy
		}
	}
	if status == http.StatusConflict && !strings.Contains(lower, "stopped") {
		return pmks.CodeBusy
	}
	return pmks.CodeFailedPrecondition
}

// inUsePattern matches codes of what something else still uses, which waiting does not
// change: InUseSubnetCannotBeDeleted, CannotDeleteLoadBalancerWithPrivateLinkService.
var inUsePattern = regexp.MustCompile(`^(InUse|CannotDelete)|(InUse|CannotBeDeleted)$`)

// quotaPattern matches what AKS says of quotas under several codes, exceededPattern
// what says so under any.
var (
	quotaPattern    = regexp.MustCompile(`(?i)\bquota\b`)
	exceededPattern = regexp.MustCompile(`(?i)\b(exceed\w*|insufficient)\b.*\bquota\b|\bquota\b.*\bexceed`)
)

// isQuota reports whether a limit of the subscription is meant, whatever the code.
func isQuota(code, text string) bool {
	return strings.Contains(code, "Quota") || strings.HasSuffix(code, "CountLimitReached") ||
		code == "OperationNotAllowed" && quotaPattern.MatchString(text) ||
		slices.Contains([]string{"", "BadRequest", "Conflict", "InvalidParameter"}, code) && exceededPattern.MatchString(text)
}
