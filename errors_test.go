// SPDX-License-Identifier: Apache-2.0

package pmks_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
)

// codes is the frozen table: a number, once published, keeps its meaning.
var codes = []struct {
	number   int
	code     pmks.Code
	word     string
	sentinel error
}{
	{0, pmks.CodeOK, "OK", nil},
	{1, pmks.CodeUnknown, "Unknown", pmks.ErrUnknown},
	{2, pmks.CodeInvalidArgument, "InvalidArgument", pmks.ErrInvalidArgument},
	{3, pmks.CodeNotFound, "NotFound", pmks.ErrNotFound},
	{4, pmks.CodeAlreadyExists, "AlreadyExists", pmks.ErrAlreadyExists},
	{5, pmks.CodeBusy, "Busy", pmks.ErrBusy},
	{6, pmks.CodeFailedPrecondition, "FailedPrecondition", pmks.ErrFailedPrecondition},
	{7, pmks.CodeUnsupported, "Unsupported", pmks.ErrUnsupported},
	{8, pmks.CodeUnauthenticated, "Unauthenticated", pmks.ErrUnauthenticated},
	{9, pmks.CodePermissionDenied, "PermissionDenied", pmks.ErrPermissionDenied},
	{10, pmks.CodeThrottled, "Throttled", pmks.ErrThrottled},
	{11, pmks.CodeQuotaExceeded, "QuotaExceeded", pmks.ErrQuotaExceeded},
	{12, pmks.CodeUnavailable, "Unavailable", pmks.ErrUnavailable},
	{13, pmks.CodeTimeout, "Timeout", pmks.ErrTimeout},
	{14, pmks.CodeCanceled, "Canceled", pmks.ErrCanceled},
	{15, pmks.CodeInternal, "Internal", pmks.ErrInternal},
}

func TestCode_Numbers(t *testing.T) {
	t.Parallel()
	for _, tt := range codes {
		t.Run(tt.word, func(t *testing.T) {
			t.Parallel()
			if int(tt.code) != tt.number {
				t.Errorf("%s is %d, want %d", tt.word, int(tt.code), tt.number)
			}
			if got := tt.code.String(); got != tt.word {
				t.Errorf("String() = %q, want %q", got, tt.word)
			}
		})
	}
	for _, c := range []pmks.Code{-1, pmks.Code(len(codes))} {
		if got, want := c.String(), fmt.Sprintf("Code(%d)", int(c)); got != want {
			t.Errorf("String() = %q, want %q", got, want)
		}
	}
}

func TestError_Is(t *testing.T) {
	t.Parallel()
	for _, tt := range codes {
		err := fmt.Errorf("context: %w", &pmks.Error{Code: tt.code})
		for _, other := range codes[1:] {
			// An error without a code is unknown, never OK.
			want := other.code == tt.code || tt.code == pmks.CodeOK && other.code == pmks.CodeUnknown
			if got := errors.Is(err, other.sentinel); got != want {
				t.Errorf("a %s error: errors.Is(%v) = %t, want %t", tt.word, other.sentinel, got, want)
			}
		}
	}
	if errors.Is(&pmks.Error{Code: 99}, pmks.ErrUnknown) {
		t.Error("a number that is no code matches a sentinel")
	}
}

// vendorError stands for the error of a vendor's SDK. Its text and its fields
// hold what must not be printed.
type vendorError struct{ Request string }

func (e vendorError) Error() string { return "vendor: " + e.Request }

func TestError_As(t *testing.T) {
	t.Parallel()
	err := error(&pmks.Error{Code: pmks.CodeInternal, Err: vendorError{"signed"}})
	err = errors.Join(errors.New("first"), fmt.Errorf("second: %w", err))
	var e *pmks.Error
	if !errors.As(err, &e) || e.Code != pmks.CodeInternal {
		t.Errorf("errors.As found %v", e)
	}
	var v vendorError
	if !errors.As(err, &v) || v.Request != "signed" {
		t.Errorf("errors.As found %v, want the vendor's own error", v)
	}
}

