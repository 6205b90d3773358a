// SPDX-License-Identifier: Apache-2.0

package tencent

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	tke "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/tke/v20180525"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/once"
	"github.com/pmks-go/pmks/internal/provider/await"
	"github.com/pmks-go/pmks/internal/provider/claim"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/provider/hook"
	"github.com/pmks-go/pmks/internal/refuse"
)

const (
	// maxTags is how many tags a scaling group takes, to which those of the cluster come
	// down; ownTags of them are pmks's, poolTags of these the pool's.
	maxTags, ownTags, poolTags = 30, 4, 1
	maxTagKey                  = 127
	maxTagValue                = 255

	podsPerNode = 64
	services    = 1024

	// mostTries is how often a range is chosen anew, because somebody else has taken it
	// or the VPC has routes that nobody told of.
	mostTries = 5
)

// CreateCluster implements [pmks.ClusterHandler]: the clusters that there are, the
// network and the versions are looked up in parallel, then one request is made, more
// where the range of the pods turns out to be used. TKE takes no idempotency token, so
// the cluster carries a tag that only this request has.
func (h *Handler) CreateCluster(ctx context.Context, req pmks.ClusterInfo) (_ pmks.ClusterInfo, err error) {
	defer annotate(&err, "CreateCluster", pmks.IID{NameId: req.IId.NameId}, pmks.IID{})
	var refused []netip.Prefix // ranges that TKE has found in use
	var first *clusterPlan     // once the hook has had it
	for {
		p, err := h.planCluster(ctx, req)
		if err != nil {
			return pmks.ClusterInfo{}, err
		}
		mine := &claim.Claim{Name: req.IId.NameId, VPC: p.net.vpc}
		var pods netip.Prefix
		err = h.claims.Take(ctx, mine, func(taken []netip.Prefix) (err error) {
			pods, err = h.podRange(req.IId.NameId, slices.Concat(p.net.used, taken, refused))
			mine.Ranges = []netip.Prefix{pods}
			return err
		})
		if errors.Is(err, claim.ErrLookAgain) {
			continue
		}
		if err != nil {
			return pmks.ClusterInfo{}, err
		}
		if first != nil {
			p.in, p.request = first.in, first.request
		}
		p.in.ClusterCIDRSettings.ClusterCIDR = new(pods.String())
		own := false // the range is the hook's
		if first == nil {
			if err := hook.Run(ctx, "BeforeCreateCluster", h.cfg.BeforeCreateCluster, req.Clone(), p.in, keptOfCluster); err != nil {
				h.claims.Settle(mine, "", false)
				return pmks.ClusterInfo{}, err
			}
			first, own = &p, podsOf(p.in) != pods.String()
		}
		made, err := h.createCluster(ctx, p)
		if err == nil {
			h.note(made)
			h.claims.Settle(mine, deref(made.ClusterId), false)
			return clusterInfo(made), nil
		}
		h.claims.Settle(mine, "", once.Open(err))
		if refused = append(refused, mine.Ranges...); !isConflict(err) || own || h.cfg.PodCIDR != "" || len(refused) == mostTries {
			return pmks.ClusterInfo{}, err
		}
	}
}

// podsOf is the range of pods that a request names.
func podsOf(in *tke.CreateClusterRequest) string {
	return deref(deref(in.ClusterCIDRSettings).ClusterCIDR)
}

// isConflict reports whether TKE has found a range in use: nothing was made.
func isConflict(err error) bool {
	_, detail := parts(errs.ProviderCode(err))
	return strings.HasPrefix(detail, "CidrConflict") && !once.Open(err)
}

