// SPDX-License-Identifier: Apache-2.0

//go:build race

package providertest

// underRace: the race detector makes everything five times as slow, and sees no more in
// what runs one after the other. Samples are smaller then; what runs side by side stays
// as it is.
const underRace = true
