// SPDX-License-Identifier: Apache-2.0

// Package request reads a create request for a cluster from JSON: the form of
// the PMKS specification, whose names are the field names of pmks.ClusterInfo.
//
// A request file is written by hand, so reading is strict. What a person may have
// meant otherwise is refused with the path of the field and what belongs there:
// unknown, repeated and mistyped fields, text after the request, and fields that
// only a cloud fills. Values are not shown in errors, except sizes, because a
// file that was given by mistake may hold a secret.
package request

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/pmks-go/pmks"
)

const (
	// MaxSize is the largest request, in bytes. Real ones have a few hundred.
	MaxSize = 1 << 20
	// maxDepth is how deep objects and lists may nest; the form needs five.
	maxDepth = 32
	// maxFaults is how many faults are reported at once.
	maxFaults = 20

	// document is the Field of faults of the text as a whole.
	document = "request"
)

// Parse reads a request. A field that is null or left out has its zero value.
// Sizes are JSON numbers or, as in the REST form of the specification, strings of
// digits; OnAutoScaling is true, false, "true" or "false".
//
// Every error is, or joins, *pmks.Error with ErrInvalidArgument and the Field it
// is about: a path such as "NodeGroupList[0].MinNodeSize", or "request" for the
// text as a whole. Whether a cloud takes the request is not checked here: the
// capabilities of a provider know that.
func Parse(data []byte) (pmks.ClusterInfo, error) {
	root, err := readTree(data)
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	var d decoder
	info := d.cluster(root)
	if err := d.err(); err != nil {
		return pmks.ClusterInfo{}, err
	}
	return info, nil
}

// Read is Parse for a stream.
func Read(r io.Reader) (pmks.ClusterInfo, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxSize+1))
	if err != nil {
		return pmks.ClusterInfo{}, &pmks.Error{Code: pmks.CodeInvalidArgument, Field: document,
			Message: "cannot be read: " + err.Error(), Err: err}
	}
	return Parse(data)
}

// ReadFile is Parse for a file. Its errors begin with the path.
func ReadFile(path string) (pmks.ClusterInfo, error) {
	file, err := os.Open(path)
	if err != nil {
		return pmks.ClusterInfo{}, &pmks.Error{Code: pmks.CodeInvalidArgument, Field: document,
			Message: "cannot be read: " + err.Error(), Err: err}
	}
	defer func() { _ = file.Close() }() // it was only read
	info, err := Read(file)
	if err != nil {
		err = fmt.Errorf("%s: %w", path, err)
	}
	return info, err
}

// fault returns the error of one field.
func fault(field, format string, args ...any) *pmks.Error {
	if field == "" {
		field = document
	}
	return &pmks.Error{Code: pmks.CodeInvalidArgument, Field: field, Message: fmt.Sprintf(format, args...)}
}

// faults collects what is wrong, so that one error names all.
type faults struct {
	list []error
	more int
}

func (f *faults) add(field, format string, args ...any) {
	if len(f.list) == maxFaults {
		f.more++
		return
	}
	f.list = append(f.list, fault(field, format, args...))
}

func (f *faults) err() error {
	switch {
	case len(f.list) == 1:
		return f.list[0]
	case f.more > 0:
		return errors.Join(append(f.list, fault(document, "has %d more faults", f.more))...)
	}
	return errors.Join(f.list...)
}
