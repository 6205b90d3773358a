// SPDX-License-Identifier: Apache-2.0

// Kubectl goes from no cluster to "kubectl get nodes" in seconds: it creates a cluster
// on a simulated cloud that serves the Kubernetes API of its clusters, writes the
// kubeconfig that pmks hands out, and runs kubectl with it while a node group grows.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/examples/requests"
	"github.com/pmks-go/pmks/fake"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "kubectl:", err)
		os.Exit(1)
	}
}

// run is the program without its process, so that a test can call it.
func run(ctx context.Context, args []string, w io.Writer) (err error) {
	flags := flag.NewFlagSet("kubectl", flag.ContinueOnError)
	cloud := flags.String("profile", "aws", "the cloud to simulate: "+strings.Join(requests.Clouds(), ", "))
	program := flags.String("kubectl", "kubectl", "the kubectl to run")
	if err := flags.Parse(args); err != nil {
		return err
	}
	req, err := requests.Load(*cloud)
	if err != nil {
		return err
	}
	if *program, err = exec.LookPath(*program); err != nil {
		return fmt.Errorf("%w: install it, or name it with -kubectl", err)
	}

	// WithKubernetesAPI is what makes the kubeconfig lead somewhere: on a real cloud
	// nothing below is different.
	cluster := fake.New(fake.WithProfile(*cloud), fake.WithSpeed(5000), fake.WithKubernetesAPI())
	client := pmks.New(cluster)
	defer func() { err = errors.Join(err, client.Close()) }()
	quick := pmks.WithInterval(20 * time.Millisecond)

	info, err := pmks.Provision(ctx, client, req, quick)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%s is %s with Kubernetes %s\n", info.IId.NameId, info.Status, info.Version)

	dir, err := os.MkdirTemp("", "pmks-kubectl-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	// A kubeconfig is a password: nobody else may read it.
	file := filepath.Join(dir, "config")
	if err := os.WriteFile(file, []byte(info.AccessInfo.Kubeconfig), 0o600); err != nil {
		return err
	}
	kubectl := func(args ...string) error {
		fmt.Fprintln(w, "\n$ kubectl", strings.Join(args, " "))
		cmd := exec.CommandContext(ctx, *program, append(args, "--kubeconfig", file, "--cache-dir", filepath.Join(dir, "cache"))...)
		cmd.Stdout, cmd.Stderr = w, w
		return cmd.Run()
	}

	if err := kubectl("get", "nodes"); err != nil {
		return err
	}
	group := info.NodeGroupList[0]
	if group.OnAutoScaling {
		// An autoscaler would follow the pods, of which there are none.
		if _, err := client.SetNodeGroupAutoScaling(ctx, info.IId, group.IId, false); err != nil {
			return err
		}
		if _, err := pmks.WaitNodeGroupActive(ctx, client, info.IId, group.IId, quick); err != nil {
			return err
		}
	}
	size := group.DesiredNodeSize + 1
	if _, err := client.ChangeNodeGroupScaling(ctx, info.IId, group.IId, size, group.MinNodeSize, max(size, group.MaxNodeSize)); err != nil {
		return err
	}
	if _, err := pmks.WaitNodeCount(ctx, client, info.IId, group.IId, size, quick); err != nil {
		return err
	}
	fmt.Fprintf(w, "\n%s has %d nodes now\n", group.IId.NameId, size)
	if err := kubectl("get", "nodes"); err != nil {
		return err
	}
	if err := kubectl("auth", "whoami"); err != nil {
		return err
	}
	return pmks.Teardown(ctx, client, info.IId, quick)
}
