// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"maps"
	"strings"

	aks "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v8"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/once"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/refuse"
)

// SetTags implements [pmks.TagSetter]: the cluster is read, and written unless its tags
// are so already, on the condition that nobody has changed it meanwhile. AKS copies the
// tags to what it has made for the cluster.
//
// A tag goes with a write of the whole cluster, because nobody says whether AKS's own
// call for tags takes any away; what is only added goes with that call.
func (h *Handler) SetTags(ctx context.Context, clusterIID pmks.IID, list []pmks.KeyValue) (err error) {
	defer errs.Annotate(&err, Name, "SetTags", clusterIID, pmks.IID{})
	r, err := h.clusterRef(clusterIID)
	var f refuse.List
	f.Join(err)
	f.Join(capabilities.CheckTags(list))
	checkTags(&f, list)
	if err := f.Err(); err != nil {
		return err
	}
	c, body, err := h.readClusterBody(ctx, r)
	if err != nil {
		return err
	}
	is := tags(c.Tags)
	want := is.own()
	checkPrivateTags(&f, isPrivate(c.Properties), len(list), len(want))
	if err := f.Err(); err != nil {
		return err
	}
	for _, t := range list {
		want[t.Key] = new(t.Value)
	}
	if is.same(want) {
		return nil
	}
	send := func(ctx context.Context) error { return h.patchTags(ctx, r, c, want) }
	if is.without(want) {
		body, err := tagsBody(body, want)
		if err != nil {
			return err
		}
		send = func(ctx context.Context) error {
			_, err := h.putCluster(withBody(ctx, body), r, *c, &aks.ManagedClustersClientBeginCreateOrUpdateOptions{IfMatch: c.ETag})
			return err
		}
	}
	return h.mutate(ctx, once.Mutation{
		Send: send,
		// That somebody else set the very same tags meanwhile has the same effect.
		Happened: func(ctx context.Context) (bool, error) {
			found, err := h.readCluster(ctx, r)
			if err != nil {
				return false, err
			}
			return tags(found.Tags).same(want), nil
		},
	})
}

// patchTags sends all the tags of a cluster with AKS's own call for them.
func (h *Handler) patchTags(ctx context.Context, r ref, c *aks.ManagedCluster, want tags) error {
	got, err := h.send(ctx, aksRest, func(ctx context.Context) error {
		_, err := h.api.clusters.BeginUpdateTags(ctx, r.group, r.name, aks.TagsObject{Tags: want}, &aks.ManagedClustersClientBeginUpdateTagsOptions{IfMatch: c.ETag})
		return err
	})
	if err != nil {
		return err
	}
	var out aks.ManagedCluster
	if err := got.decode(&out); err != nil {
		return err
	}
	return checkCluster(&out, r.name)
}

// own are the tags that pmks keeps for itself.
func (t tags) own() tags {
	out := tags{}
	for key, v := range t {
		if reservedTag(key) {
			out[key] = v
		}
	}
	return out
}

// folded are the tags by their names in lower case, as Azure compares them.
func (t tags) folded() map[string]string {
	out := make(map[string]string, len(t))
	for key, v := range t {
		out[strings.ToLower(key)] = value(v)
	}
	return out
}

// same reports whether two sets of tags are one to Azure.
func (t tags) same(other tags) bool { return maps.Equal(t.folded(), other.folded()) }

// without reports whether other lacks a tag of t.
func (t tags) without(other tags) bool {
	left := other.folded()
	for key := range t.folded() {
		if _, ok := left[key]; !ok {
			return true
		}
	}
	return false
}
