// SPDX-License-Identifier: Apache-2.0

// Package pmkstest holds gomock doubles of the interfaces of package pmks, for unit
// tests that say call by call what a handler is asked and what it answers:
//
//	h := pmkstest.NewMockClusterHandler(gomock.NewController(t))
//	h.EXPECT().GetCluster(gomock.Any(), iid).Return(info, nil)
//
// A double answers what the test says, and nothing of a cloud: no state, no time, no
// rules. A test that wants a cloud which behaves like one uses package fake, and one that
// wants the vendor's protocol package simtest; docs/testing.md says when to use which.
//
// Each optional interface has a double of its own. A handler that has some of them is
// made by embedding their doubles in one struct:
//
//	type handler struct {
//		*pmkstest.MockClusterHandler
//		*pmkstest.MockStateReader
//	}
//
// The doubles are generated from the interfaces, so that they change with them.
package pmkstest

//go:generate go tool -modfile=../tools/go.mod mockgen -source=../pmks.go -destination=mocks.go -package=pmkstest -write_package_comment=false -write_source_comment=false
