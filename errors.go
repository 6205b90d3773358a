// SPDX-License-Identifier: Apache-2.0

package pmks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
	"unicode"

	"github.com/pmks-go/pmks/internal/errtree"
)

// Code classifies an error the same way on every cloud. The numbers are frozen.
type Code int

// The codes. Each has a sentinel of the same name for errors.Is.
const (
	// CodeOK is the code of a nil error.
	CodeOK Code = 0
	// CodeUnknown: the cloud said something that pmks does not know.
	CodeUnknown Code = 1
	// CodeInvalidArgument: the request is wrong, whatever the state of the cloud.
	CodeInvalidArgument Code = 2
	// CodeNotFound: the cluster or node group does not exist.
	CodeNotFound Code = 3
	// CodeAlreadyExists: the name is taken; nothing was changed.
	CodeAlreadyExists Code = 4
	// CodeBusy: the cloud is working on the target; the same call may succeed
	// when that is done.
	CodeBusy Code = 5
	// CodeFailedPrecondition: something must be done first, as the message says.
	CodeFailedPrecondition Code = 6
	// CodeUnsupported: this cloud cannot do that.
	CodeUnsupported Code = 7
	// CodeUnauthenticated: the credentials are missing, wrong or expired.
	CodeUnauthenticated Code = 8
	// CodePermissionDenied: the credentials are valid but not allowed to do that.
	CodePermissionDenied Code = 9
	// CodeThrottled: too many calls; see [Error.RetryAfter].
	CodeThrottled Code = 10
	// CodeQuotaExceeded: a limit of the account is reached.
	CodeQuotaExceeded Code = 11
	// CodeUnavailable: the cloud could not be reached, or could not serve.
	CodeUnavailable Code = 12
	// CodeTimeout: the context's deadline passed.
	CodeTimeout Code = 13
	// CodeCanceled: the context was canceled.
	CodeCanceled Code = 14
	// CodeInternal: the cloud, or pmks, failed inside.
	CodeInternal Code = 15
)

// The sentinels: errors.Is(err, ErrNotFound) is true for every [*Error] with
// CodeNotFound, whichever cloud it came from.
var (
	ErrUnknown            = errors.New("pmks: unknown error")
	ErrInvalidArgument    = errors.New("pmks: invalid argument")
	ErrNotFound           = errors.New("pmks: not found")
	ErrAlreadyExists      = errors.New("pmks: already exists")
	ErrBusy               = errors.New("pmks: busy")
	ErrFailedPrecondition = errors.New("pmks: failed precondition")
	ErrUnsupported        = errors.New("pmks: unsupported")
	ErrUnauthenticated    = errors.New("pmks: unauthenticated")
	ErrPermissionDenied   = errors.New("pmks: permission denied")
	ErrThrottled          = errors.New("pmks: throttled")
	ErrQuotaExceeded      = errors.New("pmks: quota exceeded")
	ErrUnavailable        = errors.New("pmks: unavailable")
	ErrTimeout            = errors.New("pmks: timeout")
	ErrCanceled           = errors.New("pmks: canceled")
	ErrInternal           = errors.New("pmks: internal error")
)

// codeTable holds the word and the sentinel of each code, by its number.
var codeTable = [...]struct {
	word     string
	sentinel error
}{
	CodeOK:                 {"OK", nil},
	CodeUnknown:            {"Unknown", ErrUnknown},
	CodeInvalidArgument:    {"InvalidArgument", ErrInvalidArgument},
	CodeNotFound:           {"NotFound", ErrNotFound},
	CodeAlreadyExists:      {"AlreadyExists", ErrAlreadyExists},
	CodeBusy:               {"Busy", ErrBusy},
	CodeFailedPrecondition: {"FailedPrecondition", ErrFailedPrecondition},
	CodeUnsupported:        {"Unsupported", ErrUnsupported},
	CodeUnauthenticated:    {"Unauthenticated", ErrUnauthenticated},
	CodePermissionDenied:   {"PermissionDenied", ErrPermissionDenied},
	CodeThrottled:          {"Throttled", ErrThrottled},
	CodeQuotaExceeded:      {"QuotaExceeded", ErrQuotaExceeded},
	CodeUnavailable:        {"Unavailable", ErrUnavailable},
	CodeTimeout:            {"Timeout", ErrTimeout},
	CodeCanceled:           {"Canceled", ErrCanceled},
	CodeInternal:           {"Internal", ErrInternal},
}

