// SPDX-License-Identifier: Apache-2.0

//go:build !race

package pmks_test

// manyWaits is how many waits run side by side in the tests that count what they cost.
const manyWaits = 10_000
