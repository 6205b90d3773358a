// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"sigs.k8s.io/yaml"

	"github.com/pmks-go/pmks"
)

// Connection is an account and region of a cloud, as a file of a mounted Secret has it.
type Connection struct {
	Provider    string            `json:"provider"`
	Region      string            `json:"region,omitempty"`
	Zone        string            `json:"zone,omitempty"`
	Endpoint    string            `json:"endpoint,omitempty"`
	Credentials map[string]string `json:"credentials,omitempty"`
	Settings    map[string]string `json:"settings,omitempty"`
}

// ReadConnections reads a directory with a file for each connection, as a Secret is
// mounted: the file's name, less .yaml or .json, is that of the connection.
func ReadConnections(dir string) (map[string]Connection, error) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	connections := map[string]Connection{}
	for _, file := range files {
		// A mounted Secret has directories and links of its own, which begin with a point.
		if file.IsDir() || strings.HasPrefix(file.Name(), ".") {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, file.Name()))
		if err != nil {
			return nil, err
		}
		var c Connection
		if err := yaml.UnmarshalStrict(data, &c); err != nil {
			// The parser's words may quote what it read, and that may be a credential.
			return nil, fmt.Errorf("%s is not a connection: its members are provider, region, zone, endpoint, credentials, settings", file.Name())
		}
		connections[strings.TrimSuffix(strings.TrimSuffix(file.Name(), ".yaml"), ".json")] = c
	}
	return connections, nil
}

// Connections opens each connection once, when it is first used: all objects of a
// connection share one handler, and so its limiter, its memory and the looks of its waits.
type Connections struct {
	configs  map[string]Connection
	observer func(connection string) pmks.Observer

	mu   sync.Mutex
	open map[string]*pmks.Client
}

// NewConnections makes them of configurations. The observer, if there is one, is told of
// the calls of a connection.
func NewConnections(configs map[string]Connection, observer func(connection string) pmks.Observer) *Connections {
	return &Connections{configs: maps.Clone(configs), observer: observer, open: map[string]*pmks.Client{}}
}

// Add gives a connection a handler that is open already.
func (c *Connections) Add(name string, h pmks.ClusterHandler) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open[name] = pmks.New(h, c.options(name)...)
}

func (c *Connections) options(name string) []pmks.Option {
	if c.observer == nil {
		return nil
	}
	return []pmks.Option{pmks.WithObserver(c.observer(name))}
}

// Client returns the client of a connection. One that could not be opened is tried again
// by the next caller.
func (c *Connections) Client(ctx context.Context, name string) (*pmks.Client, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if client, ok := c.open[name]; ok {
		return client, nil
	}
	config, ok := c.configs[name]
	if !ok {
		return nil, &pmks.Error{Code: pmks.CodeFailedPrecondition, Field: "spec.connection",
			Message: fmt.Sprintf("the operator has no connection %q; there are %q", name, slices.Sorted(maps.Keys(c.configs)))}
	}
	client, err := pmks.Open(ctx, config.Provider, pmks.Config{
		Region: config.Region, Zone: config.Zone, Endpoint: config.Endpoint, Credentials: config.Credentials, Settings: config.Settings,
	}, c.options(name)...)
	if err != nil {
		return nil, notTerminal(err)
	}
	c.open[name] = client
	return client, nil
}

// opensByCall reports whether the public endpoints of a connection are opened by calls of
// their own. Of one that was never used nothing waits for that.
func (c *Connections) opensByCall(name string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	client, ok := c.open[name]
	return ok && client.Capabilities().Access.OpenCall
}

// notTerminal keeps a fault of a connection from being taken for one of an object's spec:
// whoever mends the connection changes no object.
func notTerminal(err error) error {
	var e *pmks.Error
	if code := pmks.CodeOf(err); errors.As(err, &e) && (code == pmks.CodeInvalidArgument || code == pmks.CodeUnsupported) {
		changed := *e
		changed.Code, changed.Err = pmks.CodeFailedPrecondition, nil
		changed.Message = "the connection cannot be opened: " + e.Error()
		return &changed
	}
	return err
}
