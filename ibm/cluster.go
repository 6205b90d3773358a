// SPDX-License-Identifier: Apache-2.0

package ibm

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kver"
	"github.com/pmks-go/pmks/internal/once"
	"github.com/pmks-go/pmks/internal/poll"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/refuse"
)

// CreateCluster implements [pmks.ClusterHandler]: the versions, the network and the
// clusters that there are are looked up in parallel, then one request is made, with the
// first worker pool. IKS takes no idempotency token, so the pool carries a label that
// only this request has.
func (h *Handler) CreateCluster(ctx context.Context, req pmks.ClusterInfo) (_ pmks.ClusterInfo, err error) {
	defer annotate(&err, "CreateCluster", pmks.IID{NameId: req.IId.NameId}, pmks.IID{})
	in, group, err := h.createRequest(ctx, req)
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	var made struct {
		ID       string `json:"clusterID"`
		Messages []struct {
			Text string `json:"text"`
		} `json:"messages"`
		NonCritical struct {
			Incident string   `json:"incidentID"`
			Items    []string `json:"items"`
		} `json:"non_critical_errors"`
	}
	if err := h.signIn(ctx); err != nil {
		return pmks.ClusterInfo{}, err
	}
	err = once.Create(ctx, func(ctx context.Context) error {
		a, err := h.mutate(ctx, post("/v2/vpc/createCluster", group, in, http.StatusCreated))
		if err != nil {
			return existing(ofFlavor(err, "NodeGroupList[0]."), ": perhaps a cluster of another region or kind has it, or one that the caller may not see, or one that was just deleted")
		}
		if a.decode(cloud, &made) != nil || !clusterIDPattern.MatchString(made.ID) {
			return errs.LostAnswer(cloud, "id of the new cluster")
		}
		return nil
	}, func(ctx context.Context) (bool, error) {
		id, err := h.findMade(ctx, in.Name, in.WorkerPool.Labels[labelRequest])
		made.ID = id
		return id != "", err
	})
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	h.made.Store(made.ID, time.Now())
	// A read right after may find nothing yet; this is what has been accepted.
	v := view{c: clusterObject{ID: made.ID, Name: in.Name, Region: h.cfg.Region, State: "requested", MasterKubeVersion: in.KubeVersion,
		VPCs: []string{in.WorkerPool.VPCID}, ResourceGroup: group}, pools: []poolObject{in.WorkerPool.asPool("")}}
	info := h.clusterInfo(v)
	first := &info.NodeGroupList[0]
	first.Status, first.Version = pmks.NodeGroupCreating, version(in.KubeVersion)
	if req.NodeGroupList[0].OnAutoScaling {
		first.KeyValueList = ignore(first.KeyValueList, "OnAutoScaling") // the add-on needs a cluster that is up
	}
	for _, m := range made.Messages {
		info.KeyValueList = append(info.KeyValueList, pmks.KeyValue{Key: "Message", Value: m.Text})
	}
	if n := made.NonCritical; len(n.Items) > 0 {
		info.KeyValueList = append(info.KeyValueList, pmks.KeyValue{Key: "NonCriticalErrors", Value: strings.Join(n.Items, "; ") + " (" + n.Incident + ")"})
	}
	return info, nil
}

const (
	// appearance is how long a cluster that was made may take to be listed.
	appearance      = 20 * time.Second
	appearancePause = 5 * time.Second
)

// findMade finds the cluster that a request made whose answer was lost, by its label:
// name, VPC and date prove nothing. What is not listed at once is looked for again, for
// a second request would make a second cluster where names are not unique; so is a
// label that may not be shown yet.
func (h *Handler) findMade(ctx context.Context, name, label string) (string, error) {
	for end := time.Now().Add(appearance); ; {
		list, err := h.list(ctx)
		if err != nil {
			return "", err
		}
		unmarked, others := 0, 0
		for _, c := range h.ours(list) {
			if c.Name != name {
				continue
			}
			pools, err := h.readPools(ctx, c.ID)
			if err != nil {
				return "", err
			}
			switch marks := marksOf(pools); {
			case slices.Contains(marks, label):
				return c.ID, nil
			case len(marks) > 0:
				others++
			default:
				unmarked++
			}
		}
		switch {
		case time.Now().Before(end):
		case others > 0 && unmarked == 0:
			return "", &pmks.Error{Code: pmks.CodeAlreadyExists, Field: "IId.NameId", Message: "somebody else made a cluster of this name meanwhile"}
		case unmarked > 0:
			return "", &pmks.Error{Code: pmks.CodeUnavailable, Message: "a cluster of this name is being made, and does not show yet by whom"}
		default:
			return "", nil
		}
		if err := poll.Sleep(ctx, appearancePause); err != nil {
			return "", err
		}
	}
}

// marksOf are what the requests for pools left on them.
func marksOf(pools []poolObject) (marks []string) {
	for _, p := range pools {
		if mark := p.Labels[labelRequest]; mark != "" {
			marks = append(marks, mark)
		}
	}
	return marks
}

// asPool is a requested pool as it will be read.
func (r workerPoolRequest) asPool(id string) poolObject {
	p := poolObject{ID: id, Name: r.Name, Flavor: r.Flavor, Labels: r.Labels, WorkerCount: r.WorkerCount, OperatingSystem: r.OperatingSystem, VPCID: r.VPCID}
	p.Lifecycle.ActualState, p.Lifecycle.DesiredState = "active", "active"
	for _, z := range r.Zones {
		zone := poolZone{ID: z.ID}
		zone.Subnets = append(zone.Subnets, poolSubnet{ID: z.SubnetID, Primary: true})
		p.Zones = append(p.Zones, zone)
	}
	return p
}

