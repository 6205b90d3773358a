// SPDX-License-Identifier: Apache-2.0

package tencent

import (
	"context"
	"fmt"
	"slices"
	"time"

	tke "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/tke/v20180525"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/await"
	"github.com/pmks-go/pmks/internal/provider/errs"
)

// tagAccess remembers on a cluster which endpoints its request asked for: TKE makes none
// with it, they are opened by calls of their own when a node is ready.
const tagAccess = tagPrefix + "ACCESS"

// modeOf is which endpoints a cluster is to have; "" leaves it to the configuration.
func modeOf(c *tke.Cluster) pmks.AccessMode {
	mode := pmks.AccessMode(tagOf(clusterTags(c), tagAccess))
	if !slices.Contains(capabilities.Access.Modes, mode) {
		return ""
	}
	return mode
}

// extranets are the endpoints of a cluster that OpenAccess opens, first the one that
// kubeconfigs are for: true is the public one.
func (h *Handler) extranets(c *tke.Cluster) []bool {
	first := h.cfg.EndpointAccess != accessPrivate
	switch modeOf(c) {
	case pmks.AccessPublic:
		return []bool{true}
	case pmks.AccessPrivate:
		return []bool{false}
	case pmks.AccessPublicAndPrivate:
		return []bool{first, !first}
	}
	return []bool{first}
}

// doorName is an endpoint in a sentence.
func doorName(extranet bool) string {
	if extranet {
		return "public"
	}
	return "private"
}

// access is from where a cluster can be reached, or is to be: what was asked for, and what
// is open beside that.
func (r *clusterRead) access() pmks.Access {
	a := pmks.Access{Mode: modeOf(r.cluster)}
	if r.endpoints == nil {
		return a
	}
	a.PublicEndpoint, a.PrivateEndpoint = server(r.endpoints.ClusterExternalEndpoint), server(r.endpoints.ClusterIntranetEndpoint)
	public := a.PublicEndpoint != "" || a.Mode == pmks.AccessPublic || a.Mode == pmks.AccessPublicAndPrivate
	private := a.PrivateEndpoint != "" || a.Mode == pmks.AccessPrivate || a.Mode == pmks.AccessPublicAndPrivate
	switch {
	case public && private:
		a.Mode = pmks.AccessPublicAndPrivate
	case public:
		a.Mode = pmks.AccessPublic
	case private:
		a.Mode = pmks.AccessPrivate
	}
	return a
}

// openingTime is how long the second endpoint of a cluster waits at most for the first,
// where TKE does not take both at once.
const openingTime = 10 * time.Minute

// openAll opens endpoints one after another.
func (h *Handler) openAll(ctx context.Context, c *tke.Cluster, extranets []bool, doors map[bool]string) error {
	for i, extranet := range extranets {
		err := h.openDoor(ctx, c, extranet, doors[extranet])
		if i > 0 && errs.Is(err, pmks.CodeBusy) {
			err = h.openAfter(ctx, c, extranets[0], extranet)
		}
		if err != nil {
			if i > 0 {
				err = errs.HalfDone(err, fmt.Sprintf("the %s endpoint is opened, the %s one is not", doorName(extranets[0]), doorName(extranet)))
			}
			return err
		}
	}
	return nil
}

// openAfter opens an endpoint when the one before it is there.
func (h *Handler) openAfter(ctx context.Context, c *tke.Cluster, before, extranet bool) error {
	id := deref(c.ClusterId)
	end := time.Now().Add(openingTime)
	err := await.Until(ctx, h.cfg.PollInterval, func(ctx context.Context) (bool, error) {
		door, err := h.endpointStatus(ctx, id, before)
		return door != doorCreating || !time.Now().Before(end), err
	})
	if err != nil {
		return err
	}
	door, err := h.endpointStatus(ctx, id, extranet)
	if err != nil {
		return err
	}
	return h.openDoor(ctx, c, extranet, door)
}
