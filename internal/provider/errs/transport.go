// SPDX-License-Identifier: Apache-2.0

package errs

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/url"
	"strings"
	"syscall"
)

// Transport reports whether err is a failure of the way to the cloud, not an answer
// of it, and names the cause in a few words that hold no address but a host name.
func Transport(err error) (cause string, ok bool) {
	if err == nil {
		return "", false
	}
	var dns *net.DNSError
	var unknownAuthority x509.UnknownAuthorityError
	var hostname x509.HostnameError
	var invalid x509.CertificateInvalidError
	var record tls.RecordHeaderError
	var verification *tls.CertificateVerificationError
	var alert tls.AlertError
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return "no such host " + dns.Name, true
	case errors.As(err, &dns):
		return "the name " + dns.Name + " could not be looked up", true
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused", true
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, syscall.ECONNABORTED):
		return "the connection was reset", true
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "no route to the host", true
	case errors.As(err, &unknownAuthority):
		return "TLS: the certificate is signed by an authority that is not trusted", true
	case errors.As(err, &hostname):
		return "TLS: the certificate is for another host", true
	case errors.As(err, &invalid):
		return "TLS: the certificate is not valid: " + invalid.Error(), true
	case errors.As(err, &record):
		return "TLS: the other side does not speak it", true
	case errors.As(err, &verification), errors.As(err, &alert):
		return "TLS: the handshake failed", true
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return "the connection ended before the answer was complete", true
	}
	var netErr net.Error
	if errors.As(err, &netErr) && netErr.Timeout() {
		return "timed out", true
	}
	var op *net.OpError
	var request *url.Error
	if errors.As(err, &netErr) || errors.As(err, &op) || errors.As(err, &request) {
		return innermost(err), true
	}
	return "", false
}

// NeverSent reports whether err says that no connection could be made, so that nothing
// of the request has left.
func NeverSent(err error) bool {
	var dns *net.DNSError
	var op *net.OpError
	return errors.As(err, &dns) || errors.As(err, &op) && op.Op == "dial"
}

// innermost is the text of the last cause: the outer ones repeat it behind the
// method and the whole URL.
func innermost(err error) string {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return strings.Join(strings.Fields(err.Error()), " ")
		}
		err = inner
	}
}
