// SPDX-License-Identifier: Apache-2.0

package pmks

// TaintEffect says what a taint does to pods that do not tolerate it, in the words of
// Kubernetes.
type TaintEffect string

// The effects of taints.
const (
	// TaintNoSchedule: no new pod is placed on the node.
	TaintNoSchedule TaintEffect = "NoSchedule"
	// TaintPreferNoSchedule: a pod is placed there only where nothing else is left.
	TaintPreferNoSchedule TaintEffect = "PreferNoSchedule"
	// TaintNoExecute: pods that run there are evicted too.
	TaintNoExecute TaintEffect = "NoExecute"
)

// Taint keeps pods that do not tolerate it off a node. A node has at most one taint of a
// key and effect.
type Taint struct {
	// Key and Value follow the syntax of Kubernetes, which reserves some prefixes.
	Key    string
	Value  string
	Effect TaintEffect
}

// String returns the taint as kubectl writes it: "key=value:Effect", or "key:Effect"
// where it has no value.
func (t Taint) String() string {
	if t.Value == "" {
		return t.Key + ":" + string(t.Effect)
	}
	return t.Key + "=" + t.Value + ":" + string(t.Effect)
}
