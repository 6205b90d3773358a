// SPDX-License-Identifier: Apache-2.0

package ibm

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/await"
	"github.com/pmks-go/pmks/internal/provider/errs"
)

// IKS takes the taints of a worker pool with a call of its own, and not with that which
// makes the pool. Workers take minutes to come, so they meet the taints. Between the two
// calls something may fail: the pool carries a label that stands for the taints of its
// request, and the same request again finds by it a pool that waits for them.

// nativeTaints are taints as IKS has them: an effect for each key.
func nativeTaints(list []pmks.Taint) map[string]string {
	taints := map[string]string{}
	for _, t := range list {
		taints[t.Key] = t.Value + ":" + string(t.Effect)
	}
	return taints
}

// taintMark stands for a request for a node group with taints, as it was asked for; empty
// for one without.
func taintMark(req pmks.NodeGroupInfo, vpc string) string {
	if len(req.Taints) == 0 {
		return ""
	}
	var taints []string
	for _, t := range req.Taints {
		taints = append(taints, t.String())
	}
	slices.Sort(taints)
	zones := slices.Sorted(slices.Values(req.Zones))
	text := strings.Join([]string{req.VMSpecName, vpc, strings.Join(zones, ","), strings.Join(taints, ",")}, "\n")
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}

// userTaints are the taints of a pool that are the user's, sorted by their keys.
func userTaints(p poolObject) (list []pmks.Taint) {
	for _, key := range slices.Sorted(maps.Keys(p.Taints)) {
		if capabilities.NodeGroups.Reserved(key) {
			continue
		}
		value, effect := "", p.Taints[key]
		if i := strings.LastIndex(effect, ":"); i >= 0 {
			value, effect = effect[:i], effect[i+1:]
		}
		list = append(list, pmks.Taint{Key: key, Value: value, Effect: pmks.TaintEffect(effect)})
	}
	return list
}

// isHalfMade reports whether a pool was made by a request like r and has not got its taints.
// What a hook made of that request does not count.
func (r WorkerPoolRequest) isHalfMade(p poolObject) bool {
	mark := r.Labels[labelTaints]
	return mark != "" && p.Labels[labelTaints] == mark && len(p.Taints) == 0 && p.Name == r.Name && poolMeaning(p, nil, false).Status != pmks.ClusterDeleting
}

// alone reports whether no other call of the program is making something of a name in a
// cluster, or a cluster where that is empty, and keeps it so until done is called. What
// another is making is not half made.
func (h *Handler) alone(cluster, name string) (alone bool, done func()) {
	key := cluster + "/" + name
	if _, taken := h.together.making.LoadOrStore(key, true); taken {
		return false, func() {}
	}
	return true, func() { h.together.making.Delete(key) }
}

// taintPatience is for how long IKS may not know a pool that was just made.
const taintPatience = 2 * time.Minute

// setTaints gives a pool that was just made the taints of its request. It says what is to
// be, so that it may be sent again. pool finds the pool.
func (h *Handler) setTaints(ctx context.Context, c clusterObject, list []pmks.Taint, pool func(context.Context) (poolObject, error)) error {
	bounded, cancel := context.WithTimeout(ctx, taintPatience)
	defer cancel()
	var fault error // of the last try that had its time
	// The patience bounds how often is asked, not a request: one that hangs has its own bound,
	// and what became of it is found out after that.
	err := await.Until(bounded, patiencePause, func(context.Context) (bool, error) {
		p, err := pool(ctx)
		if err == nil {
			err = h.sendTaints(ctx, c, p, nativeTaints(list))
		}
		if ctx.Err() == nil || fault == nil {
			fault = err
		}
		return !errs.Is(err, pmks.CodeNotFound) && !clusterCodes[errs.ProviderCode(err)] && !errors.Is(err, errNoPools), nil
	})
	switch {
	case ctx.Err() != nil:
		return errs.Ended(ctx, cmp.Or(fault, err))
	case err != nil:
		// Only that it is not known yet is looked at again.
		return errs.With(fault, func(e *pmks.Error) {
			e.Code, e.Message = pmks.CodeUnavailable, strings.TrimSuffix("the worker pool does not show yet: "+e.Message, ": ")
		})
	}
	return fault
}

// untainted says of an error of the second call what the first has made. prefix is that of
// the field.
func untainted(err error, what, prefix string) error {
	return errs.With(errs.HalfDone(err, what+" is made, and has no taints: make the same request again"), func(e *pmks.Error) {
		e.MayHaveHappened = true
		if e.Code == pmks.CodeInvalidArgument {
			e.Field = cmp.Or(e.Field, prefix+"Taints")
		}
	})
}

// sendTaints replaces the taints of a pool.
func (h *Handler) sendTaints(ctx context.Context, c clusterObject, p poolObject, taints map[string]string) error {
	change := post("/v2/setWorkerPoolTaints", c.ResourceGroup, taintsRequest{poolRequest{Cluster: c.ID, WorkerPool: p.ID}, taints}, http.StatusNoContent)
	change.or = http.StatusAccepted // which of the two, no document says
	return h.change(ctx, change, h.poolIs(view{c: c}, p, func(now poolObject) bool { return maps.Equal(now.Taints, taints) }))
}
