// SPDX-License-Identifier: Apache-2.0

package live

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"cloud.google.com/go/container/apiv1/containerpb"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// A call of GKE over gRPC is written down as an exchange: a POST of the whole name of the
// method, with the messages in the JSON form of protobuf. The status is what Google's HTTP
// mapping makes of the code of gRPC, which is in the header grpc-status; a refusal is the
// google.rpc.Status with its details.

const (
	rpcHost    = "https://container.googleapis.com"
	rpcContent = "application/grpc"
	rpcRouting = "x-goog-request-params"
)

// isRPC reports whether an exchange was made over gRPC.
func (x *exchange) isRPC() bool { return strings.HasPrefix(x.Header["content-type"], rpcContent) }

// rpcName is the method's own name; empty: it was not made over gRPC.
func (x *exchange) rpcName() string {
	if !x.isRPC() {
		return ""
	}
	return x.URL[strings.LastIndexByte(x.URL, '/')+1:]
}

// rpc stands in the calls that a provider makes over gRPC, and makes others on the same
// connection.
type rpc struct {
	// rec writes the calls down; nil: nothing does.
	rec *recorder

	mu   sync.Mutex
	conn *grpc.ClientConn
}

// intercept is a grpc.UnaryClientInterceptor.
func (p *rpc) intercept(ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	p.mu.Lock()
	p.conn = conn
	p.mu.Unlock()
	if p.rec == nil {
		return invoke(ctx, method, req, reply, conn, opts...)
	}
	x := &exchange{Method: http.MethodPost, URL: rpcHost + method, Header: rpcHeader(ctx), Body: messageText(req)}
	done := p.rec.begin(x)
	var header, trailer metadata.MD
	err := invoke(ctx, method, req, reply, conn, append(opts, grpc.Header(&header), grpc.Trailer(&trailer))...)
	done(func() {
		if err != nil && len(header) == 0 && len(trailer) == 0 {
			x.Failed = err.Error() // nobody has answered
			return
		}
		x.Status, x.Reply = rpcAnswer(reply, err)
	})
	return err
}

// rpcHeader is what of the metadata of a call is written down.
func rpcHeader(ctx context.Context) map[string]string {
	header := map[string]string{"content-type": rpcContent}
	if md, ok := metadata.FromOutgoingContext(ctx); ok {
		if routing := md.Get(rpcRouting); len(routing) > 0 {
			header[rpcRouting] = strings.Join(routing, "&")
		}
	}
	return header
}

// send makes the call of an exchange, on the connection of the provider.
func (p *rpc) send(ctx context.Context, x *exchange) (*exchange, error) {
	p.mu.Lock()
	conn := p.conn
	p.mu.Unlock()
	if conn == nil {
		return nil, errors.New("live: no call was made over gRPC before")
	}
	method, err := methodOf(x.rpcName())
	if err != nil {
		return nil, err
	}
	in, err := newMessage(method.Input())
	if err != nil {
		return nil, err
	}
	out, err := newMessage(method.Output())
	if err != nil {
		return nil, err
	}
	if err := protojson.Unmarshal([]byte(x.Body), in); err != nil {
		return nil, err
	}
	if routing := x.Header[rpcRouting]; routing != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, rpcRouting, routing)
	}
	answer := &exchange{}
	answer.Status, answer.Reply = rpcAnswer(out, conn.Invoke(ctx, "/"+string(method.Parent().FullName())+"/"+string(method.Name()), in, out))
	return answer, ctx.Err()
}

// methodOf finds a method of GKE by its name.
func methodOf(name string) (protoreflect.MethodDescriptor, error) {
	services := containerpb.File_google_container_v1_cluster_service_proto.Services()
	for i := range services.Len() {
		if method := services.Get(i).Methods().ByName(protoreflect.Name(name)); method != nil {
			return method, nil
		}
	}
	return nil, fmt.Errorf("live: GKE has no method %q", name)
}

func newMessage(of protoreflect.MessageDescriptor) (proto.Message, error) {
	kind, err := protoregistry.GlobalTypes.FindMessageByName(of.FullName())
	if err != nil {
		return nil, err
	}
	return kind.New().Interface(), nil
}

// messageText is a message in JSON, with its members sorted.
func messageText(message any) string {
	m, ok := message.(proto.Message)
	if !ok {
		return ""
	}
	text, err := protojson.Marshal(m)
	if err != nil {
		return encode(map[string]any{"unreadable": err.Error()})
	}
	var v any
	if err := decode(string(text), &v); err != nil {
		return string(text)
	}
	return encode(v)
}

// httpStatus is Google's mapping of the codes of gRPC (google/rpc/code.proto, read in
// November 2026); others are 500.
var httpStatus = map[codes.Code]int{
	codes.OK: 200, codes.Canceled: 499, codes.InvalidArgument: 400, codes.DeadlineExceeded: 504, codes.NotFound: 404, codes.AlreadyExists: 409,
	codes.PermissionDenied: 403, codes.Unauthenticated: 401, codes.ResourceExhausted: 429, codes.FailedPrecondition: 400, codes.Aborted: 409,
	codes.OutOfRange: 400, codes.Unimplemented: 501, codes.Unavailable: 503,
}

// rpcAnswer is what is written down of an answer.
func rpcAnswer(message any, err error) (int, reply) {
	st := status.Convert(err)
	body := messageText(message)
	if err != nil {
		body = messageText(st.Proto())
	}
	code, ok := httpStatus[st.Code()]
	if !ok {
		code = http.StatusInternalServerError
	}
	return code, reply{Header: map[string]string{"content-type": rpcContent, "grpc-status": st.Code().String()}, Body: body}
}

// intercept answers calls over gRPC from a record.
func (p *replayer) intercept(ctx context.Context, method string, req, reply any, _ *grpc.ClientConn, _ grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	x, err := p.take(&exchange{Method: http.MethodPost, URL: rpcHost + method, Header: rpcHeader(ctx), Body: messageText(req)})
	if err != nil {
		return err
	}
	for _, opt := range opts {
		if header, ok := opt.(grpc.HeaderCallOption); ok {
			*header.HeaderAddr = metadata.Pairs("content-type", rpcContent) // somebody has answered
		}
	}
	discard := protojson.UnmarshalOptions{DiscardUnknown: true}
	if x.Status < http.StatusBadRequest {
		m, ok := reply.(proto.Message)
		if !ok {
			return fmt.Errorf("live: %T is no message", reply)
		}
		return discard.Unmarshal([]byte(x.Reply.Body), m)
	}
	var refusal spb.Status
	if err := discard.Unmarshal([]byte(x.Reply.Body), &refusal); err != nil {
		return err
	}
	return status.FromProto(&refusal).Err()
}
