// SPDX-License-Identifier: Apache-2.0

package kubeapi

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// TestWatch_Nodes follows a cluster that changes by a call and by itself, in virtual
// time: a watch that polled would never let it pass.
func TestWatch_Nodes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(t, InProcess)
		api := c.caller(t)
		_, list := api.do(t, http.MethodGet, "/api/v1/nodes", "")
		w := api.watch(t, "/api/v1/nodes?watch=true&resourceVersion="+list.meta("resourceVersion"))
		c.change(func(c *cloud) { c.cluster.Nodes = append(c.cluster.Nodes, Node{Name: "d", ProviderID: "sim:///d"}) })
		w.expect("ADDED d")
		begin := time.Now()
		c.later(17*time.Minute, func(c *Cluster) {
			c.Nodes = []Node{{Name: "a", ProviderID: "sim:///other"}, c.Nodes[1]}
			c.Nodes[1].Version = "1.34.1"
		})
		w.expect("DELETED a", "ADDED a", "MODIFIED b", "DELETED d")
		if took := time.Since(begin); took != 17*time.Minute {
			t.Errorf("the events came after %s", took)
		}
		c.later(time.Minute, func(c *Cluster) { c.Condition = Gone })
		w.expect("")
		if _, err := c.servers.DialContext(t.Context(), "tcp", "c.example.com:443"); err == nil {
			t.Error("a cluster that is gone can be reached")
		}
	})
}
