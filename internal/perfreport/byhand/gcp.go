// SPDX-License-Identifier: Apache-2.0

package byhand

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strings"

	"cloud.google.com/go/auth/credentials"
	"cloud.google.com/go/auth/oauth2adapt"
	container "cloud.google.com/go/container/apiv1"
	"cloud.google.com/go/container/apiv1/containerpb"
	"golang.org/x/oauth2"
	"golang.org/x/sync/errgroup"
	"google.golang.org/api/compute/v1"
	"google.golang.org/api/googleapi"
	"google.golang.org/api/option"

	"github.com/pmks-go/pmks"
)

// gcpLister lists GKE with the clients of Google's libraries for Go, over REST, as pmks does
// where it is given a transport.
type gcpLister struct {
	project string
	gke     *container.ClusterManagerClient
	compute *compute.Service
}

func newGCP(ctx context.Context, cfg pmks.Config) (Lister, error) {
	base := cmp.Or(cfg.Transport, http.DefaultTransport)
	creds, err := credentials.NewCredentialsFromJSON(credentials.ServiceAccount, []byte(cfg.Credentials["credentialsJson"]), &credentials.DetectOptions{
		Scopes: []string{"https://www.googleapis.com/auth/cloud-platform"}, Client: &http.Client{Transport: base},
	})
	if err != nil {
		return nil, fmt.Errorf("the credentials: %w", err)
	}
	web := &http.Client{Transport: &oauth2.Transport{Base: base, Source: oauth2.ReuseTokenSource(nil, oauth2adapt.TokenSourceFromTokenProvider(creds))}}
	l := &gcpLister{project: cfg.Credentials["projectId"]}
	ofGKE, ofCompute := []option.ClientOption{option.WithHTTPClient(web)}, []option.ClientOption{option.WithHTTPClient(web)}
	if cfg.Endpoint != "" {
		ofGKE = append(ofGKE, option.WithEndpoint(cfg.Endpoint))
		ofCompute = append(ofCompute, option.WithEndpoint(strings.TrimSuffix(cfg.Endpoint, "/")+"/compute/v1/"))
	}
	if l.gke, err = container.NewClusterManagerRESTClient(ctx, ofGKE...); err != nil {
		return nil, fmt.Errorf("the client of GKE: %w", err)
	}
	if l.compute, err = compute.NewService(ctx, ofCompute...); err != nil {
		return nil, fmt.Errorf("the client of Compute Engine: %w", err)
	}
	return l, nil
}

func (l *gcpLister) everywhere() string { return "projects/" + l.project + "/locations/-" }

// Serial asks for each cluster, each node pool and each instance group by themselves,
// though the first list has all clusters with their pools.
func (l *gcpLister) Serial(ctx context.Context) (Seen, error) {
	var seen Seen
	list, err := l.gke.ListClusters(ctx, &containerpb.ListClustersRequest{Parent: l.everywhere()})
	if err != nil {
		return seen, fmt.Errorf("list clusters: %w", err)
	}
	for _, c := range list.GetClusters() {
		seen.Clusters++
		name := "projects/" + l.project + "/locations/" + c.GetLocation() + "/clusters/" + c.GetName()
		if _, err := l.gke.GetCluster(ctx, &containerpb.GetClusterRequest{Name: name}); err != nil {
			return seen, fmt.Errorf("get cluster %s: %w", c.GetName(), err)
		}
		pools, err := l.gke.ListNodePools(ctx, &containerpb.ListNodePoolsRequest{Parent: name})
		if err != nil {
			return seen, fmt.Errorf("list node pools of %s: %w", c.GetName(), err)
		}
		for _, p := range pools.GetNodePools() {
			seen.Groups++
			pool, err := l.gke.GetNodePool(ctx, &containerpb.GetNodePoolRequest{Name: name + "/nodePools/" + p.GetName()})
			if err != nil {
				return seen, fmt.Errorf("get node pool %s: %w", p.GetName(), err)
			}
			for _, url := range pool.GetInstanceGroupUrls() {
				n, err := l.nodes(ctx, url)
				if err != nil {
					return seen, err
				}
				seen.Nodes += n
			}
		}
	}
	return seen, nil
}

// nodes counts those of an instance group.
func (l *gcpLister) nodes(ctx context.Context, url string) (int, error) {
	parts := strings.Split(url, "/")
	if len(parts) < 4 {
		return 0, fmt.Errorf("%q is no instance group", url)
	}
	zone, name, n := parts[len(parts)-3], parts[len(parts)-1], 0
	err := l.compute.InstanceGroupManagers.ListManagedInstances(l.project, zone, name).Pages(ctx, func(page *compute.InstanceGroupManagersListManagedInstancesResponse) error {
		n += len(page.ManagedInstances)
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("list instances of %s: %w", name, err)
	}
	return n, nil
}

// AtOnce makes what a listing of pmks with more than six instance groups makes once it
// knows that: the clusters, the operations, and the lists over all zones side by side, by
// their pages of 500.
func (l *gcpLister) AtOnce(ctx context.Context) (Seen, error) {
	partial := googleapi.QueryParameter("returnPartialSuccess", "true")
	var seen Seen
	sizes := 0
	var work errgroup.Group
	work.Go(func() error {
		list, err := l.gke.ListClusters(ctx, &containerpb.ListClustersRequest{Parent: l.everywhere()})
		if err != nil {
			return fmt.Errorf("list clusters: %w", err)
		}
		for _, c := range list.GetClusters() {
			seen.Clusters++
			seen.Groups += len(c.GetNodePools())
		}
		return nil
	})
	work.Go(func() error {
		if _, err := l.gke.ListOperations(ctx, &containerpb.ListOperationsRequest{Parent: l.everywhere()}); err != nil {
			return fmt.Errorf("list operations: %w", err)
		}
		return nil
	})
	work.Go(func() error {
		call := l.compute.Instances.AggregatedList(l.project).Filter("labels.goog-k8s-cluster-name:*").MaxResults(500).
			Fields("nextPageToken,unreachables,items/*(warning/code,instances(name,status,labels))").Context(ctx)
		for token := ""; ; {
			page, err := call.PageToken(token).Do(partial)
			if err != nil {
				return fmt.Errorf("list instances: %w", err)
			}
			for _, scope := range page.Items {
				seen.Nodes += len(scope.Instances)
			}
			if token = page.NextPageToken; token == "" {
				return nil
			}
		}
	})
	work.Go(func() error {
		call := l.compute.InstanceGroupManagers.AggregatedList(l.project).MaxResults(500).
			Fields("nextPageToken,unreachables,items/*(warning/code,instanceGroupManagers(name,baseInstanceName,targetSize,status/isStable))").Context(ctx)
		for token := ""; ; {
			page, err := call.PageToken(token).Do(partial)
			if err != nil {
				return fmt.Errorf("list instance groups: %w", err)
			}
			for _, scope := range page.Items {
				for _, m := range scope.InstanceGroupManagers {
					sizes += int(m.TargetSize)
				}
			}
			if token = page.NextPageToken; token == "" {
				return nil
			}
		}
	})
	if err := work.Wait(); err != nil {
		return seen, err
	}
	if sizes != seen.Nodes {
		return seen, fmt.Errorf("the groups are to have %d nodes, and there are %d", sizes, seen.Nodes)
	}
	return seen, nil
}
