// SPDX-License-Identifier: Apache-2.0

// Package providertest is what the tests of every provider are made of: tables in
// the provider, the work here.
//
// A [Matrix] makes every operation fail at every request that it makes, in every
// way that a network, a proxy or a cloud can fail, over the in-process simulators
// in virtual time. It works at the http.RoundTripper, so that it knows nothing of
// the inside of a simulator or of a provider.
package providertest
