// SPDX-License-Identifier: Apache-2.0

// Client-go leads from nothing to the nodes of a cluster: create it, make a client-go
// configuration of it with package kube, list its nodes, and watch new ones come while
// its node group grows. The cloud is simulated, a Kubernetes API on a loopback address
// behind each cluster included. See README.md.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/examples/requests"
	"github.com/pmks-go/pmks/fake"
	"github.com/pmks-go/pmks/kube"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "client-go:", err)
		os.Exit(1)
	}
}

// run is the program without its process, so that a test can call it.
func run(ctx context.Context, w io.Writer) error {
	// On a real cloud: pmks.Open(ctx, "gcp", pmks.Config{...}), and the rest as it is.
	cloud := fake.New(fake.WithProfile("gcp"), fake.WithSpeed(1000), fake.WithKubernetesAPI())
	client := pmks.New(cloud)
	defer client.Close() //nolint:errcheck // it ends with the process

	req, err := requests.Load("gcp")
	if err != nil {
		return err
	}
	fast := pmks.WithInterval(20 * time.Millisecond)
	info, err := pmks.Provision(ctx, client, req, fast)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "cluster %s is %s\n", info.IId.NameId, info.Status)

	cfg, err := kube.RESTConfig(ctx, client, info.IId)
	if err != nil {
		return err
	}
	// The clientset knows every type of Kubernetes and makes a program 23 MB larger;
	// kube/clientset.New does both steps in one.
	set, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		return err
	}
	version, err := set.Discovery().ServerVersion()
	if err != nil {
		return err
	}
	fmt.Fprintln(w, "its API server says", version.GitVersion)
	nodes, err := set.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	for _, n := range nodes.Items {
		fmt.Fprintln(w, "node", n.Name, n.Status.NodeInfo.KubeletVersion)
	}

	group := info.NodeGroupList[0]
	size := group.DesiredNodeSize + 2
	if _, err := client.ChangeNodeGroupScaling(ctx, info.IId, group.IId, size, group.MinNodeSize, max(size, group.MaxNodeSize)); err != nil {
		return err
	}
	events, err := set.CoreV1().Nodes().Watch(ctx, metav1.ListOptions{ResourceVersion: nodes.ResourceVersion})
	if err != nil {
		return err
	}
	defer events.Stop()
	for added := 0; added < 2; {
		select {
		case e, ok := <-events.ResultChan():
			if !ok {
				return fmt.Errorf("the watch ended after %d new nodes", added)
			}
			if e.Type == watch.Added {
				added++
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	fmt.Fprintln(w, "two more nodes came")

	// A client says what became of its cluster.
	if err := pmks.Teardown(ctx, client, info.IId, fast); err != nil {
		return err
	}
	_, err = set.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	fmt.Fprintln(w, "after the cluster was deleted:", pmks.CodeOf(err))
	return nil
}
