// SPDX-License-Identifier: Apache-2.0

package fanout

import (
	"net/http"
	"reflect"
	"runtime"
	"sync"
	"weak"
)

// Account says whose requests a cloud counts together: all handlers of a process with
// the same one share a limiter.
type Account struct {
	// Provider, Identity and Region are the provider's name, what its cloud counts by,
	// such as a subscription or the id of a key, and where. Identity is no secret, or the
	// hash of one.
	Provider, Identity, Region string
	// Endpoint and Rates tell apart what is not the same cloud: another URL, other rates.
	Endpoint, Rates string
	// Transport is the user's, nil for the provider's own: requests that leave another
	// way may be counted apart, and a simulated cloud in process is behind its own.
	Transport http.RoundTripper
}

// shared are the limiters of the process. They are held weakly: with the last handler of
// an account its limiter goes.
var shared struct {
	sync.Mutex
	limiters map[Account]weak.Pointer[Limiter]
}

// Shared returns the limiter of an account, and makes it where no handler has one: see
// [NewLimiter]. A transport that cannot be compared, and so not be told from another,
// gets a limiter of its own.
func Shared(of Account, rateOf func(bucket string) Rate) *Limiter {
	if of.Transport != nil && !reflect.TypeOf(of.Transport).Comparable() {
		return NewLimiter(rateOf)
	}
	shared.Lock()
	defer shared.Unlock()
	if l := shared.limiters[of].Value(); l != nil {
		return l
	}
	l := NewLimiter(rateOf)
	if shared.limiters == nil {
		shared.limiters = map[Account]weak.Pointer[Limiter]{}
	}
	shared.limiters[of] = weak.Make(l)
	runtime.AddCleanup(l, forget, of)
	return l
}

// forget drops the entry of an account whose limiter is gone, unless it has another by
// now.
func forget(of Account) {
	shared.Lock()
	defer shared.Unlock()
	if shared.limiters[of].Value() == nil {
		delete(shared.limiters, of)
	}
}
