// SPDX-License-Identifier: Apache-2.0

package nhn

import (
	"cmp"
	"context"
	"errors"
	"net/http"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kver"
	"github.com/pmks-go/pmks/internal/once"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/refuse"
)

// CreateCluster implements [pmks.ClusterHandler]: everything that the request refers to
// is looked up in parallel, then the add-ons, then one request is made, and the cluster
// read once it is there. NKS takes no idempotency token and any number of clusters of
// one name, so a request whose answer was lost is sent again only when nothing has
// appeared for half a minute, and of two that others sent at the same time the later one
// gives way.
func (h *Handler) CreateCluster(ctx context.Context, req pmks.ClusterInfo) (_ pmks.ClusterInfo, err error) {
	defer annotate(&err, "CreateCluster", pmks.IID{NameId: req.IId.NameId}, pmks.IID{})
	c, err := h.createRequest(ctx, req)
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	c.body.Addons = h.addons(ctx, labelText(c.body.Labels, "kube_tag"), labelText(c.body.Labels, "node_image"))
	if err := runHook(ctx, "BeforeCreateCluster", h.cfg.BeforeCreateCluster, req.Clone(), &c.body, (*CreateClusterRequest).kept); err != nil {
		return pmks.ClusterInfo{}, err
	}
	var uuid string
	err = once.Create(ctx, func(ctx context.Context) error {
		c.tries++
		err := h.inEitherForm(c.body.Labels, func() error {
			made, err := post(ctx, h, []string{"clusters"}, c.body, func(u *uuidObject) error {
				if !uuidPattern.MatchString(u.UUID) {
					return errs.LostAnswer(cloud, "UUID of the new cluster")
				}
				return nil
			})
			uuid = made.UUID
			return err
		})
		c.sent = notFoundAs(err, pmks.CodeInvalidArgument)
		return existing(c.sent)
	}, func(ctx context.Context) (found bool, err error) {
		uuid, err = h.findCreated(ctx, c)
		c.adopted = uuid != ""
		return uuid != "", err
	})
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	info, rivals := h.created(ctx, uuid, req, c)
	winner := h.earlier(ctx, uuid, rivals)
	if winner == "" || c.adopted { // what was found and not answered is not removed
		return info, nil
	}
	err = h.giveWay(ctx, uuid, winner)
	if c.tries > 1 && errs.Is(err, pmks.CodeAlreadyExists) {
		// It may be that of an earlier try, which arrived late.
		ours, lookErr := h.isOurs(ctx, winner, c)
		if ours {
			info.IId.SystemId = winner
			return info, nil
		}
		if lookErr != nil {
			err = errs.With(err, func(e *pmks.Error) { e.MayHaveHappened = true })
		}
	}
	return pmks.ClusterInfo{}, err
}

// both fills in the half of a reference that a request left out, or left to NKS.
func both(iid pmks.IID, id string) pmks.IID {
	if kver.IsDefault(iid.NameId) {
		iid.NameId = id
	}
	return pmks.IID{NameId: cmp.Or(iid.NameId, id), SystemId: id}
}

// labelText is a label of a request that is a text.
func labelText(labels map[string]any, key string) string {
	s, _ := labels[key].(string)
	return s
}

// checkUUID refuses a reference whose id is none.
func checkUUID(field string, iid pmks.IID) error {
	if iid.SystemId != "" && !uuidPattern.MatchString(iid.SystemId) {
		return refuse.Invalid(field, "%q is not a UUID", refuse.Clip(iid.SystemId))
	}
	return nil
}

// DeleteCluster implements [pmks.ClusterHandler]: the cluster is read beside its events,
// which tell of a deletion that does not show yet, and one request removes it with its
// node groups. Load balancers of Kubernetes that do not go make it
// fail later; volumes stay.
func (h *Handler) DeleteCluster(ctx context.Context, clusterIID pmks.IID) (_ bool, err error) {
	defer annotate(&err, "DeleteCluster", clusterIID, pmks.IID{})
	r, err := clusterRef(clusterIID)
	if err != nil {
		return false, err
	}
	uuid, err := h.locate(ctx, r)
	if err != nil {
		return false, err
	}
	var v view
	err = fanout.All(ctx, func(ctx context.Context) (err error) {
		v.cluster, err = h.cluster(ctx, uuid)
		return err
	}, func(ctx context.Context) error {
		v.events, _ = h.events(ctx, uuid) // a second deletion does no harm
		return nil
	})
	if err != nil {
		return false, err
	}
	if v.info(known{}).Status == pmks.ClusterDeleting {
		return true, nil
	}
	err = h.delete(ctx, uuid)
	return err == nil, err
}

// delete sends the removal of a cluster.
func (h *Handler) delete(ctx context.Context, uuid string) error {
	return once.Remove(ctx, func(ctx context.Context) error {
		err := h.settle(ctx, uuid, remove(ctx, h, []string{"clusters", uuid}))
		if errs.Is(err, pmks.CodeNotFound) {
			err = h.confirmGone(ctx, uuid, err)
		}
		return unwilling(err)
	}, func(ctx context.Context) (once.Fate, error) {
		v, err := h.view(ctx, uuid, true)
		return once.FateOf(err == nil && v.info(known{}).Status == pmks.ClusterDeleting, err)
	})
}

// unwilling returns err of a request that has no argument which could be wrong, such as
// a removal: what NKS refuses is what it does not give up.
func unwilling(err error) error {
	var e *pmks.Error
	if !errors.As(err, &e) || e.Code != pmks.CodeInvalidArgument || e.HTTPStatus != http.StatusBadRequest {
		return err
	}
	return errs.With(err, func(e *pmks.Error) { e.Code = pmks.CodeFailedPrecondition })
}