// createRequest checks a request, looks everything up at once, and reports everything
// wrong with it. It returns the id of the resource group as well.
func (h *Handler) createRequest(ctx context.Context, req pmks.ClusterInfo) (in createClusterRequest, group string, err error) {
	var f refuse.List
	f.Join(capabilities.CheckCluster(req))
	checkTags(&f, req.TagList)
	for i, g := range req.NodeGroupList {
		checkFlavor(&f, fmt.Sprintf("NodeGroupList[%d].", i), g)
	}
	if err := f.Err(); err != nil {
		return in, "", err
	}
	first := req.NodeGroupList[0]
	in = createClusterRequest{
		Name: req.IId.NameId, Provider: vpcGen2, PodSubnet: h.cfg.PodSubnet, ServiceSubnet: h.cfg.ServiceSubnet,
		DisablePublicServiceEndpoint: h.cfg.PrivateOnly, DisableOutboundTrafficProtection: h.cfg.OutboundTraffic,
	}
	var n network
	err = fanout.All(ctx, func(ctx context.Context) (err error) {
		if !kver.IsDefault(req.Version) {
			in.KubeVersion, err = h.chooseVersion(ctx, req.Version)
		}
		return err
	}, func(ctx context.Context) (err error) {
		n, err = h.readNetwork(ctx, req.Network, first.DesiredNodeSize)
		return err
	}, func(ctx context.Context) error {
		return h.checkName(ctx, req.IId.NameId)
	}, func(ctx context.Context) (err error) {
		group, err = h.resourceGroup(ctx)
		return err
	})
	if err != nil {
		return in, "", err
	}
	in.SecurityGroupIDs = n.securityGroups
	in.WorkerPool, err = newPool("NodeGroupList[0].", first, n.vpc, n.zones)
	in.WorkerPool.Labels[labelName] = first.IId.NameId
	for i, id := range n.securityGroups {
		in.WorkerPool.Labels[labelSecurityGroup+strconv.Itoa(i)] = id
	}
	for _, t := range req.TagList {
		in.WorkerPool.Labels[labelTag+t.Key] = t.Value
	}
	return in, group, err
}

// checkName refuses a name that a cluster of the region has already, those that are
// deleted and linger among them.
func (h *Handler) checkName(ctx context.Context, name string) error {
	list, err := h.list(ctx)
	if err != nil {
		return err
	}
	for _, c := range list {
		if c.Name == name && c.Region == h.cfg.Region {
			return &pmks.Error{Code: pmks.CodeAlreadyExists, Field: "IId.NameId",
				Message: fmt.Sprintf("there is a %s cluster of this name: %s, %s", cmp.Or(c.Type, kubernetes), c.ID, c.State)}
		}
	}
	return nil
}

var (
	labelKeyPattern   = regexp.MustCompile(`^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$`)
	labelValuePattern = regexp.MustCompile(`^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$`)
	profilePattern    = regexp.MustCompile(`^([a-z]+[0-9]+[a-z]*)-([0-9]+x[0-9]+)$`)
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

// checkFlavor refuses the name that the VPC API has for what IKS calls otherwise.
func checkFlavor(f *refuse.List, prefix string, g pmks.NodeGroupInfo) {
	if m := profilePattern.FindStringSubmatch(g.VMSpecName); m != nil {
		f.Add(prefix+"VMSpecName", "%q is the name of an instance profile: the flavor of IKS is %s.%s", g.VMSpecName, m[1], m[2])
	}
}

// DeleteCluster implements [pmks.ClusterHandler] with a read and one request, which
// removes the worker pools as well. What pods have claimed of storage stays, unless
// Config.DeleteStorage says otherwise; so do the gateways that the VPC's clusters share.
func (h *Handler) DeleteCluster(ctx context.Context, clusterIID pmks.IID) (_ bool, err error) {
	defer annotate(&err, "DeleteCluster", clusterIID, pmks.IID{})
	r, err := h.clusterRef(ctx, clusterIID)
	if err != nil {
		return false, err
	}
	c, err := h.forDeletion(ctx, r)
	if err != nil || clusterMeaning(c, nil).Status == pmks.ClusterDeleting {
		return err == nil, err
	}
	if err := h.signIn(ctx); err != nil {
		return false, err
	}
	look := func(ctx context.Context) (once.Fate, error) {
		now, err := h.readCluster(ctx, c.ID)
		return once.FateOf(err == nil && clusterMeaning(now, nil).Status == pmks.ClusterDeleting, err)
	}
	tries := 0
	err = once.Remove(ctx, func(ctx context.Context) error {
		tries++
		_, err := h.mutate(ctx, call{method: http.MethodDelete, path: "/v1/clusters/{id}", params: map[string]string{"id": c.ID},
			query: []string{"deleteResources", strconv.FormatBool(h.cfg.DeleteStorage)}, group: c.ResourceGroup, status: http.StatusNoContent})
		if !clusterCodes[errs.ProviderCode(err)] {
			return err
		}
		// Perhaps it goes already, by somebody else's hand.
		if fate, lookErr := look(ctx); lookErr == nil && fate != once.Stays {
			return nil
		}
		return h.ofCluster(ctx, err, c.ID)
	}, look)
	return err == nil, afterLost(err, tries)
}

// forDeletion reads what a deletion needs with one call: a name is in the list anyway.
func (h *Handler) forDeletion(ctx context.Context, r ref) (clusterObject, error) {
	if r.id != "" {
		return h.readCluster(ctx, r.id)
	}
	list, err := h.list(ctx)
	if err != nil {
		return clusterObject{}, err
	}
	return h.named(list, r.name)
}
