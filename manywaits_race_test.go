// SPDX-License-Identifier: Apache-2.0

//go:build race

package pmks_test

// manyWaits is smaller with the race detector, which makes ten thousand goroutines take
// minutes on a loaded machine.
const manyWaits = 1_000
