// SPDX-License-Identifier: Apache-2.0

package ibm

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kver"
	"github.com/pmks-go/pmks/internal/once"
	"github.com/pmks-go/pmks/internal/provider/await"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/refuse"
)

// autoscaler is the add-on that sizes pools (IBM Cloud docs, Enabling the cluster
// autoscaler add-on, read in November 2026). It is installed once for a cluster, and
// never removed.
const autoscaler = "cluster-autoscaler"

func hasAutoscaler(addons []addonObject) bool {
	return slices.ContainsFunc(addons, func(a addonObject) bool { return a.Name == autoscaler })
}

// switchOn takes every step that is left until a pool is autoscaled. An error after the
// first says that the add-on is there.
func (h *Handler) switchOn(ctx context.Context, v view, p poolObject) error {
	if err := h.checkReachable(v.c); err != nil {
		return err
	}
	if err := h.installAutoscaler(ctx, v.c); err != nil {
		return err
	}
	err := h.giveEntry(ctx, v, p)
	if !hasAutoscaler(v.c.Addons) {
		err = errs.HalfDone(err, "the add-on "+autoscaler+" is installed")
	}
	return err
}

// giveEntry gives a pool to the autoscaler, and waits until it has it.
func (h *Handler) giveEntry(ctx context.Context, v view, p poolObject) error {
	minimum, maximum := bounds(p)
	var f refuse.List
	for field, n := range map[string]int{"MinNodeSize": minimum, "MaxNodeSize": maximum} {
		_, err := perZone(field, n, len(p.Zones))
		f.Join(err)
	}
	if err := f.Err(); err != nil {
		return err
	}
	err := h.writeEntry(ctx, v, p, func(e *entry) {
		zones := max(1, len(p.Zones))
		least, most := e.bounds()
		switch {
		case minimum > 0 && maximum >= minimum:
			least, most = minimum/zones, maximum/zones
		case least < 1 || most < least:
			// These cannot grow the pool.
			least, most = 1, max(1, p.WorkerCount)
		}
		minimum, maximum = least*zones, most*zones
		e.set(least, most, true)
	})
	if err != nil {
		return err
	}
	if _, err := h.recordBounds(ctx, v, p, minimum, maximum); err != nil {
		return errs.HalfDone(err, "the autoscaler has the pool, its labels do not have the bounds")
	}
	return h.awaitSwitch(ctx, v, p, true)
}

// switchOff disables the entry of a pool, if it has one, and waits: IKS refuses to resize
// a pool that is autoscaled still.
func (h *Handler) switchOff(ctx context.Context, v view, p poolObject) error {
	m, err := h.readConfigMap(ctx, v.c, way{changes: true})
	if errs.Is(err, pmks.CodeNotFound) && !p.AutoscaleEnabled {
		return nil
	}
	if err != nil {
		return notThere(err)
	}
	e := m.entryOf(p)
	switch {
	case (e == nil || !e.enabled()) && !p.AutoscaleEnabled:
		return nil
	case e == nil || !e.enabled():
		return h.awaitSwitch(ctx, v, p, false) // it is written, or the entry is gone, and not in force
	}
	least, most := e.bounds()
	zones := max(1, len(p.Zones))
	if _, err := h.recordBounds(ctx, v, p, least*zones, most*zones); err != nil {
		return err
	}
	if err := h.writeEntry(ctx, v, p, func(e *entry) { e.set(least, most, false) }); err != nil {
		return errs.HalfDone(err, "autoscaling is not switched off")
	}
	return h.awaitSwitch(ctx, v, p, false)
}

// notThere says of an answer of the cluster's API what is not there: not the cluster.
func notThere(err error) error {
	if !errs.Is(err, pmks.CodeNotFound) {
		return err
	}
	return errs.With(err, func(e *pmks.Error) {
		e.Code, e.Message = pmks.CodeFailedPrecondition, "the autoscaler has no ConfigMap in the cluster: "+e.Message
	})
}

// awaitSwitch waits until IBM shows what the ConfigMap says.
func (h *Handler) awaitSwitch(ctx context.Context, v view, p poolObject, on bool) error {
	err := await.Until(ctx, h.cfg.PollInterval, func(ctx context.Context) (bool, error) {
		pools, err := h.readPools(ctx, v.c.ID)
		if err != nil {
			return false, err
		}
		now, err := findPool(pools, ref{id: p.ID})
		if err != nil || now.AutoscaleEnabled == on {
			return err == nil, err
		}
		m, err := h.readConfigMap(ctx, v.c, way{changes: true})
		if err != nil {
			return false, notThere(err)
		}
		if said, _ := m.failure(p); said != "" {
			return false, refuse.Precondition("the autoscaler does not take the bounds of the pool: %s", said)
		}
		return false, nil
	})
	if err != nil {
		return errs.With(err, func(e *pmks.Error) {
			e.MayHaveHappened = true
			e.Message = strings.TrimSuffix("the switch is written, that it has taken effect could not be seen: "+e.Message, ": ")
		})
	}
	return nil
}

