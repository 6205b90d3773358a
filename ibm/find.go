// SPDX-License-Identifier: Apache-2.0

package ibm

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/await"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/refuse"
)

const (
	vpcGen2    = "vpc-gen2"
	kubernetes = "kubernetes"
)

// list lists all clusters on VPC Gen 2 that the identity may see, of all regions and
// resource groups, OpenShift among them, with one call.
func (h *Handler) list(ctx context.Context) ([]clusterObject, error) {
	return read(ctx, h, get("/v2/vpc/getClusters", "provider", vpcGen2), func(list []clusterObject) error {
		if slices.ContainsFunc(list, func(c clusterObject) bool {
			other := c.Region != "" && h.foreign(c) != "" || isDeleted(c)
			return !other && (c.ID == "" || c.Name == "")
		}) {
			return errs.LostAnswer(cloud, "id of a cluster")
		}
		return nil
	})
}

// foreign says why a cluster is none of the connection's; empty if it is one.
func (h *Handler) foreign(c clusterObject) string {
	switch {
	case c.Provider != "" && c.Provider != vpcGen2:
		return fmt.Sprintf("it is a cluster on %s; pmks manages those on VPC Gen 2", refuse.Clip(c.Provider))
	case c.Type != "" && c.Type != kubernetes, strings.HasSuffix(c.MasterKubeVersion, "_openshift"):
		return fmt.Sprintf("it is a cluster of %s; pmks manages those of community Kubernetes", cmp.Or(c.Type, "openshift"))
	case c.Region != h.cfg.Region:
		return fmt.Sprintf("it is in the region %q, where this connection has %q", refuse.Clip(c.Region), h.cfg.Region)
	}
	return ""
}

// checkOurs refuses a cluster that is none of the connection's.
func (h *Handler) checkOurs(c clusterObject) error {
	if why := h.foreign(c); why != "" {
		return refuse.Invalid("clusterIID", "%s", why)
	}
	return nil
}

// isDeleted: deleted clusters linger in the list, and keep their names from others.
func isDeleted(c clusterObject) bool { return strings.EqualFold(c.State, "deleted") }

// ours are the clusters of a list that ListCluster shows.
func (h *Handler) ours(list []clusterObject) []clusterObject {
	return slices.DeleteFunc(slices.Clone(list), func(c clusterObject) bool { return isDeleted(c) || h.foreign(c) != "" })
}

// named returns the one cluster of a name.
func (h *Handler) named(list []clusterObject, name string) (clusterObject, error) {
	found := slices.DeleteFunc(h.ours(list), func(c clusterObject) bool { return c.Name != name })
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		text := fmt.Sprintf("there is no cluster %q in the region %s", refuse.Clip(name), h.cfg.Region)
		for _, c := range list {
			if c.Name == name && !isDeleted(c) {
				text += fmt.Sprintf("; there is %s of this name: %s", c.ID, h.foreign(c))
			}
		}
		return clusterObject{}, &pmks.Error{Code: pmks.CodeNotFound, Message: text}
	}
	var ids []string
	for _, c := range found {
		ids = append(ids, c.ID)
	}
	return clusterObject{}, refuse.Invalid("clusterIID", "the name %q is ambiguous: give the SystemId, one of %s", refuse.Clip(name), strings.Join(ids, ", "))
}

// identify returns the id of a cluster; by its name with the list.
func (h *Handler) identify(ctx context.Context, r ref) (string, error) {
	if r.id != "" {
		return r.id, nil
	}
	list, err := h.list(ctx)
	if err != nil {
		return "", err
	}
	c, err := h.named(list, r.name)
	h.names.Store(c.ID, c.Name)
	return c.ID, err
}

const (
	// youth is for how long after its creation IBM may say of a cluster that it is not
	// there, or that the caller may not see it.
	youth = time.Hour
	// patience is how long a read waits for a young one, looking every pause.
	patience      = 45 * time.Second // a wait gives a read a minute
	patiencePause = 5 * time.Second
	// newness is for how long something that was made may be seen nowhere.
	newness = 10 * time.Minute
)

// missing says what a 404 for a cluster means: the same codes stand for one that is
// gone, for one that the caller may not see, and for one that is too new. It is gone
// when the list of all has it no more. young: it is listed, or was just made, and new.
func (h *Handler) missing(ctx context.Context, err error, id string) (listed clusterObject, young bool, fault error) {
	if !errs.Is(err, pmks.CodeNotFound) || !clusterCodes[errs.ProviderCode(err)] {
		return listed, false, err
	}
	list, listErr := h.list(ctx)
	if listErr != nil {
		return listed, false, errs.With(listErr, func(e *pmks.Error) { e.Message = "whether the cluster is gone cannot be learned: " + e.Message })
	}
	for _, c := range list {
		if c.ID != id || isDeleted(c) {
			continue
		}
		if err := h.checkOurs(c); err != nil {
			return listed, false, err
		}
		created := stamp(c.CreatedDate)
		return c, !created.IsZero() && time.Since(created) < youth, errs.With(err, func(e *pmks.Error) {
			e.Code, e.Message = pmks.CodeUnavailable, "IBM lists the cluster and says that it is not there: "+e.Message
		})
	}
	if h.isNew(id) {
		return listed, true, errs.With(err, func(e *pmks.Error) {
			e.Code, e.Message = pmks.CodeUnavailable, "the cluster was just made and does not show yet: "+e.Message
		})
	}
	return listed, false, err
}

