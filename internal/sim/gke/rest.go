// SPDX-License-Identifier: Apache-2.0

package gke

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// ServeHTTP answers one call of anything but gRPC.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body := simkit.ReadBody(r, maxBody)
	switch {
	case r.URL.Path == "/token":
		s.tokenCall(w, r, body)
	case strings.HasPrefix(r.URL.Path, metadataRoot) || r.URL.Path == "/" && r.Header.Get("Metadata-Flavor") != "":
		s.metadataCall(w, r)
	case strings.HasPrefix(r.URL.Path, computeRoot):
		s.computeCall(w, r, body)
	default:
		s.containerCall(w, r, body) //nolint:contextcheck // its context is made of the request's, with its headers
	}
}

// serve answers a call over HTTP.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, c *call, handle func() (simkit.Reply, *apiError)) {
	var reply simkit.Reply
	e, ending := s.run(r.Context(), c, func() (e *apiError) {
		reply, e = handle()
		return e
	})
	if e != nil {
		reply = errorReply(c, e)
	}
	c.Write(w, reply, ending)
}

func (s *Server) tokenCall(w http.ResponseWriter, r *http.Request, body []byte) {
	c := &call{Exchange: simkit.Exchange{Entry: Call{Service: "oauth2", Op: "token"}}, anonymous: true}
	s.serve(w, r, c, func() (simkit.Reply, *apiError) {
		if r.Method != http.MethodPost {
			return simkit.Reply{}, fail(codes.Unimplemented, "Method Not Allowed")
		}
		out, e := s.serveToken(r, body, c.Now)
		return jsonReply(http.StatusOK, out), e
	})
}

func (s *Server) metadataCall(w http.ResponseWriter, r *http.Request) {
	c := &call{Exchange: simkit.Exchange{Entry: Call{Service: "metadata", Op: "get"}}, anonymous: true}
	s.serve(w, r, c, func() (simkit.Reply, *apiError) { return s.serveMetadata(r), nil })
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
		c := &call{service: serviceContainer, Exchange: simkit.Exchange{Entry: Call{Service: "container"}}, anonymous: true, fault: notFound("Method not found.")}
		if strings.HasSuffix(r.URL.Path, "/.well-known/openid-configuration") && err == nil {
			c.fault = notSimulated("getOpenid-configuration") // it is not there over gRPC
		}
		s.serve(w, r, c, func() (simkit.Reply, *apiError) { return simkit.Reply{}, c.fault })
		return
	}
	var fault *apiError
	decode := func(into any) error {
		if m, ok := into.(proto.Message); ok {
			fault = decodeREST(m, found, fields, query, r, body)
		}
		return nil
	}
	numbers := strings.Contains(query.Get("$alt")+query.Get("alt"), "enum-encoding=int")
	_, err = found.Handler(&service{s: s}, withHeaders(r), decode, func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
		m, ok := req.(proto.Message)
		if !ok {
			return nil, http.ErrAbortHandler
		}
		c := s.newCall(ctx, found.MethodName, m)
		if fault != nil {
			c.fault = fault
		}
		s.serve(w, r, c, func() (simkit.Reply, *apiError) {
			out, e := c.method(ctx, req, next)
			if e != nil {
				return simkit.Reply{}, e
			}
			return protoReply(out, numbers)
		})
		return nil, nil
	})
	if err != nil {
		panic(http.ErrAbortHandler) // no request of the method
	}
}

// protoReply is a message as JSON, with the numbers of enums or with their names.
func protoReply(out any, numbers bool) (simkit.Reply, *apiError) {
	message, ok := out.(proto.Message)
	if !ok {
		return simkit.Reply{}, fail(codes.Internal, "no answer")
	}
	data, err := protojson.MarshalOptions{UseEnumNumbers: numbers}.Marshal(message)
	if err != nil {
		return simkit.Reply{}, fail(codes.Internal, "%v", err)
	}
	return replyOf(http.StatusOK, compact(data)), nil
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
		case len(body) > 0:
			if err := protojson.Unmarshal(body, m); err != nil {
				return misread(err)
			}
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

// newerNames are members, and values of enumerations, that Google's discovery document
// has and the definition of the protocol in use has not yet.
var newerNames = []string{"MICROVM", "ambientNetworkingConfig", "autopilotConfig", "parentProductConfig"}

// misread refuses a body that is none of the message.
func misread(err error) *apiError {
	for _, name := range newerNames {
		if strings.Contains(err.Error(), strconv.Quote(name)) {
			return notSimulated("%s", name)
		}
	}
	return invalid("Invalid JSON payload received. Unknown name, or not the type of its field.").badField("")
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

// errorReply is the answer of a refusal. Compute Engine leaves the status and the
// request's id out, except for what is refused before it is asked.
func errorReply(c *call, e *apiError) simkit.Reply {
	switch c.Entry.Service {
	case "oauth2":
		return jsonReply(e.httpStatus(), tokenError{cmp.Or(e.oauth, "internal_failure"), e.message})
	case "metadata":
		return metadataReply(e.httpStatus(), "text/plain", e.message)
	}
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
	reply := jsonReply(o.Code, errorBody{o})
	if e.code == codes.Unauthenticated {
		reply.Header.Set("WWW-Authenticate", `Bearer realm="https://accounts.google.com/", error="invalid_token"`)
	}
	simkit.SetRetryAfter(reply.Header, e.retryAfter)
	return reply
}

// compact takes the white space out that protojson puts in at random.
func compact(data []byte) []byte {
	var out bytes.Buffer
	if json.Compact(&out, data) != nil {
		return data
	}
	return out.Bytes()
}

func jsonReply(status int, body any) simkit.Reply {
	data, err := json.Marshal(body)
	if err != nil {
		status, data = http.StatusInternalServerError, []byte(`{"error":{"code":500,"status":"INTERNAL"}}`)
	}
	return replyOf(status, data)
}

func replyOf(status int, data []byte) simkit.Reply {
	return simkit.Reply{Status: status, Header: http.Header{"Content-Type": {"application/json; charset=UTF-8"}}, Body: data}
}
