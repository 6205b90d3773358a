// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/examples/requests"
	"github.com/pmks-go/pmks/fake"
	"github.com/pmks-go/pmks/inventory"
)

// entry is a connection in the file: one account in one region. There are no
// credentials in it: a list of connections is something to keep in version control.
// They come from a file of their own, or are found the way the vendor's tools do.
type entry struct {
	Name            string
	Provider        string
	Region          string
	Zone            string
	Endpoint        string
	Settings        map[string]string
	CredentialsFile string
}

// load returns the connections of a file.
func load(file string) ([]inventory.Source, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var entries []entry
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&entries); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: must hold one list and nothing after it", file)
	}
	var sources []inventory.Source
	for i, e := range entries {
		if e.Name == "" || e.Provider == "" {
			return nil, fmt.Errorf("%s: [%d]: needs a Name and a Provider", file, i)
		}
		sources = append(sources, inventory.Source{Name: e.Name, Open: e.open, Group: e.Provider})
	}
	return sources, nil
}

// open reads the credentials as late as possible: a file that is missing breaks
// one connection, not all.
func (e entry) open(ctx context.Context) (pmks.ClusterHandler, error) {
	var credentials map[string]string
	if e.CredentialsFile != "" {
		data, err := os.ReadFile(e.CredentialsFile)
		if err != nil {
			return nil, err
		}
		// An error of encoding/json may quote what it read.
		if json.Unmarshal(data, &credentials) != nil {
			return nil, fmt.Errorf("%s: must be a JSON object of strings", e.CredentialsFile)
		}
	}
	// The provider must be linked: import it as this file imports fake.
	client, err := pmks.Open(ctx, e.Provider, pmks.Config{Region: e.Region, Zone: e.Zone,
		Endpoint: e.Endpoint, Settings: e.Settings, Credentials: credentials})
	if err != nil {
		return nil, err
	}
	return client, nil
}

// simulated returns one connection for each cloud, with a cluster or two in it. Each
// answers a little later than the one before it.
func simulated(broken string) ([]inventory.Source, error) {
	brokenCloud, brokenCluster, _ := strings.Cut(broken, "/")
	if broken != "" && !slices.Contains(requests.Clouds(), brokenCloud) {
		return nil, fmt.Errorf("-break: there is no simulated cloud %q; there are %v", brokenCloud, requests.Clouds())
	}
	var sources []inventory.Source
	for i, cloud := range requests.Clouds() {
		handler := fake.New(fake.WithProfile(cloud), fake.WithClusters(clustersOf(i)...),
			fake.WithLatency(time.Duration(i)*50*time.Millisecond))
		if cloud == brokenCloud {
			handler.Inject(fake.Fault{Cluster: brokenCluster, Kind: fake.Refuse, Code: pmks.CodeUnavailable,
				Reason: "the cloud does not answer", Times: -1})
		}
		sources = append(sources, inventory.Source{Name: cloud, Handler: handler})
	}
	return sources, nil
}

// clustersOf returns the clusters of the i-th simulated cloud.
func clustersOf(i int) []fake.Cluster {
	group := func(name string, size int) pmks.NodeGroupInfo {
		return pmks.NodeGroupInfo{IId: pmks.IID{NameId: name}, DesiredNodeSize: size, MinNodeSize: 1, MaxNodeSize: 10}
	}
	clusters := []fake.Cluster{{Name: "shop", NodeGroups: []pmks.NodeGroupInfo{group("web", 3+i%3), group("batch", 2)}}}
	if i%3 == 0 {
		clusters = append(clusters, fake.Cluster{Name: "test", NodeGroups: []pmks.NodeGroupInfo{group("pool", 1)}})
	}
	return clusters
}