// whenThere makes a read about a cluster, again and again while the cluster is too new
// for an answer.
func whenThere[T any](ctx context.Context, h *Handler, id string, look func(context.Context) (T, error)) (out T, err error) {
	if out, err = look(ctx); err == nil {
		return out, nil
	}
	_, young, fault := h.missing(ctx, err, id)
	if !young {
		return out, fault
	}
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_ = await.Until(bounded, patiencePause, func(ctx context.Context) (bool, error) {
		out, err = look(ctx)
		return err == nil || !clusterCodes[errs.ProviderCode(err)], nil
	})
	switch {
	case ctx.Err() != nil:
		return out, errs.Over(ctx)
	case err != nil && clusterCodes[errs.ProviderCode(err)]:
		return out, fault
	}
	return out, errs.Ended(ctx, err)
}

// readCluster reads a cluster.
func (h *Handler) readCluster(ctx context.Context, id string) (clusterObject, error) {
	c, err := h.lookCluster(ctx, id)
	if err == nil {
		return c, h.accept(c)
	}
	listed, young, fault := h.missing(ctx, err, id)
	switch {
	case isShown(listed, young):
		return listed, h.accept(listed)
	case young:
		c, err = whenThere(ctx, h, id, func(ctx context.Context) (clusterObject, error) { return h.lookCluster(ctx, id) })
		return c, cmp.Or(err, h.accept(c))
	}
	return c, fault
}

// isShown reports whether what the list has of a cluster that cannot be read is all that
// there is to know: one that is being made, for up to an hour, or deleted.
func isShown(listed clusterObject, young bool) bool {
	return listed.ID != "" && (young || clusterMeaning(listed, nil).Status.Transitional())
}

// lookCluster is readCluster as IBM answers it.
func (h *Handler) lookCluster(ctx context.Context, id string) (clusterObject, error) {
	return read(ctx, h, get("/v2/vpc/getCluster", "cluster", id), func(c clusterObject) error {
		if c.ID != id || c.Name == "" || c.State == "" && c.Lifecycle.MasterState == "" {
			return errs.LostAnswer(cloud, "cluster "+id)
		}
		return nil
	})
}

// accept refuses a cluster that is gone or none of the connection's.
func (h *Handler) accept(c clusterObject) error {
	if isDeleted(c) {
		return &pmks.Error{Code: pmks.CodeNotFound, Message: "the cluster is deleted"}
	}
	if err := h.checkOurs(c); err != nil {
		return err
	}
	h.names.Store(c.ID, c.Name)
	h.made.Delete(c.ID)
	return nil
}

// isNew reports whether this handler has just made something that no read has shown: that
// it is not there is no proof then that it is gone.
func (h *Handler) isNew(id string) bool {
	at, ok := h.made.Load(id)
	made, _ := at.(time.Time)
	return ok && time.Since(made) < newness
}

// nameOf is the name of a cluster; with a read where it has not been seen.
func (h *Handler) nameOf(ctx context.Context, id string) (string, error) {
	return h.names.Get(ctx, id, func(ctx context.Context) (string, error) {
		c, err := h.readCluster(ctx, id)
		return c.Name, err
	})
}

// readPools reads the worker pools of a cluster without those that are removed.
func (h *Handler) readPools(ctx context.Context, id string) ([]poolObject, error) {
	return whenThere(ctx, h, id, func(ctx context.Context) ([]poolObject, error) { return h.lookPools(ctx, id) })
}

// errNoPools marks an answer without pools: IKS never gives the last one up, so only a
// cluster that is made or deleted has none.
var errNoPools = errors.New("there are no worker pools")

// lookPools is readPools as IBM answers it.
func (h *Handler) lookPools(ctx context.Context, id string) ([]poolObject, error) {
	pools, err := read(ctx, h, get("/v2/vpc/getWorkerPools", "cluster", id), func(list []poolObject) error {
		if len(list) == 0 {
			return errs.With(errs.LostAnswer(cloud, "worker pool"), func(e *pmks.Error) { e.Err = errNoPools })
		}
		if slices.ContainsFunc(list, func(p poolObject) bool { return p.Name == "" || !strings.HasPrefix(p.ID, id+"-") }) {
			return errs.LostAnswer(cloud, "worker pool of the cluster "+id)
		}
		return nil
	})
	pools = slices.DeleteFunc(pools, isRemoved)
	for i, p := range pools {
		asked := p.asAsked()
		if !slices.ContainsFunc(pools, func(o poolObject) bool { return o.ID != p.ID && o.Name == asked.Name }) {
			pools[i] = asked
		}
	}
	return pools, err
}

