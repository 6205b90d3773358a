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
	"maps"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

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

// clouds are the simulators that there are.
var clouds = map[string]cloud{
	"alibaba": alibaba,
	"aws":     aws,
	"azure":   azure,
	"gcp":     gcp,
	"ibm":     ibm,
	"nhn":     nhn,
	"tencent": tencent,
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("pmks-sim", flag.ContinueOnError)
	flags.SetOutput(stderr)
	names := slices.Sorted(maps.Keys(clouds))
	name := flags.String("cloud", "aws", "cloud to simulate: "+strings.Join(names, ", "))
	var o options
	flags.StringVar(&o.listen, "listen", "127.0.0.1:0", "loopback address; port 0 takes a free one")
	speed := flags.String("speed", "1x", "how many times faster the cloud works, such as 1000x")
	flags.Uint64Var(&o.seed, "seed", 0, "start of the stream of identifiers and durations")
	flags.BoolVar(&o.secure, "tls", false, "serve https, with a certificate made for this run")
	flags.StringVar(&o.region, "region", "", "region; empty means the cloud's usual one")
	flags.DurationVar(&o.latency, "latency", 0, "how long each call takes")
	without := flags.String("without", "", "comma-separated names to leave out of the account, such as a role or a key pair")
	kubernetes := flags.Bool("kubernetes", false, "put a Kubernetes API behind each cluster, at a loopback address of its own")
	quiet := flags.Bool("quiet", false, "do not log the calls")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q: all that pmks-sim takes are flags", flags.Arg(0))
	}
	if _, ok := clouds[*name]; !ok {
		return fmt.Errorf("-cloud: %q is not simulated; there are %s", *name, strings.Join(names, ", "))
	}
	factor, err := strconv.ParseFloat(strings.TrimSuffix(*speed, "x"), 64)
	if err != nil || factor <= 0 || factor > 1e9 {
		return fmt.Errorf("-speed: %q is not a factor such as 1000x", *speed)
	}
	o.scale = 1 / factor
	if *kubernetes {
		o.kubernetes = kubeapi.Loopback
	}
	if err := loopbackOnly(o.listen); err != nil {
		return err
	}
	if *without != "" {
		o.without = strings.Split(*without, ",")
	}
	o.logger = slog.New(slog.NewTextHandler(stderr, nil))
	if *quiet {
		o.logger = slog.New(slog.DiscardHandler)
	}
	s, err := serve(*name, o) //nolint:contextcheck // a listener that closes has a second of its own
	if err != nil {
		return err
	}
	defer s.close() //nolint:errcheck // the process ends
	trust, remove, err := trustFile(s.certificate)
	if err != nil {
		return err
	}
	defer remove()
	describe(stdout, s, trust)
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

// trustFile writes the certificate authority where tools can read it.
func trustFile(certificate string) (path string, remove func(), err error) {
	if certificate == "" {
		return "", func() {}, nil
	}
	dir, err := os.MkdirTemp("", "pmks-sim-")
	if err != nil {
		return "", nil, err
	}
	path = filepath.Join(dir, "ca.pem")
	return path, func() { _ = os.RemoveAll(dir) }, os.WriteFile(path, []byte(certificate), 0o600)
}

func describe(w io.Writer, s simulator, trust string) {
	fmt.Fprintf(w, "%s simulated at %s\n\n", s.provider, s.endpoint)
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
	if trust != "" {
		for _, name := range s.trustedBy {
			fmt.Fprintln(w, "export "+name+"="+trust)
		}
	}
	fmt.Fprintln(w, "\n# the whole life of a cluster")
	where := "-region " + s.region
	if s.zone != "" {
		where += " -zone " + s.zone
	}
	fmt.Fprintf(w, "go run ./examples/realcloud -provider %s %s -endpoint %s -settings %s -interval 200ms\n",
		s.provider, where, s.endpoint, strings.Join(s.settings, ","))
}
