// SPDX-License-Identifier: Apache-2.0

package fake

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/refuse"
	"github.com/pmks-go/pmks/internal/sim/core"
)

// refusalTable says what each refusal of the cloud means to a caller.
var refusalTable = map[core.Reason]struct {
	code pmks.Code
	// vendor is a code such as clouds use.
	vendor string
	status int
}{
	core.InvalidArgument: {pmks.CodeInvalidArgument, "InvalidParameter", 400},
	core.ClusterNotFound: {pmks.CodeNotFound, "ResourceNotFound", 404},
	core.GroupNotFound:   {pmks.CodeNotFound, "ResourceNotFound", 404},
	core.ClusterExists:   {pmks.CodeAlreadyExists, "ResourceExists", 409},
	core.GroupExists:     {pmks.CodeAlreadyExists, "ResourceExists", 409},
	core.Busy:            {pmks.CodeBusy, "OperationInProgress", 409},
	core.BadState:        {pmks.CodeFailedPrecondition, "InvalidState", 409},
	core.Unsupported:     {pmks.CodeUnsupported, "Unsupported", 400},
	core.QuotaExceeded:   {pmks.CodeQuotaExceeded, "QuotaExceeded", 403},
	core.LastGroup:       {pmks.CodeFailedPrecondition, "LastNodeGroup", 400},
	core.GroupsPresent:   {pmks.CodeFailedPrecondition, "NodeGroupsPresent", 409},
	core.Protected:       {pmks.CodeFailedPrecondition, "DeletionProtected", 400},
	core.VersionUnknown:  {pmks.CodeInvalidArgument, "UnsupportedVersion", 400},
	core.Downgrade:       {pmks.CodeInvalidArgument, "Downgrade", 400},
	core.StepTooLarge:    {pmks.CodeFailedPrecondition, "VersionStepTooLarge", 400},
	core.GroupsLag:       {pmks.CodeFailedPrecondition, "NodeGroupsLag", 400},
	core.NothingToDo:     {pmks.CodeFailedPrecondition, "NothingToDo", 400},
	core.NotInInventory:  {pmks.CodeInvalidArgument, "ReferenceNotFound", 400},
}

// finish turns any error into *pmks.Error, each part of a joined one, and says
// where it happened.
func (h *Handler) finish(err error, r request, requestID string) error {
	if err == nil {
		return nil
	}
	if refusals := core.Refusals(err); len(refusals) > 0 {
		all := make([]error, len(refusals))
		for i, refusal := range refusals {
			all[i] = h.where(convert(refusal), r, requestID)
		}
		return refuse.List(all).Err()
	}
	if parts, ok := err.(interface{ Unwrap() []error }); ok {
		var all []error
		for _, part := range parts.Unwrap() {
			all = append(all, h.finish(part, r, requestID))
		}
		return refuse.List(all).Err()
	}
	var e *pmks.Error
	if !errors.As(err, &e) {
		e = &pmks.Error{Code: pmks.CodeOf(err), Message: "the context ended during the call", Err: err}
	}
	return h.where(e, r, requestID)
}

func (h *Handler) where(e *pmks.Error, r request, requestID string) error {
	if r.of != nil {
		r = *r.of
	}
	c := *e
	c.Provider = h.caps.Provider
	if c.Op == "" {
		c.Op, c.Cluster, c.RequestID = r.op, r.cluster, requestID
		if c.NodeGroup.IsZero() {
			c.NodeGroup = r.nodeGroup
		}
	}
	return &c
}

func convert(r *core.Refusal) *pmks.Error {
	row := refusalTable[r.Reason]
	e := &pmks.Error{Code: row.code, ProviderCode: row.vendor, HTTPStatus: row.status, Field: r.Field, Message: r.Message}
	if e.Code == pmks.CodeFailedPrecondition {
		e.Field = "" // it is the cluster's state that is wrong, not the request
	}
	if len(r.Allowed) > 0 && !strings.Contains(r.Message, r.Allowed[0]) {
		e.Message += ": " + strings.Join(r.Allowed, ", ")
	}
	return e
}

func notFound(what string, iid pmks.IID) error {
	return &pmks.Error{Code: pmks.CodeNotFound, ProviderCode: "ResourceNotFound", HTTPStatus: 404,
		Message: fmt.Sprintf("there is no %s %q", what, iid.String())}
}
