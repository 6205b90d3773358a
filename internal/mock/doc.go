// SPDX-License-Identifier: Apache-2.0

// Package mock holds gomock doubles of the interfaces of package pmks, for unit
// tests that say call by call what a handler is asked. Tests that want a cloud
// which behaves like one use package fake.
//
// A handler with optional interfaces is made by embedding several doubles in one
// struct.
package mock

//go:generate go tool -modfile=../../tools/go.mod mockgen -source=../../pmks.go -destination=pmks.go -package=mock -write_package_comment=false -write_source_comment=false
