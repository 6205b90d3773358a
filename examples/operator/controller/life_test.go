// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"testing"
	"testing/synctest"

	"github.com/pmks-go/pmks/examples/requests"
)

// TestLife: on every cloud, clusters of either type come, with their node groups, and go,
// and each is made once.
func TestLife(t *testing.T) {
	t.Parallel()
	for _, cloud := range requests.Clouds() {
		t.Run(cloud, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, cloud)
				c, groups := w.ask("demo", cloud)
				w.until("ready", w.allReady)
				if n := w.applied("CreateCluster"); n != 1 {
					t.Errorf("%d clusters were made", n)
				}
				info, err := w.cloud.GetCluster(t.Context(), clusterIID(w.cluster("demo")))
				if err != nil || len(info.NodeGroupList) != len(groups) {
					t.Errorf("the cloud has %d node groups, not %d: %v", len(info.NodeGroupList), len(groups), err)
				}
				if got := w.cluster("demo").Status; got.Endpoint == "" || got.Version == "" {
					t.Errorf("the status is %+v", got)
				}
				for _, told := range []string{"Normal Created Create", "Normal Active Look"} {
					if !w.events.told(told) {
						t.Errorf("there was no event %q: %q", told, w.events.all())
					}
				}

				w.remove(c)
				w.until("gone", func() bool { return w.cluster("demo") == nil && w.group(groups[0].Name) == nil })
				if list, err := w.cloud.ListCluster(t.Context()); err != nil || len(list) > 0 {
					t.Errorf("the cloud still has %d clusters: %v", len(list), err)
				}
			})
		})
	}
}
