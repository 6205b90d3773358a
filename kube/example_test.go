// SPDX-License-Identifier: Apache-2.0

package kube_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"

	"k8s.io/client-go/rest"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/fake"
	"github.com/pmks-go/pmks/kube"
)

// demo is a client of a cloud with a cluster in it, behind which a Kubernetes API is
// served.
func demo() *pmks.Client {
	return pmks.New(fake.New(fake.WithProfile("aws"), fake.WithKubernetesAPI(), fake.WithClusters(fake.Cluster{Name: "demo"})))
}

// The configuration is client-go's own: what knows such a one can use it, and its
// credential renews itself.
func ExampleRESTConfig() {
	ctx, client := context.Background(), demo()
	defer client.Close()
	cfg, err := kube.RESTConfig(ctx, client, pmks.IID{NameId: "demo"})
	if err != nil {
		fmt.Println(err)
		return
	}
	web, err := rest.HTTPClientFor(cfg)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer web.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, cfg.Host+"/version", http.NoBody)
	if err != nil {
		fmt.Println(err)
		return
	}
	answer, err := web.Do(req)
	if err != nil {
		fmt.Println(err)
		return
	}
	answer.Body.Close()
	fmt.Println(answer.Status)
	// Output: 200 OK
}

// A cluster in a kubeconfig file, beside what is there already.
func ExampleMergeKubeconfig() {
	ctx, client := context.Background(), demo()
	defer client.Close()
	dir, err := os.MkdirTemp("", "kube")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	file := kube.WithFile(filepath.Join(dir, "config")) // else the one that kubectl would change

	entry, err := kube.MergeKubeconfig(ctx, client, pmks.IID{NameId: "demo"}, file, kube.WithContext("demo"), kube.WithCurrentContext())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(entry.Context)
	// Output: demo
}
