// SPDX-License-Identifier: Apache-2.0

package gke

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// service implements ClusterManager. Its methods run under the lock of the server,
// within Server.run; what it has not, it leaves unimplemented.
type service struct {
	containerpb.UnimplementedClusterManagerServer
	s *Server
}

// callKey is where the context of a method holds its call.
type callKey struct{}

// answer gives a method its call and turns a refusal into an error.
func answer[T any](ctx context.Context, v *service, do func(*Server, *call) (T, *apiError)) (T, error) {
	c, ok := ctx.Value(callKey{}).(*call)
	if !ok {
		var none T
		return none, status.Error(codes.Internal, "gke: the method was called from outside")
	}
	out, e := do(v.s, c)
	if e != nil {
		return out, &refusalError{e}
	}
	return out, nil
}

// refusalError carries a refusal out of a method.
type refusalError struct{ e *apiError }

// Error returns the message.
func (r *refusalError) Error() string { return r.e.message }

// newCall describes a call of ClusterManager.
func (s *Server) newCall(ctx context.Context, op string, req proto.Message) *call {
	m := methods[op]
	c := &call{
		service: serviceContainer, Exchange: simkit.Exchange{Entry: Call{Service: "container", Op: op}},
		full: "google.container.v1.ClusterManager." + op, permission: permissionTable[op],
	}
	md, _ := metadata.FromIncomingContext(ctx)
	if values := md.Get("authorization"); len(values) == 1 {
		c.bearer, _ = strings.CutPrefix(values[0], "Bearer ")
	}
	r := req.ProtoReflect()
	named := parsePath(textField(r, m.field))
	c.Entry.Cluster, c.Entry.NodeGroup = cmp.Or(named.cluster, nameIn(r, "cluster")), cmp.Or(named.pool, nameIn(r, "node_pool"))
	c.target = s.inWords(named)
	if names := deprecatedFields(req); len(names) > 0 {
		c.fault = invalid("%s must not be set: it has been replaced by %s.", strings.Join(names, ", "), m.field).badField(names[0])
	}
	return c
}

// checkHeader wants the header by which Google routes calls over gRPC: the
// resource's name, encoded as in a URL.
func checkHeader(ctx context.Context, c *call, req proto.Message) *apiError {
	md, _ := metadata.FromIncomingContext(ctx)
	field := methods[c.Entry.Op].field
	want := textField(req.ProtoReflect(), field)
	values := md.Get("x-goog-request-params")
	if len(values) != 1 {
		return invalid("The header x-goog-request-params must be there once, got %d.", len(values))
	}
	params, err := url.ParseQuery(values[0])
	if err != nil || params.Get(field) != want {
		return invalid("The header x-goog-request-params must have %s=%s.", field, url.QueryEscape(want))
	}
	return nil
}

// method calls a method on a decoded request, with its call in the context.
func (c *call) method(ctx context.Context, req any, next grpc.UnaryHandler) (any, *apiError) {
	out, err := next(context.WithValue(ctx, callKey{}, c), req)
	var refusal *refusalError
	switch {
	case err == nil:
		return out, nil
	case errors.As(err, &refusal):
		return nil, refusal.e
	case status.Code(err) == codes.Unimplemented:
		return nil, notSimulated("%s", c.Entry.Op)
	}
	return nil, fail(codes.Internal, "%v", err)
}

// interceptor takes calls over gRPC through Server.run. lose ends the connection.
func (s *Server) interceptor(lose func(context.Context)) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (out any, err error) {
		message, ok := req.(proto.Message)
		if !ok {
			return nil, status.Errorf(codes.Internal, "gke: %T is no message", req)
		}
		c := s.newCall(ctx, info.FullMethod[strings.LastIndexByte(info.FullMethod, '/')+1:], message)
		if c.fault == nil {
			c.fault = checkHeader(ctx, c, message)
		}
		e, ending := s.run(ctx, c, func() (e *apiError) {
			out, e = c.method(ctx, req, next)
			return e
		})
		switch {
		case ending != simkit.Answered && ctx.Err() != nil:
			return nil, canceled(ctx).grpc(c)
		case ending != simkit.Answered:
			lose(ctx)
			return nil, status.Error(codes.Unavailable, "gke: the connection ends")
		case c.Answer != nil:
			return answered(c)
		case e != nil:
			return nil, e.grpc(c)
		}
		return out, nil
	}
}

