// SPDX-License-Identifier: Apache-2.0

package gcp

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"

	"google.golang.org/api/googleapi"
)

// computeHost is where Compute Engine is, with its base path.
const computeHost = "https://compute.googleapis.com/compute/v1/"

// engine makes the few calls of Compute Engine that the handler needs, as its REST
// reference has them (compute/v1, read November 2026). Google's client knows all of its
// hundreds of resources, whole, and would decode fifty members of each VM to show two.
type engine struct {
	base string
	web  *http.Client
}

func newEngine(cfg *Config, web *http.Client) engine {
	e := engine{computeHost, web}
	if cfg.Endpoint != "" {
		e.base = computeBase(cfg)
	}
	return e
}

// computeBase is the address of Compute Engine at an endpoint of the user's.
func computeBase(cfg *Config) string { return strings.TrimSuffix(cfg.Endpoint, "/") + "/compute/v1/" }

// The parts of resources that are read. Numbers of 64 bits that count something small are
// numbers in JSON.
type (
	networkObject struct {
		Name string `json:"name"`
	}
	subnetworkObject struct {
		Name    string `json:"name"`
		Network string `json:"network"`
	}
	managerObject struct {
		Name             string `json:"name"`
		BaseInstanceName string `json:"baseInstanceName"`
		TargetSize       int    `json:"targetSize"`
		Status           struct {
			IsStable bool `json:"isStable"`
		} `json:"status"`
	}
	managedInstances struct {
		ManagedInstances []managedInstance `json:"managedInstances"`
		NextPageToken    string            `json:"nextPageToken"`
	}
	managedInstance struct {
		Name          string `json:"name"`
		Instance      string `json:"instance"` // its URL
		CurrentAction string `json:"currentAction"`
	}
)

// ask makes a call. The answer is nil where it is null.
func ask[T any](ctx context.Context, e engine, method string, path []string, query url.Values) (*T, error) {
	for i, segment := range path {
		path[i] = url.PathEscape(segment)
	}
	query.Set("prettyPrint", "false")
	r, err := http.NewRequestWithContext(ctx, method, e.base+"projects/"+strings.Join(path, "/")+"?"+query.Encode(), http.NoBody)
	if err != nil {
		return nil, err
	}
	r.Header.Set("User-Agent", "pmks")
	resp, err := e.web.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }() // it was read
	if err := googleapi.CheckResponse(resp); err != nil {
		return nil, err
	}
	body, err := io.ReadAll(resp.Body) // the transport bounds it
	if err != nil {
		return nil, err
	}
	var out *T
	return out, json.Unmarshal(body, &out)
}

func (e engine) network(ctx context.Context, project, name string) (*networkObject, error) {
	return ask[networkObject](ctx, e, http.MethodGet, []string{project, "global", "networks", name}, url.Values{"fields": {"name"}})
}

func (e engine) subnetwork(ctx context.Context, project, region, name string) (*subnetworkObject, error) {
	return ask[subnetworkObject](ctx, e, http.MethodGet, []string{project, "regions", region, "subnetworks", name}, url.Values{"fields": {"name,network"}})
}

func (e engine) manager(ctx context.Context, project, zone, name string) (*managerObject, error) {
	return ask[managerObject](ctx, e, http.MethodGet, []string{project, "zones", zone, "instanceGroupManagers", name}, url.Values{"fields": {"name,targetSize"}})
}

func (e engine) instances(ctx context.Context, project, zone, name, pageToken string) (*managedInstances, error) {
	query := url.Values{"fields": {"nextPageToken,managedInstances(name,instance,currentAction)"}}
	if pageToken != "" {
		query.Set("pageToken", pageToken)
	}
	return ask[managedInstances](ctx, e, http.MethodPost, []string{project, "zones", zone, "instanceGroupManagers", name, "listManagedInstances"}, query)
}
