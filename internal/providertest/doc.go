// SPDX-License-Identifier: Apache-2.0

// Package providertest is what the tests of every provider are made of: tables in
// the provider, the work here.
package providertest