// String returns the code's word, such as "NotFound".
func (c Code) String() string {
	if c < 0 || int(c) >= len(codeTable) {
		return fmt.Sprintf("Code(%d)", int(c))
	}
	return codeTable[c].word
}

// codeOfWord is the inverse of String; CodeUnknown for words that it never says.
func codeOfWord(word string) Code {
	for code, row := range codeTable {
		if row.word == word {
			return Code(code)
		}
	}
	return CodeUnknown
}

// sentinel returns the error that errors.Is compares with; nil for CodeOK and
// for numbers that are not codes.
func (c Code) sentinel() error {
	if c < 0 || int(c) >= len(codeTable) {
		return nil
	}
	return codeTable[c].sentinel
}

// Error is what every call of pmks fails with. Its text, under every fmt verb,
// in slog and in JSON, holds no credential, token or kubeconfig.
type Error struct {
	// Code is the kind, Provider the registered name of the cloud.
	Code     Code
	Provider string
	// Op is the method that failed, such as "CreateCluster".
	Op string
	// Cluster and NodeGroup are what the call was about, as far as it was known.
	Cluster   IID
	NodeGroup IID
	// Field is the path of the faulty request field, such as
	// "NodeGroupList[1].MinNodeSize".
	Field string
	// ProviderCode is the vendor's own code.
	ProviderCode string
	// HTTPStatus is that of the answer; 0 where there was none.
	HTTPStatus int
	// Message says what is wrong and what to do about it.
	Message string
	// RequestID is the vendor's id of the request, for its support.
	RequestID string
	// RetryAfter is how long the cloud asks to wait; zero if it did not say.
	RetryAfter time.Duration
	// MayHaveHappened is true when a mutation was sent and its outcome could not
	// be learned. Read the resource before calling again.
	MayHaveHappened bool
	// Err is the vendor's own error, for errors.As.
	Err error
}

// Error returns one line: provider, operation, target, code, field, message and
// the vendor's code and request id.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("pmks: ")
	for _, s := range []string{e.Provider, e.Op} {
		if s != "" {
			b.WriteString(clipLong(s) + ": ")
		}
	}
	if !e.Cluster.IsZero() {
		fmt.Fprintf(&b, "cluster %q: ", clipIID(e.Cluster).String())
	}
	if !e.NodeGroup.IsZero() {
		fmt.Fprintf(&b, "node group %q: ", clipIID(e.NodeGroup).String())
	}
	b.WriteString(e.code().String())
	if e.Field != "" {
		b.WriteString(": " + clipLong(e.Field))
	}
	if message := e.message(); message != "" {
		b.WriteString(": " + message)
	}
	if e.MayHaveHappened {
		b.WriteString(" (it may have happened all the same: read the resource before calling again)")
	}
	var tail []string
	if e.ProviderCode != "" {
		tail = append(tail, e.ProviderCode)
	}
	if e.HTTPStatus != 0 {
		tail = append(tail, fmt.Sprintf("HTTP %d", e.HTTPStatus))
	}
	if e.RequestID != "" {
		tail = append(tail, "request "+e.RequestID)
	}
	if e.RetryAfter > 0 {
		tail = append(tail, "retry after "+e.RetryAfter.String())
	}
	if len(tail) > 0 {
		b.WriteString(" [" + strings.Join(tail, ", ") + "]")
	}
	return oneLine(b.String())
}

// oneLine keeps a text of a vendor's, or of a request, in its line, and what steers a
// terminal out of it.
func oneLine(s string) string {
	if !strings.ContainsFunc(s, unicode.IsControl) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ReplaceAll(s, "\r\n", " "))
}

// code is e.Code, with the zero value read as unknown: an error is never OK.
func (e *Error) code() Code {
	if e.Code == CodeOK {
		return CodeUnknown
	}
	return e.Code
}

// Unwrap returns the vendor's own error.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is the sentinel of e's code.
func (e *Error) Is(target error) bool { return target != nil && target == e.code().sentinel() }

// Format prints the text of Error under every verb: "%#v" would otherwise walk
// into the vendor's error, which may hold the signed request.
func (e *Error) Format(f fmt.State, _ rune) { fmt.Fprint(f, e.Error()) }

