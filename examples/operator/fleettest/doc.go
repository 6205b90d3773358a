// SPDX-License-Identifier: Apache-2.0

// Package fleettest holds tests alone: the operator, as its users run it, against a real
// API server and simulated clouds. They run where PMKS_APISERVER names a directory with etcd
// and kube-apiserver; .ci/run operator builds both.
package fleettest