func (h *Handler) createCluster(ctx context.Context, p clusterPlan) (made *tke.Cluster, err error) {
	tries, err := settle(ctx, once.Mutation{Send: func(ctx context.Context) error {
		out, err := send(ctx, h, p.in, tke.NewCreateClusterResponse, "id of the new cluster", func(o *tke.CreateClusterResponse) bool {
			return o.Response != nil && clusterPattern.MatchString(deref(o.Response.ClusterId))
		})
		if err == nil {
			made = p.accepted(*out.Response.ClusterId)
		}
		return missing(err)
	}, Happened: func(ctx context.Context) (bool, error) {
		return h.lookFor(ctx, func(ctx context.Context) (bool, error) {
			list, err := h.list(ctx, deref(p.in.ClusterBasicSettings.ClusterName))
			if i := slices.IndexFunc(list, func(c *tke.Cluster) bool { return tagOf(clusterTags(c), tagRequest) == p.request }); err == nil && i >= 0 {
				made = list[i]
			}
			return made != nil, err
		})
	}})
	if err != nil {
		return nil, err
	}
	return made, h.madeOnce(ctx, tries, func(ctx context.Context) (ids []string, err error) {
		list, err := h.list(ctx, deref(p.in.ClusterBasicSettings.ClusterName))
		for _, c := range list {
			if tagOf(clusterTags(c), tagRequest) == p.request {
				ids = append(ids, deref(c.ClusterId))
			}
		}
		return ids, err
	})
}

// madeOnce looks, where a request was sent again, whether the first was done late, and says
// so: TKE takes two things of one name.
func (h *Handler) madeOnce(ctx context.Context, tries int, look func(context.Context) ([]string, error)) error {
	if tries < 2 {
		return nil
	}
	var ids []string
	twice, _ := h.lookFor(ctx, func(ctx context.Context) (_ bool, err error) { // what cannot be seen cannot be told
		ids, err = look(ctx)
		return len(ids) > 1, err
	})
	if !twice {
		return nil
	}
	return &pmks.Error{Code: pmks.CodeInternal, MayHaveHappened: true,
		Message: "an answer was lost and two were made, " + strings.Join(ids, " and ") + ": remove one"}
}

// lookTime is how long is looked for what a request may have made.
const lookTime = listLag

// lookFor looks for what a request may have made until it is found, or the lists should
// have shown it.
func (h *Handler) lookFor(ctx context.Context, look func(context.Context) (bool, error)) (found bool, err error) {
	end := time.Now().Add(lookTime)
	err = await.Until(ctx, lookTime/10, func(ctx context.Context) (bool, error) {
		found, err = look(ctx)
		return found || !time.Now().Before(end), err
	})
	return found && err == nil, err
}

// clusterPlan is a request for a cluster, whose range is still to be chosen.
type clusterPlan struct {
	in      *tke.CreateClusterRequest
	request string
	net     network
}

