// SPDX-License-Identifier: Apache-2.0

package fake

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"hash/fnv"
	"maps"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/kubeapi"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// WithKubernetesAPI puts a Kubernetes API behind each cluster: a TLS endpoint on a
// loopback address, under a certificate authority of the cluster's own, that takes the
// cluster's kubeconfig and its tokens. It serves the cluster's version, nodes that
// follow the node groups, namespaces, config maps, leases, and who the caller is, with
// tables and watches; there are no pods. See [Handler.Close].
//
// An address is opened by the first read that shows it. A [Snapshot] has nothing of
// what is kept in it.
func WithKubernetesAPI() Option { return withKubernetes(kubeapi.Loopback) }

// WithKubernetesInProcess is [WithKubernetesAPI] without a network, for a
// testing/synctest bubble: the endpoints are those of the cloud, and
// [Handler.DialKubernetes] reaches them.
func WithKubernetesInProcess() Option { return withKubernetes(kubeapi.InProcess) }

func withKubernetes(mode kubeapi.Mode) Option {
	return func(c *config) {
		c.kubernetes = func(h *Handler) kubernetesAPI {
			k := &kubernetes{h: h, identities: map[clusterKey]certificates{}}
			k.servers = kubeapi.New(kubeapi.Options{Mode: mode, Cloud: k, Logger: h.logger})
			return k
		}
	}
}

// DialKubernetes connects to the Kubernetes API of a cluster in process; address is
// that of its endpoint, with a port. It fits http.Transport.DialContext and the Dial of
// client-go's rest.Config.
func (h *Handler) DialKubernetes(ctx context.Context, network, address string) (net.Conn, error) {
	if h.kubernetes == nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: errors.New("the clusters of this fake have no Kubernetes API: see WithKubernetesAPI")}
	}
	return h.kubernetes.dial(ctx, network, address)
}

// RevokeAccess replaces what opens a cluster: the tokens and client certificates that
// were given out before are refused, and its certificate authority is a new one.
func (h *Handler) RevokeAccess(cluster pmks.IID) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	c, err := h.cluster(time.Now(), cluster)
	if err == nil && h.kubernetes != nil {
		h.kubernetes.revoke(keyOf(c))
	}
	return h.finish(err, request{op: "RevokeAccess", cluster: cluster}, "")
}

// Close ends what [WithKubernetesAPI] serves and waits until it is over; the cloud
// itself goes on. Without it there is nothing to close.
func (h *Handler) Close() error {
	if h.kubernetes == nil {
		return nil
	}
	return h.kubernetes.close()
}

// kubernetesAPI is what a Handler knows of the API servers. It is an interface so that
// a program without them does not link an HTTP server.
type kubernetesAPI interface {
	endpoint(c *core.Cluster) string
	identity(key clusterKey) (certificates, error)
	revoke(key clusterKey)
	changed()
	dial(ctx context.Context, network, address string) (net.Conn, error)
	close() error
}

// clusterKey tells clusters apart that have one id after the other.
type clusterKey struct {
	id      string
	created int64
}

func keyOf(c *core.Cluster) clusterKey { return clusterKey{c.ID, c.Created.UnixNano()} }

func keyOfInfo(info *pmks.ClusterInfo) clusterKey {
	return clusterKey{info.IId.SystemId, info.CreatedTime.UnixNano()}
}

func (k clusterKey) String() string { return k.id + "@" + strconv.FormatInt(k.created, 10) }

func parseKey(text string) clusterKey {
	at := strings.LastIndexByte(text, '@')
	created, _ := strconv.ParseInt(text[at+1:], 10, 64) // written by String
	return clusterKey{text[:at], created}
}

// endpoint is where the API server of a cluster is. The caller holds the lock.
func (h *Handler) endpoint(c *core.Cluster) string {
	if h.kubernetes == nil {
		return c.Endpoint
	}
	return h.kubernetes.endpoint(c)
}

// kubernetes implements both sides: what a Handler asks, and what kubeapi does.
type kubernetes struct {
	h       *Handler
	servers *kubeapi.Servers

	mu         sync.Mutex
	identities map[clusterKey]certificates
}

func (k *kubernetes) endpoint(c *core.Cluster) string {
	return k.servers.Endpoint(keyOf(c).String(), c.Endpoint)
}

func (k *kubernetes) changed()     { k.servers.Changed() }
func (k *kubernetes) close() error { return k.servers.Close() }

