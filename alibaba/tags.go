// SPDX-License-Identifier: Apache-2.0

package alibaba

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	cs "github.com/alibabacloud-go/cs-20151215/v5/client"
	"github.com/alibabacloud-go/tea/tea"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/once"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/refuse"
)

// maxTags is how many tags ACK takes of a cluster.
const maxTags = 20

// SetTags implements [pmks.TagSetter]: the cluster is read, and where its tags differ one
// request replaces them all, those that pmks and ACK keep included. ACK answers it with
// nothing, so a look tells that it was done.
func (h *Handler) SetTags(ctx context.Context, clusterIID pmks.IID, tags []pmks.KeyValue) (err error) {
	defer annotate(&err, "SetTags", clusterIID, pmks.IID{})
	r, err := h.clusterRef(clusterIID)
	var f refuse.List
	f.Join(err)
	f.Join(capabilities.CheckTags(tags))
	checkTags(&f, tags, 0)
	if err := f.Err(); err != nil {
		return err
	}
	id, _, err := h.locate(ctx, r)
	if err != nil {
		return err
	}
	c, err := h.describe(ctx, id)
	if err != nil {
		return err
	}
	wanted := slices.DeleteFunc(slices.Clone(withoutNil(c.Tags)), func(t *cs.Tag) bool { return !isOwn(tea.StringValue(t.Key)) })
	if own := len(wanted); own+len(tags) > maxTags {
		return refuse.Invalid("TagList", "ACK takes %d tags of a cluster, of which %d are not the user's", maxTags, own)
	}
	for _, t := range tags {
		wanted = append(wanted, &cs.Tag{Key: tea.String(t.Key), Value: tea.String(t.Value)})
	}
	if wanted = writable(wanted); sameTags(c.Tags, wanted) {
		return nil
	}
	return h.explain(ctx, h.replaceTags(ctx, id, wanted), id, "")
}

func (h *Handler) replaceTags(ctx context.Context, id string, wanted []*cs.Tag) error {
	shown := func(ctx context.Context) (bool, error) {
		c, err := h.describe(ctx, id)
		return err == nil && sameTags(c.Tags, wanted), err
	}
	_, err := settle(ctx, once.Mutation{
		Send: func(ctx context.Context) error {
			_, err := send(ctx, h, "ModifyClusterTags", "answer", func(c csAPI) (*cs.ModifyClusterTagsResponse, error) {
				return c.ModifyClusterTags(&id, &cs.ModifyClusterTagsRequest{Body: wanted})
			}, func(*cs.ModifyClusterTagsResponse) bool { return true })
			return absent(err, noCluster)
		},
		Happened: shown, // a second one changes nothing
	})
	if err != nil {
		return err
	}
	switch done, err := h.lookFor(ctx, shown); {
	case err != nil:
		return errs.With(err, func(e *pmks.Error) {
			e.MayHaveHappened, e.Message = true, "the tags were sent, whether they are there could not be learned: "+e.Message
		})
	case !done:
		return errs.With(errs.LostAnswer(vendor, "new tags of the cluster"), func(e *pmks.Error) { e.MayHaveHappened = true })
	}
	return nil
}

// writable leaves out what Alibaba Cloud has given by itself, which a request neither may hold
// nor takes away.
func writable(tags []*cs.Tag) []*cs.Tag {
	return slices.DeleteFunc(slices.Clone(tags), func(t *cs.Tag) bool { return t == nil || isReserved(strings.ToLower(tea.StringValue(t.Key))) })
}

// sameTags reports whether two lists hold the same tags that can be written, in whatever
// order.
func sameTags(a, b []*cs.Tag) bool {
	sorted := func(list []*cs.Tag) []pmks.KeyValue {
		var tags []pmks.KeyValue
		for _, t := range writable(list) {
			tags = append(tags, pmks.KeyValue{Key: tea.StringValue(t.Key), Value: tea.StringValue(t.Value)})
		}
		slices.SortFunc(tags, func(a, b pmks.KeyValue) int {
			return cmp.Or(strings.Compare(a.Key, b.Key), strings.Compare(a.Value, b.Value))
		})
		return tags
	}
	return slices.Equal(sorted(a), sorted(b))
}

// checkTags refuses what Alibaba Cloud keeps for itself, pmks's own tags, and more than
// there is room for beside so many of pmks.
func checkTags(f *refuse.List, tags []pmks.KeyValue, own int) {
	for i, t := range tags {
		field := fmt.Sprintf("TagList[%d]", i)
		switch {
		case strings.HasPrefix(strings.TrimPrefix(t.Key, "#"), tagPrefix):
			f.Add(field+".Key", "%q begins with a prefix that pmks keeps for itself", refuse.Clip(t.Key))
		case isOwn(t.Key):
			f.Add(field+".Key", "%q begins with a prefix that %s keeps for itself", refuse.Clip(t.Key), vendor)
		case utf8.RuneCountInString(t.Key) > 64:
			f.Add(field+".Key", "has %d characters, ACK takes 64", utf8.RuneCountInString(t.Key))
		}
		switch {
		case isReserved(strings.ToLower(t.Value)):
			f.Add(field+".Value", "%q begins with a prefix that %s keeps for itself", refuse.Clip(t.Value), vendor)
		case utf8.RuneCountInString(t.Value) > 128:
			f.Add(field+".Value", "has %d characters, ACK takes 128", utf8.RuneCountInString(t.Value))
		}
	}
	if own+len(tags) > maxTags {
		f.Add("TagList", "ACK takes %d tags, of which pmks needs %d for its own", maxTags, own)
	}
}

func isReserved(lower string) bool {
	return slices.ContainsFunc([]string{"aliyun", "acs:", "http://", "https://"}, func(prefix string) bool { return strings.HasPrefix(lower, prefix) })
}
