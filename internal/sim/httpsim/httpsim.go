// SPDX-License-Identifier: Apache-2.0

// Package httpsim holds the former names of what is in simkit, for the simulators
// that have not moved there yet.
package httpsim

import (
	"net/http"

	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// The former names.
type (
	Call     = simkit.Call
	Journal  = simkit.Journal
	Listener = simkit.Listener
)

// The former names.
var (
	ErrConnectionLost = simkit.ErrConnectionLost
	NewTransport      = simkit.NewTransport
	Sleep             = simkit.Sleep
)

// Listen is simkit.Listen without HTTP/2.
func Listen(addr string, h http.Handler, secure bool) (*Listener, error) {
	return simkit.Listen(addr, h, simkit.ListenOptions{TLS: secure})
}
