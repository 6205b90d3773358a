// SPDX-License-Identifier: Apache-2.0

package byhand

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/IBM/go-sdk-core/v5/core"
	"golang.org/x/sync/errgroup"

	"github.com/pmks-go/pmks"
)

const ibmAtOnce = 8 // requests under way, as many as pmks has

// ibm lists with the core of IBM's SDK, which signs in, sends, and comes back later where
// it is told to. Its generated client of IKS is older than the service.
type ibm struct {
	service *core.BaseService
	region  string
}

// What a program keeps of the answers.
type (
	ibmCluster struct {
		ID                string   `json:"id"`
		Name              string   `json:"name"`
		Region            string   `json:"region"`
		State             string   `json:"state"`
		MasterKubeVersion string   `json:"masterKubeVersion"`
		MasterURL         string   `json:"masterURL"`
		VPCs              []string `json:"vpcs"`
	}
	ibmPool struct {
		ID          string            `json:"id"`
		Name        string            `json:"poolName"`
		Flavor      string            `json:"flavor"`
		Labels      map[string]string `json:"labels"`
		WorkerCount int               `json:"workerCount"`
	}
	ibmWorker struct {
		ID        string `json:"id"`
		PoolID    string `json:"poolID"`
		Lifecycle struct {
			ActualState string `json:"actualState"`
		} `json:"lifecycle"`
	}
)

func newIBM(_ context.Context, cfg pmks.Config) (Lister, error) {
	client := &http.Client{Transport: cfg.Transport}
	iks, iam := "https://containers.cloud.ibm.com/global", "https://iam.cloud.ibm.com"
	if cfg.Endpoint != "" {
		root := strings.TrimSuffix(strings.TrimRight(cfg.Endpoint, "/"), "/global")
		iks, iam = root+"/global", root
	}
	service, err := core.NewBaseService(&core.ServiceOptions{URL: iks, Authenticator: &core.IamAuthenticator{ApiKey: cfg.Credentials["apiKey"], URL: iam, Client: client}})
	if err != nil {
		return nil, err
	}
	service.SetHTTPClient(client)
	service.EnableRetries(20, 30*time.Second)
	return &ibm{service, cfg.Region}, nil
}

// ibmRead makes one read of IKS.
func ibmRead[T any](ctx context.Context, c *ibm, path string, query ...string) (out T, err error) {
	b := core.NewRequestBuilder(core.GET).WithContext(ctx)
	if _, err := b.ResolveRequestURL(c.service.Options.URL, path, nil); err != nil {
		return out, err
	}
	for i := 0; i+1 < len(query); i += 2 {
		b.AddQuery(query[i], query[i+1])
	}
	b.AddHeader("Accept", "application/json")
	req, err := b.Build()
	if err != nil {
		return out, err
	}
	_, err = c.service.Request(req, &out)
	return out, err
}

// clusters are those of the region: the list has all regions.
func (c *ibm) clusters(ctx context.Context) (ids []string, err error) {
	list, err := ibmRead[[]ibmCluster](ctx, c, "/v2/vpc/getClusters", "provider", "vpc-gen2")
	for _, cluster := range list {
		if cluster.Region == c.region {
			ids = append(ids, cluster.ID)
		}
	}
	return ids, err
}

// Serial implements [Lister].
func (c *ibm) Serial(ctx context.Context) (seen Seen, err error) {
	ids, err := c.clusters(ctx)
	for _, id := range ids {
		if _, err := ibmRead[ibmCluster](ctx, c, "/v2/vpc/getCluster", "cluster", id); err != nil {
			return seen, err
		}
		pools, err := ibmRead[[]ibmPool](ctx, c, "/v2/vpc/getWorkerPools", "cluster", id)
		if err != nil {
			return seen, err
		}
		for _, p := range pools {
			if _, err := ibmRead[ibmPool](ctx, c, "/v2/vpc/getWorkerPool", "cluster", id, "workerpool", p.ID); err != nil {
				return seen, err
			}
			workers, err := ibmRead[[]ibmWorker](ctx, c, "/v2/vpc/getWorkers", "cluster", id, "showDeleted", "false", "pool", p.ID)
			if err != nil {
				return seen, err
			}
			seen.Nodes += len(workers)
		}
		seen.Clusters, seen.Groups = seen.Clusters+1, seen.Groups+len(pools)
	}
	return seen, err
}

// AtOnce implements [Lister].
func (c *ibm) AtOnce(ctx context.Context) (seen Seen, err error) {
	ids, err := c.clusters(ctx)
	if err != nil {
		return seen, err
	}
	groups, nodes := make([]int, len(ids)), make([]int, len(ids))
	reads, ctx := errgroup.WithContext(ctx)
	reads.SetLimit(ibmAtOnce)
	for i, id := range ids {
		reads.Go(func() error {
			_, err := ibmRead[ibmCluster](ctx, c, "/v2/vpc/getCluster", "cluster", id)
			return err
		})
		reads.Go(func() error {
			pools, err := ibmRead[[]ibmPool](ctx, c, "/v2/vpc/getWorkerPools", "cluster", id)
			groups[i] = len(pools)
			return err
		})
		reads.Go(func() error {
			workers, err := ibmRead[[]ibmWorker](ctx, c, "/v2/vpc/getWorkers", "cluster", id, "showDeleted", "false")
			nodes[i] = len(workers)
			return err
		})
	}
	err = reads.Wait()
	for i := range ids {
		seen.Clusters, seen.Groups, seen.Nodes = seen.Clusters+1, seen.Groups+groups[i], seen.Nodes+nodes[i]
	}
	return seen, err
}
