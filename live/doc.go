// SPDX-License-Identifier: Apache-2.0

// Package live is the kit for the first real account of a cloud. It exports nothing: it
// is run, as docs/live.md says.
//
//	go test -tags live ./live -v -cloud aws                     # a tour that changes nothing
//	go test -tags live ./live -v -timeout 0 -cloud aws -life    # and the whole life of a cluster
//	go test -tags live ./live -v -timeout 0 -cloud aws -sweep   # what a killed run left behind
//	go test ./live -v -timeout 0 -compare FILE                  # needs no account
//
// A run goes through the provider, as a user's program does, and writes down each request
// and each answer, without secrets and with placeholders for the ids of the account. The
// file replays. Compare sends its requests to the cloud's simulator and tells where that
// answers otherwise, and for each assumption of the simulator whether the cloud was seen
// to keep to it.
//
// Nothing here has been run on a real account. The tests of the package run all of it
// against the simulators.
package live
