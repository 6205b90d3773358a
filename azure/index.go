// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
)

const (
	// fewPools is how many pools a listing reads singly rather than ask the index: what
	// AKS says itself is never late, and the index would save hardly a request.
	fewPools = 4
	// repairs is how many pools a listing reads singly at most where the index is wrong
	// about them: as many requests as AKS takes at once. A listing of thousands must not
	// take from other calls what AKS grants for minutes.
	repairs = 40
	// refusedFor is for how long an index that was refused is not asked again.
	refusedFor = 10 * time.Minute
)

// usage is what a handler knows of the index for its next listing: nothing of any node.
type usage struct {
	mu    sync.Mutex
	pools int       // that the last list of clusters had
	again time.Time // not to be asked before: it was refused
}

// saw keeps how many pools there are.
func (u *usage) saw(pools int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.pools = pools
}

// refused keeps that the index does not answer this caller.
func (u *usage) refused() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.again = time.Now().Add(refusedFor)
}

// known is how many pools the last list of clusters had.
func (u *usage) known() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.pools
}

// worth reports whether the index is to be asked for the nodes of so many pools.
func (u *usage) worth(pools int) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return pools > fewPools && !time.Now().Before(u.again)
}

// poolKey finds a pool in the index: the resource group of its nodes and its name, in
// lower case.
type poolKey struct{ group, pool string }

// index are the nodes of all pools of a subscription and region as Azure Resource Graph
// has them, read for one listing. It may lag behind by some seconds ("bounded staleness",
// Resource Graph GET/LIST API), and what the caller may not read is not in it, without a
// word. So it counts only where a number from AKS itself proves it: where it has as many
// nodes as a pool at rest is to have.
type index struct {
	h *Handler
	// asked: there is a first page, or err. whole: there are all.
	asked, whole bool
	first        indexPage
	err          error
	nodes        map[poolKey][]machineRow
	shown        bool // it has shown nodes of some pool
	repaired     int  // pools that it was wrong about
}

// begin reads the first page.
func (x *index) begin(ctx context.Context) {
	x.asked = true
	x.first, x.err = x.h.indexPage(ctx, pageQuery{})
	switch pmks.CodeOf(x.err) {
	case pmks.CodePermissionDenied, pmks.CodeInvalidArgument, pmks.CodeFailedPrecondition, pmks.CodeUnsupported:
		x.h.usage.refused()
	}
}

// complete reads what is left, if that is fewer requests than to read pools singly, and
// reports whether the index can be used.
func (x *index) complete(ctx context.Context, pools int) bool {
	if x.err == nil && !x.whole && x.first.pagesLeft() < pools {
		var rows []machineRow
		if rows, x.err = x.h.indexRows(ctx, x.first); x.err == nil {
			x.nodes, x.whole = byPool(rows, pools), true
		}
	}
	return x.whole
}

// take fills in the nodes of pools, and returns those that are to be read singly. The
// error is the end of ctx.
func (x *index) take(ctx context.Context, pools []*poolRead) ([]*poolRead, error) {
	if !x.asked && x.h.usage.worth(len(pools)) {
		x.begin(ctx)
	}
	if !x.asked || !x.complete(ctx, len(pools)) {
		return pools, errs.Over(ctx) // without it all are read singly, as fast as AKS allows
	}
	return x.answer(ctx, pools), errs.Over(ctx)
}

// answer is take with an index that is whole. As long as it has nothing of any pool,
// though they have nodes, the caller may not read their resource groups: that is no index.
// Else it is wrong about some, of which so many are read singly.
func (x *index) answer(ctx context.Context, pools []*poolRead) (left []*poolRead) {
	x.shown = x.shown || slices.ContainsFunc(pools, func(p *poolRead) bool { return len(x.nodes[p.key()]) > 0 })
	for _, p := range pools {
		switch {
		case x.fill(p):
		case !x.shown:
			left = append(left, p)
		case x.repaired < repairs:
			x.repaired++
			left = append(left, p)
		default:
			_ = secondary(ctx, &p.info.KeyValueList, "Nodes", &pmks.Error{Code: pmks.CodeThrottled}) // the end of ctx is told elsewhere
		}
	}
	return left
}

// fill fills in the nodes of a pool, if the index has as many as the pool is to have.
func (x *index) fill(p *poolRead) bool {
	found := x.nodes[p.key()]
	if p.info.Status != pmks.NodeGroupActive || len(found) != p.info.DesiredNodeSize {
		return false
	}
	if len(found) == 0 {
		return true
	}
	subscription := strings.ToLower(x.h.cfg.SubscriptionID)
	p.info.Nodes = make([]pmks.IID, len(found))
	for i, m := range found {
		// As AKS and Azure's documentation spell it; the index writes one id in several ways.
		p.info.Nodes[i] = pmks.IID{NameId: m.name(), SystemId: "/subscriptions/" + subscription + "/resourceGroups/" + p.nodeGroup +
			"/providers/Microsoft.Compute/virtualMachineScaleSets/" + m.set + "/virtualMachines/" + m.number}
	}
	sortNodes(p.info.Nodes)
	return true
}

// byPool sorts machines by their pools, of which there are about so many. One that is there twice counts once: pages are
// read side by side while machines come and go.
func byPool(rows []machineRow, pools int) map[poolKey][]machineRow {
	slices.SortFunc(rows, func(a, b machineRow) int {
		return cmp.Or(strings.Compare(a.group, b.group), strings.Compare(a.set, b.set), strings.Compare(a.number, b.number))
	})
	rows = slices.CompactFunc(rows, func(a, b machineRow) bool { return a.group == b.group && a.set == b.set && a.number == b.number })
	nodes := make(map[poolKey][]machineRow, pools)
	for start := 0; start < len(rows); {
		end := start + 1
		for end < len(rows) && rows[end].group == rows[start].group && rows[end].set == rows[start].set {
			end++
		}
		key := poolKey{rows[start].group, rows[start].pool()}
		if more := rows[start:end:end]; nodes[key] == nil {
			nodes[key] = more
		} else {
			nodes[key] = append(nodes[key], more...) // a pool with several scale sets
		}
		start = end
	}
	return nodes
}
