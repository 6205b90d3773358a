// SPDX-License-Identifier: Apache-2.0

//go:build !race

package providertest

// UnderRace is false without the race detector: see race.go.
const UnderRace = false
