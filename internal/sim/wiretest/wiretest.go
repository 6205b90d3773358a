// SPDX-License-Identifier: Apache-2.0

// Package wiretest is what the tests of all simulators are: a simulator's own tests
// say which calls there are and what is right, and take the rest from here.
//
//   - Clock is the time of a test.
package wiretest
