// SPDX-License-Identifier: Apache-2.0

package alibaba

import (
	"context"
	"crypto/rand"
	"errors"
	"net/netip"
	"slices"
	"strconv"
	"time"

	cs "github.com/alibabacloud-go/cs-20151215/v5/client"
	"github.com/alibabacloud-go/tea/tea"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/once"
	"github.com/pmks-go/pmks/internal/provider/await"
	"github.com/pmks-go/pmks/internal/provider/claim"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/refuse"
)

// authenticator is the add-on without which a cluster takes no tokens.
const authenticator = "ack-ram-authenticator"

// CreateCluster implements [pmks.ClusterHandler]: the clusters that there are, the
// network and the versions are looked up in parallel, then one request is made. ACK takes
// no idempotency token, so the cluster carries a tag that only this request has.
func (h *Handler) CreateCluster(ctx context.Context, req pmks.ClusterInfo) (_ pmks.ClusterInfo, err error) {
	defer annotate(&err, "CreateCluster", pmks.IID{NameId: req.IId.NameId}, pmks.IID{})
	var hooked *clusterPlan // what the hook has seen, once it has
	for try := 1; ; try++ {
		info, again, err := h.tryCreateCluster(ctx, req, &hooked)
		if errors.Is(err, claim.ErrLookAgain) {
			try--
			continue
		}
		if err == nil || !again || try == mostTries {
			return info, err
		}
	}
}

// mostTries is how often a cluster is planned anew at most, because somebody else took
// the ranges that had been free.
const mostTries = 10

// tryCreateCluster makes one request. again: it was refused, and what it was planned from
// has changed meanwhile; the next one differs in nothing but its ranges from the one that
// the hook has seen.
func (h *Handler) tryCreateCluster(ctx context.Context, req pmks.ClusterInfo, hooked **clusterPlan) (info pmks.ClusterInfo, again bool, err error) {
	p, err := h.planCluster(ctx, req)
	if err != nil {
		return info, false, err
	}
	mine := &claim.Claim{Name: req.IId.NameId, VPC: *p.in.Vpcid, There: func(id string) bool { return h.clusterThere(ctx, id) }}
	if err := h.claims.Take(ctx, mine, func(taken []netip.Prefix) error { return p.addRanges(h, mine, taken) }); err != nil {
		return info, false, err
	}
	if before := *hooked; before != nil {
		before.in.ContainerCidr, before.in.ServiceCidr = p.in.ContainerCidr, p.in.ServiceCidr
		p = *before
	} else if err := h.beforeCreateCluster(ctx, req, p.in); err != nil {
		h.claims.Settle(mine, "", false)
		return info, false, err
	}
	*hooked = &p
	made, taskID, err := h.createCluster(ctx, p)
	if err != nil {
		h.claims.Settle(mine, "", once.Open(err))
		return info, errs.Is(err, pmks.CodeInvalidArgument) && p.has(mine.Ranges) && h.overtaken(ctx, *p.in.Vpcid, mine.Ranges), err
	}
	h.shown.Store(*made.ClusterId, req.IId.NameId)
	h.claims.Settle(mine, *made.ClusterId, false)
	info = clusterInfo(made)
	if info.Access.Mode == "" { // its addresses come later
		info.Access.Mode = accessMode(tea.BoolValue(p.in.EndpointPublicAccess))
	}
	addTask(&info.KeyValueList, taskID)
	return info, false, nil
}

// has reports whether a plan has these ranges: a hook may have chosen others, which stay.
func (p clusterPlan) has(ranges []netip.Prefix) bool {
	return slices.Equal(ranges, prefixes(tea.StringValue(p.in.ContainerCidr), tea.StringValue(p.in.ServiceCidr)))
}

// overtaken reports whether ranges that were free are used by now. ACK's codes for ranges
// that overlap are not all known, so the facts decide.
func (h *Handler) overtaken(ctx context.Context, vpc string, ranges []netip.Prefix) bool {
	all, err := h.listAll(ctx, "")
	used := clusterRanges(all, vpc)
	return err == nil && slices.ContainsFunc(ranges, func(p netip.Prefix) bool { return !free(p, used) })
}

func (h *Handler) createCluster(ctx context.Context, p clusterPlan) (made *cluster, taskID string, err error) {
	_, err = settle(ctx, once.Mutation{Send: func(ctx context.Context) error {
		out, err := send(ctx, h, "CreateCluster", "id of the new cluster", func(c csAPI) (*cs.CreateClusterResponse, error) { return c.CreateCluster(p.in) },
			func(o *cs.CreateClusterResponse) bool {
				return o.Body != nil && clusterPattern.MatchString(tea.StringValue(o.Body.ClusterId))
			})
		if err == nil {
			made, taskID = p.accepted(*out.Body.ClusterId), tea.StringValue(out.Body.TaskId)
		}
		return nameTaken(err)
	}, Happened: func(ctx context.Context) (bool, error) {
		return h.lookFor(ctx, func(ctx context.Context) (bool, error) {
			list, err := h.list(ctx, *p.in.Name)
			if err != nil {
				return false, err
			}
			for _, c := range list {
				if tea.StringValue(c.Name) == *p.in.Name && hasTag(c.Tags, tagRequest, p.request) {
					made, err = h.describe(ctx, tea.StringValue(c.ClusterId))
					return err == nil, err
				}
			}
			return false, nil
		})
	}})
	return made, taskID, err
}

