// SPDX-License-Identifier: Apache-2.0

package nhn

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gophercloud/gophercloud/v2"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/once"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/refuse"
)

// Clients are what [Handler.Vendor] returns: the services of NHN Cloud that a Handler
// calls, with its credentials, its region and its rate limits.
type Clients struct {
	// NKS is the Kubernetes service; Compute, Network and Image are those beside it.
	NKS     *Service
	Compute *Service
	Network *Service
	Image   *Service
}

// Service calls one REST service of NHN Cloud. It is safe for concurrent use, and good for
// as long as the Handler that it is of.
type Service struct {
	h    *Handler
	kind string
}

// Vendor returns the clients of NHN's services, for what pmks does not cover: access lists
// of endpoints, certificates, add-ons, events, stopped nodes. It makes no call.
//
// What is changed there is seen by the next read. NKS takes one change of a cluster at a
// time, whoever makes it.
func (h *Handler) Vendor() Clients {
	of := func(kind string) *Service { return &Service{h: h, kind: kind} }
	return Clients{NKS: of(serviceNKS), Compute: of(serviceCompute), Network: of(serviceNetwork), Image: of(serviceImage)}
}

// Do makes one request, such as a GET of "clusters/{uuid}/api_ep_ipacl": path follows the
// version in the URL of the service, may have a query, and has each part of it escaped. in
// is sent and out filled as JSON; nil is none. A read is repeated while it fails in
// passing; a change is sent once, and again only with a new token where the one it had
// was refused, which says that nothing was done.
//
// Errors are those of the other methods, in the words of the service. ErrInvalidArgument:
// the method or the path is none, or in cannot be written. MayHaveHappened is set where the answer to a change was lost.
func (s *Service) Do(ctx context.Context, method, path string, in, out any) (err error) {
	defer annotate(&err, "Vendor", pmks.IID{}, pmks.IID{})
	r := request{service: s.kind, method: method, body: in, ok: []int{http.StatusOK, http.StatusCreated, http.StatusAccepted, http.StatusNoContent}}
	var f refuse.List
	if !slices.Contains([]string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}, method) {
		f.Add("method", "%q is none that the services take, such as GET", refuse.Clip(method))
	}
	r.path, r.query, err = splitPath(path)
	f.Join(err)
	f.Join(checkJSON("in", in))
	if err := f.Err(); err != nil {
		return err
	}
	send := func(ctx context.Context) (struct{}, error) { return struct{}{}, s.h.api.do(ctx, r, out) }
	if method == http.MethodGet {
		_, err = fanout.Read(ctx, s.h.api.limiter, s.kind, send)
		return err
	}
	_, err = fanout.Do(ctx, s.h.api.limiter, s.kind+changes, send)
	if err != nil && once.Open(err) && !neverSent(err) {
		err = errs.With(err, func(e *pmks.Error) { e.MayHaveHappened = true })
	}
	return err
}

// Client returns gophercloud's client of the service, for its own packages. Its token is
// not renewed, it keeps to no limits, and its errors are gophercloud's: ask for it anew
// rather than keep it.
//
// ErrUnauthenticated: Keystone refuses the credentials. ErrUnsupported: the region does not
// have the service.
func (s *Service) Client(ctx context.Context) (_ *gophercloud.ServiceClient, err error) {
	defer annotate(&err, "Vendor", pmks.IID{}, pmks.IID{})
	session, err := s.h.api.session(ctx)
	if err != nil {
		return nil, err
	}
	return s.h.api.service(session, s.kind)
}

// checkJSON refuses what cannot be sent. gophercloud would say the same when it is to be
// sent, and not whether it was.
func checkJSON(field string, v any) error {
	if _, err := json.Marshal(v); err != nil {
		return &pmks.Error{Code: pmks.CodeInvalidArgument, Field: field, Message: "cannot be written as JSON: " + err.Error(), Err: err}
	}
	return nil
}

// splitPath takes the path of a user's request apart. Its parts are escaped again when it
// is sent.
func splitPath(path string) ([]string, url.Values, error) {
	u, err := url.Parse(path)
	if err != nil || u.IsAbs() || u.Host != "" || u.User != nil || u.Fragment != "" {
		return nil, nil, refuse.Invalid("path", "%q is not a path within the service, such as clusters", refuse.Clip(path))
	}
	parts := strings.Split(strings.TrimPrefix(u.EscapedPath(), "/"), "/")
	for i, part := range parts {
		if parts[i], err = url.PathUnescape(part); err != nil || part == "" && i < len(parts)-1 || slices.Contains([]string{".", ".."}, parts[i]) || path == "" {
			return nil, nil, refuse.Invalid("path", "%q has an empty or relative segment", refuse.Clip(path))
		}
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, nil, refuse.Invalid("path", "%q has a query that cannot be read", refuse.Clip(path))
	}
	return parts, query, nil
}
