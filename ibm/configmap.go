// SPDX-License-Identifier: Apache-2.0

package ibm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/once"
	"github.com/pmks-go/pmks/internal/provider/await"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/refuse"
)

const (
	configMapPath = "/api/v1/namespaces/kube-system/configmaps/iks-ca-configmap"
	// poolsKey is the key of the ConfigMap that holds the pools, as JSON in a text.
	poolsKey = "workerPoolsConfig.json"
	// statusAnnotation says what became of it.
	statusAnnotation = "workerPoolsConfigStatus"
)

// configMap is that of the autoscaler. It is written back whole: keys, entries and
// members that nobody here knows stay.
type configMap struct {
	object  map[string]json.RawMessage
	meta    map[string]json.RawMessage
	data    map[string]string
	entries []*entry
}

// entry is what the autoscaler knows of a pool. Its sizes are those of each zone.
type entry struct{ members map[string]json.RawMessage }

func (e *entry) text(key string) (s string) {
	_ = json.Unmarshal(e.members[key], &s) // what is no text names no pool
	return s
}

func (e *entry) enabled() (on bool) {
	_ = json.Unmarshal(e.members["enabled"], &on) // what is no bool is not on
	return on
}

func (e *entry) bounds() (least, most int) {
	_ = json.Unmarshal(e.members["minSize"], &least) // 0 where it is no number
	_ = json.Unmarshal(e.members["maxSize"], &most)
	return least, most
}

func (e *entry) set(least, most int, on bool) {
	e.members["minSize"] = json.RawMessage(strconv.Itoa(least))
	e.members["maxSize"] = json.RawMessage(strconv.Itoa(most))
	e.members["enabled"] = json.RawMessage(strconv.FormatBool(on))
}

// entryOf is the entry of a pool, which may be named by its name or its id; nil if there
// is none.
func (m *configMap) entryOf(p poolObject) *entry {
	for _, e := range m.entries {
		if name := e.text("name"); name == p.native() || name == p.ID {
			return e
		}
	}
	return nil
}

// status is what the autoscaler says of entries, by "min:max:pool".
func (m *configMap) status() (annotations, status map[string]string) {
	_ = json.Unmarshal(m.meta["annotations"], &annotations) // without any nothing is said
	if json.Unmarshal([]byte(annotations[statusAnnotation]), &status) != nil {
		status = nil
	}
	return annotations, status
}

// failure is what the autoscaler says of the entry of a pool as it is, where it does not
// take that, and by which key.
func (m *configMap) failure(p poolObject) (said, key string) {
	e := m.entryOf(p)
	if e == nil {
		return "", ""
	}
	least, most := e.bounds()
	_, status := m.status()
	for _, name := range []string{p.native(), p.ID} {
		key := fmt.Sprintf("%d:%d:%s", least, most, name)
		if strings.HasPrefix(status[key], "FAILED") {
			return status[key], key
		}
	}
	return "", ""
}

// forget takes a failure of a pool out of what the autoscaler has said; false where there
// is none.
func (m *configMap) forget(p poolObject) bool {
	_, key := m.failure(p)
	if key == "" {
		return false
	}
	annotations, status := m.status()
	delete(status, key)
	text, _ := json.Marshal(status) //nolint:errchkjson // texts
	annotations[statusAnnotation] = string(text)
	m.meta["annotations"], _ = json.Marshal(annotations) //nolint:errchkjson // texts
	m.object["metadata"], _ = json.Marshal(m.meta)       //nolint:errchkjson // it was read
	return true
}

// decodeConfigMap reads what the API server answers.
func decodeConfigMap(body []byte) (*configMap, error) {
	m := &configMap{}
	lost := errs.LostAnswer("the cluster's API", "ConfigMap of the autoscaler")
	if json.Unmarshal(body, &m.object) != nil || json.Unmarshal(m.object["metadata"], &m.meta) != nil {
		return nil, lost
	}
	var version string // without it a write would replace whatever others wrote
	if json.Unmarshal(m.meta["resourceVersion"], &version) != nil || version == "" {
		return nil, lost
	}
	if m.object["data"] != nil && json.Unmarshal(m.object["data"], &m.data) != nil {
		return nil, lost
	}
	var list []map[string]json.RawMessage
	if text := strings.TrimSpace(m.data[poolsKey]); text != "" && json.Unmarshal([]byte(text), &list) != nil {
		return nil, refuse.Precondition("the key %s of the autoscaler's ConfigMap is no list of pools: mend it first, or remove it", poolsKey)
	}
	for _, members := range list {
		if members != nil {
			m.entries = append(m.entries, &entry{members})
		}
	}
	return m, nil
}

// encode is the ConfigMap with its entries.
func (m *configMap) encode() ([]byte, error) {
	list := make([]map[string]json.RawMessage, len(m.entries))
	for i, e := range m.entries {
		list[i] = e.members
	}
	text, err := json.Marshal(list)
	if err != nil {
		return nil, err
	}
	if m.data == nil {
		m.data = map[string]string{}
	}
	m.data[poolsKey] = string(text)
	if m.object["data"], err = json.Marshal(m.data); err != nil {
		return nil, err
	}
	return json.Marshal(m.object)
}