// planCluster checks a request, looks everything up at once, and reports everything
// wrong with it.
func (h *Handler) planCluster(ctx context.Context, req pmks.ClusterInfo) (clusterPlan, error) {
	var f refuse.List
	f.Join(capabilities.CheckCluster(req))
	own := ownTags
	if req.Access.Mode != "" {
		own++
	}
	checkTags(&f, req.TagList, own)
	if err := f.Err(); err != nil {
		return clusterPlan{}, err
	}
	p := clusterPlan{request: rand.Text()}
	var all []*tke.Cluster
	var version string
	err := fanout.All(ctx, func(ctx context.Context) (err error) {
		if all, err = h.listAll(ctx, ""); err != nil {
			return err
		}
		for _, c := range all {
			if inScope(c) && deref(c.ClusterName) == req.IId.NameId {
				return &pmks.Error{Code: pmks.CodeAlreadyExists, Field: "IId.NameId", Message: "there is a cluster of this name: " + deref(c.ClusterId)}
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
	p.net.used = append(p.net.used, clusterRanges(all, p.net.vpc)...)
	p.in = h.createClusterRequest(req, p, version)
	_, err = h.podRange(req.IId.NameId, p.net.used)
	return p, err
}

func (h *Handler) createClusterRequest(req pmks.ClusterInfo, p clusterPlan, version string) *tke.CreateClusterRequest {
	in := tke.NewCreateClusterRequest()
	in.ClusterType = new(managed)
	tags := []*tke.Tag{tag(tagRequest, p.request), tag(tagSecurityGroups, strings.Join(p.net.securityGroups, tagSeparator)), tag(tagSubnets, strings.Join(p.net.subnets, tagSeparator))}
	if req.Access.Mode != "" {
		tags = append(tags, tag(tagAccess, string(req.Access.Mode)))
	}
	for _, t := range req.TagList {
		tags = append(tags, tag(t.Key, t.Value))
	}
	in.ClusterBasicSettings = &tke.ClusterBasicSettings{
		ClusterName: &req.IId.NameId, VpcId: &p.net.vpc, ClusterVersion: &version, ClusterLevel: &h.cfg.ClusterLevel,
		AutoUpgradeClusterLevel: &tke.AutoUpgradeClusterLevel{IsAutoUpgrade: new(true)},
		TagSpecification:        []*tke.TagSpecification{{ResourceType: new("cluster"), Tags: tags}},
	}
	in.ClusterCIDRSettings = &tke.ClusterCIDRSettings{MaxNodePodNum: new(uint64(podsPerNode)), MaxClusterServiceNum: new(uint64(services)), IgnoreClusterCIDRConflict: new(false)}
	if h.cfg.ServiceCIDR != "" {
		in.ClusterCIDRSettings.ServiceCIDR = &h.cfg.ServiceCIDR
	}
	// Without a runtime TKE takes docker, which its versions do not know any more.
	in.ClusterAdvancedSettings = &tke.ClusterAdvancedSettings{ContainerRuntime: new("containerd"), NetworkType: new("GR"), IPVS: new(true), DeletionProtection: &h.cfg.DeletionProtection}
	return in
}

func tag(key, value string) *tke.Tag { return &tke.Tag{Key: &key, Value: &value} }

// property is how TKE tells the kind of the network of a cluster.
func property(network string) string {
	text, _ := json.Marshal(struct{ NetworkType string }{network}) // a text only
	return string(text)
}

// accepted is the cluster that is to be.
func (p clusterPlan) accepted(id string) *tke.Cluster {
	// A hook may have left sections out.
	b, a, ranges := deref(p.in.ClusterBasicSettings), deref(p.in.ClusterAdvancedSettings), deref(p.in.ClusterCIDRSettings)
	return &tke.Cluster{
		ClusterId: &id, ClusterName: b.ClusterName, ClusterVersion: b.ClusterVersion, ClusterType: p.in.ClusterType, ClusterStatus: new("Creating"),
		ClusterNetworkSettings: &tke.ClusterNetworkSettings{VpcId: b.VpcId, ClusterCIDR: ranges.ClusterCIDR, ServiceCIDR: ranges.ServiceCIDR},
		TagSpecification:       b.TagSpecification, ClusterLevel: b.ClusterLevel, ContainerRuntime: a.ContainerRuntime, DeletionProtection: a.DeletionProtection,
		Property: new(property(deref(a.NetworkType))),
	}
}

// checkTags refuses what TKE would take and the nodes would not: their service refuses
// what comes down to them from the cluster, when it is too late. pmks's own tags, those
// of the vendor, and more than there is room for are refused too.
func checkTags(f *refuse.List, tags []pmks.KeyValue, own int) {
	for i, t := range tags {
		field := fmt.Sprintf("TagList[%d]", i)
		switch n := utf8.RuneCountInString(t.Key); {
		case isOwn(t.Key):
			f.Add(field+".Key", "%q is a name that pmks keeps for itself", refuse.Clip(t.Key))
		case isReservedTag(t.Key):
			f.Add(field+".Key", "%q begins with a prefix that %s keeps for itself", refuse.Clip(t.Key), vendor)
		case n > maxTagKey:
			f.Add(field+".Key", "has %d characters, %s takes %d", n, vendor, maxTagKey)
		case !isTagText(t.Key):
			f.Add(field+".Key", "%q has characters that nodes do not take: letters, digits, spaces and + - = . _ : / @ ( ) [ ] are left", refuse.Clip(t.Key))
		}
		switch n := utf8.RuneCountInString(t.Value); {
		case n == 0:
			f.Add(field+".Value", "is empty, which nodes do not take")
		case n > maxTagValue:
			f.Add(field+".Value", "has %d characters, %s takes %d", n, vendor, maxTagValue)
		case !isTagText(t.Value):
			f.Add(field+".Value", "%q has characters that nodes do not take: letters, digits, spaces and + - = . _ : / @ ( ) [ ] are left", refuse.Clip(t.Value))
		}
	}
	if own+len(tags) > maxTags {
		f.Add("TagList", "a scaling group takes %d tags, those of its cluster included, of which pmks needs %d for its own", maxTags, own)
	}
}

func isTagText(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune(" +-=._:/@()[]", r)
	})
}

// DeleteCluster implements [pmks.ClusterHandler]: the cluster is read beside its public
// endpoint, which is closed first where it is open, then one request removes it with its
// pools. Volumes, and the load balancers of services, stay as TKE leaves them.
func (h *Handler) DeleteCluster(ctx context.Context, clusterIID pmks.IID) (_ bool, err error) {
	defer annotate(&err, "DeleteCluster", clusterIID, pmks.IID{})
	r, err := h.clusterRef(clusterIID)
	if err != nil {
		return false, err
	}
	id, c, err := h.locate(ctx, r)
	if err != nil {
		return false, err
	}
	var doors [2]string
	var doorErrs [2]error
	look := func(i int) func(context.Context) error {
		return func(ctx context.Context) error {
			doors[i], doorErrs[i] = h.endpointStatus(ctx, id, i == 0)
			return nil
		}
	}
	err = fanout.All(ctx, func(ctx context.Context) (err error) {
		if c == nil {
			c, err = h.describe(ctx, id)
		}
		return err
	}, look(0), look(1))
	if err != nil {
		return false, err
	}
	switch {
	case clusterMeaning(deref(c.ClusterStatus)).Status == pmks.ClusterDeleting:
		return true, nil
	case deref(c.DeletionProtection):
		return false, refuse.Precondition("the cluster is protected against deletion: switch its protection off first (DisableClusterDeletionProtection)")
	}
	closed, err := h.closeDoors(ctx, c, doors, doorErrs)
	if err != nil {
		return false, err
	}
	fate := func(ctx context.Context) (once.Fate, error) {
		c, err := h.describe(ctx, id)
		return once.FateOf(err == nil && clusterMeaning(deref(c.ClusterStatus)).Status == pmks.ClusterDeleting, err)
	}
	in := tke.NewDeleteClusterRequest()
	in.ClusterId, in.InstanceDeleteMode = &id, new("terminate")
	err = remove(ctx, func(ctx context.Context) error {
		_, err := send(ctx, h, in, tke.NewDeleteClusterResponse, "answer to DeleteCluster", func(o *tke.DeleteClusterResponse) bool {
			return o.Response != nil && deref(o.Response.RequestId) != ""
		})
		return confirmGone(ctx, err, fate)
	}, fate)
	if err != nil {
		err = h.explain(ctx, err, id, "")
		if closed {
			err = errs.HalfDone(err, "the endpoint is closed, the cluster is not deleted")
		}
		return false, err
	}
	h.claims.Forget(id)
	return true, nil
}

// isGone reports whether TKE has refused a request because its subject is not there.
func isGone(err error) bool {
	var e *pmks.Error
	return errors.As(err, &e) && e.ProviderCode == "ResourceNotFound" && !e.MayHaveHappened
}

// closeDoors closes what is open to a cluster that is to be deleted: whether the load
// balancers would go with it is not known. What may not be told goes with it.
func (h *Handler) closeDoors(ctx context.Context, c *tke.Cluster, doors [2]string, faults [2]error) (closed bool, err error) {
	for i, door := range doors {
		switch {
		case isRefusal(faults[i]):
			continue
		case faults[i] != nil:
			return closed, errs.HalfDone(faults[i], "whether an endpoint is open could not be read, and the cluster is not deleted")
		case !isOpen(door):
			continue
		}
		err := h.closeDoor(ctx, deref(c.ClusterId), i == 0, true)
		if isGone(err) {
			continue // somebody else who deletes it has closed the endpoint, or more, since
		}
		// Of a cluster that has failed TKE takes nothing else: what is open goes with it.
		if err != nil && (clusterMeaning(deref(c.ClusterStatus)).Status != pmks.ClusterInactive || !isRefusal(err)) {
			return closed, errs.HalfDone(err, "an endpoint could not be closed, and the cluster is not deleted")
		}
		closed = true
	}
	return closed, nil
}
