// SPDX-License-Identifier: Apache-2.0

package simkit

import (
	"fmt"
	"time"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// Force puts a cluster, or the node group of that name in it, into a state,
// whatever it was doing. A state in transition stays until it is forced again or
// deleted; Gone removes.
func Force(w *core.World, now time.Time, c *core.Cluster, nodeGroup string, state profile.State, reason string) error {
	cmd := core.Force{ClusterID: c.ID, State: state, Reason: reason}
	if nodeGroup != "" {
		g, ok := c.GroupByName(nodeGroup)
		if !ok {
			return fmt.Errorf("simkit: cluster %q has no node group %q", c.Name, nodeGroup)
		}
		cmd.GroupID = g.ID
	}
	_, err := w.Apply(now, cmd, core.Outcome{})
	return err
}

// Protect switches the deletion protection of a cluster.
func Protect(w *core.World, now time.Time, c *core.Cluster, on bool) error {
	_, err := w.Apply(now, core.SetProtection{ClusterID: c.ID, On: on}, core.Outcome{})
	return err
}
