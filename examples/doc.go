// SPDX-License-Identifier: Apache-2.0

// Package examples holds programs that use pmks, one in each folder, and the code
// that the README shows. Each program but realcloud runs without arguments on
// simulated clouds:
//
//	go run ./examples/quickstart
package examples