// proxyTable holds what clients over gRPC make of a status of HTTP that some proxy
// answered with; what is not in it is UNKNOWN.
var proxyTable = map[int]codes.Code{
	http.StatusBadRequest: codes.Internal, http.StatusUnauthorized: codes.Unauthenticated, http.StatusForbidden: codes.PermissionDenied,
	http.StatusNotFound: codes.Unimplemented, http.StatusTooManyRequests: codes.Unavailable, http.StatusBadGateway: codes.Unavailable,
	http.StatusServiceUnavailable: codes.Unavailable, http.StatusGatewayTimeout: codes.Unavailable,
}

// answered is what becomes of an Answer over gRPC: a message without anything in it
// for an empty or null success, and otherwise what clients make of a proxy.
func answered(c *call) (any, error) {
	a := c.Answer
	if body := strings.TrimSpace(a.Body); a.Status == http.StatusOK && (body == "" || body == "null" || body == "{}") {
		kind, err := protoregistry.GlobalTypes.FindMessageByName(methods[c.Entry.Op].reply.FullName())
		if err != nil {
			return nil, status.Error(codes.Internal, err.Error())
		}
		return kind.New().Interface(), nil
	}
	code, ok := proxyTable[a.Status]
	if !ok {
		code = codes.Unknown
	}
	return nil, status.Errorf(code, "unexpected HTTP status code received from server: %d (%s); transport: received unexpected content-type %q",
		a.Status, http.StatusText(a.Status), cmp.Or(a.Header["Content-Type"], "text/html"))
}

// grpc returns the refusal as the status of a call, with its details.
func (e *apiError) grpc(c *call) error {
	st := status.New(e.code, e.message)
	full, err := st.WithDetails(append(e.v1(), &errdetails.RequestInfo{RequestId: c.requestID})...)
	if err != nil {
		return st.Err()
	}
	return full.Err()
}

// newGRPC returns a gRPC server with the service of s.
func (s *Server) newGRPC(lose func(context.Context)) *grpc.Server {
	g := grpc.NewServer(grpc.ChainUnaryInterceptor(s.interceptor(lose)), grpc.MaxRecvMsgSize(maxBody))
	containerpb.RegisterClusterManagerServer(g, &service{s: s})
	return g
}

// Listen serves s on a loopback address such as "127.0.0.1:0", with TLS if secure
// is true: gRPC over HTTP/2, and the rest over HTTP/1.1 or HTTP/2.
func (s *Server) Listen(addr string, secure bool) (*simkit.Listener, error) {
	g := s.newGRPC(simkit.CloseConn)
	mixed := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor == 2 && strings.HasPrefix(r.Header.Get("Content-Type"), "application/grpc") {
			g.ServeHTTP(w, r)
			return
		}
		s.ServeHTTP(w, r)
	})
	return simkit.Listen(addr, mixed, simkit.ListenOptions{TLS: secure, HTTP2: true})
}

// Dial returns a connection to s in process, without transport security; the
// caller closes it. What the connection starts, closing it ends, so that it can be
// used inside a testing/synctest bubble.
func (s *Server) Dial(opts ...grpc.DialOption) (*grpc.ClientConn, error) {
	return grpc.NewClient("passthrough:///gke.simulated", append(s.DialOptions(), opts...)...)
}

// DialOptions returns what makes a gRPC client, such as the vendor's, connect to s
// in process, whatever the endpoint: it should be one that needs no name server,
// such as "passthrough:///gke.simulated".
func (s *Server) DialOptions() []grpc.DialOption {
	return []grpc.DialOption{
		grpc.WithContextDialer(s.DialContext),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
	}
}

// DialContext opens a connection in process that speaks HTTP/2 as gRPC does, to
// whatever address. What serves it ends when the connection is closed.
func (s *Server) DialContext(ctx context.Context, _ string) (net.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	near, far := net.Pipe()
	served := &oneConn{Conn: far, closed: make(chan struct{})}
	g := s.newGRPC(func(context.Context) { _ = served.Close() })
	go func() { _ = g.Serve(served) }() // it ends with the connection, which is no error
	return near, nil
}

// oneConn is a connection, and a listener that accepts just it.
type oneConn struct {
	net.Conn
	once   sync.Once
	taken  bool
	closed chan struct{}
}

// Accept returns the connection, and then waits for its end.
func (l *oneConn) Accept() (net.Conn, error) {
	if !l.taken {
		l.taken = true // only Serve accepts
		return l, nil
	}
	<-l.closed
	return nil, net.ErrClosed
}

// Addr returns the address of the connection.
func (l *oneConn) Addr() net.Addr { return l.LocalAddr() }

// Close ends both.
func (l *oneConn) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Conn.Close()
}
