// SPDX-License-Identifier: Apache-2.0

package ibm

import (
	"cmp"
	"context"
	"errors"
	"regexp"
	"strings"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/ident"
	"github.com/pmks-go/pmks/internal/refuse"
)

var (
	clusterIDPattern = regexp.MustCompile(`^([a-z0-9]{20}|[0-9a-f]{32})$`)
	poolIDPattern    = regexp.MustCompile(`^([a-z0-9]{20}|[0-9a-f]{32})-[0-9a-f]{7}$`)
	resourcePattern  = regexp.MustCompile(`^[a-z0-9]{2,8}-[0-9a-f-]{36}$`)
)

// A CRN has ten parts (IBM Cloud docs, Cloud Resource Names, read in November 2026).
const crnParts = 10

// crn splits a CRN; false for what is none.
func crn(text string) ([]string, bool) {
	if !strings.HasPrefix(text, "crn:") {
		return nil, false
	}
	parts := strings.Split(text, ":")
	return parts, len(parts) == crnParts
}

// ref is which cluster is meant: by its id, or by a name that only the list resolves.
type ref struct{ id, name string }

// clusterRef returns which cluster an IID stands for. Of a CRN every part counts, the
// account with that of the token.
func (h *Handler) clusterRef(ctx context.Context, iid pmks.IID) (ref, error) {
	const field = "clusterIID"
	if err := pmks.CheckIID(field, iid); err != nil {
		return ref{}, err
	}
	text := cmp.Or(iid.SystemId, iid.NameId)
	parts, whole := crn(text)
	switch {
	case strings.HasPrefix(text, "crn:") && !whole:
		return ref{}, refuse.Invalid(field, "%q is not a CRN of %d parts", refuse.Clip(text), crnParts)
	case whole:
		if err := h.matchCRN(ctx, field, text, parts, "containers-kubernetes", h.cfg.Region); err != nil {
			return ref{}, err
		}
		if parts[8] != "" || parts[9] != "" {
			return ref{}, refuse.Invalid(field, "%q is the CRN of a %s, not of a cluster", refuse.Clip(text), cmp.Or(parts[8], "part of a cluster"))
		}
		text = parts[7]
	case iid.SystemId == "":
		return ref{name: iid.NameId}, nil
	}
	if !clusterIDPattern.MatchString(text) {
		return ref{}, refuse.Invalid(field, "%q is not the id of a cluster: 20 lower-case letters and digits, or its CRN", refuse.Clip(text))
	}
	return ref{id: text}, nil
}

// matchCRN compares a CRN with the connection, up to its scope.
func (h *Handler) matchCRN(ctx context.Context, field, text string, parts []string, service, location string) error {
	account, err := h.account(ctx)
	if err != nil {
		return err
	}
	scope := ""
	if account != "" {
		scope = "a/" + account
	}
	return ident.Match(field, text,
		ident.Part{Name: "CRN version", Got: parts[1], Want: "v1"}, ident.Part{Name: "cloud", Got: parts[2], Want: "bluemix"},
		ident.Part{Name: "kind of cloud", Got: parts[3], Want: "public"}, ident.Part{Name: "service", Got: parts[4], Want: service},
		ident.Part{Name: "region", Got: parts[5], Want: location}, ident.Part{Name: "account", Got: parts[6], Want: scope})
}

// poolRef returns the id, or else the name, of the worker pool that an IID stands for.
func poolRef(iid pmks.IID) (ref, error) {
	const field = "nodeGroupIID"
	if err := pmks.CheckIID(field, iid); err != nil {
		return ref{}, err
	}
	switch {
	case iid.SystemId == "":
		return ref{name: iid.NameId}, nil
	case !poolIDPattern.MatchString(iid.SystemId):
		return ref{}, refuse.Invalid(field, "%q is not the id of a worker pool: that of its cluster, a hyphen and 7 digits", refuse.Clip(iid.SystemId))
	}
	return ref{id: iid.SystemId}, nil
}

// refs returns which cluster and node group are meant, or all that is wrong with them.
func (h *Handler) refs(ctx context.Context, clusterIID, nodeGroupIID pmks.IID) (cluster, pool ref, err error) {
	cluster, clusterErr := h.clusterRef(ctx, clusterIID)
	pool, poolErr := poolRef(nodeGroupIID)
	return cluster, pool, errors.Join(clusterErr, poolErr)
}

func clusterIID(c clusterObject) pmks.IID { return pmks.IID{NameId: c.Name, SystemId: c.ID} }

func poolIID(p poolObject) pmks.IID { return pmks.IID{NameId: p.Name, SystemId: p.ID} }

// same is an IID of what is shown by its id alone.
func same(id string) pmks.IID { return pmks.IID{NameId: id, SystemId: id} }
