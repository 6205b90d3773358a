// SPDX-License-Identifier: Apache-2.0

package ibm

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/ready"
	"github.com/pmks-go/pmks/internal/refuse"
)

var (
	labelKeyPattern   = regexp.MustCompile(`^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$`)
	labelValuePattern = regexp.MustCompile(`^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$`)
)

// checkTags refuses tags that cannot be labels of Kubernetes.
func checkTags(f *refuse.List, list []pmks.KeyValue) {
	for i, t := range list {
		field := fmt.Sprintf("TagList[%d]", i)
		if t.Key != "" && !labelKeyPattern.MatchString(t.Key) {
			f.Add(field+".Key", "%q cannot be the name of a Kubernetes label: at most 63 letters, digits, -, _ or ., the first and the last a letter or digit", refuse.Clip(t.Key))
		}
		if !labelValuePattern.MatchString(t.Value) {
			f.Add(field+".Value", "%q cannot be the value of a Kubernetes label: at most 63 letters, digits, -, _ or ., the first and the last a letter or digit", refuse.Clip(t.Value))
		}
	}
}

// tags are those of the cluster, which every pool that pmks makes carries.
func tags(pools []poolObject) []pmks.KeyValue {
	all := map[string]string{}
	for _, p := range pools {
		for key, value := range p.Labels {
			if tag, ok := strings.CutPrefix(key, labelTag); ok {
				all[tag] = value
			}
		}
	}
	var list []pmks.KeyValue
	for _, key := range slices.Sorted(maps.Keys(all)) {
		list = append(list, pmks.KeyValue{Key: key, Value: all[key]})
	}
	return list
}

// SetTags implements [pmks.TagSetter]: the cluster and its pools are read, and the labels
// of each pool that has other tags are written, one pool after the other, their other
// labels with them. An error after the first says which have the new tags already; the
// same call again writes the rest. IBM's user tags, which belong to the account, are left
// alone: see [Handler.Vendor] for them.
func (h *Handler) SetTags(ctx context.Context, clusterIID pmks.IID, tags []pmks.KeyValue) (err error) {
	defer annotate(&err, "SetTags", clusterIID, pmks.IID{})
	r, err := h.clusterRef(ctx, clusterIID)
	var f refuse.List
	f.Join(err)
	f.Join(capabilities.CheckTags(tags))
	checkTags(&f, tags)
	if err := f.Err(); err != nil {
		return err
	}
	v, err := h.target(ctx, r)
	if err != nil {
		return err
	}
	// A cluster that is upgraded, or has failed, keeps its pools: IKS decides.
	if m := clusterMeaning(v.c, nil); m.Status == pmks.ClusterCreating || m.Status == pmks.ClusterDeleting {
		return ready.CheckMend("the cluster", v.c.State, m)
	}
	var done []string
	for range tagRounds {
		for _, p := range v.staying() {
			if err := h.checkLabelsShow(ctx, v, p); err != nil {
				return afterOthers(err, done, p)
			}
			wrote, err := h.changeLabels(ctx, &v, p, func(labels map[string]string) {
				maps.DeleteFunc(labels, func(key, _ string) bool { return strings.HasPrefix(key, labelTag) })
				for _, t := range tags {
					labels[labelTag+t.Key] = t.Value
				}
			})
			if err != nil {
				return afterOthers(err, done, p)
			}
			if wrote {
				done = append(done, p.Name)
			}
		}
		if h.labelsOf(v.c.ID).count.Load() == v.labelsAsOf {
			break
		}
		// Another call has changed something meanwhile, such as made a pool with the old tags.
		if v, err = h.target(ctx, ref{id: v.c.ID}); err != nil {
			return err
		}
	}
	return nil
}

// tagRounds is how often SetTags looks for pools that have come meanwhile.
const tagRounds = 3

// afterOthers says which pools have the new tags already.
func afterOthers(err error, done []string, p poolObject) error {
	if len(done) == 0 {
		return err
	}
	return errs.HalfDone(err, fmt.Sprintf("the tags are set at the worker pools %s, those of %s are not: call again", strings.Join(done, ", "), p.Name))
}

// checkLabelsShow refuses to write the labels of a pool that shows none while it is made:
// it may have some that do not show yet, and a write replaces all.
func (h *Handler) checkLabelsShow(ctx context.Context, v view, p poolObject) error {
	if len(ownLabels(p)) > 0 {
		return nil
	}
	workers, err := h.readWorkers(ctx, v.c.ID, p.ID)
	if err != nil {
		return h.ofCluster(ctx, err, v.c.ID)
	}
	if m := poolMeaning(p, workers, true); m.Status == pmks.ClusterCreating {
		return errs.OfNodeGroup(ready.CheckMend("the node group", p.Lifecycle.ActualState, m), poolIID(p))
	}
	return nil
}