// readConfigMap reads the autoscaler's ConfigMap through the API of the cluster, for a
// change or for a read that has come by the certificate of the administrator.
func (h *Handler) readConfigMap(ctx context.Context, c clusterObject, w way) (*configMap, error) {
	return withCluster(ctx, h, c, w, func(k *kubeClient) (*configMap, error) { return k.read(ctx, h) })
}

// writeEntry changes the entry of a pool, which it makes where there is none. Nothing is
// written that is so already. While the add-on is new its ConfigMap may be missing.
func (h *Handler) writeEntry(ctx context.Context, v view, p poolObject, change func(*entry)) error {
	_, err := h.editConfigMap(ctx, v.c, true, func(m *configMap) bool {
		e := m.entryOf(p)
		if e == nil {
			name, _ := json.Marshal(p.native()) //nolint:errchkjson // a text
			e = &entry{map[string]json.RawMessage{"name": name}}
			m.entries = append(m.entries, e)
		}
		was, _ := json.Marshal(e.members) //nolint:errchkjson // they were read
		change(e)
		is, _ := json.Marshal(e.members) //nolint:errchkjson // they were read
		// What failed before is tried again: without its mark the write is a new one.
		return m.forget(p) || !bytes.Equal(was, is)
	})
	return err
}

// entryPatience is how long a removal tries to take the entry of its pool.
const entryPatience = time.Minute

// takeEntry takes the entry of a pool that is to be removed, and returns it; nil where
// the autoscaler has none.
func (h *Handler) takeEntry(ctx context.Context, v view, p poolObject) (taken *entry, err error) {
	if !hasAutoscaler(v.c.Addons) {
		return nil, nil //nolint:nilnil // there is none, and nothing is wrong
	}
	bounded, cancel := context.WithTimeout(ctx, entryPatience)
	defer cancel()
	_, err = h.editConfigMap(bounded, v.c, false, func(m *configMap) bool {
		e := m.entryOf(p)
		if e == nil {
			return false
		}
		taken = e
		m.entries = slices.DeleteFunc(m.entries, func(other *entry) bool { return other == e })
		return true
	})
	if err != nil && ctx.Err() == nil {
		return nil, nil //nolint:nilnil // IKS takes the removal all the same: an entry of nothing harms nobody
	}
	return taken, errs.Ended(ctx, err)
}

// putBack gives the autoscaler an entry back whose pool was not removed, and says so.
func (h *Handler) putBack(ctx context.Context, v view, p poolObject, taken *entry, err error) error {
	var e *pmks.Error
	if pools, readErr := h.readPools(ctx, v.c.ID); readErr == nil {
		if now, findErr := findPool(pools, ref{id: p.ID}); findErr != nil || poolMeaning(now, nil, false).Status == pmks.ClusterDeleting {
			return err // it is gone by somebody else's hand
		}
	}
	if errors.As(err, &e) && e.MayHaveHappened || ctx.Err() != nil {
		return errs.HalfDone(err, "the pool is taken from the autoscaler, whether it is removed is not known")
	}
	if _, backErr := h.editConfigMap(ctx, v.c, false, func(m *configMap) bool {
		there := slices.ContainsFunc(m.entries, func(e *entry) bool { return e.text("name") == taken.text("name") })
		m.entries = append(m.entries, taken)
		return !there
	}); backErr != nil {
		return errs.HalfDone(err, "the pool is taken from the autoscaler and was not removed, and could not be given back")
	}
	return err
}

// editConfigMap reads the ConfigMap, changes it and writes it back, again when somebody
// else has written it meanwhile. The resource version keeps a write from happening
// twice: after a lost answer the read shows whether there is anything left to change.
func (h *Handler) editConfigMap(ctx context.Context, c clusterObject, waits bool, edit func(*configMap) bool) (wrote bool, err error) {
	return withCluster(ctx, h, c, way{changes: true}, func(k *kubeClient) (bool, error) {
		wrote, open := false, false
		err := await.Until(ctx, h.cfg.PollInterval, func(ctx context.Context) (bool, error) {
			m, err := k.read(ctx, h)
			if waits && errs.Is(err, pmks.CodeNotFound) {
				return false, nil
			}
			if err != nil || !edit(m) {
				return err == nil, err
			}
			open = false // what was sent before has not happened
			body, err := m.encode()
			if err != nil {
				return false, refuse.Precondition("the autoscaler's ConfigMap cannot be written back as it was read")
			}
			_, err = fanout.Do(ctx, h.api.limiter, bucketCluster, func(ctx context.Context) (*configMap, error) {
				answer, err := k.do(ctx, http.MethodPut, body)
				if err != nil {
					return nil, err
				}
				return decodeConfigMap(answer)
			})
			if errs.Is(err, pmks.CodeBusy) {
				return false, nil // somebody else has written it: read it again
			}
			wrote, open = wrote || err == nil, err != nil && once.Open(err)
			return err == nil, err
		})
		if err != nil && open && ctx.Err() == nil {
			// A last look tells whether the last write has happened.
			if m, lookErr := k.read(ctx, h); lookErr == nil {
				if !edit(m) {
					return true, nil
				}
				open = false
			}
		}
		return wrote, errs.With(errs.Ended(ctx, err), func(e *pmks.Error) { e.MayHaveHappened = e.MayHaveHappened || open })
	})
}
