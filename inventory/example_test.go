// SPDX-License-Identifier: Apache-2.0

package inventory_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/fake"
	"github.com/pmks-go/pmks/inventory"
)

// connection opens an account in which there is one cluster, or fails to.
func connection(cloud, cluster string) func(context.Context) (pmks.ClusterHandler, error) {
	return func(context.Context) (pmks.ClusterHandler, error) {
		if cluster == "" {
			return nil, &pmks.Error{Code: pmks.CodeUnauthenticated, Provider: cloud, Op: "Open", Message: "the credentials have expired"}
		}
		return pmks.New(fake.New(fake.WithProfile(cloud), fake.WithClusters(fake.Cluster{Name: cluster}))), nil
	}
}

// Clusters come as they are read, and a failure names its source.
func ExampleList() {
	ctx := context.Background()
	sources := []inventory.Source{
		{Name: "shop-us", Open: connection("aws", "web")},
		{Name: "shop-kr", Open: connection("nhn", "")}, // its credentials have expired
		{Name: "shop-eu", Handler: fake.New(fake.WithProfile("gcp"), fake.WithClusters(fake.Cluster{Name: "web"}, fake.Cluster{Name: "jobs"}))},
	}
	opts := []inventory.Option{inventory.WithTimeout(time.Minute)}

	for item, err := range inventory.List(ctx, sources, opts...) {
		switch {
		case errors.Is(err, pmks.ErrUnauthenticated):
			fmt.Println(item.Source, "needs new credentials")
		case err != nil:
			fmt.Println(err)
		default:
			fmt.Println(item.Source, item.Cluster.IId.NameId, item.Cluster.Status)
		}
	}
	// Unordered output:
	// shop-us web Active
	// shop-eu web Active
	// shop-eu jobs Active
	// shop-kr needs new credentials
}

// With a callback, a program can show how far the listing is. It is called on the
// goroutine of the loop.
func ExampleWithProgress() {
	ctx := context.Background()
	sources := []inventory.Source{{Name: "shop-us", Open: connection("aws", "web")}, {Name: "shop-kr", Open: connection("nhn", "")}}
	show := func(p inventory.Progress) {
		if p.Ended {
			fmt.Printf("%s: %d clusters, incomplete: %t; %d of %d sources done\n",
				p.Source, p.Clusters, p.Incomplete, p.Sources-p.Waiting-p.Running, p.Sources)
		}
	}
	for range inventory.List(ctx, sources, inventory.WithConcurrency(1), inventory.WithNamesOnly(), inventory.WithProgress(show)) {
		continue
	}
	// Output:
	// shop-us: 1 clusters, incomplete: false; 1 of 2 sources done
	// shop-kr: 0 clusters, incomplete: true; 2 of 2 sources done
}
