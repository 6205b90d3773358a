// SPDX-License-Identifier: Apache-2.0

// Unit-testing shows how a program's own code is tested on the fake. The code is
// package fleet, which makes node groups small at night; its tests are in
// fleet/fleet_test.go. This program runs it once, on a simulated cloud that
// throttles and loses a reply.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/examples/unit-testing/fleet"
	"github.com/pmks-go/pmks/fake"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "unit-testing:", err)
		os.Exit(1)
	}
}

// run is the program without its process, so that a test can call it.
func run(ctx context.Context, w io.Writer) error {
	const change = "ChangeNodeGroupScaling"
	cloud := fake.New(fake.WithProfile("aws"), fake.WithSpeed(1000),
		fake.WithClusters(
			cluster("shop", "large", 6),
			cluster("test", "small", 4),
			cluster("build", "small", 8),
		),
		fake.WithFaults(
			fake.Fault{Op: change, Cluster: "test", Kind: fake.Throttle, RetryAfter: time.Second},
			fake.Fault{Op: change, Cluster: "build", Kind: fake.LoseReply},
		))
	saver := &fleet.Saver{Clusters: pmks.New(cloud), ToZero: true, Attempts: 5, Pause: 100 * time.Millisecond,
		Waiting: []pmks.WaitOption{pmks.WithInterval(20 * time.Millisecond)}}

	if err := show(ctx, w, "evening", saver); err != nil {
		return err
	}
	changes, err := saver.Night(ctx)
	if err != nil {
		return err
	}
	if err := show(ctx, w, "night", saver); err != nil {
		return err
	}
	if err := saver.Morning(ctx, changes); err != nil {
		return err
	}
	if err := show(ctx, w, "morning", saver); err != nil {
		return err
	}
	sent, applied := 0, 0
	for _, call := range cloud.Calls() {
		if call.Op == change {
			sent++
			if call.Applied {
				applied++
			}
		}
	}
	fmt.Fprintf(w, "%d changes were sent, %d took effect: one was throttled, and the one whose reply was lost was not sent again\n", sent, applied)
	return nil
}

// cluster returns a cluster for the fake to start with.
func cluster(name, night string, size int) fake.Cluster {
	return fake.Cluster{
		Name:    name,
		TagList: []pmks.KeyValue{{Key: fleet.Tag, Value: night}},
		NodeGroups: []pmks.NodeGroupInfo{{IId: pmks.IID{NameId: "pool"},
			DesiredNodeSize: size, MinNodeSize: 1, MaxNodeSize: 10}},
	}
}

// show prints the size that each cluster is to have.
func show(ctx context.Context, w io.Writer, when string, s *fleet.Saver) error {
	clusters, err := s.Clusters.ListCluster(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%-8s", when)
	for _, c := range clusters {
		size := 0
		for _, g := range c.NodeGroupList {
			size += g.DesiredNodeSize
		}
		fmt.Fprintf(w, "  %s %d", c.IId.NameId, size)
	}
	fmt.Fprintln(w)
	return nil
}
