// SPDX-License-Identifier: Apache-2.0

package simkit

import (
	"context"
	"crypto/tls"
	"net"
	"time"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/kubeapi"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// Kubernetes is what a simulator tells about the API servers of its clusters. Its
// functions are called while the lock is held and the worlds are at now, but for Next.
// A cluster goes by an id that no other has, not even a later one of the same name.
type Kubernetes struct {
	Mode kubeapi.Mode
	// Provider is the name of the cloud, for what its nodes look like.
	Provider string
	// Worlds are all that the simulator has, and Next is when something happens in one
	// of them; it takes the lock itself.
	Worlds []*core.World
	Next   func() (time.Time, bool)
	// Cluster returns a cluster as it is, or nil when it is gone.
	Cluster func(id string, now time.Time) *core.Cluster
	// Up says whether the API server of a cluster answers; nil: once the core has
	// brought the control plane up, unless it is stopped.
	Up func(id string, c *core.Cluster, now time.Time) bool
	// Nodes returns the machines of a cluster; see Machines.
	Nodes func(id string, c *core.Cluster, now time.Time) []kubeapi.Machine
	// ConfigMaps returns those that are the cloud's, and WriteConfigMap takes a change of
	// one; nil: there are none.
	ConfigMaps     func(id string) []kubeapi.ConfigMap
	WriteConfigMap func(id string, m kubeapi.ConfigMap, now time.Time) error
	// Authority is that of the cluster now.
	Authority func(id string) (Authority, error)
	// Token says whose a bearer token is; nil: the cloud has none.
	Token func(id, token string, now time.Time) (kubeapi.User, bool)
}

// Machines returns the nodes of a cluster as the core has them.
func Machines(c *core.Cluster, region string) []kubeapi.Machine {
	var list []kubeapi.Machine
	for _, g := range c.Groups {
		m := kubeapi.Machine{
			Region: region, Cluster: c.Name, ClusterID: c.ID, Group: g.Name, GroupID: g.ID, InstanceType: g.Spec.VMSpecName, Version: g.Version,
		}
		if g.State == profile.Degraded || g.State == profile.Stopped {
			m.NotReady = "Kubelet stopped posting node status."
		}
		for _, node := range g.Nodes {
			m.ID, m.NodeName = node.SystemId, node.NameId
			list = append(list, m)
		}
	}
	return list
}

// ServeKubernetes puts a Kubernetes API behind the clusters, unless the mode is Off.
// It is called once, before the first call.
func (k *Kit) ServeKubernetes(o Kubernetes) {
	k.kubernetes = kubeapi.New(kubeapi.Options{Mode: o.Mode, Cloud: &kubernetesCloud{k, o}, Now: k.now, Logger: k.log})
	if k.kubernetes == nil {
		return
	}
	for _, w := range o.Worlds {
		w.OnChange(k.kubernetes.Changed)
	}
}

// KubernetesEndpoint is the URL to show for the API server of a cluster, given the one
// that the cloud would show; the same without a Kubernetes API. The lock may be held.
func (k *Kit) KubernetesEndpoint(id, given string) string { return k.kubernetes.Endpoint(id, given) }

// ServesKubernetes reports whether there is a Kubernetes API behind the clusters.
func (k *Kit) ServesKubernetes() bool { return k.kubernetes != nil }

// DialKubernetes connects to the Kubernetes API of a cluster in process; address is
// that of its endpoint, with a port.
func (k *Kit) DialKubernetes(ctx context.Context, network, address string) (net.Conn, error) {
	return k.kubernetes.DialContext(ctx, network, address)
}

// CloseKubernetes ends the API servers of the clusters, if there are any.
func (k *Kit) CloseKubernetes() error { return k.kubernetes.Close() }

// kubernetesCloud is a simulator as kubeapi knows it.
type kubernetesCloud struct {
	kit *Kit
	of  Kubernetes
}

// enter takes the lock and brings the worlds to now.
func (c *kubernetesCloud) enter() (now time.Time, leave func()) {
	c.kit.Mu.Lock()
	now = c.kit.now()
	for _, w := range c.of.Worlds {
		w.Advance(now)
	}
	return now, c.kit.Mu.Unlock
}

// Cluster implements kubeapi.Cloud.
func (c *kubernetesCloud) Cluster(id string) kubeapi.Cluster {
	now, leave := c.enter()
	defer leave()
	live := c.of.Cluster(id, now)
	switch {
	case live == nil || live.State == profile.Gone:
		return kubeapi.Cluster{Condition: kubeapi.Gone}
	case c.of.Up != nil && !c.of.Up(id, live, now), c.of.Up == nil && (!live.ControlPlaneUp || live.State == profile.Stopped):
		return kubeapi.Cluster{Condition: kubeapi.Down}
	}
	out := kubeapi.Cluster{Condition: kubeapi.Up, Version: kubeapi.VendorVersion(c.of.Provider, live.Version), Created: live.Created}
	for _, m := range c.of.Nodes(id, live, now) {
		out.Nodes = append(out.Nodes, kubeapi.VendorNode(c.of.Provider, m))
	}
	if c.of.ConfigMaps != nil {
		out.ConfigMaps = c.of.ConfigMaps(id)
	}
	return out
}

// WriteConfigMap implements kubeapi.ConfigMapWriter. It is asked only for one that is
// there.
func (c *kubernetesCloud) WriteConfigMap(id string, m kubeapi.ConfigMap) error {
	now, leave := c.enter()
	defer leave()
	return c.of.WriteConfigMap(id, m, now)
}

// Authority implements kubeapi.Cloud.
func (c *kubernetesCloud) Authority(id string) (tls.Certificate, error) {
	_, leave := c.enter()
	defer leave()
	a, err := c.of.Authority(id)
	return a.pair(), err
}

// Authenticate implements kubeapi.Cloud.
func (c *kubernetesCloud) Authenticate(id, token string) (kubeapi.User, bool) {
	now, leave := c.enter()
	defer leave()
	if c.of.Token == nil {
		return kubeapi.User{}, false
	}
	return c.of.Token(id, token, now)
}

// NextEvent implements kubeapi.Cloud.
func (c *kubernetesCloud) NextEvent() (time.Time, bool) { return c.of.Next() }
