// SPDX-License-Identifier: Apache-2.0

package simkit

import (
	"net/http"
	"time"

	"github.com/pmks-go/pmks"
)

// Protocol is what one over HTTP adds to Serve. See Steps for what is there too.
type Protocol[E Refusal] struct {
	Admit func() E
	Key   func(per string) string
	// Handle answers the call. The reply is written down while the lock is held, as it
	// refers to what may change.
	Handle   func() (Reply, E)
	Injected func(code pmks.Code, reason string, retryAfter time.Duration) E
	// Refuse is the reply of a call that was not answered. It runs outside of the lock,
	// and not for a refusal without a status, which ends the connection.
	Refuse func(E) Reply
}

// Serve answers one call over HTTP: it takes it through the states of Run and sends
// what comes of it.
func Serve[E Refusal](w http.ResponseWriter, r *http.Request, k *Kit, x *Exchange, p Protocol[E]) {
	var none E
	var reply Reply
	refusal, ending := Run(r.Context(), k, x, Steps[E]{
		Admit: p.Admit,
		Key:   p.Key,
		Handle: func() (e E) {
			reply, e = p.Handle()
			return e
		},
		Injected: p.Injected,
		Status:   func() int { return reply.Status },
	})
	if refusal != none {
		if status, _ := refusal.Verdict(); status == 0 {
			ending = Lost
		} else {
			reply = p.Refuse(refusal)
		}
	}
	x.Write(w, reply, ending)
}
