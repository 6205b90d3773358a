// SPDX-License-Identifier: Apache-2.0

package nhn

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/provider/memo"
)

// serverObject is a VM of Compute.
type serverObject struct {
	ID        string          `json:"id"`
	Name      string          `json:"name"`
	Zone      string          `json:"OS-EXT-AZ:availability_zone"`
	Status    string          `json:"status"`
	Addresses []serverAddress `json:"-"` // "addresses", by VPC
}

// serverAddress is an address of a VM in a VPC.
type serverAddress struct{ vpc, address, kind string }

// serverPage is Compute's largest page. It names no next one.
const serverPage = "1000"

// servers are the VMs of the tenant in the region, by their fixed addresses: no call of
// NKS names those of a group.
type servers map[string][]placed

// placed is a VM with the name of the VPC that it has an address in.
type placed struct {
	vpc    string
	server *serverObject
}

func (h *Handler) servers(ctx context.Context) (servers, error) {
	list, err := pages(ctx, h, serviceCompute, []string{"servers", "detail"}, url.Values{"limit": {serverPage}}, "servers",
		func(s serverObject) string { return s.ID })
	if err != nil {
		return nil, notFoundAs(err, pmks.CodeUnavailable)
	}
	index := make(servers, len(list))
	for i := range list {
		for _, a := range list[i].Addresses {
			if a.kind == "fixed" || a.kind == "" {
				index[a.address] = append(index[a.address], placed{a.vpc, &list[i]})
			}
		}
	}
	return index, nil
}

// find returns the VM with an address in a VPC. The same address may be in several VPCs:
// where the name of the VPC is not known, VMs whose name begins with that of the
// cluster come first. One that is not certain is none.
func (s servers) find(address, vpc, cluster string) *serverObject {
	var found, likely []*serverObject
	for _, p := range s[address] {
		if vpc != "" && p.vpc != vpc {
			continue
		}
		if len(s[address]) == 1 {
			return p.server
		}
		found = append(found, p.server)
		if strings.HasPrefix(p.server.Name, cluster+"-") {
			likely = append(likely, p.server)
		}
	}
	if len(found) > 1 {
		found = likely
	}
	if len(found) != 1 {
		return nil
	}
	return found[0]
}

// nodes are the nodes of a group. An address without a VM is shown as it is.
func (s servers) nodes(g groupObject, vpc, cluster string) []pmks.IID {
	list := make([]pmks.IID, 0, len(g.Addresses))
	var alone []pmks.IID // addresses without a VM
	for _, address := range g.Addresses {
		vm := s.find(address, vpc, cluster)
		if vm == nil {
			alone = append(alone, pmks.IID{NameId: address})
		} else if iid := (pmks.IID{NameId: vm.Name, SystemId: vm.ID}); !slices.Contains(list, iid) {
			list = append(list, iid)
		}
	}
	// Whether the addresses of further network cards are among them is not documented:
	// there are no more nodes than NKS counts.
	most := len(g.Addresses)
	if n, ok := g.NodeCount.number(); ok && g.cards() > 1 {
		most = n
	}
	list = append(list, alone[:min(len(alone), max(0, most-len(list)))]...)
	slices.SortFunc(list, func(a, b pmks.IID) int { return strings.Compare(a.NameId, b.NameId) })
	return list
}

// zones are those of the nodes of a group, of which NKS tells none itself.
func (s servers) zones(g groupObject, vpc, cluster string) (names []string) {
	for _, address := range g.Addresses {
		if vm := s.find(address, vpc, cluster); vm != nil && vm.Zone != "" && !slices.Contains(names, vm.Zone) {
			names = append(names, vm.Zone)
		}
	}
	slices.Sort(names)
	return names
}

// cards is how many network cards each node of a group has.
func (g groupObject) cards() int {
	return 1 + len(split(string(g.Labels["additional_subnet_id_list"]), ":"))
}

// nodeCount is how many nodes the addresses of a group are of; -1 where that cannot be
// told: whether those of further cards are among them is not documented.
func (g groupObject) nodeCount() int {
	n := len(g.Addresses)
	if count, ok := g.NodeCount.number(); !ok || n <= count || g.cards() == 1 {
		return n
	}
	if n%g.cards() != 0 {
		return -1
	}
	return n / g.cards()
}

