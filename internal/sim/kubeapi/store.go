// SPDX-License-Identifier: Apache-2.0

package kubeapi

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// logLimit is how many changes a store remembers. Who asks for what was before is
// told that it has expired.
const logLimit = 2000

// firstVersion is where resourceVersions begin.
const firstVersion = 1000

// The kinds of changes, as watches have them.
const (
	added    = "ADDED"
	modified = "MODIFIED"
	deleted  = "DELETED"
	bookmark = "BOOKMARK"
)

// change is one change of one object: before is nil for an ADDED, after for a
// DELETED.
type change struct {
	version       uint64
	of            *resource
	before, after object
}

// store holds the objects of a cluster.
type store struct {
	cluster string
	changes broadcast

	mu      sync.Mutex
	version uint64
	oldest  uint64 // the log holds all changes after this version
	objects map[*resource]map[string]object
	log     []change
	begun   bool
	// owned are the keys of the config maps of the cloud.
	owned map[string]bool
}

func newStore(cluster string) *store {
	return &store{cluster: cluster, version: firstVersion, oldest: firstVersion, objects: map[*resource]map[string]object{
		nodes: {}, namespaces: {}, configMaps: {}, leases: {},
	}}
}

// follow makes the nodes, and the config maps that are the cloud's, those of the cloud.
func (s *store) follow(c Cluster, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	first := !s.begun
	if first {
		s.begun = true
		for _, name := range systemNamespaces {
			s.put(namespaces, s.create(namespaces, newNamespace(name), c.Created))
		}
	}
	have := s.objects[nodes]
	want := map[string]bool{}
	for _, n := range c.Nodes {
		key := keyOf("", n.Name)
		want[key] = true
		is := have[key]
		if is != nil && is.text("spec", "providerID") != n.ProviderID {
			s.drop(nodes, is) // another machine of the same name
			is = nil
		}
		if n.Created.IsZero() {
			if n.Created = now; first {
				n.Created = c.Created
			}
			if is != nil {
				n.Created, _ = time.Parse(time.RFC3339, is.meta("creationTimestamp"))
			}
		}
		o := nodeObject(n, c)
		if is == nil {
			s.put(nodes, s.create(nodes, o, n.Created))
			continue
		}
		s.replace(nodes, is, o, n.Created)
	}
	for _, key := range slices.Sorted(maps.Keys(have)) {
		if !want[key] {
			s.drop(nodes, have[key])
		}
	}
	s.followConfigMaps(c.ConfigMaps, now)
}

func (s *store) followConfigMaps(list []ConfigMap, now time.Time) {
	owned := map[string]bool{}
	for _, m := range list {
		key := keyOf(m.Namespace, m.Name)
		owned[key] = true
		is := s.objects[configMaps][key]
		o := is.withMeta(map[string]any{"name": m.Name, "namespace": m.Namespace, "labels": members(m.Labels), "annotations": members(m.Annotations)})
		o["apiVersion"], o["kind"], o["data"] = configMaps.apiVersion(), configMaps.kind, members(m.Data)
		switch {
		case is == nil:
			s.put(configMaps, s.create(configMaps, o, now))
		case !maps.Equal(is.strings("data"), m.Data) || !maps.Equal(is.strings("metadata", "labels"), m.Labels) ||
			!maps.Equal(is.strings("metadata", "annotations"), m.Annotations):
			s.put(configMaps, o)
		}
	}
	for key := range s.owned {
		if is := s.objects[configMaps][key]; !owned[key] && is != nil {
			s.drop(configMaps, is)
		}
	}
	s.owned = owned
}

// members is a map as JSON has it; nil for one that is empty.
func members(m map[string]string) any {
	if len(m) == 0 {
		return nil
	}
	out := map[string]any{}
	for key, value := range m {
		out[key] = value
	}
	return out
}