// addTask shows the id of the task that a call has begun; "" for none.
func addTask(list *[]pmks.KeyValue, taskID string) {
	if taskID != "" {
		*list = append(*list, pmks.KeyValue{Key: "TaskId", Value: taskID})
	}
}

// lookFor looks for what a request may have made until it is found, or any list must have
// shown it.
func (h *Handler) lookFor(ctx context.Context, look func(context.Context) (bool, error)) (found bool, err error) {
	end := time.Now().Add(listLag)
	err = await.Until(ctx, listLag/4, func(ctx context.Context) (bool, error) {
		found, err = look(ctx)
		return found || !time.Now().Before(end), err
	})
	return found && err == nil, err
}

func hasTag(tags []*cs.Tag, key, value string) bool {
	return slices.ContainsFunc(withoutNil(tags), func(t *cs.Tag) bool {
		return tea.StringValue(t.Key) == key && tea.StringValue(t.Value) == value
	})
}

// nameTaken says of a refusal that something has the name already which field it is about.
func nameTaken(err error) error {
	if !errs.Is(err, pmks.CodeAlreadyExists) {
		return err
	}
	return errs.With(err, func(e *pmks.Error) { e.Field = "IId.NameId" })
}

// clusterPlan is a request for a cluster, whose ranges are still to be chosen.
type clusterPlan struct {
	in      *cs.CreateClusterRequest
	request string
	net     network
}

// planCluster checks a request, looks everything up at once, and reports everything
// wrong with it.
func (h *Handler) planCluster(ctx context.Context, req pmks.ClusterInfo) (clusterPlan, error) {
	var f refuse.List
	f.Join(capabilities.CheckCluster(req))
	checkTags(&f, req.TagList, 2+max(0, len(req.Network.SecurityGroupIIDs)-1))
	if err := f.Err(); err != nil {
		return clusterPlan{}, err
	}
	p := clusterPlan{request: rand.Text()}
	var all []*cluster
	var version string
	err := fanout.All(ctx, func(ctx context.Context) (err error) {
		if all, err = h.listAll(ctx, ""); err != nil {
			return err
		}
		for _, c := range all {
			if h.inScope(c) && tea.StringValue(c.Name) == req.IId.NameId && h.clusterThere(ctx, tea.StringValue(c.ClusterId)) {
				return &pmks.Error{Code: pmks.CodeAlreadyExists, Field: "IId.NameId", Message: "there is a cluster of this name: " + tea.StringValue(c.ClusterId)}
			}
		}
		return nil
	}, func(ctx context.Context) (err error) {
		p.net, err = h.resolveNetwork(ctx, req.Network)
		return err
	}, func(ctx context.Context) (err error) {
		version, err = h.creatable(ctx, req.Version)
		return err
	})
	if err != nil {
		return p, err
	}
	if p.net.unread != nil && (h.cfg.PodCIDR == "" || h.cfg.ServiceCIDR == "") {
		return p, errs.With(p.net.unread, func(e *pmks.Error) {
			e.Message = "the ranges of the VPC cannot be read: allow it, or set podCidr and serviceCidr to ranges that are free: " + e.Message
		})
	}
	p.net.used = append(p.net.used, clusterRanges(all, p.net.vpc)...)
	p.in = h.createClusterRequest(req, p, version)
	_, _, err = h.chooseRanges(p.net.used)
	return p, err
}

func (h *Handler) createClusterRequest(req pmks.ClusterInfo, p clusterPlan, version string) *cs.CreateClusterRequest {
	in := &cs.CreateClusterRequest{
		Name: &req.IId.NameId, RegionId: &h.cfg.Region, ClusterType: tea.String(managed), Profile: tea.String(profileUsed), ClusterSpec: &h.cfg.ClusterSpec,
		Vpcid: &p.net.vpc, VswitchIds: tea.StringSlice(p.net.vswitches),
		SnatEntry: tea.Bool(h.cfg.SNAT == nil || *h.cfg.SNAT), EndpointPublicAccess: tea.Bool(h.publicFor(req.Access)), DeletionProtection: &h.cfg.DeletionProtection,
		Addons: []*cs.Addon{{Name: tea.String("flannel")}},
		Tags:   []*cs.Tag{{Key: tea.String(tagCluster), Value: tea.String(owned)}, {Key: tea.String(tagRequest), Value: &p.request}},
	}
	if version != "" {
		in.KubernetesVersion = &version
	}
	if h.cfg.RAMAuthenticator {
		in.Addons = append(in.Addons, &cs.Addon{Name: tea.String(authenticator)})
	}
	for i, id := range p.net.securityGroups {
		if i == 0 {
			in.SecurityGroupId = &id
			continue
		}
		in.Tags = append(in.Tags, &cs.Tag{Key: tea.String(tagSecurityGroup + id), Value: tea.String(strconv.Itoa(i))})
	}
	for _, t := range req.TagList {
		in.Tags = append(in.Tags, &cs.Tag{Key: &t.Key, Value: &t.Value})
	}
	return in
}

