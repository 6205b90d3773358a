// SPDX-License-Identifier: Apache-2.0

package clientset_test

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/fake"
	"github.com/pmks-go/pmks/kube"
)

func ExampleNew() {
	ctx := context.Background()
	cloud := fake.New(fake.WithKubernetesAPI(), fake.WithClusters(fake.Cluster{
		Name: "demo", NodeGroups: []pmks.NodeGroupInfo{{IId: pmks.IID{NameId: "workers"}, DesiredNodeSize: 2}},
	}))
	client := pmks.New(cloud) // or pmks.Open, for a real cloud
	defer client.Close()

	cfg, err := kube.RESTConfig(ctx, client, pmks.IID{NameId: "demo"})
	if err != nil {
		fmt.Println(err)
		return
	}
	clients, err := kubernetes.NewForConfig(cfg) // clientset.New does both steps in one
	if err != nil {
		fmt.Println(err)
		return
	}
	nodes, err := clients.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(nodes.Items), "nodes")
	// Output: 2 nodes
}