// create fills in what a new object gets.
func (s *store) create(r *resource, o object, now time.Time) object {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s/%s/%s/%d", s.cluster, r.name, o.key(), s.version))
	sum[6], sum[8] = sum[6]&0x0f|0x40, sum[8]&0x3f|0x80
	return o.withMeta(map[string]any{
		"uid":               fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16]),
		"creationTimestamp": stamp(now),
	})
}

// replace puts an object in the place of another, whose identity it takes on, and
// returns what is there then.
func (s *store) replace(r *resource, is, o object, created time.Time) object {
	o = o.withMeta(map[string]any{"uid": is.meta("uid"), "creationTimestamp": stamp(created), "resourceVersion": is.meta("resourceVersion")})
	if reflect.DeepEqual(o, is) {
		return is
	}
	return s.put(r, o)
}

// put writes an object and returns it with its version. The caller holds the lock.
func (s *store) put(r *resource, o object) object {
	s.version++
	o = o.withMeta(map[string]any{"resourceVersion": strconv.FormatUint(s.version, 10)})
	s.note(change{s.version, r, s.objects[r][o.key()], o})
	s.objects[r][o.key()] = o
	return o
}

// drop takes an object out.
func (s *store) drop(r *resource, o object) {
	s.version++
	s.note(change{s.version, r, o, nil})
	delete(s.objects[r], o.key())
	if r == namespaces {
		for _, inside := range []*resource{configMaps, leases} {
			for _, key := range slices.Sorted(maps.Keys(s.objects[inside])) {
				if child := s.objects[inside][key]; child.namespace() == o.name() {
					s.drop(inside, child)
				}
			}
		}
	}
}

func (s *store) note(c change) {
	if len(s.log) >= logLimit {
		s.oldest = s.log[logLimit/2-1].version
		s.log = append([]change(nil), s.log[logLimit/2:]...)
	}
	s.log = append(s.log, c)
	s.changes.send()
}

// get returns an object.
func (s *store) get(r *resource, namespace, name string) (object, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, ok := s.objects[r][keyOf(namespace, name)]
	return o, ok
}

// expired is what is said of a version that the store does not remember.
type expired struct{ version, oldest uint64 }

func (e expired) Error() string {
	return fmt.Sprintf("too old resource version: %d (%d)", e.version, e.oldest)
}

// list returns the objects of a resource, and of a namespace unless it is empty, in
// the order of their keys, as they were at a version; 0 is now. It returns that
// version too.
func (s *store) list(r *resource, namespace string, at uint64) ([]object, uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	there := s.objects[r]
	switch {
	case at == 0 || at >= s.version:
		at = s.version
	case at < s.oldest:
		return nil, 0, expired{at, s.oldest}
	default:
		there = maps.Clone(there)
		for _, c := range slices.Backward(s.log) {
			if c.version <= at {
				break
			}
			switch {
			case c.of != r:
			case c.before == nil:
				delete(there, c.after.key())
			default:
				there[c.before.key()] = c.before
			}
		}
	}
	var out []object
	for _, key := range slices.Sorted(maps.Keys(there)) {
		if namespace == "" || strings.HasPrefix(key, namespace+"/") {
			out = append(out, there[key])
		}
	}
	return out, at, nil
}

// since returns the changes of a resource after a version, and the version up to
// which that is all.
func (s *store) since(r *resource, namespace string, after uint64) ([]change, uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if after < s.oldest {
		return nil, 0, expired{after, s.oldest}
	}
	first, _ := slices.BinarySearchFunc(s.log, after+1, func(c change, v uint64) int {
		switch {
		case c.version < v:
			return -1
		case c.version > v:
			return 1
		}
		return 0
	})
	var out []change
	for _, c := range s.log[first:] {
		o := c.after
		if o == nil {
			o = c.before
		}
		if c.of == r && (namespace == "" || o.namespace() == namespace) {
			out = append(out, c)
		}
	}
	return out, s.version, nil
}

// now returns the version of the store.
func (s *store) now() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.version
}
