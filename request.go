// SPDX-License-Identifier: Apache-2.0

package pmks

import (
	"errors"
	"io"

	"github.com/pmks-go/pmks/internal/jsontree"
)

const (
	// MaxRequestSize is the largest text that ParseRequest reads, in bytes. Real requests
	// have a few hundred.
	MaxRequestSize = 1 << 20
	// maxRequestFaults is how many faults are named at once.
	maxRequestFaults = 20
	// wholeRequest is the Field of faults of the text as a whole.
	wholeRequest = "request"
)

// ParseRequest reads a create request for a cluster from JSON, in one of two forms:
//
//   - that of the specification, whose names are the field names of [ClusterInfo];
//   - the body of CB-Spider's REST API, with ReqInfo, Name, VPCName and so on. Its
//     ConnectionName and IDTransformMode say how CB-Spider reaches a cloud, and are
//     not used here.
//
// A field that is null or left out has its zero value. Names of fields may be written
// in any case. Sizes are numbers or strings of digits; OnAutoScaling is true, false,
// "true" or "false". Otherwise reading is strict, because a request is written by
// hand: unknown, repeated and mistyped fields, text after the request, and fields that
// only a cloud fills are refused.
//
// Every error is, or joins, [*Error] with ErrInvalidArgument and the Field it is about:
// a path such as "NodeGroupList[0].MinNodeSize", or "request" for the text as a whole.
// All faults are named at once, up to 20. Values are not shown, except sizes, because
// a file that was given by mistake may hold a secret. Whether a cloud takes the
// request is not checked here: [Capabilities.CheckCluster] does.
func ParseRequest(data []byte) (ClusterInfo, error) {
	root, err := jsontree.Parse(data, MaxRequestSize)
	if err != nil {
		return ClusterInfo{}, notJSON(err)
	}
	var d requestDecoder
	read := d.cluster
	if _, ok := root.Member(restBody); ok {
		read = d.restRequest
	}
	info := read(root)
	if err := d.err(); err != nil {
		return ClusterInfo{}, err
	}
	return info, nil
}

// ReadRequest is ParseRequest for a stream, of which it reads no more than
// [MaxRequestSize].
func ReadRequest(r io.Reader) (ClusterInfo, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxRequestSize+1))
	if err != nil {
		return ClusterInfo{}, &Error{Code: CodeInvalidArgument, Field: wholeRequest, Message: "cannot be read: " + err.Error(), Err: err}
	}
	return ParseRequest(data)
}

func notJSON(err error) error {
	var e *jsontree.Error
	if !errors.As(err, &e) {
		return err
	}
	if e.Path == "" {
		e.Path = wholeRequest
	}
	return invalid(e.Path, "%s", e.Message)
}