// idNames are the names of things by their ids. A thing without a name is called by its
// id.
type idNames map[string]string

func (n idNames) name(id string) string {
	if name := n[id]; name != "" {
		return name
	}
	return id
}

func (n idNames) iid(id string) pmks.IID {
	if id == "" {
		return pmks.IID{}
	}
	return pmks.IID{NameId: n.name(id), SystemId: id}
}

// known are the names of what clusters refer to by id, and why there are none.
type known struct {
	flavors, images, vpcs          idNames
	flavorsErr, imagesErr, vpcsErr error
}

// note names what could not be read.
func (n known) note(info *pmks.ClusterInfo) {
	info.KeyValueList = pmks.AddUnread(info.KeyValueList, "VpcIID", n.vpcsErr)
	for i := range info.NodeGroupList {
		g := &info.NodeGroupList[i]
		g.KeyValueList = pmks.AddUnread(g.KeyValueList, "VMSpecName", n.flavorsErr)
		g.KeyValueList = pmks.AddUnread(g.KeyValueList, "ImageIID", n.imagesErr)
	}
}

// namesLife is for how long names are remembered: they belong to what NHN offers, and to
// networks.
const namesLife = 5 * time.Minute

// catalog remembers names, so that reads need not list all flavors, images and VPCs each
// time. Nothing is decided by it.
type catalog struct {
	h    *Handler
	memo memo.Facts[known] // under catalogKey alone
	// flavors are the names of the last list of flavors, however long ago it was read: an
	// answer for which no list is read tells them.
	flavors atomic.Pointer[idNames]
}

// catalogKey is the one key of the memo of a catalog: its names are read together.
const catalogKey = "names"

// recent returns the names that are remembered: those of flavors for as long as the handler
// lives, as no id ever gets another name.
func (c *catalog) recent() known {
	n, ok := c.memo.Load(catalogKey)
	if last := c.flavors.Load(); !ok && last != nil {
		n.flavors = *last
	}
	return n
}

// learnFlavors keeps the names of a list of flavors.
func (c *catalog) learnFlavors(list []flavorObject) {
	names := make(idNames, len(list))
	for _, f := range list {
		names[f.ID] = f.Name
	}
	c.flavors.Store(&names)
}

// get returns the names, read anew after a while. Names that could not be read are asked
// for again by the next call.
func (c *catalog) get(ctx context.Context) known {
	n, err := c.memo.Get(ctx, catalogKey, c.read)
	if err != nil && errs.Join(n.flavorsErr, n.imagesErr, n.vpcsErr) == nil {
		n.flavorsErr, n.imagesErr, n.vpcsErr = err, err, err
	}
	return n
}

// read lists them. Each list keeps its own fault.
func (c *catalog) read(ctx context.Context) (n known, err error) {
	err = fanout.All(ctx, func(ctx context.Context) error {
		n.flavors, n.flavorsErr = namesOf(ctx, c.h.flavors, func(f flavorObject) (id, name string) { return f.ID, f.Name })
		return n.flavorsErr
	}, func(ctx context.Context) error {
		images := func(ctx context.Context) ([]imageObject, error) { return c.h.images(ctx, imagesCPU) }
		n.images, n.imagesErr = namesOf(ctx, images, func(i imageObject) (id, name string) { return i.ID, i.Name })
		return n.imagesErr
	}, func(ctx context.Context) error {
		n.vpcs, n.vpcsErr = namesOf(ctx, c.h.vpcs, func(v namedObject) (id, name string) { return v.ID, v.Name })
		return n.vpcsErr
	})
	return n, err
}

// namesOf are the names of the things of a list.
func namesOf[T any](ctx context.Context, list func(context.Context) ([]T, error), named func(T) (id, name string)) (idNames, error) {
	things, err := list(ctx)
	names := make(idNames, len(things))
	for _, t := range things {
		id, name := named(t)
		names[id] = name
	}
	return names, err
}
