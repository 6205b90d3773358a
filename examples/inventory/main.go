// SPDX-License-Identifier: Apache-2.0

// Inventory lists the clusters of many connections at once. A connection that
// fails costs nothing but itself: the others are listed, the failure is named, and
// the exit code says that something is missing.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/pmks-go/pmks"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// The exit codes of run.
const (
	exitOK      = 0
	exitPartial = 1 // something could not be listed
	exitUsage   = 2
)

// run is the program without its process, so that a test can call it.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("inventory", flag.ContinueOnError)
	flags.SetOutput(stderr)
	file := flags.String("connections", "", "JSON `file` with the connections (default: seven simulated clouds)")
	broken := flags.String("break", "", "simulated `cloud`, or cloud/cluster, that does not answer, to see a partial failure")
	parallel := flags.Int("parallel", 4, "how many connections to ask at a time")
	patience := flags.Duration("timeout", time.Minute, "how long one connection may take")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return exitOK
	} else if err != nil {
		return exitUsage
	}
	connections, err := load(*file, *broken)
	if err == nil && *parallel < 1 {
		err = errors.New("-parallel must be at least 1")
	}
	if err != nil {
		fmt.Fprintln(stderr, "inventory:", err)
		return exitUsage
	}
	return show(stdout, stderr, collect(ctx, connections, *parallel, *patience))
}

// listing is what one connection answered. Clusters and an error may come
// together: ListCluster returns what it could read.
type listing struct {
	connection string
	clusters   []*pmks.ClusterInfo
	err        error
}

// collect asks every connection, a few at a time, and keeps their order.
func collect(ctx context.Context, connections []connection, parallel int, patience time.Duration) []listing {
	listings := make([]listing, len(connections))
	slots := make(chan struct{}, parallel)
	var wg sync.WaitGroup
	for i, c := range connections {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			// One slow cloud must not hold up the answer of the others for good.
			ctx, cancel := context.WithTimeout(ctx, patience)
			defer cancel()
			listings[i] = list(ctx, c)
		})
	}
	wg.Wait()
	return listings
}

func list(ctx context.Context, c connection) listing {
	l := listing{connection: c.name}
	client, err := c.open(ctx)
	if err != nil {
		l.err = err
		return l
	}
	l.clusters, l.err = client.ListCluster(ctx)
	l.err = errors.Join(l.err, client.Close())
	return l
}

// show prints the table and then what is missing from it.
func show(stdout, stderr io.Writer, listings []listing) int {
	tw := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "CONNECTION\tCLUSTER\tVERSION\tSTATUS\tGROUPS\tNODES")
	clusters, faulty := 0, 0
	for _, l := range listings {
		for _, c := range l.clusters {
			clusters++
			nodes := 0
			for _, g := range c.NodeGroupList {
				nodes += len(g.Nodes)
			}
			fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%d\t%d\n", l.connection, c.IId.NameId, c.Version, status(c), len(c.NodeGroupList), nodes)
		}
		if l.err != nil {
			faulty++
		}
	}
	_ = tw.Flush() // it fails only as its writer does
	fmt.Fprintf(stdout, "%d clusters, %d of %d connections complete\n", clusters, len(listings)-faulty, len(listings))
	for _, l := range listings {
		if l.err != nil {
			for text := range strings.SplitSeq(l.err.Error(), "\n") {
				fmt.Fprintf(stderr, "%s is incomplete: %s\n", l.connection, text)
			}
		}
	}
	if faulty > 0 {
		return exitPartial
	}
	return exitOK
}

// status adds the reason to what needs a person.
func status(c *pmks.ClusterInfo) string {
	if c.Status == pmks.ClusterInactive {
		return fmt.Sprintf("%s: %s", c.Status, c.StatusReason)
	}
	return string(c.Status)
}
