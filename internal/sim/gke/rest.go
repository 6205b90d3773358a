// SPDX-License-Identifier: Apache-2.0

package gke

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/anypb"
)

// ServeHTTP answers one call of anything but gRPC.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		panic(http.ErrAbortHandler) // the caller went away
	}
	switch {
	case r.URL.Path == "/token":
		s.tokenCall(w, r, body)
	case strings.HasPrefix(r.URL.Path, metadataRoot) || r.URL.Path == "/" && r.Header.Get("Metadata-Flavor") != "":
		s.metadataCall(w, r)
	case strings.HasPrefix(r.URL.Path, computeRoot):
		s.computeCall(w, r, body)
	default:
		s.containerCall(w, r, body)
	}
}

func (s *Server) tokenCall(w http.ResponseWriter, r *http.Request, body []byte) {
	c := &call{short: "oauth2", op: "token", anonymous: true}
	var refusal *tokenError
	out, e, lost := s.run(r.Context(), c, func() (any, *apiError) {
		if r.Method != http.MethodPost {
			return nil, fail(codes.Unimplemented, "Method Not Allowed")
		}
		var out any
		if out, refusal = s.serveToken(r, body); refusal != nil {
			return nil, invalid("%s", refusal.Description)
		}
		return out, nil
	})
	switch {
	case lost:
		panic(http.ErrAbortHandler)
	case refusal != nil:
		writeJSON(w, http.StatusBadRequest, refusal)
	case e != nil:
		writeJSON(w, e.httpStatus(), tokenError{"internal_failure", e.message})
	default:
		writeJSON(w, http.StatusOK, out)
	}
}

func (s *Server) metadataCall(w http.ResponseWriter, r *http.Request) {
	c := &call{short: "metadata", op: "get", anonymous: true}
	code, kind, text := 0, "", ""
	_, e, lost := s.run(r.Context(), c, func() (any, *apiError) {
		code, kind, text = s.serveMetadata(r)
		return nil, nil
	})
	if lost {
		panic(http.ErrAbortHandler)
	}
	if e != nil {
		code, kind, text = e.httpStatus(), "text/plain", e.message
	}
	w.Header().Set("Metadata-Flavor", "Google")
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(code)
	// A reader that went away is no concern of the simulator's.
	_, _ = io.WriteString(w, text)
}

// withHeaders returns a context with what a call over gRPC would carry.
func withHeaders(r *http.Request) context.Context {
	md := metadata.MD{}
	for _, value := range r.Header.Values("Authorization") {
		md.Append("authorization", value)
	}
	return metadata.NewIncomingContext(r.Context(), md)
}

// containerCall answers a call of GKE over REST, with the methods of gRPC.
func (s *Server) containerCall(w http.ResponseWriter, r *http.Request, body []byte) {
	found, fields, ok := routeOf(r.Method, r.URL.EscapedPath())
	query, err := url.ParseQuery(r.URL.RawQuery)
	if !ok || err != nil {
		c := &call{service: serviceContainer, short: "container", anonymous: true, fault: notFound("Method not found.")}
		_, e, _ := s.run(r.Context(), c, func() (any, *apiError) { return nil, nil })
		s.writeError(w, c, e)
		return
	}
	ctx := withHeaders(r)
	var fault *apiError
	decode := func(into any) error {
		if m, ok := into.(proto.Message); ok {
			fault = decodeREST(m, found, fields, query, r, body)
		}
		return nil
	}
	var c *call
	var e *apiError
	var lost bool
	//nolint:contextcheck // it is made of the request's, with its headers
	out, err := found.Handler(&service{s: s}, ctx, decode, func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (out any, err error) {
		m, ok := req.(proto.Message)
		if !ok {
			return nil, errLost
		}
		c = s.newCall(ctx, found.MethodName, m)
		if fault != nil {
			c.fault = fault
		}
		out, e, lost = s.run(ctx, c, handler(ctx, c, req, next))
		return out, nil
	})
	message, isMessage := out.(proto.Message)
	switch {
	case lost || err != nil || r.Context().Err() != nil:
		panic(http.ErrAbortHandler)
	case e != nil:
		s.writeError(w, c, e)
	case !isMessage:
		s.writeError(w, c, fail(codes.Internal, "no answer"))
	default:
		numbers := strings.Contains(query.Get("$alt")+query.Get("alt"), "enum-encoding=int")
		data, err := protojson.MarshalOptions{UseEnumNumbers: numbers}.Marshal(message)
		if err != nil {
			s.writeError(w, c, fail(codes.Internal, "%v", err))
			return
		}
		write(w, http.StatusOK, compact(data))
	}
}

// systemParameters are those of every method.
var systemParameters = []string{"$alt", "$prettyPrint", "$userProject", "alt", "key", "prettyPrint", "quotaUser"}

