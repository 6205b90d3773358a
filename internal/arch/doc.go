// SPDX-License-Identifier: Apache-2.0

// Package arch holds the rules of the house that a compiler does not check: who
// may import whom, which third-party modules a package brings along, what the
// exported API is, and how a source file has to look.
//
// The rules are functions over plain values, so that a test can show each of
// them failing on a fixture; the tests named TestRepository... run them on the
// module itself. Two reviewed files are rewritten, after a look at the change, by
//
//	go test ./internal/arch -update
//
// namely testdata/deps.txt (third-party modules of each public package) and
// api/pmks.txt (the exported API).
package arch
