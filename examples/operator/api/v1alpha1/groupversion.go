// SPDX-License-Identifier: Apache-2.0

// Package v1alpha1 holds the two kinds of the operator: ManagedCluster, a cluster on a
// cloud, and NodeGroup, one of its node groups. The files of config/crd are made from it.
package v1alpha1

//go:generate go run ../../crdgen . ../../config/crd

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Group is the API group of both kinds.
const Group = "pmks.example.org"

// GroupVersion is the group with this version.
var GroupVersion = schema.GroupVersion{Group: Group, Version: "v1alpha1"}

// AddToScheme makes a scheme know both kinds.
func AddToScheme(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(GroupVersion, &ManagedCluster{}, &ManagedClusterList{}, &NodeGroup{}, &NodeGroupList{})
	metav1.AddToGroupVersion(scheme, GroupVersion)
	return nil
}

// Annotations and the finalizer that the operator knows.
const (
	// Finalizer keeps an object until what it stands for is gone from the cloud.
	Finalizer = Group + "/cloud"
	// AnnotationAdopt makes a ManagedCluster take a cluster over that exists already:
	// "true" the one with its name, anything else the one with that id.
	AnnotationAdopt = Group + "/adopt"
	// AnnotationProtect, when "true", keeps what the object stands for: its deletion waits
	// until the annotation is gone.
	AnnotationProtect = Group + "/deletion-protection"
	// AnnotationRetry: any new value makes the operator try again what the cloud refused
	// for good.
	AnnotationRetry = Group + "/retry"
	// AnnotationRecreate allows a cluster that vanished from the cloud to be made anew, by
	// the id of the vanished one.
	AnnotationRecreate = Group + "/recreate"
)

// Types of conditions.
const (
	// ConditionReady: the cloud says that it is Active.
	ConditionReady = "Ready"
	// ConditionSynced: the cloud has what the spec asks for. When it is False the reason is
	// the code of the pmks error, such as InvalidArgument, or one of the Reasons.
	ConditionSynced = "Synced"
)

// Reasons of conditions that are not codes of errors.
const (
	ReasonApplied     = "Applied"           // the cloud has what was asked for
	ReasonWaiting     = "Waiting"           // something else comes first, as the message says
	ReasonProgressing = "Progressing"       // the cloud is working on it
	ReasonProtected   = "DeletionProtected" // AnnotationProtect keeps it
	ReasonVanished    = "Vanished"          // other hands deleted it
	ReasonDrift       = "Drift"             // the cloud has something else, and it cannot be changed
	ReasonConflict    = "Conflict"          // an older object stands for the same cluster
)