// isRemoved: removed pools go on being shown.
func isRemoved(p poolObject) bool { return strings.EqualFold(p.Lifecycle.ActualState, "deleted") }

// readWorkers reads the workers of a cluster, or of one pool of it.
func (h *Handler) readWorkers(ctx context.Context, id, pool string) ([]workerObject, error) {
	c := get("/v2/vpc/getWorkers", "cluster", id, "showDeleted", "false")
	if pool != "" {
		c.query = append(c.query, "pool", pool)
	}
	return read(ctx, h, c, func(list []workerObject) error {
		if slices.ContainsFunc(list, func(w workerObject) bool { return w.ID == "" || w.PoolID == "" }) {
			return errs.LostAnswer(cloud, "id of a worker")
		}
		return nil
	})
}

// findPool returns the pool that is meant.
func findPool(pools []poolObject, r ref) (poolObject, error) {
	var found []poolObject
	for _, p := range pools {
		if r.id != "" && p.ID == r.id || r.id == "" && p.Name == r.name {
			found = append(found, p)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return poolObject{}, refuse.Invalid("nodeGroupIID", "the name %q is ambiguous: give the SystemId, one of %s and %s", refuse.Clip(r.name), found[0].ID, found[1].ID)
	}
	return poolObject{}, &pmks.Error{Code: pmks.CodeNotFound, Message: fmt.Sprintf("the cluster has no node group %q", refuse.Clip(cmp.Or(r.name, r.id)))}
}

// checkPoolOf refuses the id of a pool of another cluster.
func checkPoolOf(r ref, cluster string) error {
	if r.id != "" && !strings.HasPrefix(r.id, cluster+"-") {
		return refuse.Invalid("nodeGroupIID", "%q is a node group of another cluster than %s", r.id, cluster)
	}
	return nil
}

// view is a cluster with its pools and, where they were wanted, its workers.
type view struct {
	c       clusterObject
	pools   []poolObject
	workers []workerObject
	// workersErr is why the workers could not be read.
	workersErr error
	// labelsAsOf is how many changes of labels the handlers had made before the read.
	labelsAsOf int64
}

// target reads a cluster and its pools side by side, for a change.
func (h *Handler) target(ctx context.Context, r ref) (v view, err error) {
	id, err := h.identify(ctx, r)
	if err != nil {
		return v, err
	}
	v.labelsAsOf = h.labelsOf(id).count.Load()
	var clusterErr, poolsErr error
	// Each keeps its own fault, so All has none to report but a panic.
	err = fanout.All(ctx, func(ctx context.Context) error {
		v.c, clusterErr = h.readCluster(ctx, id)
		return nil
	}, func(ctx context.Context) error {
		v.pools, poolsErr = h.readPools(ctx, id)
		return nil
	})
	if clusterErr == nil && errors.Is(poolsErr, errNoPools) && slices.Contains([]pmks.ClusterStatus{pmks.ClusterCreating, pmks.ClusterDeleting}, clusterMeaning(v.c, nil).Status) {
		poolsErr = nil
	}
	return v, cmp.Or(clusterErr, poolsErr, err)
}

// withWorkers is target with the workers, which are secondary.
func (h *Handler) withWorkers(ctx context.Context, r ref, more ...func(ctx context.Context, id string)) (v view, err error) {
	id, err := h.identify(ctx, r)
	if err != nil {
		return v, err
	}
	var targetErr error
	var workers []workerObject
	var workersErr error
	reads := []func(context.Context) error{func(ctx context.Context) error {
		v, targetErr = h.target(ctx, ref{id: id})
		return nil
	}, func(ctx context.Context) error {
		workers, workersErr = h.readWorkers(ctx, id, "")
		return nil
	}}
	for _, f := range more {
		reads = append(reads, func(ctx context.Context) error { f(ctx, id); return nil })
	}
	err = fanout.All(ctx, reads...)
	v.workers, v.workersErr = workers, workersErr
	v.forgiveYouth()
	return v, cmp.Or(targetErr, err)
}

// forgiveYouth: a cluster that is being made may be too new for a read of its workers, of
// which it has none.
func (v *view) forgiveYouth() {
	if clusterCodes[errs.ProviderCode(v.workersErr)] && clusterMeaning(v.c, nil).Status == pmks.ClusterCreating {
		v.workersErr = nil
	}
}

// of are the workers of a pool that are there, those on their way out among them.
func (v view) of(p poolObject) (list []workerObject) {
	for i := range v.workers { // they are large, and most are of other pools
		if w := &v.workers[i]; w.PoolID == p.ID && !strings.EqualFold(w.Lifecycle.ActualState, "deleted") {
			list = append(list, *w)
		}
	}
	return list
}

// stamp is a time as IBM writes it, its offset with or without a colon; zero where
// there is none.
func stamp(text string) time.Time {
	for _, layout := range []string{"2006-01-02T15:04:05-0700", time.RFC3339} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC()
		}
	}
	return time.Time{}
}