func (k *kubernetes) dial(ctx context.Context, network, address string) (net.Conn, error) {
	return k.servers.DialContext(ctx, network, address)
}

// identity returns the certificates of a cluster, which are made when they are first
// asked for.
func (k *kubernetes) identity(key clusterKey) (certificates, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	id, ok := k.identities[key]
	if ok {
		return id, nil
	}
	id, err := newIdentity()
	if err != nil {
		return id, err
	}
	id.mark = "-" + rand.Text()
	k.identities[key] = id
	return id, nil
}

func (k *kubernetes) revoke(key clusterKey) {
	k.mu.Lock()
	delete(k.identities, key)
	k.mu.Unlock()
	k.changed()
}

// cluster finds a cluster of the world as it is. The caller holds the lock.
func (k *kubernetes) cluster(key clusterKey) (*core.Cluster, bool) {
	c, ok := k.h.world.Truth(time.Now(), key.id)
	return c, ok && keyOf(c) == key
}

// Cluster implements kubeapi.Cloud.
func (k *kubernetes) Cluster(id string) kubeapi.Cluster {
	h, key := k.h, parseKey(id)
	h.mu.Lock()
	defer h.mu.Unlock()
	c, ok := k.cluster(key)
	switch {
	case !ok:
		k.mu.Lock()
		delete(k.identities, key)
		k.mu.Unlock()
		return kubeapi.Cluster{Condition: kubeapi.Gone}
	case !c.ControlPlaneUp, !c.AccessOpen, c.State == profile.Stopped:
		return kubeapi.Cluster{Condition: kubeapi.Down}
	}
	out := kubeapi.Cluster{Condition: kubeapi.Up, Version: kubeapi.VendorVersion(h.profile.Name, c.Version), Created: c.Created}
	for _, g := range c.Groups {
		notReady := ""
		if g.State == profile.Degraded || g.State == profile.Stopped {
			notReady = "Kubelet stopped posting node status."
		}
		for _, node := range g.Nodes {
			zones := h.profile.Zones
			if len(g.Spec.Zones) > 0 {
				zones = g.Spec.Zones
			}
			sum := fnv.New32a()
			_, _ = sum.Write([]byte(node.SystemId)) // a hash takes everything
			m := kubeapi.Machine{
				ID: node.SystemId, NodeName: node.NameId, Account: "fake", Region: h.world.Region(), Cluster: c.Name, ClusterID: c.ID,
				Group: g.Name, GroupID: g.ID, InstanceType: g.Spec.VMSpecName, Version: g.Version, NotReady: notReady,
				Labels: maps.Clone(g.Spec.Labels),
			}
			for _, t := range g.Spec.Taints {
				m.Taints = append(m.Taints, kubeapi.Taint{Key: t.Key, Value: t.Value, Effect: string(t.Effect)})
			}
			if len(zones) > 0 && m.Region == h.profile.Region {
				m.Zone = zones[int(sum.Sum32()%uint32(len(zones)))] //nolint:gosec // a handful of zones
			}
			out.Nodes = append(out.Nodes, kubeapi.VendorNode(h.profile.Name, m))
		}
	}
	return out
}

// Authority implements kubeapi.Cloud.
func (k *kubernetes) Authority(id string) (tls.Certificate, error) {
	identity, err := k.identity(parseKey(id))
	return identity.authority, err
}

// Authenticate implements kubeapi.Cloud: a token says for how long it is good.
func (k *kubernetes) Authenticate(id, token string) (kubeapi.User, bool) {
	k.h.mu.Lock()
	c, ok := k.cluster(parseKey(id))
	name := ""
	if ok {
		name = c.Name
	}
	k.h.mu.Unlock()
	identity, err := k.identity(parseKey(id))
	if !ok || err != nil {
		return kubeapi.User{}, false
	}
	text := strings.TrimSuffix(strings.TrimPrefix(token, tokenStart(name)), identity.mark)
	until, err := strconv.ParseInt(text, 10, 64)
	if err != nil || token != tokenText(name, identity.mark, until) || !time.Now().Before(time.Unix(until, 0)) {
		return kubeapi.User{}, false
	}
	return kubeapi.User{Name: "fake-admin", Groups: []string{"system:masters"}}, true
}

// NextEvent implements kubeapi.Cloud.
func (k *kubernetes) NextEvent() (time.Time, bool) {
	k.h.mu.Lock()
	defer k.h.mu.Unlock()
	k.h.world.Advance(time.Now())
	return k.h.world.NextEvent()
}
