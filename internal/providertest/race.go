// SPDX-License-Identifier: Apache-2.0

//go:build race

package providertest

// UnderRace is true with the race detector, which makes everything five times as slow, and
// sees no more in what runs one after the other. Samples are smaller then; what runs side
// by side stays as it is.
const UnderRace = true
