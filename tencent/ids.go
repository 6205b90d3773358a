// SPDX-License-Identifier: Apache-2.0

package tencent

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
	clusterPattern = regexp.MustCompile(`^cls-[0-9a-z]+$`)
	poolPattern    = regexp.MustCompile(`^np-[0-9a-z]+$`)
	numberPattern  = regexp.MustCompile(`^[0-9]+$`)
)

// ref is which cluster an IID stands for: by its id, or else by a name, which only a list
// tells. The six-part form says the account too, which is to be compared.
type ref struct{ id, name, account string }

// clusterRef reads an IID.
func (h *Handler) clusterRef(iid pmks.IID) (ref, error) {
	const field = "clusterIID"
	if err := pmks.CheckIID(field, iid); err != nil {
		return ref{}, err
	}
	switch id := iid.SystemId; {
	case id == "":
		return ref{name: iid.NameId}, nil
	case clusterPattern.MatchString(id):
		return ref{id: id}, nil
	default:
		return h.readQCS(field, id)
	}
}

// readQCS reads qcs::tke:REGION:uin/ACCOUNT:cluster/ID, every part of it. Policies know
// more forms, with short regions and with stars, which name no one cluster.
func (h *Handler) readQCS(field, text string) (ref, error) {
	parts := strings.Split(text, ":")
	if len(parts) != 6 || parts[0] != "qcs" {
		return ref{}, refuse.Invalid(field, "%q is neither the id of a cluster such as cls-1a2b3c4d, nor qcs::tke:REGION:uin/ACCOUNT:cluster/ID", refuse.Clip(text))
	}
	if err := ident.Match(field, text, ident.Part{Name: "service", Got: parts[2], Want: "tke"}, ident.Part{Name: "region", Got: parts[3], Want: h.cfg.Region}); err != nil {
		return ref{}, err
	}
	account, isAccount := strings.CutPrefix(parts[4], "uin/")
	id, isCluster := strings.CutPrefix(parts[5], "cluster/")
	if parts[1] != "" || !isAccount || !numberPattern.MatchString(account) || !isCluster || !clusterPattern.MatchString(id) {
		return ref{}, refuse.Invalid(field, "%q does not name one cluster: qcs::tke:REGION:uin/ACCOUNT:cluster/ID", refuse.Clip(text))
	}
	return ref{id: id, account: account}, nil
}

// checkAccount compares the account of a six-part form with that of the credentials.
func (h *Handler) checkAccount(ctx context.Context, r ref) error {
	if r.account == "" {
		return nil
	}
	out, err := read(ctx, h, newSTSRequest("GetCallerIdentity"), newCallerResponse, "account", func(o *callerResponse) bool {
		return o.Response != nil && o.Response.AccountId != ""
	})
	if err != nil {
		return err
	}
	return ident.Match("clusterIID", r.id, ident.Part{Name: "account", Got: r.account, Want: out.Response.AccountId})
}

// checkPoolIID refuses what cannot stand for a node pool, such as a native node.
func checkPoolIID(iid pmks.IID) error {
	const field = "nodeGroupIID"
	if err := pmks.CheckIID(field, iid); err != nil {
		return err
	}
	if iid.SystemId != "" && !poolPattern.MatchString(iid.SystemId) {
		return refuse.Invalid(field, "%q is not the id of a node pool such as np-1a2b3c4d", refuse.Clip(iid.SystemId))
	}
	return nil
}

// refs reads both IIDs of a call, and says all that is wrong with them.
func (h *Handler) refs(clusterIID, nodeGroupIID pmks.IID) (ref, error) {
	r, err := h.clusterRef(clusterIID)
	return r, errors.Join(err, checkPoolIID(nodeGroupIID))
}

// optionalRefs is refs for a call that is about the cluster where no pool is given.
func (h *Handler) optionalRefs(clusterIID, nodeGroupIID pmks.IID) (ref, error) {
	if nodeGroupIID.IsZero() {
		return h.clusterRef(clusterIID)
	}
	return h.refs(clusterIID, nodeGroupIID)
}

var idDigits = regexp.MustCompile(`^[0-9a-z]{8}$`)

// idOf is the id that a reference holds; users put ids into either half.
func idOf(iid pmks.IID, prefix string) string {
	if iid.SystemId != "" {
		return iid.SystemId
	}
	if rest, ok := strings.CutPrefix(iid.NameId, prefix); ok && idDigits.MatchString(rest) {
		return iid.NameId
	}
	return ""
}

// given is the half of an IID that counts.
func given(iid pmks.IID) string { return cmp.Or(iid.SystemId, iid.NameId) }
