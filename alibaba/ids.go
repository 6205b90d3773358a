// SPDX-License-Identifier: Apache-2.0

package alibaba

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
	clusterPattern = regexp.MustCompile(`^c[0-9a-f]{32}$`)
	poolPattern    = regexp.MustCompile(`^np[0-9a-f]{32}$`)
)

// ref is which cluster an IID stands for: by its id, or else by a name, which only a list
// tells. An ARN says the account too, which is to be compared.
type ref struct{ id, name, account string }

// clusterRef reads an IID. Ids go into paths, so nothing that is no id gets there.
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
		return h.readARN(field, id)
	}
}

// readARN reads acs:cs:REGION:ACCOUNT:cluster/ID, every part of it.
func (h *Handler) readARN(field, text string) (ref, error) {
	parts := strings.Split(text, ":")
	if len(parts) != 5 || parts[0] != "acs" {
		return ref{}, refuse.Invalid(field, "%q is neither the id of a cluster, c and 32 hexadecimal digits, nor its ARN acs:cs:REGION:ACCOUNT:cluster/ID", refuse.Clip(text))
	}
	if err := ident.Match(field, text, ident.Part{Name: "service", Got: parts[1], Want: "cs"}, ident.Part{Name: "region", Got: parts[2], Want: h.cfg.Region}); err != nil {
		return ref{}, err
	}
	kind, id, _ := strings.Cut(parts[4], "/")
	if kind != "cluster" || !clusterPattern.MatchString(id) || strings.Trim(parts[3], "0123456789") != "" || parts[3] == "" {
		return ref{}, refuse.Invalid(field, "%q is not the ARN of a cluster: acs:cs:REGION:ACCOUNT:cluster/ID", refuse.Clip(text))
	}
	return ref{id: id, account: parts[3]}, nil
}

// checkAccount compares the account of an ARN with that of the credentials.
func (h *Handler) checkAccount(ctx context.Context, r ref) error {
	if r.account == "" {
		return nil
	}
	type identity struct{ AccountId string }
	out, err := readRPC(ctx, h, h.api.sts, "sts", stsVersion, "GetCallerIdentity", nil, func(o *identity) bool { return o.AccountId != "" })
	if err != nil {
		return err
	}
	return ident.Match("clusterIID", r.id, ident.Part{Name: "account", Got: r.account, Want: out.AccountId})
}

// checkPoolIID refuses what cannot stand for a node pool.
func checkPoolIID(iid pmks.IID) error {
	const field = "nodeGroupIID"
	if err := pmks.CheckIID(field, iid); err != nil {
		return err
	}
	if iid.SystemId != "" && !poolPattern.MatchString(iid.SystemId) {
		return refuse.Invalid(field, "%q is not the id of a node pool, np and 32 hexadecimal digits", refuse.Clip(iid.SystemId))
	}
	return nil
}

// refs reads both IIDs of a call, and says all that is wrong with them.
func (h *Handler) refs(clusterIID, nodeGroupIID pmks.IID) (ref, error) {
	r, err := h.clusterRef(clusterIID)
	return r, errors.Join(err, checkPoolIID(nodeGroupIID))
}

// idOf is the id that a reference holds; users put ids into either half.
func idOf(iid pmks.IID, prefix string) string {
	if iid.SystemId != "" {
		return iid.SystemId
	}
	if digits, ok := strings.CutPrefix(iid.NameId, prefix); ok && len(digits) >= 15 && strings.Trim(digits, "0123456789abcdefghijklmnopqrstuvwxyz") == "" {
		return iid.NameId
	}
	return ""
}

// given is the half of an IID that counts.
func given(iid pmks.IID) string { return cmp.Or(iid.SystemId, iid.NameId) }
