// SPDX-License-Identifier: Apache-2.0

package nhn

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"strings"

	"github.com/gophercloud/gophercloud/v2"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
)

// refusal is what an answer with an error says, whatever service it is from.
type refusal struct {
	status int
	// word is the service's own: the class of a fault of Nova or Neutron, Magnum's
	// code.
	word    string
	message string
	// own: the body is in the form of the service that was asked.
	own bool
}

// quotaWords are sentences and not words alone: a name may hold those.
var quotaWords = regexp.MustCompile(`(?i)limit exceeded|quota (is |was |has been )?exceeded|exceeds? .{0,20}quota|reached the maximum|maximum .{0,40}(reached|exceeded)`)

// textTable holds what Magnum says in words, by status. Words may be Korean, so they
// come after everything that is known without them. The first that matches counts.
var textTable = []struct {
	status  int
	pattern *regexp.Regexp
	code    pmks.Code
}{
	{400, regexp.MustCompile(`(?i)when status is "?\w*_IN_PROGRESS`), pmks.CodeBusy},
	{400, regexp.MustCompile(`(?i)when status is`), pmks.CodeFailedPrecondition},
	{400, regexp.MustCompile(`(?i)already has an operation in progress`), pmks.CodeBusy},
	{400, quotaWords, pmks.CodeQuotaExceeded},
	{400, regexp.MustCompile(`(?i)default nodegroup`), pmks.CodeFailedPrecondition},
	{400, regexp.MustCompile(`(?i)allowed range|outside .*range|zero`), pmks.CodeInvalidArgument},
	{400, regexp.MustCompile(`(?i)(flavor|image|network|subnet|volume type|keypair).*(not found|could not be found|unable to find)|unable to find`), pmks.CodeInvalidArgument},
	{403, quotaWords, pmks.CodeQuotaExceeded},
	{404, regexp.MustCompile(`(?i)unable to find keypair|(flavor|image|network|subnet|keypair|volume type) \S+ (could not be|not) found`), pmks.CodeInvalidArgument},
	{409, regexp.MustCompile(`(?i)already exists`), pmks.CodeAlreadyExists},
	{409, regexp.MustCompile(`(?i)multiple .*same name`), pmks.CodeInvalidArgument},
	{409, regexp.MustCompile(`(?i)api address is not available`), pmks.CodeBusy},
	{409, regexp.MustCompile(`(?i) is invalid`), pmks.CodeInvalidArgument},
	{409, regexp.MustCompile(`(?i)failed to pre-delete`), pmks.CodeFailedPrecondition},
}

// httpTable maps the statuses that mean something else here than everywhere.
var httpTable = map[int]pmks.Code{
	http.StatusNotAcceptable: pmks.CodeInternal,  // the header of the microversion is missing
	498:                      pmks.CodeThrottled, // Swift's, which gophercloud knows
}

// overLimit is Nova's word for too many calls, which it sends with 413.
const overLimit = "overLimit"

// byWords is what an answer's words mean; false where no row knows them.
func byWords(status int, message string) (pmks.Code, bool) {
	for _, row := range textTable {
		if row.status == status && row.pattern.MatchString(message) {
			return row.code, true
		}
	}
	return pmks.CodeUnknown, false
}

// classify says what a refusal means.
func classify(service string, r refusal) pmks.Code {
	if code, ok := httpTable[r.status]; ok {
		return code
	}
	if r.word == overLimit {
		return pmks.CodeThrottled
	}
	if r.own {
		if code, ok := byWords(r.status, r.message); ok && (service == serviceNKS || code == pmks.CodeQuotaExceeded) {
			return code
		}
		if r.status == http.StatusNotFound {
			return pmks.CodeNotFound
		}
	}
	return errs.ByStatus(r.status)
}

// readRefusal reads the body of an answer, in the form of any of the services.
func readRefusal(service string, status int, header http.Header, body []byte) refusal {
	r := refusal{status: status}
	var parts map[string]json.RawMessage
	if json.Unmarshal(body, &parts) != nil {
		if !errs.Foreign(header, body) && service == serviceImage && status >= 400 {
			r.message, r.own = string(body), len(body) > 0 // Glance speaks plain text
		}
		return r
	}
	type fault struct {
		Code    json.RawMessage `json:"code"`
		Type    string          `json:"type"`
		Title   string          `json:"title"`
		Detail  string          `json:"detail"`
		Message string          `json:"message"`
	}
	for key, raw := range parts {
		var f fault
		var list []fault
		switch {
		case key == "errors" && json.Unmarshal(raw, &list) == nil && len(list) > 0:
			f = list[0]
			r.word = cmp.Or(strings.Trim(string(f.Code), `"`), "fault")
		case key == "errors" || json.Unmarshal(raw, &f) != nil:
			continue
		default:
			r.word = cmp.Or(f.Type, f.Title, key)
		}
		if text := cmp.Or(f.Detail, f.Message, f.Title); text != "" || key == "errors" {
			r.message, r.own = text, (key == "errors") == (service == serviceNKS)
			if f.Title != "" && !strings.Contains(text, f.Title) {
				r.message = f.Title + ": " + text
			}
			break
		}
	}
	return r
}

// notSentError marks a request that was not sent, because there was no token for it.
type notSentError struct{ err error }

