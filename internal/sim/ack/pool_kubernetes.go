// SPDX-License-Identifier: Apache-2.0

package ack

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/pmks-go/pmks/internal/sim/core"
)

// kubernetesConfig is what a node pool wants its nodes to be in Kubernetes.
type kubernetesConfig struct {
	labels              []tagObject
	taints              []taintObject
	runtime             string
	cpuPolicy, userData string
	unschedulable       bool
	cms                 *bool
}

// newKubernetesConfig is the one of a request, with its defaults.
func newKubernetesConfig(in *kubernetesConfigRequest) kubernetesConfig {
	k := kubernetesConfig{runtime: "2.1.4.1"}
	if in != nil {
		k.lay(in)
	}
	return k
}

// lay puts what a request has over what is there.
func (k *kubernetesConfig) lay(in *kubernetesConfigRequest) {
	if in.Labels != nil {
		k.labels = in.Labels
	}
	if in.Taints != nil {
		k.taints = in.Taints
	}
	if in.Unschedulable != nil {
		k.unschedulable = *in.Unschedulable
	}
	if in.UserData != nil {
		k.userData = *in.UserData
	}
	k.runtime, k.cpuPolicy, k.cms = cmp.Or(in.RuntimeVersion, k.runtime), cmp.Or(in.CPUPolicy, k.cpuPolicy), cmp.Or(in.CMSEnabled, k.cms)
}

// reconfigured is what the kubernetes_config of a PUT makes of the one that is there. A
// block that is sent is the new one: what it leaves out is gone.
func (s *Server) reconfigured(k kubernetesConfig, in *kubernetesConfigRequest) kubernetesConfig {
	if in == nil {
		return k
	}
	next := kubernetesConfig{runtime: k.runtime}
	if s.assumptions.KubernetesConfigKept {
		next = k
	}
	next.lay(in)
	if s.assumptions.LabelsMerged {
		next.labels = mergeTags(k.labels, in.Labels)
		next.taints = mergeTaints(k.taints, in.Taints)
	}
	return next
}

// mergeTaints lays taints over those that are there; the key with the effect names one.
func mergeTaints(base, more []taintObject) []taintObject {
	list := slices.Clone(base)
	for _, t := range more {
		same := func(old taintObject) bool { return old.Key == t.Key && old.Effect == t.Effect }
		list = append(slices.DeleteFunc(list, same), t)
	}
	return list
}

func (k *kubernetesConfig) object() kubernetesConfigObject {
	return kubernetesConfigObject{
		Runtime: "containerd", RuntimeVersion: k.runtime, Labels: append([]tagObject{}, k.labels...), Taints: append([]taintObject{}, k.taints...),
		CPUPolicy: cmp.Or(k.cpuPolicy, "none"), Unschedulable: k.unschedulable, UserData: k.userData, CMSEnabled: k.cms,
	}
}

// The bounds of labels. The vendor counts 64 and 128 characters; what Kubernetes would
// not take on a node is refused as well.
const (
	maxLabels     = 20
	maxLabelKey   = 64
	maxLabelValue = 63
)

var (
	labelName   = regexp.MustCompile(`^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$`)
	labelPrefix = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)
)

// validLabelKey: an optional prefix, which is a domain, and a name.
func validLabelKey(key string) bool {
	prefix, name, found := strings.Cut(key, "/")
	if !found {
		prefix, name = "", key
	}
	return len(key) <= maxLabelKey && labelName.MatchString(name) && (!found || labelPrefix.MatchString(prefix))
}

func validLabelValue(value string) bool {
	return value == "" || len(value) <= maxLabelValue && labelName.MatchString(value)
}

func (s *Server) checkKubernetes(in *kubernetesConfigRequest) *apiError {
	if in == nil {
		return nil
	}
	if in.Runtime != "" && in.Runtime != "containerd" {
		return invalid("Runtime", "the runtime %q is not supported", in.Runtime)
	}
	if len(in.Labels) > maxLabels {
		return s.badLabel("at most %d labels may be given, got %d", maxLabels, len(in.Labels))
	}
	seen := map[string]bool{}
	for _, l := range in.Labels {
		if !validLabelKey(l.Key) || !validLabelValue(l.Value) || reserved(l.Key) || reserved(l.Value) || seen[l.Key] {
			return s.badLabel("the label %q with the value %q is not valid, or is given twice", l.Key, l.Value)
		}
		seen[l.Key] = true
	}
	for _, t := range in.Taints {
		if !validLabelKey(t.Key) || !validLabelValue(t.Value) || !slices.Contains([]string{"NoExecute", "NoSchedule", "PreferNoSchedule"}, t.Effect) {
			return invalid("Taints", "a taint with the key %q, the value %q and the effect %q is not valid", t.Key, t.Value, t.Effect)
		}
		if seen[t.Key+"\x00"+t.Effect] {
			return invalid("Taints", "the taint %s:%s is given twice", t.Key, t.Effect)
		}
		seen[t.Key+"\x00"+t.Effect] = true
	}
	return nil
}

// badLabel refuses a label. Nobody has recorded the code.
func (s *Server) badLabel(format string, args ...any) *apiError {
	if s.assumptions.OtherCodes {
		return invalid("KubernetesConfig", format, args...)
	}
	return invalid("Labels", format, args...)
}

// relabel is what is left to do when a node pool has been changed with update_nodes: its
// nodes become what it is. Without, only those that are made later are.
func (s *Server) relabel(known *poolRecord, in *modifyPoolRequest) func(core.OperationRecord) {
	return func(end core.OperationRecord) {
		if in.UpdateNodes == nil || !*in.UpdateNodes || end.Failure != "" {
			return
		}
		for _, n := range known.nodes {
			n.labels = known.kubernetes.labels
		}
	}
}
