// SPDX-License-Identifier: Apache-2.0

package tencent

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	tke "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/tke/v20180525"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/await"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/refuse"
)

// The states of a change of tags, which TKE makes after it has answered.
const (
	tagsRunning = "running"
	tagsDone    = "done"
	tagsFailed  = "failed"
)

// reservedTagKeys begin the keys of tags that are the vendor's: they are neither shown nor
// written.
var reservedTagKeys = []string{"qcloud", "tencent", "project", "qcs:"}

func isReservedTag(key string) bool {
	key = strings.ToLower(key)
	return slices.ContainsFunc(reservedTagKeys, func(prefix string) bool { return strings.HasPrefix(key, prefix) })
}

// SetTags implements [pmks.TagSetter]: the cluster is read beside the change of its tags
// that may be under way, then the whole set is written, those of pmks as they were read,
// without those of the vendor, which nobody else may write. TKE changes tags after it has answered; SetTags returns when it has. The
// tags of node pools and machines stay as they are.
func (h *Handler) SetTags(ctx context.Context, clusterIID pmks.IID, tags []pmks.KeyValue) (err error) {
	defer annotate(&err, "SetTags", clusterIID, pmks.IID{})
	r, err := h.clusterRef(clusterIID)
	var f refuse.List
	f.Join(err)
	f.Join(capabilities.CheckTags(tags))
	checkTags(&f, tags, ownTags)
	if err := f.Err(); err != nil {
		return err
	}
	id, _, err := h.locate(ctx, r)
	if err != nil {
		return err
	}
	// A list by name may lag behind the last change.
	c, task, err := h.clusterAndTask(ctx, id)
	if err != nil {
		return err
	}
	if _, tagged := h.tagged.Load(id); tagged && !hasOwnTags(c) {
		return errs.LostAnswer(vendor, "tags of the cluster") // a write would take away what does not show
	}
	next, kept := wholeTags(c, tags)
	if kept+poolTags+len(tags) > maxTags {
		return refuse.Invalid("TagList", "a scaling group takes %d tags, those of its cluster included, of which %d are not yours", maxTags, kept+poolTags)
	}
	was, want := tagsText(clusterTags(c)), tagsText(next)
	switch {
	case task.state == tagsRunning && task.want == want: // somebody has asked for the same
		return h.awaitTags(ctx, id, want, task)
	case task.state == tagsRunning:
		return &pmks.Error{Code: pmks.CodeBusy, ProviderCode: task.state, Message: "the tags of the cluster are being changed: wait until that is done"}
	case was == want && (task.state != tagsDone || task.want == want):
		return nil // else others were set since, and are not shown yet, or by other means
	}
	return h.explain(ctx, h.writeTags(ctx, id, next, was, want, task), id, "")
}

func hasOwnTags(c *tke.Cluster) bool {
	return slices.ContainsFunc(clusterTags(c), func(t *tke.Tag) bool { return isOwn(deref(t.Key)) })
}

// clusterAndTask reads a cluster beside the last change of its tags. Of a cluster whose
// tags nobody has changed TKE may tell none.
func (h *Handler) clusterAndTask(ctx context.Context, id string) (c *tke.Cluster, t tagTask, err error) {
	err = fanout.All(ctx, func(ctx context.Context) (err error) {
		c, err = h.describe(ctx, id)
		return err
	}, func(ctx context.Context) (err error) {
		if t, err = h.tagTask(ctx, id); isRefusal(err) {
			err = nil
		}
		return err
	})
	return c, t, err
}

// wholeTags is the set that a cluster is to have, and how many of it are not the user's.
func wholeTags(c *tke.Cluster, tags []pmks.KeyValue) (next []*tke.Tag, kept int) {
	next = []*tke.Tag{}
	for _, t := range clusterTags(c) {
		if isOwn(deref(t.Key)) {
			next = append(next, t)
		}
	}
	kept = len(next)
	for _, t := range tags {
		next = append(next, tag(t.Key, t.Value))
	}
	return next, kept
}