// installAutoscaler installs the add-on where the cluster has none, and waits until it
// works.
func (h *Handler) installAutoscaler(ctx context.Context, c clusterObject) error {
	var seen []addonObject // a moment ago
	if !hasAutoscaler(c.Addons) {
		var err error
		if seen, err = h.enableAutoscaler(ctx, c); err != nil {
			return err
		}
	}
	return await.Until(ctx, h.cfg.PollInterval, func(ctx context.Context) (_ bool, err error) {
		addons := seen
		if seen = nil; addons == nil {
			addons, err = h.readAddons(ctx, c.ID)
		}
		i := slices.IndexFunc(addons, func(a addonObject) bool { return a.Name == autoscaler })
		if err != nil || i < 0 {
			return false, err
		}
		switch a := addons[i]; strings.ToLower(a.HealthState) {
		case "normal", "warning":
			return true, nil
		case "critical":
			return false, refuse.Precondition("the add-on %s of the cluster does not work: %s", autoscaler, a.HealthStatus)
		}
		return false, nil
	})
}

// enableAutoscaler sends the request that installs the add-on, with the newest version
// that the cluster's Kubernetes supports; where none is known to, IBM chooses. It returns
// the add-ons of the cluster as they are then.
func (h *Handler) enableAutoscaler(ctx context.Context, c clusterObject) (seen []addonObject, err error) {
	offered, err := read(ctx, h, get("/v1/addons"), func([]addonObject) error { return nil })
	if err != nil {
		return nil, err
	}
	chosen := addonRequest{Name: autoscaler}
	var fitting []string
	for _, a := range offered {
		if a.Name == autoscaler && supports(a.SupportedKubeRange, version(c.MasterKubeVersion)) {
			fitting = append(fitting, a.Version)
		}
	}
	chosen.Version, _ = kver.Newest(fitting)
	on := true
	there := func(ctx context.Context) (_ bool, err error) {
		seen, err = h.readAddons(ctx, c.ID)
		return hasAutoscaler(seen), err
	}
	if err := h.signIn(ctx); err != nil {
		return nil, err
	}
	err = once.Do(ctx, once.Mutation{Send: func(ctx context.Context) error {
		_, err := h.mutate(ctx, call{method: http.MethodPatch, path: "/v1/clusters/{id}/addons", params: map[string]string{"id": c.ID},
			group: c.ResourceGroup, body: addonsRequest{Addons: []addonRequest{chosen}, Enable: &on}, status: http.StatusOK})
		if err != nil {
			// Somebody else may have installed it meanwhile.
			if done, lookErr := there(ctx); errs.Is(err, pmks.CodeBusy) && lookErr == nil && done {
				return nil
			}
			return err
		}
		// The answer need not hold anything: only the list tells it from a lost one.
		if done, err := there(ctx); err != nil || !done {
			return cmp.Or(err, errs.LostAnswer(cloud, "add-on "+autoscaler))
		}
		return nil
	}, Happened: there})
	return seen, h.ofCluster(ctx, err, c.ID)
}

type addonRequest struct {
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
}

type addonsRequest struct {
	Addons []addonRequest `json:"addons"`
	Enable *bool          `json:"enable,omitempty"`
}

func (h *Handler) readAddons(ctx context.Context, id string) ([]addonObject, error) {
	c := call{method: http.MethodGet, path: "/v1/clusters/{id}/addons", params: map[string]string{"id": id}}
	return read(ctx, h, c, func(list []addonObject) error {
		if slices.ContainsFunc(list, func(a addonObject) bool { return a.Name == "" }) {
			return errs.LostAnswer(cloud, "name of an add-on")
		}
		return nil
	})
}

// supports reports whether a range such as ">=1.30.0 <1.36.0" has a version. One that
// cannot be read excludes nothing.
func supports(within, native string) bool {
	at, err := kver.Parse(native)
	if err != nil {
		return true
	}
	for bound := range strings.FieldsSeq(within) {
		operator := strings.TrimRight(bound, "0123456789.")
		limit, err := kver.Parse(strings.TrimPrefix(bound, operator))
		if err != nil {
			continue
		}
		order := at.Compare(limit)
		if operator == ">=" && order < 0 || operator == ">" && order <= 0 || operator == "<" && order >= 0 || operator == "<=" && order > 0 {
			return false
		}
	}
	return true
}

// checkAutoscaler refuses to upgrade a cluster to where its autoscaler does not follow.
func (h *Handler) checkAutoscaler(ctx context.Context, c clusterObject, target string) error {
	if !hasAutoscaler(c.Addons) {
		return nil
	}
	addons, err := h.readAddons(ctx, c.ID)
	if err != nil {
		return err
	}
	for _, a := range addons {
		if a.Name == autoscaler && !supports(a.SupportedKubeRange, target) {
			return refuse.Precondition("the add-on %s %s of the cluster supports Kubernetes %s only: update the add-on first", autoscaler, a.Version, a.SupportedKubeRange)
		}
	}
	return nil
}
