// SPDX-License-Identifier: Apache-2.0

package kubeapi

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"reflect"
	"slices"
	"strings"
)

// maxBody is the largest body that is read, as on a real server.
const maxBody = 3 << 20

const (
	typeJSON      = "application/json"
	typeProtobuf  = "application/vnd.kubernetes.protobuf"
	typeMerge     = "application/merge-patch+json"
	typeStrategic = "application/strategic-merge-patch+json"
)

// read reads a body and its type, which must be one of those given.
func (c *call) read(types ...string) (data []byte, kind string, e *refusal) {
	kind, _, err := mime.ParseMediaType(cmp.Or(c.r.Header.Get("Content-Type"), typeJSON))
	if err != nil || !slices.Contains(types, kind) {
		return nil, "", refuse(http.StatusUnsupportedMediaType, "UnsupportedMediaType",
			"the body of the request was in an unknown format - accepted media types include: %s", strings.Join(types, ", "))
	}
	data, err = io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, maxBody))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, "", refuse(http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "Request entity too large: limit is %d", maxBody)
	case err != nil:
		return nil, "", badRequest("the body cannot be read: %v", err)
	}
	return data, kind, nil
}

// body reads the object in a body.
func (c *call) body() (object, *refusal) {
	data, kind, e := c.read(typeJSON, typeProtobuf)
	if e != nil {
		return nil, e
	}
	var o object
	if kind == typeProtobuf {
		var err error
		if o, err = decodeProtobuf(data, c.of.kind); err != nil {
			return nil, badRequest("unable to decode the protobuf: %v", err)
		}
	} else if err := json.Unmarshal(data, &o); err != nil || o == nil {
		return nil, badRequest("couldn't get version/kind; json parse error: %v", err)
	}
	if kind, version := o.text("kind"), o.text("apiVersion"); kind != "" && kind != c.of.kind || version != "" && version != c.of.apiVersion() {
		return nil, badRequest("%s in version %q cannot be handled as a %s: no kind %q is registered for version %q", kind, version, c.of.kind, kind, version)
	}
	return c.prune(o)
}

// prune leaves out what no such object has, or refuses it if the caller wants that.
func (c *call) prune(o object) (object, *refusal) {
	out := object{"apiVersion": c.of.apiVersion(), "kind": c.of.kind, "metadata": map[string]any{}}
	for key, value := range o {
		switch {
		case key == "apiVersion" || key == "kind":
		case key == "metadata" && value != nil:
			metadata, ok := value.(map[string]any)
			if !ok {
				return nil, badRequest("json: cannot unmarshal %s into Go struct field %s.metadata of type v1.ObjectMeta", typeName(value), c.of.kind)
			}
			for _, member := range []string{"labels", "annotations"} {
				if entries := object(metadata).child(member); len(entries) != len(object(metadata).strings(member)) {
					return nil, badRequest("json: cannot unmarshal a value of ObjectMeta.metadata.%s that is not a string", member)
				}
			}
			out[key] = metadata
		case slices.Contains(c.of.members, key):
			if value != nil {
				out[key] = value
			}
		case key != "metadata" && c.query.Get("fieldValidation") == "Strict":
			return nil, badRequest("%s in version %q cannot be handled as a %s: strict decoding error: unknown field %q", c.of.kind, c.of.version, c.of.kind, key)
		}
	}
	if c.of.check != nil {
		if fault := c.of.check(out); fault != "" {
			return nil, badRequest("%s in version %q cannot be handled as a %s: %s", c.of.kind, c.of.version, c.of.kind, fault)
		}
	}
	return out, nil
}

// dryRun reports whether nothing is to be kept.
func (c *call) dryRun() bool { return c.query.Has("dryRun") }

// finish answers with what a change of the store has led to. Nothing is written while
// the store is locked: a caller may be slow to read.
func (c *call) finish(status int, change func() (object, *refusal)) *refusal {
	c.store.mu.Lock()
	o, e := change()
	c.store.mu.Unlock()
	switch {
	case e != nil:
		return e
	case o.text("kind") == "Status":
		writeJSON(c.w, status, typeJSON, o)
	default:
		c.write(status, o)
	}
	return nil
}

// create makes a new object.
func (c *call) create() *refusal {
	o, e := c.body()
	if e != nil {
		return e
	}
	if given := o.namespace(); given != "" && given != c.namespace {
		return badRequest("the namespace of the provided object does not match the namespace sent on the request")
	}
	if o.meta("resourceVersion") != "" {
		return badRequest("resourceVersion should not be set on objects to be created")
	}
	return c.finish(http.StatusCreated, func() (object, *refusal) { return c.insert(o) })
}

