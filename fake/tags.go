// SPDX-License-Identifier: Apache-2.0

package fake

import (
	"context"
	"maps"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/refuse"
	"github.com/pmks-go/pmks/internal/sim/core"
)

// SetTags implements [pmks.TagSetter]; ErrUnsupported where the cloud has no tags that
// could be changed.
func (h *Handler) SetTags(ctx context.Context, clusterIID pmks.IID, tags []pmks.KeyValue) error {
	r := mutation("SetTags", clusterIID, pmks.IID{})
	var f refuse.List
	f.Join(pmks.CheckIID("clusterIID", clusterIID))
	f.Join(h.caps.CheckTags(tags))
	if err := f.Err(); err != nil {
		return h.failed(r, err)
	}
	if !h.caps.Fields.TagsLater {
		return h.failed(r, &pmks.Error{Code: pmks.CodeUnsupported, Message: "the tags of a cluster of " + h.caps.Provider + " cannot be changed"})
	}
	var is map[string]string
	err := h.send(ctx, r.look(), func(now time.Time, _ core.Outcome) error {
		c, err := h.cluster(now, clusterIID)
		if err != nil {
			return err
		}
		r.cluster, is = idOf(c), maps.Clone(c.Tags)
		return nil
	})
	wanted := tagMap(tags)
	if err != nil || maps.Equal(is, wanted) {
		return h.finish(err, r, "")
	}
	return h.mutate(ctx, r, func(now time.Time, out core.Outcome) error {
		c, err := h.cluster(now, r.cluster)
		if err != nil {
			return err
		}
		return h.applyTags(now, c, wanted, out)
	}, func(now time.Time) (bool, error) {
		c, err := h.cluster(now, r.cluster)
		return err == nil && maps.Equal(c.Tags, wanted), err
	})
}

// tagMap returns tags as the cloud keeps them; nil for none.
func tagMap(tags []pmks.KeyValue) map[string]string {
	if len(tags) == 0 {
		return nil
	}
	m := make(map[string]string, len(tags))
	for _, t := range tags {
		m[t.Key] = t.Value
	}
	return m
}