// decodeREST fills a request from the body, the query and the path.
func decodeREST(m proto.Message, found routed, fields map[string]string, query url.Values, r *http.Request, body []byte) *apiError {
	unread := func(format string, args ...any) *apiError {
		return invalid("Invalid JSON payload received. "+format, args...).badField("")
	}
	if found.body == "*" {
		kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
		switch {
		case len(body) > maxBody:
			return invalid("Request payload size exceeds the limit: %d bytes.", maxBody)
		case len(body) > 0 && kind != "application/json":
			return unread("The content type must be application/json.")
		case len(body) > 0 && protojson.Unmarshal(body, m) != nil:
			return unread("Unknown name, or not the type of its field.")
		}
	} else if len(bytes.TrimSpace(body)) > 0 {
		return unread("%s takes no body.", found.MethodName)
	}
	for key := range query {
		if slices.Contains(systemParameters, key) {
			continue
		}
		if found.body == "*" || !setField(m.ProtoReflect(), key, query.Get(key)) {
			return unread("Unknown name %q: Cannot bind query parameter. Field '%s' could not be found in request message.", key, key)
		}
	}
	for name, value := range fields {
		if !setField(m.ProtoReflect(), name, value) {
			return unread("Unknown name %q.", name)
		}
	}
	return nil
}

// setField sets a text, a number or a truth value.
func setField(m protoreflect.Message, name, value string) bool {
	list := m.Descriptor().Fields()
	field := list.ByName(protoreflect.Name(name))
	if field == nil {
		field = list.ByJSONName(name)
	}
	if field == nil || field.IsList() || field.IsMap() {
		return false
	}
	switch field.Kind() {
	case protoreflect.StringKind:
		m.Set(field, protoreflect.ValueOfString(strings.ToValidUTF8(value, "\uFFFD")))
	case protoreflect.Int32Kind:
		n, err := strconv.ParseInt(value, 10, 32)
		if err != nil {
			return false
		}
		m.Set(field, protoreflect.ValueOfInt32(int32(n)))
	case protoreflect.BoolKind:
		b, err := strconv.ParseBool(value)
		if err != nil {
			return false
		}
		m.Set(field, protoreflect.ValueOfBool(b))
	default:
		return false
	}
	return true
}

// errorBody is the body of an error.
type errorBody struct {
	Error errorObject `json:"error"`
}

type errorObject struct {
	Code    int               `json:"code"`
	Message string            `json:"message"`
	Errors  []errorItem       `json:"errors,omitempty"`
	Status  string            `json:"status,omitempty"`
	Details []json.RawMessage `json:"details,omitempty"`
}

type errorItem struct {
	Message string `json:"message"`
	Domain  string `json:"domain"`
	Reason  string `json:"reason"`
}

// writeError answers with a refusal. Compute Engine leaves the status and the
// request's id out, except for what is refused before it is asked.
func (s *Server) writeError(w http.ResponseWriter, c *call, e *apiError) {
	o := errorObject{
		Code: e.httpStatus(), Message: e.message,
		Errors: []errorItem{{Message: e.message, Domain: "global", Reason: e.restReason()}},
	}
	details := slices.Clone(e.details)
	if c.service != serviceCompute {
		details = append(details, &errdetails.RequestInfo{RequestId: c.requestID})
	}
	if c.service == serviceCompute && e.restReason() == "rateLimitExceeded" || e.code == codes.ResourceExhausted {
		o.Errors[0].Domain = "usageLimits"
	}
	if len(details) > 0 {
		o.Status = statusTable[e.code].word
	}
	for _, d := range details {
		packed, err := anypb.New(d)
		if err != nil {
			continue
		}
		if data, err := protojson.Marshal(packed); err == nil {
			o.Details = append(o.Details, compact(data))
		}
	}
	if e.code == codes.Unauthenticated {
		w.Header().Set("WWW-Authenticate", `Bearer realm="https://accounts.google.com/", error="invalid_token"`)
	}
	if e.retryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int((e.retryAfter+time.Second-1)/time.Second)))
	}
	writeJSON(w, o.Code, errorBody{o})
}

// compact takes the white space out that protojson puts in at random.
func compact(data []byte) []byte {
	var out bytes.Buffer
	if json.Compact(&out, data) != nil {
		return data
	}
	return out.Bytes()
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	data, err := json.Marshal(body)
	if err != nil {
		status, data = http.StatusInternalServerError, []byte(`{"error":{"code":500,"status":"INTERNAL"}}`)
	}
	write(w, status, data)
}

func write(w http.ResponseWriter, status int, data []byte) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(status)
	// A reader that went away is no concern of the simulator's.
	_, _ = w.Write(data)
}
