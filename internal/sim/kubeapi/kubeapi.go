// SPDX-License-Identifier: Apache-2.0

// Package kubeapi serves the Kubernetes API of simulated clusters: enough of it for
// kubectl, client-go's informers and leader election to work against a cloud that
// does not exist.
//
// Each cluster has a server of its own under the cluster's own certificate
// authority. It authenticates client certificates and the bearer tokens of the
// cloud, and serves
//
//   - /version, /livez, /readyz, and discovery in both its forms;
//   - nodes, which are those of the cluster's node groups, to read;
//   - namespaces, configmaps and leases, to read and to write: create, update,
//     patch and delete with conflicts, dry runs and finalizers;
//   - reviews of who the caller is (kubectl auth whoami).
//
// Lists come in pages, by selectors and as the tables of kubectl; watches begin
// anywhere in the recent past, with initial events and bookmarks as asked. All else
// is not found, as on a server that does not have it. There are no pods, and nothing
// is scheduled. Who is authenticated may do everything, unless the cloud says that
// they have no rights yet.
//
// A [Cloud] tells what there is. Nothing runs until somebody asks: a server begins
// with the first read of its endpoint or the first connection, and a watch sleeps
// until the cloud says that something has changed (Servers.Changed), or until the
// time at which it says that something will. So it works inside a testing/synctest
// bubble, where connections come through Servers.DialContext, and costs nothing
// where it is not used.
//
// It uses the standard library alone, since package fake links it.
package kubeapi

import (
	"crypto/tls"
	"time"
)

// Cloud is what a simulated cloud tells about its clusters. Its methods are called
// from many goroutines, and never while a method of Servers holds a lock.
type Cloud interface {
	// Cluster returns a cluster as it is now, whatever the reads of the cloud show.
	Cluster(id string) Cluster
	// Authority returns the certificate authority of a cluster, with its key. Once it
	// returns another one, certificates of the old one open nothing.
	Authority(id string) (tls.Certificate, error)
	// Authenticate says to whom a bearer token belongs, as far as that cluster knows;
	// false: it is not valid, not any more or not yet.
	Authenticate(id, token string) (User, bool)
	// NextEvent returns when something will next happen by itself, and false if
	// nothing will.
	NextEvent() (time.Time, bool)
}

// Condition is what a control plane can do.
type Condition int

// The conditions.
const (
	// Gone: there is no such cluster, or not any more. Its server closes.
	Gone Condition = iota
	// Down: nothing answers, for now.
	Down
	// Up: it serves.
	Up
)

// Cluster is one cluster as its API server knows it.
type Cluster struct {
	Condition Condition
	// Version is that of the control plane, with whatever the vendor appends; a patch
	// that is left out counts as 0.
	Version string
	Created time.Time
	Nodes   []Node
	// ConfigMaps are those that the cloud itself reads and writes.
	ConfigMaps []ConfigMap
}

// ConfigMap is one in which a cloud has settings, such as its autoscaler's.
type ConfigMap struct {
	Namespace, Name           string
	Labels, Annotations, Data map[string]string
}

// ConfigMapWriter is a Cloud with ConfigMaps that others may write.
type ConfigMapWriter interface {
	// WriteConfigMap is called with one that is to be as it is given.
	WriteConfigMap(id string, m ConfigMap) error
}

// Taint is one of a node, in the words of Kubernetes.
type Taint struct{ Key, Value, Effect string }

// Node is a machine in a cluster.
type Node struct {
	Name       string
	ProviderID string
	// Version is that of the kubelet, as Cluster.Version.
	Version string
	// Labels are the vendor's; those that every kubelet sets are added.
	Labels map[string]string
	Taints []Taint
	// Created is when it joined; zero means when it was first seen.
	Created time.Time
	// NotReady is the reason why it is not ready; empty means that it is.
	NotReady string
	// InternalIP is an address in the network of the cluster; empty: one is made up.
	InternalIP, ExternalIP string
	// OSImage and Runtime are as kubectl get nodes -o wide shows them.
	OSImage, Runtime string
}

// User is who an API server takes a caller for.
type User struct {
	Name   string
	UID    string
	Groups []string
	Extra  map[string][]string
	// NoRights: known, and allowed nothing but to ask who they are and what there is.
	NoRights bool
}