// LogValue logs the fields that are set.
func (e *Error) LogValue() slog.Value {
	attrs := []slog.Attr{slog.String("code", e.code().String())}
	for _, a := range []slog.Attr{
		slog.String("provider", clipLong(e.Provider)),
		slog.String("op", e.Op),
		slog.String("cluster", clipIID(e.Cluster).String()),
		slog.String("nodeGroup", clipIID(e.NodeGroup).String()),
		slog.String("field", clipLong(e.Field)),
		slog.String("providerCode", e.ProviderCode),
		slog.String("requestId", e.RequestID),
		slog.String("message", e.message()),
	} {
		if a.Value.String() != "" {
			attrs = append(attrs, a)
		}
	}
	if e.HTTPStatus != 0 {
		attrs = append(attrs, slog.Int("httpStatus", e.HTTPStatus))
	}
	if e.RetryAfter > 0 {
		attrs = append(attrs, slog.Duration("retryAfter", e.RetryAfter))
	}
	if e.MayHaveHappened {
		attrs = append(attrs, slog.Bool("mayHaveHappened", true))
	}
	return slog.GroupValue(attrs...)
}

// MarshalJSON writes the fields that are set, the code as its word and durations
// as text. Of Err it writes nothing but its text, and only where there is no
// Message: the vendor's error may hold the signed request.
func (e *Error) MarshalJSON() ([]byte, error) {
	out := struct {
		Code            string
		Provider        string `json:",omitempty"`
		Op              string `json:",omitempty"`
		Cluster         IID    `json:",omitzero"`
		NodeGroup       IID    `json:",omitzero"`
		Field           string `json:",omitempty"`
		ProviderCode    string `json:",omitempty"`
		HTTPStatus      int    `json:",omitempty"`
		Message         string `json:",omitempty"`
		RequestID       string `json:",omitempty"`
		RetryAfter      string `json:",omitempty"`
		MayHaveHappened bool   `json:",omitempty"`
	}{
		Code: e.code().String(), Provider: clipLong(e.Provider), Op: e.Op, Cluster: clipIID(e.Cluster), NodeGroup: clipIID(e.NodeGroup), Field: clipLong(e.Field),
		ProviderCode: e.ProviderCode, HTTPStatus: e.HTTPStatus, Message: e.message(), RequestID: e.RequestID,
		MayHaveHappened: e.MayHaveHappened,
	}
	if e.RetryAfter > 0 {
		out.RetryAfter = e.RetryAfter.String()
	}
	return json.Marshal(out)
}

// longestMessage bounds the message of an error: a proxy's page is no sentence.
const longestMessage = 8 << 10

// message is e.Message, or else the text of the vendor's error.
func (e *Error) message() string {
	message := e.Message
	if message == "" && e.Err != nil {
		message = e.Err.Error()
	}
	if len(message) > longestMessage {
		return strings.ToValidUTF8(message[:longestMessage], "") + "…"
	}
	return message
}

// CodeOf returns the code of err: CodeOK for nil, the code of the first [*Error]
// in its tree, CodeCanceled and CodeTimeout for bare context errors, and else
// CodeUnknown.
func CodeOf(err error) Code {
	if err == nil {
		return CodeOK
	}
	var e *Error
	switch {
	case errors.As(err, &e):
		return e.code()
	case errors.Is(err, context.Canceled):
		return CodeCanceled
	case errors.Is(err, context.DeadlineExceeded):
		return CodeTimeout
	}
	return CodeUnknown
}

// Retryable reports whether the same call may succeed later although nobody
// changes anything: it was throttled, the cloud was unavailable, or the target
// was busy. It is false when the call may have happened: read first. Of joined
// errors all must be retryable.
func Retryable(err error) bool {
	return errtree.All(err, func(err error) (yes, decided bool) {
		e, ok := err.(*Error) //nolint:errorlint // All walks the tree
		return ok && !e.MayHaveHappened && (e.Code == CodeThrottled || e.Code == CodeUnavailable || e.Code == CodeBusy), ok
	})
}

// isNotFound reports whether err says that something does not exist, and nothing else:
// of joined errors all must say so, and the cause of another failure does not count.
func isNotFound(err error) bool {
	return errtree.All(err, func(err error) (yes, decided bool) {
		e, ok := err.(*Error)                                                               //nolint:errorlint // All walks the tree
		return ok && e.Code == CodeNotFound || err == ErrNotFound, ok || err == ErrNotFound //nolint:errorlint // the same
	})
}

// retryAfter returns how long the cloud asked to wait; zero if it did not.
func retryAfter(err error) time.Duration {
	var e *Error
	if errors.As(err, &e) {
		return e.RetryAfter
	}
	return 0
}

// invalid returns an ErrInvalidArgument for one field.
func invalid(field, format string, args ...any) *Error {
	return &Error{Code: CodeInvalidArgument, Field: field, Message: fmt.Sprintf(format, args...)}
}
