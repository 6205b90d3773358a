// SPDX-License-Identifier: Apache-2.0

// Package kubectltest holds tests alone: they run kubectl, as it is installed, against
// the Kubernetes APIs of every provider's simulated cloud, with each kind of kubeconfig
// that the provider makes. For those that call pmks-credential the program is built and
// put into PATH.
//
// kubectl is the one that the variable PMKS_KUBECTL names, else the one in PATH; without
// one of version 1.28 or newer the tests are skipped. The stage kubectl of .ci/run gets
// one, and then nothing is skipped.
//
// One test more, for which the stage apiserver of .ci/run builds a real API server and
// etcd, is skipped without them.
package kubectltest
