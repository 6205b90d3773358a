// SPDX-License-Identifier: Apache-2.0

// Command pmks-sim serves a simulated cloud on a loopback address, so that pmks,
// and other vendors' tools, can be tried against "a cloud" without an account.
//
//	pmks-sim -cloud aws -listen 127.0.0.1:0 -speed 1000x
//
// It prints the environment and the pmks settings that reach it, then one line for
// each call with its verdict. What it does not simulate it answers as not
// simulated, never as success. It ends on interrupt.
//
// A simulated cluster has no Kubernetes API behind its endpoint, unless -kubernetes
// serves one: then kubectl and client-go reach it with the kubeconfig that pmks makes,
// and see its nodes come and go with the node groups.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/pmks-go/pmks/internal/sim/account"
	"github.com/pmks-go/pmks/internal/sim/kubeapi"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	if err != nil && !errors.Is(err, flag.ErrHelp) { // the usage has been printed then
		fmt.Fprintln(os.Stderr, "pmks-sim:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("pmks-sim", flag.ContinueOnError)
	flags.SetOutput(stderr)
	names := account.Names()
	name := flags.String("cloud", "aws", "cloud to simulate: "+strings.Join(names, ", "))
	var o options
	flags.StringVar(&o.listen, "listen", "127.0.0.1:0", "loopback address; port 0 takes a free one")
	speed := flags.String("speed", "1x", "how many times faster the cloud works, such as 1000x")
	flags.Uint64Var(&o.Seed, "seed", 0, "start of the stream of identifiers and durations")
	flags.BoolVar(&o.secure, "tls", false, "serve https, with a certificate made for this run")
	flags.StringVar(&o.Region, "region", "", "region; empty means the cloud's usual one")
	flags.DurationVar(&o.Latency, "latency", 0, "how long each call takes")
	without := flags.String("without", "", "comma-separated names to leave out of the account, such as a role or a key pair")
	kubernetes := flags.Bool("kubernetes", false, "put a Kubernetes API behind each cluster, at a loopback address of its own")
	quiet := flags.Bool("quiet", false, "do not log the calls")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q: all that pmks-sim takes are flags", flags.Arg(0))
	}
	if !slices.Contains(names, *name) {
		return fmt.Errorf("-cloud: %q is not simulated; there are %s", *name, strings.Join(names, ", "))
	}
	factor, err := strconv.ParseFloat(strings.TrimSuffix(*speed, "x"), 64)
	if err != nil || factor <= 0 || factor > 1e9 {
		return fmt.Errorf("-speed: %q is not a factor such as 1000x", *speed)
	}
	o.Scale = 1 / factor
	if *kubernetes {
		o.Kubernetes = kubeapi.Loopback
	}
	if err := loopbackOnly(o.listen); err != nil {
		return err
	}
	if *without != "" {
		o.Without = strings.Split(*without, ",")
	}
	o.Logger = slog.New(slog.NewTextHandler(stderr, nil))
	if *quiet {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	s, err := serve(*name, o)
	if err != nil {
		return err
	}
	defer s.close() //nolint:errcheck // the process ends
	s.print(stdout)
	<-ctx.Done()
	return nil
}

// loopbackOnly keeps a simulator, whose credentials are printed, off the network.
func loopbackOnly(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("-listen: %q is not host:port", address)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("-listen: %q is not a loopback address", host)
	}
	return nil
}

// print says what is served, and how it is reached.
func (s simulator) print(w io.Writer) {
	fmt.Fprintf(w, "%s simulated at %s\n\n", s.provider, s.Endpoint)
	if s.kubernetes {
		fmt.Fprint(w, "# each cluster has a Kubernetes API behind it, which takes its kubeconfig: version, nodes, config maps, leases; no pods\n\n")
	} else {
		fmt.Fprint(w, "# the clusters have no Kubernetes API behind them: -kubernetes serves one\n\n")
	}
	fmt.Fprintln(w, "# the account holds")
	for _, line := range s.resources {
		fmt.Fprintln(w, "#  ", line)
	}
	fmt.Fprintln(w, "\n# environment")
	for _, line := range s.environment {
		fmt.Fprintln(w, "export", line)
	}
	fmt.Fprintln(w, "\n# the whole life of a cluster")
	where := "-region " + s.Region
	if s.Zone != "" {
		where += " -zone " + s.Zone
	}
	fmt.Fprintf(w, "go run ./examples/realcloud -provider %s %s -endpoint %s -settings %s -interval 200ms\n",
		s.provider, where, s.Endpoint, strings.Join(s.settings, ","))
}
