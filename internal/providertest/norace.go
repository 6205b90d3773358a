// SPDX-License-Identifier: Apache-2.0

//go:build !race

package providertest

// underRace: see race.go.
const underRace = false
