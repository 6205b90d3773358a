// SPDX-License-Identifier: Apache-2.0

package ibm

import (
	"context"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
)

// Labels of worker pools that pmks keeps beside those of the user. They are Kubernetes'
// own, which the nodes show as well; of IBM's labels none is written.
const (
	labelPrefix        = "pmks.io/"
	labelRequest       = labelPrefix + "request" // what only one request has
	labelMin           = labelPrefix + "min"
	labelMax           = labelPrefix + "max"
	labelName          = labelPrefix + "name"           // that a request gave the first pool
	labelIgnored       = labelPrefix + "ignored"        // fields of the request, with dots between them
	labelSecurityGroup = labelPrefix + "securitygroup-" // and a number, for their order
	labelSubnet        = labelPrefix + "subnet-"        // and a zone of the cluster that the pool is not in
	labelTaints        = labelPrefix + "taints"         // what stands for the taints of the request
	labelTag           = "tag.pmks.io/"                 // and the key of a tag of the cluster

	ibmPrefix = "ibm-cloud.kubernetes.io/"
)

// userLabels are the labels of a pool that are the user's; nil for none.
func userLabels(p poolObject) map[string]string {
	var labels map[string]string
	for key, value := range p.Labels {
		if capabilities.NodeGroups.Reserved(key) {
			continue
		}
		if labels == nil {
			labels = map[string]string{}
		}
		labels[key] = value
	}
	return labels
}

// ownLabels are the labels of a pool that a write must carry: all but IBM's.
func ownLabels(p poolObject) map[string]string {
	labels := map[string]string{}
	for key, value := range p.Labels {
		if !strings.HasPrefix(key, ibmPrefix) {
			labels[key] = value
		}
	}
	return labels
}

// clusterLabels are the labels of a pool that speak of its cluster.
func clusterLabels(p poolObject) map[string]string {
	labels := maps.Clone(p.Labels)
	maps.DeleteFunc(labels, func(key, _ string) bool {
		return !strings.HasPrefix(key, labelTag) && !strings.HasPrefix(key, labelSecurityGroup)
	})
	return labels
}

// securityGroups are those that a pool remembers, sorted by their ids.
func securityGroups(labels map[string]string) []pmks.IID {
	var ids []string
	for key, id := range labels {
		if strings.HasPrefix(key, labelSecurityGroup) {
			ids = append(ids, id)
		}
	}
	return sameAll(ids)
}

// bounds are those that a pool remembers; 0 where it has none.
func bounds(p poolObject) (minimum, maximum int) {
	minimum, _ = strconv.Atoi(p.Labels[labelMin])
	maximum, _ = strconv.Atoi(p.Labels[labelMax])
	return minimum, maximum
}

// labelWrites orders the changes that the handlers make of the labels of a cluster's pools.
// Each write replaces all labels, so that one which goes by an older read would undo what
// another call has changed meanwhile.
type labelWrites struct {
	turn  chan struct{} // holds one while a change is under way
	count atomic.Int64
}

// labelsOf are the changes of a cluster.
func (h *Handler) labelsOf(cluster string) *labelWrites {
	made, _ := h.together.labelled.LoadOrStore(cluster, &labelWrites{turn: make(chan struct{}, 1)})
	return made.(*labelWrites) //nolint:errcheck,forcetypeassert // nothing else is stored
}

// take waits for the turn of a change.
func (w *labelWrites) take(ctx context.Context) error {
	select {
	case w.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return errs.Over(ctx)
	}
}

func (w *labelWrites) give() { <-w.turn }

// wrote counts a change by a call that has read v, whose other pools are as they were read.
func (w *labelWrites) wrote(v *view) {
	if n := w.count.Add(1); n == v.labelsAsOf+1 {
		v.labelsAsOf = n
	}
}

// changeLabels edits the labels of a pool, as read, or as they are by now where some have
// been changed since. The write carries all but IBM's.
func (h *Handler) changeLabels(ctx context.Context, v *view, p poolObject, edit func(labels map[string]string)) (wrote bool, err error) {
	writes := h.labelsOf(v.c.ID)
	if err := writes.take(ctx); err != nil {
		return false, err
	}
	defer writes.give()
	if writes.count.Load() != v.labelsAsOf {
		pools, err := h.readPools(ctx, v.c.ID)
		if err != nil {
			return false, err
		}
		if p, err = findPool(pools, ref{id: p.ID}); err != nil {
			return false, err
		}
	}
	before := ownLabels(p)
	labels := maps.Clone(before)
	if edit(labels); maps.Equal(labels, before) {
		return false, nil
	}
	c := post("/v2/setWorkerPoolLabels", v.c.ResourceGroup, labelsRequest{poolRequest{Cluster: v.c.ID, WorkerPool: p.ID}, labels}, http.StatusNoContent)
	err = h.change(ctx, c, h.poolIs(*v, p, func(now poolObject) bool { return maps.Equal(ownLabels(now), labels) }))
	writes.wrote(v) // whether or not it is known to have happened
	return err == nil, h.ofCluster(ctx, err, v.c.ID)
}