// public reports whether the API of clusters is open to the outside, unless a request says
// something else.
func (h *Handler) public() bool { return h.cfg.PublicEndpoint == nil || *h.cfg.PublicEndpoint }

// accessMode is that of a cluster whose API is open to the outside, or is not.
func accessMode(public bool) pmks.AccessMode {
	if public {
		return pmks.AccessPublicAndPrivate
	}
	return pmks.AccessPrivate
}

func (h *Handler) publicFor(a pmks.Access) bool {
	if a.Mode == "" {
		return h.public()
	}
	return a.Mode == pmks.AccessPublicAndPrivate
}

// addRanges chooses the ranges of pods and services, beside those of clusters that are
// about to be made.
func (p clusterPlan) addRanges(h *Handler, mine *claim.Claim, taken []netip.Prefix) error {
	pods, services, err := h.chooseRanges(slices.Concat(p.net.used, taken))
	if err == nil {
		mine.Ranges = []netip.Prefix{pods, services}
		p.in.ContainerCidr, p.in.ServiceCidr = tea.String(pods.String()), tea.String(services.String())
	}
	return err
}

// accepted is the cluster that is to be.
func (p clusterPlan) accepted(id string) *cluster {
	return &cluster{
		ClusterId: &id, Name: p.in.Name, State: tea.String("initial"), ClusterType: p.in.ClusterType, ClusterSpec: p.in.ClusterSpec, Profile: p.in.Profile,
		InitVersion: p.in.KubernetesVersion, VpcId: p.in.Vpcid, VswitchIds: p.in.VswitchIds, SecurityGroupId: p.in.SecurityGroupId, RegionId: p.in.RegionId,
		ContainerCidr: p.in.ContainerCidr, ServiceCidr: p.in.ServiceCidr, Tags: p.in.Tags, DeletionProtection: p.in.DeletionProtection,
	}
}

// DeleteCluster implements [pmks.ClusterHandler]: the cluster is read, of which only that
// tells whose it is and whether it is protected, then one request removes it with its
// pools. What is left to the user (log projects, volumes, load balancers of ALB) stays.
func (h *Handler) DeleteCluster(ctx context.Context, clusterIID pmks.IID) (_ bool, err error) {
	defer annotate(&err, "DeleteCluster", clusterIID, pmks.IID{})
	r, err := h.clusterRef(clusterIID)
	if err != nil {
		return false, err
	}
	c, err := h.find(ctx, r)
	if err != nil {
		return false, err
	}
	id := tea.StringValue(c.ClusterId)
	if clusterIID.SystemId == "" && clusterMeaning(tea.StringValue(c.State)).Status == pmks.ClusterDeleting {
		// The list lags behind: a deletion that it shows may have failed by now.
		if c, err = h.describe(ctx, id); err != nil {
			return errs.Is(err, pmks.CodeNotFound), errs.IgnoreNotFound(err)
		}
	}
	switch {
	case clusterMeaning(tea.StringValue(c.State)).Status == pmks.ClusterDeleting:
		return true, nil
	case tea.BoolValue(c.DeletionProtection):
		return false, refuse.Precondition("the cluster is protected against deletion: switch deletion_protection off first")
	}
	protected := false
	fate := func(ctx context.Context) (once.Fate, error) {
		c, err := h.describe(ctx, id)
		protected = err == nil && tea.BoolValue(c.DeletionProtection)
		return once.FateOf(err == nil && clusterMeaning(tea.StringValue(c.State)).Status == pmks.ClusterDeleting, err)
	}
	err = once.Remove(ctx, func(ctx context.Context) error {
		_, err := send(ctx, h, "DeleteCluster", "task", func(c csAPI) (*cs.DeleteClusterResponse, error) {
			return c.DeleteCluster(&id, &cs.DeleteClusterRequest{})
		},
			func(o *cs.DeleteClusterResponse) bool {
				return o.Body != nil && (tea.StringValue(o.Body.TaskId) != "" || tea.StringValue(o.Body.ClusterId) == id)
			})
		return absent(err, noCluster)
	}, fate)
	if byState(err) {
		// What ACK says of a second deletion is not known: the state tells.
		switch now, lookErr := fate(ctx); {
		case lookErr == nil && now == once.Going:
			err = nil
		case protected:
			return false, errs.With(err, func(e *pmks.Error) { e.Code, e.Field = pmks.CodeFailedPrecondition, "" })
		}
	}
	if err != nil {
		return false, h.explain(ctx, err, id, "")
	}
	h.claims.Forget(id)
	return true, nil
}