func TestError_Error(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		err  pmks.Error
		want string
	}{
		{"zero", pmks.Error{}, "pmks: Unknown"},
		{"code", pmks.Error{Code: pmks.CodeBusy}, "pmks: Busy"},
		{"field", pmks.Error{Code: pmks.CodeInvalidArgument, Field: "Version", Message: "must be one"},
			"pmks: InvalidArgument: Version: must be one"},
		{"cause", pmks.Error{Code: pmks.CodeTimeout, Err: context.DeadlineExceeded}, "pmks: Timeout: context deadline exceeded"},
		{"message-hides-cause", pmks.Error{Code: pmks.CodeInternal, Message: "m", Err: vendorError{"secret"}}, "pmks: Internal: m"},
		{"may-have-happened", pmks.Error{Code: pmks.CodeUnavailable, MayHaveHappened: true},
			"pmks: Unavailable (it may have happened all the same: read the resource before calling again)"},
		{"what-steers-a-terminal-elsewhere", pmks.Error{Code: pmks.CodeInvalidArgument, Field: "Labels[a\x1b[2J]", Message: "m", RequestID: "r\n1"},
			"pmks: InvalidArgument: Labels[a [2J]: m [request r 1]"},
		{"what-steers-a-terminal", pmks.Error{Code: pmks.CodeInternal, Message: "a\r\nb\x1b[2Jc\u009bd", ProviderCode: "x\ty"},
			"pmks: Internal: a b [2Jc d [x y]"},
		{"everything", pmks.Error{
			Code: pmks.CodeThrottled, Provider: "aws", Op: "AddNodeGroup", Cluster: clusterIID, NodeGroup: groupIID,
			Field: "IId", ProviderCode: "Throttling", HTTPStatus: 429, Message: "slow down", RequestID: "r-1", RetryAfter: 3 * time.Second,
		}, `pmks: aws: AddNodeGroup: cluster "c1:id-1": node group "g1:ng-1": Throttled: IId: slow down [Throttling, HTTP 429, request r-1, retry after 3s]`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := tt.err.Error(); got != tt.want {
				t.Errorf("Error()\n got %s\nwant %s", got, tt.want)
			}
		})
	}
}

// verbs are all of fmt's, and two that it does not have.
var verbs = []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%X", "%t", "%p", "%e", "%c", "%U", "%T%v", "%y", "%10v", "%-3s"}

func TestError_Format(t *testing.T) {
	t.Parallel()
	err := &pmks.Error{Code: pmks.CodeNotFound, Message: "gone", Err: vendorError{"secret"}}
	for _, verb := range verbs {
		got := strings.TrimPrefix(fmt.Sprintf(strings.TrimPrefix(verb, "%T"), err), "*pmks.Error")
		if verb == "%p" { // fmt handles it before it asks for a Formatter
			continue
		}
		if got != "pmks: NotFound: gone" {
			t.Errorf("%s prints %q", verb, got)
		}
	}
}

func TestError_LogValue(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		err  *pmks.Error
		want string
	}{
		{"zero", &pmks.Error{}, `{"code":"Unknown"}`},
		{"cause", &pmks.Error{Code: pmks.CodeUnknown, Err: errors.New("boom")}, `{"code":"Unknown","message":"boom"}`},
		{"everything", &pmks.Error{
			Code: pmks.CodeThrottled, Provider: "aws", Op: "GetCluster", Cluster: clusterIID, NodeGroup: groupIID, Field: "F",
			ProviderCode: "P", HTTPStatus: 429, Message: "m", RequestID: "r", RetryAfter: time.Second, MayHaveHappened: true,
			Err: vendorError{"secret"},
		}, `{"code":"Throttled","provider":"aws","op":"GetCluster","cluster":"c1:id-1","nodeGroup":"g1:ng-1","field":"F","providerCode":"P","requestId":"r","message":"m","httpStatus":429,"retryAfter":1000000000,"mayHaveHappened":true}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var b bytes.Buffer
			slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "err", tt.err)
			var line struct{ Err json.RawMessage }
			if err := json.Unmarshal(b.Bytes(), &line); err != nil {
				t.Fatal(err)
			}
			if string(line.Err) != tt.want {
				t.Errorf("logged\n%s, want\n%s", line.Err, tt.want)
			}
		})
	}
}

func TestError_MarshalJSON(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		err  *pmks.Error
		want string
	}{
		{"zero", &pmks.Error{}, `{"Code":"Unknown"}`},
		{"cause", &pmks.Error{Code: pmks.CodeUnknown, Err: errors.New("boom")}, `{"Code":"Unknown","Message":"boom"}`},
		{"everything", &pmks.Error{
			Code: pmks.CodeThrottled, Provider: "aws", Op: "GetCluster", Cluster: clusterIID, NodeGroup: groupIID, Field: "F",
			ProviderCode: "P", HTTPStatus: 429, Message: "m", RequestID: "r", RetryAfter: time.Second, MayHaveHappened: true,
			Err: vendorError{"secret"},
		}, `{"Code":"Throttled","Provider":"aws","Op":"GetCluster","Cluster":{"NameId":"c1","SystemId":"id-1"},"NodeGroup":{"NameId":"g1","SystemId":"ng-1"},"Field":"F","ProviderCode":"P","HTTPStatus":429,"Message":"m","RequestID":"r","RetryAfter":"1s","MayHaveHappened":true}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := json.Marshal(struct{ Err error }{tt.err})
			if want := `{"Err":` + tt.want + `}`; err != nil || string(got) != want {
				t.Errorf("got\n%s, %v, want\n%s", got, err, want)
			}
		})
	}
}

