// SPDX-License-Identifier: Apache-2.0

//lint:file-ignore SA1019 Google still sends what it has marked as deprecated

package gcp

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"cloud.google.com/go/container/apiv1/containerpb"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/once"
	"github.com/pmks-go/pmks/internal/provider/await"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/refuse"
)

// maxLabels is how many labels a cluster has, those of pmks and Google included.
const maxLabels = 64

// fingerprintTries is how often labels are read and written anew because somebody else
// has written them in between.
const fingerprintTries = 3

// SetTags implements [pmks.TagSetter]: the labels of the cluster, but for those of pmks
// and of Google. GKE takes them all at once, with the fingerprint of what was read, and
// works on them for seconds, in which reads show the old ones; that is waited for.
func (h *Handler) SetTags(ctx context.Context, clusterIID pmks.IID, tagList []pmks.KeyValue) (err error) {
	defer annotate(&err, "SetTags", clusterIID, pmks.IID{})
	var f refuse.List
	r, err := h.clusterRef(clusterIID)
	f.Join(err)
	f.Join(capabilities.CheckTags(tagList))
	checkLabels(&f, tagList)
	if err := f.Err(); err != nil {
		return err
	}
	for range fingerprintTries {
		if err = h.setTags(ctx, r, tagList); !isStale(err) {
			return err
		}
	}
	return err
}

// setTags reads the labels and writes them, if they differ.
func (h *Handler) setTags(ctx context.Context, r ref, tagList []pmks.KeyValue) error {
	v, err := h.view(ctx, r)
	// What has been accepted is not to be seen in the labels before it is done.
	if err = cmp.Or(err, v.opsErr); err != nil {
		return err
	}
	labels := ownLabels(v.cluster.GetResourceLabels())
	for _, t := range tagList {
		labels[t.Key] = t.Value
	}
	if len(labels) > maxLabels {
		return refuse.Invalid("TagList", "GKE takes %d labels, and pmks and Google have %d of them: give at most %d", maxLabels, len(labels)-len(tagList), maxLabels-len(labels)+len(tagList))
	}
	if maps.Equal(labels, v.cluster.GetResourceLabels()) {
		if op := labelling(v); op != nil {
			return &pmks.Error{Code: pmks.CodeBusy, ProviderCode: op.GetOperationType().String(), Message: fmt.Sprintf("%s is under way, which may change the labels: wait until the cluster is Active", op.GetName())}
		}
		return nil
	}
	if h.info(v).Status == pmks.ClusterDeleting {
		return refuse.Precondition("the cluster is being deleted")
	}
	op, err := h.writeLabels(ctx, v.ref, v.cluster.GetLabelFingerprint(), labels)
	if err != nil {
		return err
	}
	if op, err = h.awaitOperation(ctx, v.ref, op); err != nil {
		return errs.With(err, func(e *pmks.Error) {
			e.Message, e.MayHaveHappened = "the change of the labels was accepted, whether it is done could not be learned: "+e.Message, true
		})
	}
	if err := operationError(op); err != nil {
		return errs.HalfDone(err, "the change of the labels was accepted and failed")
	}
	h.awaitShown(ctx, v.ref, v.cluster.GetLabelFingerprint())
	return nil
}

// longestLag is how long reads may go on showing labels that have been changed.
const longestLag = time.Minute

// awaitShown waits until reads show that labels have changed, or longer than they may lag:
// the next change would take what they show for what is there. The change itself is done.
func (h *Handler) awaitShown(ctx context.Context, r ref, before string) {
	ctx, cancel := context.WithTimeout(ctx, longestLag)
	defer cancel()
	_ = await.Until(ctx, h.cfg.PollInterval, func(ctx context.Context) (bool, error) {
		c, err := h.cluster(ctx, r)
		return err == nil && c.GetLabelFingerprint() != before, err
	})
}

// ownLabels are the labels of pmks and of Google.
func ownLabels(labels map[string]string) map[string]string {
	own := map[string]string{}
	for key, value := range labels {
		if strings.HasPrefix(key, labelPrefix) || strings.HasPrefix(key, googlePrefix) {
			own[key] = value
		}
	}
	return own
}

// labelOperations are the kinds of operations that write the labels of a cluster.
var labelOperations = []containerpb.Operation_Type{containerpb.Operation_SET_LABELS, containerpb.Operation_UPDATE_CLUSTER}

// labelling is an operation on the cluster itself that may change its labels; nil if none
// is under way.
func labelling(v view) *containerpb.Operation {
	for _, op := range on(v.ref, v.ops) {
		if _, _, pool := target(op); !isDone(op) && pool == "" && slices.Contains(labelOperations, op.GetOperationType()) {
			return op
		}
	}
	return nil
}

// writeLabels replaces all labels of a cluster. The fingerprint is that of those that
// were read.
func (h *Handler) writeLabels(ctx context.Context, r ref, fingerprint string, labels map[string]string) (*containerpb.Operation, error) {
	own := ownOperation{ref: r, kinds: labelOperations}
	err := once.Do(ctx, once.Mutation{
		Send: own.sent(func(ctx context.Context) (*containerpb.Operation, error) {
			op, err := mutate(ctx, h, h.api.gke.SetLabels, &containerpb.SetLabelsRequest{Name: r.path(), ResourceLabels: labels, LabelFingerprint: fingerprint})
			return op, notFoundAs(err, r.tail())
		}),
		Happened: func(ctx context.Context) (bool, error) { return own.find(ctx, h) },
	})
	return own.op, err
}

// isStale reports whether GKE refused labels because others were written in between.
func isStale(err error) bool {
	return errs.Is(err, pmks.CodeBusy) && fingerprintText.MatchString(message(err))
}