// Error returns the text of what it wraps.
func (e notSentError) Error() string {
	if e.err == nil {
		return "the request was not sent"
	}
	return e.err.Error()
}

// Unwrap returns what it wraps.
func (e notSentError) Unwrap() error { return e.err }

// neverSent reports whether a request that failed has not reached NKS for certain.
func neverSent(err error) bool {
	var token notSentError
	var op *net.OpError
	return errors.As(err, &token) || errors.As(err, &op) && op.Op == "dial"
}

// fail turns an error of gophercloud into a *pmks.Error. One that is inside already is
// returned as it is.
func fail(service string, err error) error {
	if err == nil {
		return nil
	}
	var known *pmks.Error
	if errors.As(err, &known) {
		return known
	}
	var refused gophercloud.ErrUnexpectedResponseCode
	if !errors.As(err, &refused) {
		return lostAnswer(cmp.Or(titleOf[service], service), err)
	}
	if refused.Actual < 300 {
		refused.Body = nil // it may be what was asked for, a token or a kubeconfig
	}
	r := readRefusal(service, refused.Actual, refused.ResponseHeader, refused.Body)
	// gophercloud's error is kept, which shows the whole body.
	refused.Body = refused.Body[:min(len(refused.Body), longestBody)]
	e := &pmks.Error{
		HTTPStatus: r.status, ProviderCode: r.word, Err: refused,
		RequestID:  cmp.Or(refused.ResponseHeader.Get("X-Openstack-Request-Id"), refused.ResponseHeader.Get("X-Compute-Request-Id")),
		RetryAfter: errs.RetryAfter(refused.ResponseHeader),
	}
	e.Code = classify(service, r)
	switch text := strings.Join(strings.Fields(strings.ToValidUTF8(r.message, "?")), " "); {
	case text != "":
		e.Message = strings.ToValidUTF8(text[:min(len(text), longestBody)], "")
	case r.word != "":
		e.Message = fmt.Sprintf("%s answered with HTTP %d and no word", cmp.Or(titleOf[service], service), r.status)
	default:
		e.Message = errs.ForeignText(cmp.Or(titleOf[service], service), r.status)
	}
	if e.Code == pmks.CodeUnauthenticated && service != keystone {
		e.Message += ": check the API password of the user; a new one ends the tokens of the old one"
	}
	return e
}

// longestBody is more than any message of NKS has.
const longestBody = 4096

// lostAnswer is the error of a request that has no answer, or none that can be read.
func lostAnswer(service string, err error) error {
	e := &pmks.Error{Code: pmks.CodeOf(err), Err: err}
	if e.Code == pmks.CodeCanceled || e.Code == pmks.CodeTimeout {
		e.Message = "the context ended during a request"
		return e
	}
	e.Code, e.Message = pmks.CodeUnavailable, "the answer of "+service+" cannot be read: it counts as lost"
	if cause, ok := errs.Transport(err); ok {
		e.Message = service + " could not be reached, or its answer was lost: " + cause
	}
	return e
}

// failLogin is fail for the request for a token: what Keystone refuses in its own form
// means the credentials.
func failLogin(err error) error {
	if err == nil {
		return nil
	}
	err = fail(keystone, err)
	return errs.With(err, func(e *pmks.Error) {
		var refused gophercloud.ErrUnexpectedResponseCode
		if !errors.As(e.Err, &refused) || refused.Actual >= 500 || refused.Actual < 400 || e.Code == pmks.CodeThrottled || e.ProviderCode == "" {
			return
		}
		e.Code = pmks.CodeUnauthenticated
		e.Message = "Keystone refused the credentials: check the user, the API password (which is not that of the console) and the id of the tenant: " + e.Message
	})
}

// annotate says where an error happened, once for each method of the handler.
func annotate(err *error, op string, cluster, nodeGroup pmks.IID) {
	errs.Annotate(err, Name, op, cluster, nodeGroup)
}

// settle says what NKS means by refusing a change of a cluster with words that nobody
// knows: a cluster in transition is busy, one at rest does not take the request. Busy
// names what is under way.
func (h *Handler) settle(ctx context.Context, uuid string, err error) error {
	var e *pmks.Error
	if !errors.As(err, &e) || e.HTTPStatus != http.StatusBadRequest && e.HTTPStatus != http.StatusConflict {
		return err
	}
	code, known := byWords(e.HTTPStatus, e.Message)
	if known && code != pmks.CodeBusy {
		return err
	}
	var v view
	v.events, _ = h.events(ctx, uuid) // without them the status tells
	if !known {
		var readErr error
		if v.cluster, readErr = h.cluster(ctx, uuid); readErr == nil && (strings.HasSuffix(string(v.cluster.Status), inProgress) || v.pending() != nil) {
			err = errs.With(err, func(e *pmks.Error) { e.Code = pmks.CodeBusy })
		}
	}
	return underWay(err, v.events)
}

// underWay names, in an error that says Busy, the newest operation of a cluster that
// runs.
func underWay(err error, list []eventObject) error {
	e := running(list)
	if e == nil || !errs.Is(err, pmks.CodeBusy) {
		return err
	}
	return errs.With(err, func(b *pmks.Error) {
		b.Message += fmt.Sprintf(" (%s of %s is under way)", e.Type, e.ResourceName)
	})
}