func TestCodeOf(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		err  error
		want pmks.Code
	}{
		{"nil", nil, pmks.CodeOK},
		{"foreign", errors.New("x"), pmks.CodeUnknown},
		{"canceled", fmt.Errorf("x: %w", context.Canceled), pmks.CodeCanceled},
		{"deadline", fmt.Errorf("x: %w", context.DeadlineExceeded), pmks.CodeTimeout},
		{"error", failure(pmks.CodeBusy), pmks.CodeBusy},
		{"error-without-code", &pmks.Error{}, pmks.CodeUnknown},
		{"wrapped", fmt.Errorf("x: %w", failure(pmks.CodeNotFound)), pmks.CodeNotFound},
		{"first-of-joined", errors.Join(errors.New("x"), failure(pmks.CodeNotFound), failure(pmks.CodeBusy)), pmks.CodeNotFound},
		{"its-own-code-before-its-cause", &pmks.Error{Code: pmks.CodeUnavailable, Err: context.Canceled}, pmks.CodeUnavailable},
		{"wait", &pmks.WaitError{Err: failure(pmks.CodeTimeout), LastReadErr: failure(pmks.CodeBusy)}, pmks.CodeTimeout},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := pmks.CodeOf(tt.err); got != tt.want {
				t.Errorf("CodeOf(%v) = %v, want %v", tt.err, got, tt.want)
			}
		})
	}
}

func TestRetryable(t *testing.T) {
	t.Parallel()
	retryable := map[pmks.Code]bool{pmks.CodeThrottled: true, pmks.CodeUnavailable: true, pmks.CodeBusy: true}
	for _, tt := range codes {
		if got := pmks.Retryable(&pmks.Error{Code: tt.code}); got != retryable[tt.code] {
			t.Errorf("Retryable(%s) = %t", tt.word, got)
		}
	}
	uncertain := &pmks.Error{Code: pmks.CodeUnavailable, MayHaveHappened: true}
	tests := []struct {
		name string
		err  error
		want bool
	}{
		{"nil", nil, false},
		{"foreign", errors.New("x"), false},
		{"may-have-happened", uncertain, false},
		{"wrapped", fmt.Errorf("x: %w", failure(pmks.CodeBusy)), true},
		{"joined-all", errors.Join(failure(pmks.CodeBusy), failure(pmks.CodeThrottled)), true},
		{"joined-with-final", errors.Join(failure(pmks.CodeBusy), failure(pmks.CodeInvalidArgument)), false},
		{"joined-with-uncertain", errors.Join(failure(pmks.CodeThrottled), uncertain), false},
		{"wait-ended-by-reads", &pmks.WaitError{Err: failure(pmks.CodeThrottled)}, true},
		{"wait-ended-by-time", &pmks.WaitError{Err: failure(pmks.CodeTimeout), LastReadErr: failure(pmks.CodeThrottled)}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := pmks.Retryable(tt.err); got != tt.want {
				t.Errorf("Retryable(%v) = %t, want %t", tt.err, got, tt.want)
			}
		})
	}
}