// insert puts a new object into the store. The caller holds the lock.
func (c *call) insert(o object) (object, *refusal) {
	name := o.name()
	if prefix := o.meta("generateName"); name == "" && prefix != "" {
		name = fmt.Sprintf("%s%05x", prefix, (c.store.version*2654435761)&0xfffff)
	}
	switch {
	case name == "":
		return nil, invalid(c.of, "", "metadata.name", "Required value: name or generateName is required")
	case !dnsName(name):
		return nil, invalid(c.of, name, "metadata.name", fmt.Sprintf("Invalid value: %q: a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character", name))
	case c.of.namespaced && c.store.objects[namespaces][keyOf("", c.namespace)] == nil:
		return nil, notFound(namespaces, c.namespace)
	case c.store.objects[c.of][keyOf(c.namespace, name)] != nil:
		return nil, refuse(http.StatusConflict, "AlreadyExists", "%s %q already exists", c.of.qualified(), name).about(c.of, name)
	}
	var namespace any
	if c.namespace != "" {
		namespace = c.namespace
	}
	o = o.withMeta(map[string]any{"name": name, "namespace": namespace, "deletionTimestamp": nil, "deletionGracePeriodSeconds": nil})
	if c.of == namespaces {
		fresh := newNamespace(name)
		labels := fresh.child("metadata", "labels")
		for key, value := range o.child("metadata", "labels") {
			labels[key] = value
		}
		o = o.withMeta(map[string]any{"labels": map[string]any(labels)})
		o["spec"], o["status"] = fresh["spec"], fresh["status"]
	}
	o = c.store.create(c.of, o, c.all.now())
	if !c.dryRun() {
		o = c.store.put(c.of, o)
	}
	return o, nil
}

// update replaces an object.
func (c *call) update() *refusal {
	o, e := c.body()
	if e != nil {
		return e
	}
	if c.of.versioned && o.meta("resourceVersion") == "" {
		return invalid(c.of, c.name, "metadata.resourceVersion", "Invalid value: 0x0: must be specified for an update")
	}
	return c.finish(http.StatusOK, func() (object, *refusal) {
		is, e := c.current()
		if e != nil {
			return nil, e
		}
		return c.put(is, o)
	})
}

// current returns the object that the path names. The caller holds the lock.
func (c *call) current() (object, *refusal) {
	is := c.store.objects[c.of][keyOf(c.namespace, c.name)]
	if is == nil {
		return nil, notFound(c.of, c.name)
	}
	return is, nil
}

// put writes an object in the place of another. The caller holds the lock.
func (c *call) put(is, o object) (object, *refusal) {
	if o.name() != c.name {
		return nil, badRequest("the name of the object (%s) does not match the name on the URL (%s)", o.name(), c.name)
	}
	if given := o.namespace(); given != "" && given != c.namespace {
		return nil, badRequest("the namespace of the provided object does not match the namespace sent on the request")
	}
	if e := c.unchanged(is, o.meta("uid"), o.meta("resourceVersion")); e != nil {
		return nil, e
	}
	if is["immutable"] == true && (o["immutable"] != true || !reflect.DeepEqual(o["data"], is["data"]) || !reflect.DeepEqual(o["binaryData"], is["binaryData"])) {
		return nil, invalid(c.of, c.name, "data", "Forbidden: field is immutable when `immutable` is set")
	}
	if c.of == namespaces {
		o["spec"], o["status"] = is["spec"], is["status"]
	}
	kept := map[string]any{}
	for _, member := range []string{"namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "resourceVersion"} {
		kept[member] = is.child("metadata")[member]
	}
	o = o.withMeta(kept)
	switch {
	case reflect.DeepEqual(o, is): // nothing changes, not even the version
	case c.dryRun():
	case o.meta("deletionTimestamp") != "" && len(o.list("metadata", "finalizers")) == 0:
		c.store.drop(c.of, is)
	default:
		if e := c.tell(o); e != nil {
			return nil, e
		}
		o = c.store.put(c.of, o)
	}
	return o, nil
}

// tell gives a config map of the cloud to the cloud. The caller holds the lock of the
// store, which the cloud never waits for.
func (c *call) tell(o object) *refusal {
	if c.of != configMaps || !c.store.owned[o.key()] {
		return nil
	}
	writer, ok := c.all.cloud.(ConfigMapWriter)
	if !ok {
		return wrongMethod()
	}
	err := writer.WriteConfigMap(c.cluster, ConfigMap{
		Namespace: o.namespace(), Name: o.name(), Data: o.strings("data"),
		Labels: o.strings("metadata", "labels"), Annotations: o.strings("metadata", "annotations"),
	})
	if err != nil {
		return refuse(http.StatusInternalServerError, "InternalError", "%s", err)
	}
	return nil
}

