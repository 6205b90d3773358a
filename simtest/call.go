// SPDX-License-Identifier: Apache-2.0

package simtest

import (
	"slices"
	"time"
)

// Call is a request that the account was asked.
type Call struct {
	// Service is the part of the cloud, such as "eks" or "ec2".
	Service string
	// Request is what was asked, in the vendor's words; empty when there is no such
	// request.
	Request string
	// Cluster and NodeGroup are names or ids, as the request had them.
	Cluster, NodeGroup string
	// Status is the HTTP status of the answer, also over gRPC, and 0 when there was none.
	Status int
	// Code is the vendor's error code, empty for success.
	Code string
	// Lost: the connection was ended without an answer, or in the middle of one.
	Lost       bool
	Start, End time.Time
}

// Calls returns the requests since the last ResetCalls, in the order of their beginning:
// those that were refused, and those for tokens, included.
func (a *Account) Calls() []Call {
	var list []Call
	for _, c := range a.opened.Server.Calls() {
		list = append(list, Call{
			Service: c.Service, Request: c.Op, Cluster: c.Cluster, NodeGroup: c.NodeGroup,
			Status: c.Status, Code: c.Code, Lost: c.Lost, Start: c.Start, End: c.End,
		})
	}
	return list
}

// Count returns how many of the Calls were one of these requests, in the vendor's words;
// without any it counts all.
func (a *Account) Count(requests ...string) (n int) {
	for _, c := range a.opened.Server.Calls() {
		if len(requests) == 0 || slices.Contains(requests, c.Op) {
			n++
		}
	}
	return n
}

// ResetCalls forgets the calls so far; the clusters stay.
func (a *Account) ResetCalls() { a.opened.Server.Reset() }

// Requests returns the requests with which a method of pmks changes something on this
// cloud, in the vendor's words, such as "CreateNodegroup" for "AddNodeGroup"; of
// "GetCluster" they are all the reads of one cluster. There are none of a method that the
// cloud does not have.
func (a *Account) Requests(method string) []string {
	return slices.Clone(a.opened.Cloud.Requests[method])
}
