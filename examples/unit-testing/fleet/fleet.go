// SPDX-License-Identifier: Apache-2.0

// Package fleet is a program's own code on top of pmks: it saves money by making
// node groups small at night. What it shows is its test: every trouble that a
// cloud can make is made by the fake, in microseconds.
package fleet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pmks-go/pmks"
)

// Tag marks the clusters that may be small at night: its value is "small".
const Tag = "night"

// Saver makes node groups small at night and large in the morning.
type Saver struct {
	// Clusters is where they are: a pmks.Client, or the fake in a test.
	Clusters pmks.ClusterHandler
	// ToZero says that a node group may be empty.
	ToZero bool
	// Attempts is how often a change is sent at most, while the cloud says that
	// later is better; Pause is the time between, unless the cloud asks for more.
	Attempts int
	Pause    time.Duration
	// Waiting is how Morning waits for the nodes.
	Waiting []pmks.WaitOption
}

// Change is a node group that was made small, with what it was before.
type Change struct {
	Cluster pmks.IID
	Before  pmks.NodeGroupInfo
	To      int
}

// Night makes the node groups of all marked clusters small. What cannot be read
// or changed is named in the error; the rest is done all the same, and returned
// for Morning.
func (s *Saver) Night(ctx context.Context) ([]Change, error) {
	// Clusters and an error may come together: some could not be read.
	clusters, err := s.Clusters.ListCluster(ctx)
	problems := []error{err}
	var changes []Change
	for _, c := range clusters {
		if value, _ := pmks.Lookup(c.TagList, Tag); value != "small" {
			continue
		}
		if c.Status != pmks.ClusterActive {
			problems = append(problems, fmt.Errorf("cluster %s is skipped: it is %s", c.IId.NameId, c.Status))
			continue
		}
		for _, g := range c.NodeGroupList {
			change := Change{Cluster: c.IId, Before: g, To: 1}
			if s.ToZero {
				change.To = 0
			}
			if g.OnAutoScaling || g.DesiredNodeSize <= change.To {
				continue // the autoscaler does it itself, or there is nothing to save
			}
			if err := s.resize(ctx, c.IId, g, change.To); err != nil {
				problems = append(problems, err)
				continue
			}
			changes = append(changes, change)
		}
	}
	return changes, errors.Join(problems...)
}

// Morning takes back what Night did and waits until all the nodes are there. One
// group that does not grow does not keep the others small.
func (s *Saver) Morning(ctx context.Context, changes []Change) error {
	var problems []error
	var growing []Change
	for _, c := range changes {
		if err := s.resize(ctx, c.Cluster, c.Before, c.Before.DesiredNodeSize); err != nil {
			problems = append(problems, err)
			continue
		}
		growing = append(growing, c)
	}
	for _, c := range growing {
		_, err := pmks.WaitNodeCount(ctx, s.Clusters, c.Cluster, c.Before.IId, c.Before.DesiredNodeSize, s.Waiting...)
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

// resize sets the size of a group. It tries again when the cloud says that
// nothing happened and later is better, and looks first when nobody can say what
// happened.
func (s *Saver) resize(ctx context.Context, cluster pmks.IID, g pmks.NodeGroupInfo, size int) error {
	for attempt := 1; ; attempt++ {
		_, err := s.Clusters.ChangeNodeGroupScaling(ctx, cluster, g.IId, size, min(g.MinNodeSize, size), max(g.MaxNodeSize, 1))
		if err == nil {
			return nil
		}
		var e *pmks.Error
		lost := errors.As(err, &e) && e.MayHaveHappened
		if attempt >= s.Attempts || !lost && !pmks.Retryable(err) {
			return err
		}
		if err := s.pause(ctx, err); err != nil {
			return err
		}
		if lost && s.hasSize(ctx, cluster, g.IId, size) {
			return nil
		}
	}
}

// hasSize reports whether the cloud shows that size. Asking for the same size once
// more does no harm, so a look that fails counts as no.
func (s *Saver) hasSize(ctx context.Context, cluster, group pmks.IID, size int) bool {
	info, err := s.Clusters.GetCluster(ctx, cluster)
	g, ok := info.NodeGroup(group)
	return err == nil && ok && g.DesiredNodeSize == size
}

// pause waits as long as the cloud asks for, and at least s.Pause.
func (s *Saver) pause(ctx context.Context, cause error) error {
	d := s.Pause
	var e *pmks.Error
	if errors.As(cause, &e) {
		d = max(d, e.RetryAfter)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return errors.Join(ctx.Err(), cause)
	}
}