// unchanged refuses to go on when an object is not the one that the caller means.
func (c *call) unchanged(is object, uid, version string) *refusal {
	switch {
	case uid != "" && uid != is.meta("uid"):
		return conflict(c.of, c.name, fmt.Sprintf("Precondition failed: UID in precondition: %s, UID in object meta: %s", uid, is.meta("uid")))
	case version != "" && version != "0" && version != is.meta("resourceVersion"):
		return conflict(c.of, c.name, modifiedMeanwhile)
	}
	return nil
}

// patch merges into an object. A strategic merge is taken where it is a plain one.
func (c *call) patch() *refusal {
	data, kind, e := c.read(typeMerge, typeStrategic)
	if e != nil {
		return e
	}
	var patch map[string]any
	if err := json.Unmarshal(data, &patch); err != nil || patch == nil {
		return badRequest("the patch cannot be read: %v", err)
	}
	if kind == typeStrategic && directive(patch) {
		return refuse(http.StatusUnsupportedMediaType, "UnsupportedMediaType", "directives of a strategic merge patch are not simulated: send a merge patch")
	}
	return c.finish(http.StatusOK, func() (object, *refusal) {
		is, e := c.current()
		if e != nil {
			return nil, e
		}
		merged, _ := merge(map[string]any(is), patch).(map[string]any)
		o, e := c.prune(merged)
		if e != nil {
			return nil, e
		}
		return c.put(is, o)
	})
}

// merge is RFC 7386: the base stays as it is.
func merge(base, patch any) any {
	changes, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	out := map[string]any{}
	if members, ok := base.(map[string]any); ok {
		for key, value := range members {
			out[key] = value
		}
	}
	for key, value := range changes {
		if value == nil {
			delete(out, key)
		} else {
			out[key] = merge(out[key], value)
		}
	}
	return out
}

// directive reports whether a patch has members that only a strategic merge knows.
func directive(patch map[string]any) bool {
	for key, value := range patch {
		if child, ok := value.(map[string]any); strings.HasPrefix(key, "$") || ok && directive(child) {
			return true
		}
	}
	return false
}

// delete takes an object out, or marks it for those that have yet to finish with it.
func (c *call) delete() *refusal {
	uid, version, e := c.preconditions()
	if e != nil {
		return e
	}
	return c.finish(http.StatusOK, func() (object, *refusal) { return c.remove(uid, version) })
}

// remove returns what is left: an object that waits for its finalizers, or the Status
// of its deletion. The caller holds the lock.
func (c *call) remove(uid, version string) (object, *refusal) {
	is, e := c.current()
	if e != nil {
		return nil, e
	}
	if e := c.unchanged(is, uid, version); e != nil {
		return nil, e
	}
	if c.of == namespaces && slices.Contains([]string{"default", "kube-public", "kube-system"}, c.name) {
		return nil, refuse(http.StatusForbidden, "Forbidden", "namespaces %q is forbidden: this namespace may not be deleted", c.name).about(c.of, c.name)
	}
	if len(is.list("metadata", "finalizers")) == 0 {
		if !c.dryRun() {
			c.store.drop(c.of, is)
		}
		return success(c.of, is), nil
	}
	if is.meta("deletionTimestamp") == "" {
		is = is.withMeta(map[string]any{"deletionTimestamp": stamp(c.all.now()), "deletionGracePeriodSeconds": float64(0)})
		if !c.dryRun() {
			is = c.store.put(c.of, is)
		}
	}
	return is, nil
}

// preconditions reads the DeleteOptions of a body, which may be left out.
func (c *call) preconditions() (uid, version string, e *refusal) {
	if c.r.ContentLength == 0 {
		return "", "", nil
	}
	data, kind, e := c.read(typeJSON, typeProtobuf)
	if e != nil || len(data) == 0 {
		return "", "", e
	}
	var o object
	if kind == typeProtobuf {
		var err error
		if o, err = decodeProtobuf(data, "DeleteOptions"); err != nil {
			return "", "", badRequest("unable to decode the protobuf: %v", err)
		}
	} else if err := json.Unmarshal(data, &o); err != nil {
		return "", "", badRequest("couldn't get version/kind; json parse error: %v", err)
	}
	return o.text("preconditions", "uid"), o.text("preconditions", "resourceVersion"), nil
}
