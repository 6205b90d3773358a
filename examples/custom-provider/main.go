// SPDX-License-Identifier: Apache-2.0

// Custom-provider shows a provider that is written outside of pmks: package
// kindlike. Imported, it is opened by its name as any other, and everything that
// pmks builds on a handler works with it: checks, waiters, whole jobs.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	"github.com/pmks-go/pmks"
	_ "github.com/pmks-go/pmks/examples/custom-provider/kindlike"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "custom-provider:", err)
		os.Exit(1)
	}
}

// run is the program without its process, so that a test can call it.
func run(ctx context.Context, w io.Writer) error {
	client, err := pmks.Open(ctx, "kindlike", pmks.Config{Settings: map[string]string{"delay": "200ms"}})
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }() // by then the work is done or has failed
	every := pmks.WithInterval(50 * time.Millisecond)

	// The checks come with the capabilities that the provider publishes.
	_, err = client.CreateCluster(ctx, pmks.ClusterInfo{IId: pmks.IID{NameId: "Demo"}})
	fmt.Fprintf(w, "a faulty request:\n%v\n\n", err)
	if !errors.Is(err, pmks.ErrInvalidArgument) {
		return errors.New("the faulty request was not refused")
	}

	demo := pmks.ClusterInfo{
		IId:           pmks.IID{NameId: "demo"},
		Version:       "1.33",
		NodeGroupList: []pmks.NodeGroupInfo{{IId: pmks.IID{NameId: "workers"}, DesiredNodeSize: 2}},
	}
	info, err := pmks.Provision(ctx, client, demo, every)
	if err != nil {
		return err
	}
	show(w, "provisioned", info)

	workers := info.NodeGroupList[0].IId
	if _, err := client.ChangeNodeGroupScaling(ctx, info.IId, workers, 4, 1, 5); err != nil {
		return err
	}
	if _, err := pmks.WaitNodeCount(ctx, client, info.IId, workers, 4, every); err != nil {
		return err
	}
	if info, err = pmks.Upgrade(ctx, client, info.IId, "1.34", every); err != nil {
		return err
	}
	show(w, "scaled and upgraded", info)

	if err := pmks.Teardown(ctx, client, info.IId, every); err != nil {
		return err
	}
	fmt.Fprintln(w, "deleted")
	return nil
}

func show(w io.Writer, what string, info pmks.ClusterInfo) {
	fmt.Fprintf(w, "%s: %s, %s, Kubernetes %s\n", what, info.IId, info.Status, info.Version)
	for _, g := range info.NodeGroupList {
		fmt.Fprintf(w, "  %s: %s, %d nodes, Kubernetes %s\n", g.IId, g.Status, len(g.Nodes), g.Version)
	}
}
