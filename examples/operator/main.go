// SPDX-License-Identifier: Apache-2.0

// Operator keeps managed Kubernetes clusters on many clouds as Kubernetes objects say: its
// kinds are ManagedCluster and NodeGroup. See README.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/examples/operator/api/v1alpha1"
	"github.com/pmks-go/pmks/examples/operator/controller"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "operator:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stderr io.Writer) error {
	flags := flag.NewFlagSet("operator", flag.ContinueOnError)
	flags.SetOutput(stderr)
	connections := flags.String("connections", "/etc/pmks/connections", "directory with a file for each connection, as a Secret is mounted")
	workers := flags.Int("workers", 16, "how many objects of each kind are reconciled at once")
	qps := flags.Float64("api-qps", 100, "requests a second to the Kubernetes API")
	elect := flags.Bool("leader-elect", true, "work only while this replica is the leader")
	namespace := flags.String("leader-namespace", "", "namespace of the lease; empty means that of the pod")
	lease := flags.Duration("lease", 15*time.Second, "how long a leader that is silent stays the leader")
	metricsAddress := flags.String("metrics", ":8080", "address of the metrics; 0 means none")
	probes := flags.String("probes", ":8081", "address of /healthz and /readyz; 0 means none")
	callTimeout := flags.Duration("call-timeout", 2*time.Minute, "bound of each call of a cloud")
	pauses := controller.DefaultPauses
	flags.DurationVar(&pauses.Soon, "soon", pauses.Soon, "pause where the cloud is busy, or throttles without saying how long")
	flags.DurationVar(&pauses.Slow, "slow", pauses.Slow, "pause where somebody has to do something")
	flags.DurationVar(&pauses.Resync, "resync", pauses.Resync, "how often what rests is looked at")
	interval := flags.Duration("wait-interval", 0, "how often a wait looks; 0 means from 5s growing to 30s")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *workers < 1 || flags.NArg() > 0 {
		return errors.New("-workers is at least 1, and there are no arguments but flags")
	}
	ctrl.SetLogger(logr.FromSlogHandler(slog.NewTextHandler(stderr, nil)))

	configs, err := controller.ReadConnections(*connections)
	if err != nil {
		return fmt.Errorf("-connections: %w", err)
	}
	config, err := ctrl.GetConfig()
	if err != nil {
		return err
	}
	config.QPS, config.Burst = float32(*qps), int(2**qps)
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		return err
	}
	renew, retry := *lease*2/3, *lease/6
	m, err := ctrl.NewManager(config, ctrl.Options{
		Scheme: scheme, LeaderElection: *elect, LeaderElectionID: "operator." + v1alpha1.Group, LeaderElectionNamespace: *namespace,
		LeaseDuration: lease, RenewDeadline: &renew, RetryPeriod: &retry, LeaderElectionReleaseOnCancel: true,
		Metrics: metricsserver.Options{BindAddress: *metricsAddress}, HealthProbeBindAddress: *probes,
	})
	if err != nil {
		return err
	}
	options := controller.Options{
		Connections: controller.NewConnections(configs, controller.Observe),
		Workers:     *workers, Pauses: pauses, CallTimeout: *callTimeout,
	}
	if *interval > 0 {
		options.WaitOptions = []pmks.WaitOption{pmks.WithInterval(*interval)}
	}
	if err := controller.Setup(ctx, m, options); err != nil {
		return err
	}
	if err := errors.Join(m.AddHealthzCheck("ping", healthz.Ping), m.AddReadyzCheck("ping", healthz.Ping)); err != nil {
		return err
	}
	return m.Start(ctx)
}
