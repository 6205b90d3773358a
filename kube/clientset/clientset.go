// SPDX-License-Identifier: Apache-2.0

// Package clientset makes a typed Kubernetes clientset for a cluster in one call. It
// stands apart from package kube so that only programs that want every type of
// Kubernetes link them: they cost 23 MB. Most do well with [kube.RESTConfig] and a client
// for the types they use.
package clientset

import (
	"context"

	"k8s.io/client-go/kubernetes"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/kube"
)

// New returns a clientset for a cluster. It fails as [kube.RESTConfig] does; to set
// timeouts or rates, call that and kubernetes.NewForConfig.
func New(ctx context.Context, h pmks.ClusterHandler, clusterIID pmks.IID, opts ...kube.Option) (*kubernetes.Clientset, error) {
	cfg, err := kube.RESTConfig(ctx, h, clusterIID, opts...)
	if err != nil {
		return nil, err
	}
	set, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		return nil, pmks.Annotate(err, pmks.Error{Op: "RESTConfig", Cluster: clusterIID})
	}
	return set, nil
}
