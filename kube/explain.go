// SPDX-License-Identifier: Apache-2.0

package kube

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
)

// neverSent reports whether a request failed before any of it was sent: no connection
// was made.
func neverSent(err error) bool {
	return isTrust(err) || errs.NeverSent(err)
}

// isTrust reports whether one side does not trust the certificate of the other.
func isTrust(err error) bool {
	var (
		verification *tls.CertificateVerificationError
		authority    x509.UnknownAuthorityError
		hostname     x509.HostnameError
		invalid      x509.CertificateInvalidError
	)
	return errors.As(err, &verification) || errors.As(err, &authority) || errors.As(err, &hostname) || errors.As(err, &invalid)
}

// explain says what to do about a request that was not sent. What happens on an open
// connection stays as it is: client-go knows which of it to repeat.
func (t *transport) explain(req *http.Request, with sent, err error) error {
	if req.Context().Err() != nil || !neverSent(err) {
		return err
	}
	e := &pmks.Error{Code: pmks.CodeUnavailable, Provider: t.provider(), Cluster: t.iid, Field: "AccessInfo.Endpoint", Err: err}
	cause, _ := errs.Transport(err)
	server := with.facts.value.server
	if isTrust(err) {
		e.Code = pmks.CodeFailedPrecondition
		e.Message = "the certificate of the API server is not one that the cluster's authority vouches for (" + err.Error() + "): see that nothing between here and the cluster answers in its place (a proxy, a tunnel to another cluster); where the cloud is renewing its certificates, try again later"
		return e
	}
	e.Message = "the API server cannot be reached"
	if cause != "" {
		e.Message += ": " + cause
	}
	switch {
	case t.opts.server != "":
		e.Message += "; see that the tunnel that WithServer names is up"
	case isPrivate(server.Hostname(), err):
		e.Message += "; its endpoint is private: run inside the network of the cluster, open its public endpoint, or come through a tunnel and name its near end with kube.WithServer"
	default:
		e.Message += "; see that this machine may go there (firewall, authorised networks of the cluster, HTTPS_PROXY)"
	}
	return e
}

// isPrivate reports whether a host can only be reached from some networks: its address is
// private, or its name is not known here.
func isPrivate(host string, err error) bool {
	if addr, parse := netip.ParseAddr(host); parse == nil {
		return addr.Unmap().IsPrivate() || addr.IsLinkLocalUnicast() || netip.MustParsePrefix("100.64.0.0/10").Contains(addr.Unmap())
	}
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return dns.IsNotFound
	}
	var op *net.OpError
	if errors.As(err, &op) && op.Addr != nil {
		if a, parse := netip.ParseAddrPort(op.Addr.String()); parse == nil {
			return a.Addr().Unmap().IsPrivate()
		}
	}
	return false
}

// gone reports whether a look at a cluster says that it is not there to be asked.
func gone(err error) bool {
	code := pmks.CodeOf(err)
	return code == pmks.CodeNotFound || code == pmks.CodeFailedPrecondition || code == pmks.CodeBusy
}

// goneError tells why the API server does not answer: what the cloud says of the
// cluster, with what happened to the request.
func (t *transport) goneError(look, request error) error {
	e := &pmks.Error{Code: pmks.CodeOf(look), Provider: t.provider(), Cluster: t.iid, Err: errors.Join(look, request)}
	e.Message = "the API server cannot be reached, and the cloud says of the cluster: "
	var inner *pmks.Error
	switch {
	case e.Code == pmks.CodeNotFound:
		e.Message += "it does not exist any more"
	case errors.As(look, &inner) && inner.Message != "":
		e.Message += inner.Message
	default:
		e.Message += look.Error()
	}
	return e
}

// refused is the error of an answer 401. Inside is the error that client-go would have
// made of it.
func (t *transport) refused(resp *http.Response, code pmks.Code, message string) error {
	body, _ := io.ReadAll(io.LimitReader(resp.Body, longestAnswer))
	_ = resp.Body.Close()
	status := apierrors.NewUnauthorized("")
	var answer metav1.Status
	if json.Unmarshal(body, &answer) == nil && answer.Kind == "Status" && answer.Code == http.StatusUnauthorized {
		status.ErrStatus = answer
	}
	return &pmks.Error{Code: code, Provider: t.provider(), Cluster: t.iid, HTTPStatus: resp.StatusCode, Message: message, Err: status}
}
