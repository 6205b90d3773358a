// SPDX-License-Identifier: Apache-2.0

package simkit

import (
	"math/rand/v2"
)

// Alphabets of random texts.
const (
	LowerHex   = "0123456789abcdef"
	UpperHex   = "0123456789ABCDEF"
	LowerAlnum = "abcdefghijklmnopqrstuvwxyz0123456789"
	Digits     = "0123456789"
)

// Random is the seeded stream of a simulator: the same seed and calls give the same
// identifiers. It is not safe for concurrent use; Kit.Mu guards it.
type Random struct {
	*rand.Rand
	counter uint64
}

// Text returns n random characters of an alphabet.
func (r *Random) Text(n int, alphabet string) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[r.IntN(len(alphabet))]
	}
	return string(b)
}

// UUID returns a random UUID in lower case.
func (r *Random) UUID() string { return UUIDOf(r.Text(32, LowerHex)) }

// UUIDOf shapes 32 hexadecimal digits as a UUID of version 4.
func UUIDOf(h string) string {
	return h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-a" + h[17:20] + "-" + h[20:32]
}

// Next numbers what is made, in the order of making.
func (r *Random) Next() uint64 {
	r.counter++
	return r.counter
}
