// SPDX-License-Identifier: Apache-2.0

package kubeapi

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// list answers with the objects of a resource, or with a page of them.
func (c *call) list() *refusal {
	matches, e := c.selectors()
	if e != nil {
		return e
	}
	limit, e := c.number("limit")
	if e != nil {
		return e
	}
	at, after, e := c.listFrom()
	if e != nil {
		return e
	}
	all, version, err := c.store.list(c.of, c.namespace, at)
	if err != nil {
		return gone(err)
	}
	items := slices.DeleteFunc(all, func(o object) bool { return o.key() <= after || !matches(o) })
	metadata := map[string]any{"resourceVersion": strconv.FormatUint(version, 10)}
	if limit > 0 && uint64(len(items)) > limit {
		rest := len(items) - int(limit)
		items = items[:limit]
		metadata["continue"] = writeContinue(version, items[limit-1].key())
		if !c.query.Has("labelSelector") && !c.query.Has("fieldSelector") {
			metadata["remainingItemCount"] = rest
		}
	}
	writeJSON(c.w, http.StatusOK, c.form.contentType(), c.form.list(c, items, metadata))
	return nil
}

// listFrom reads which version is asked for, 0 being now, and the key after which a
// page begins.
func (c *call) listFrom() (at uint64, after string, e *refusal) {
	asked, e := c.number("resourceVersion")
	if e != nil {
		return 0, "", e
	}
	match := c.query.Get("resourceVersionMatch")
	if token := c.query.Get("continue"); token != "" {
		if asked != 0 || match != "" {
			return 0, "", badRequest("specifying resource version or match is not allowed when using continue")
		}
		at, after, ok := readContinue(token)
		if !ok {
			return 0, "", badRequest("continue key is not valid")
		}
		return at, after, nil
	}
	switch match {
	case "":
	case "NotOlderThan", "Exact":
		if !c.query.Has("resourceVersion") || match == "Exact" && asked == 0 {
			return 0, "", badRequest("resourceVersionMatch %q is forbidden without a resourceVersion", match)
		}
	default:
		return 0, "", badRequest("resourceVersionMatch: Unsupported value: %q", match)
	}
	if now := c.store.now(); asked > now {
		return 0, "", tooNew(asked, now)
	}
	if match == "Exact" {
		return asked, "", nil
	}
	return 0, "", nil
}

// number reads a parameter that is a number; 0 if it is not there.
func (c *call) number(name string) (uint64, *refusal) {
	text := c.query.Get(name)
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(text, 10, 63)
	if err != nil {
		return 0, badRequest("%s: Invalid value: %q", name, text)
	}
	return n, nil
}

// continueToken is where a list goes on.
type continueToken struct {
	Version         string `json:"v"`
	ResourceVersion uint64 `json:"rv"`
	Start           string `json:"start"`
}

func writeContinue(version uint64, last string) string {
	data, _ := json.Marshal(continueToken{"meta.k8s.io/v1", version, last}) // texts and a number
	return base64.RawURLEncoding.EncodeToString(data)
}

func readContinue(token string) (version uint64, after string, ok bool) {
	data, err := base64.RawURLEncoding.DecodeString(token)
	var t continueToken
	if err != nil || json.Unmarshal(data, &t) != nil || t.ResourceVersion == 0 || t.Version != "meta.k8s.io/v1" {
		return 0, "", false
	}
	return t.ResourceVersion, t.Start, true
}

// selectors reads the selectors of a request.
func (c *call) selectors() (matches func(object) bool, e *refusal) {
	labels, err := parseSelector(c.query.Get("labelSelector"))
	if err != nil {
		return nil, badRequest("unable to parse requirement: %v", err)
	}
	fields, err := parseSelector(c.query.Get("fieldSelector"))
	if err != nil {
		return nil, badRequest("%v", err)
	}
	for _, r := range fields {
		if r.key != "metadata.name" && r.key != "metadata.namespace" {
			return nil, badRequest("field label not supported: %s", r.key)
		}
		if r.values == nil || len(r.values) != 1 {
			return nil, badRequest("invalid field selector %q", strings.TrimSpace(c.query.Get("fieldSelector")))
		}
	}
	return func(o object) bool {
		return labels.match(o.strings("metadata", "labels")) &&
			fields.match(map[string]string{"metadata.name": o.name(), "metadata.namespace": o.namespace()})
	}, nil
}