// tagsText is a set of tags in a form that can be compared, without those of the vendor.
func tagsText(tags []*tke.Tag) string {
	var list []string
	for _, t := range withoutNil(tags) {
		if key := deref(t.Key); !isReservedTag(key) {
			list = append(list, fmt.Sprintf("%q=%q", key, deref(t.Value)))
		}
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

// writeTags sends a set of tags, and waits until it is there.
func (h *Handler) writeTags(ctx context.Context, id string, next []*tke.Tag, was, want string, before tagTask) error {
	in := tke.NewModifyClusterTagsRequest()
	in.ClusterId, in.Tags, in.SyncSubresource, in.SyncNodePoolTags = &id, next, new(false), new(false)
	err := assign(ctx, was, want, func(ctx context.Context) error {
		_, err := send(ctx, h, in, tke.NewModifyClusterTagsResponse, "answer to ModifyClusterTags", func(o *tke.ModifyClusterTagsResponse) bool {
			return o.Response != nil && deref(o.Response.RequestId) != ""
		})
		return unfound(err)
	}, func(ctx context.Context) (string, error) {
		c, task, err := h.clusterAndTask(ctx, id)
		switch {
		case err != nil:
			return "", err
		case task.state == tagsRunning: // what is under way is this, or another's
			return task.want, nil
		}
		return tagsText(clusterTags(c)), nil
	})
	if errs.Is(err, pmks.CodeBusy) {
		// Somebody else may be setting the same.
		if _, task, lookErr := h.clusterAndTask(ctx, id); lookErr == nil && task.want == want && task.state == tagsRunning {
			err = nil
		}
	}
	if err != nil {
		return err
	}
	return h.awaitTags(ctx, id, want, before)
}

// awaitTags waits until a cluster has its tags, whose change was accepted. before is the
// change before it, whose failure says nothing of this one.
func (h *Handler) awaitTags(ctx context.Context, id, want string, before tagTask) error {
	end, failed := time.Now().Add(listLag), false
	err := await.Until(ctx, h.cfg.PollInterval, func(ctx context.Context) (bool, error) {
		late := !time.Now().Before(end) // one of the two reads may take long, and the other be old then
		c, task, err := h.clusterAndTask(ctx, id)
		switch {
		case err != nil:
			return false, err
		case task.state == tagsRunning:
			end = time.Now().Add(listLag)
			return false, nil
		case tagsText(clusterTags(c)) == want:
			return true, nil
		case task.state == tagsFailed && (before.state != tagsFailed || late):
			failed = true
			return false, refuse.Precondition("TKE has accepted the tags and could not set them: %s", task.reason)
		case late:
			return false, &pmks.Error{Code: pmks.CodeBusy, ProviderCode: task.state, Message: "TKE does not show them: read the cluster again"}
		}
		return false, nil
	})
	if err != nil && !failed {
		err = errs.With(errs.HalfDone(err, "the tags were accepted, and it is not known whether they are set"), func(e *pmks.Error) { e.MayHaveHappened = true })
	}
	return err
}

// tagTask is the last change of the tags of a cluster: want is the set that it sets.
type tagTask struct{ state, want, reason string }

func (h *Handler) tagTask(ctx context.Context, id string) (t tagTask, err error) {
	in := tke.NewDescribeBatchModifyTagsStatusRequest()
	in.ClusterId = &id
	out, err := read(ctx, h, in, tke.NewDescribeBatchModifyTagsStatusResponse, "status of the tags", func(o *tke.DescribeBatchModifyTagsStatusResponse) bool {
		return o.Response != nil && deref(o.Response.Status) != ""
	})
	if err != nil {
		return t, err
	}
	t.state, t.want = strings.ToLower(deref(out.Response.Status)), tagsText(out.Response.Tags)
	var reasons []string
	for _, f := range withoutNil(out.Response.FailedResources) {
		reasons = append(reasons, deref(f.Resource)+": "+deref(f.Error))
	}
	if t.reason = strings.Join(reasons, "; "); t.reason == "" {
		t.reason = "no reason is given"
	}
	return t, nil
}
