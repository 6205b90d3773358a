// SPDX-License-Identifier: Apache-2.0

package ibm

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kver"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/refuse"
)

// offer are the versions of community Kubernetes that IKS offers.
type offer []versionObject

// UnmarshalJSON takes the map of kinds that /v1/versions answers, and the array that
// others of its kind do.
func (o *offer) UnmarshalJSON(raw []byte) error {
	var kinds struct {
		Kubernetes []versionObject `json:"kubernetes"`
	}
	if err := json.Unmarshal(raw, &kinds); err == nil {
		*o = kinds.Kubernetes
		return nil
	}
	var list []struct {
		versionObject
		Type string `json:"type"`
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		return err
	}
	for _, v := range list {
		if v.Type == "" || v.Type == kubernetes {
			*o = append(*o, v.versionObject)
		}
	}
	return nil
}

func (v versionObject) name() string { return fmt.Sprintf("%d.%d.%d", v.Major, v.Minor, v.Patch) }

// names are the versions, newest first; with those that end soon or without.
func (o offer) names(ending bool) []string {
	var list []string
	for _, v := range o {
		if ending || v.EndOfService == "" {
			list = append(list, v.name())
		}
	}
	return slices.Compact(kver.Sort(list))
}

// standard is the version that a cluster gets which asks for none.
func (o offer) standard() string {
	for _, v := range o {
		if v.Default {
			return v.name()
		}
	}
	newest, _ := kver.Newest(o.names(false))
	return newest
}

// offered reads what IKS offers.
func (h *Handler) offered(ctx context.Context) (offer, error) {
	return read(ctx, h, get("/v1/versions"), func(o offer) error {
		if len(o) == 0 || slices.ContainsFunc(o, func(v versionObject) bool { return v.Major == 0 }) {
			return errs.LostAnswer(cloud, "version")
		}
		return nil
	})
}

// ListVersions implements [pmks.VersionLister] with one call.
func (h *Handler) ListVersions(ctx context.Context) (_ []pmks.Version, err error) {
	defer annotate(&err, "ListVersions", pmks.IID{}, pmks.IID{})
	o, err := h.offered(ctx)
	if err != nil {
		return nil, err
	}
	standard := o.standard()
	var list []pmks.Version
	for _, name := range o.names(true) {
		list = append(list, pmks.Version{Name: name, Default: name == standard, Deprecated: !slices.Contains(o.names(false), name)})
	}
	return list, nil
}

// chooseVersion resolves the version of a new cluster. One whose support ends is taken
// only when it is asked for by its whole name.
func (h *Handler) chooseVersion(ctx context.Context, want string) (string, error) {
	o, err := h.offered(ctx)
	if err != nil {
		return "", err
	}
	names := o.names(false)
	if exact := version(cmp.Or(kverText(want), want)); slices.Contains(o.names(true), exact) {
		return exact, nil
	}
	chosen, err := kver.Choose(want, names, o.standard())
	if err != nil {
		return "", refuse.Invalid("Version", "%v", err)
	}
	return chosen, nil
}

// kverText is a version without what users put before it.
func kverText(text string) string {
	v, err := kver.Parse(text)
	if err != nil {
		return ""
	}
	return v.String()
}
