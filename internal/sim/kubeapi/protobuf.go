// SPDX-License-Identifier: Apache-2.0

package kubeapi

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Typed clients send their objects as protobuf and take JSON for an answer, so what
// they may send is read here: an envelope, k8s.io/apimachinery/pkg/runtime.Unknown,
// and in it one of the messages below. The numbers are those of the generated.proto
// files of k8s.io/api and k8s.io/apimachinery v0.37.

// wireKind is how a field is read.
type wireKind int

const (
	wireText wireKind = iota
	wireNumber
	wireBool
	wireBytes // base64 in JSON
	wireRaw   // JSON in JSON
	wireTime
	wireMicroTime
	wireMessage
	wireTextMap
	wireBytesMap
)

// wireField is a member of a message.
type wireField struct {
	name     string
	kind     wireKind
	repeated bool
	message  wireMessageType // for wireMessage
}

type wireMessageType map[uint64]wireField

var (
	wireOwner = wireMessageType{
		1: {name: "kind"}, 3: {name: "name"}, 4: {name: "uid"}, 5: {name: "apiVersion"}, 6: {name: "controller", kind: wireBool}, 7: {name: "blockOwnerDeletion", kind: wireBool},
	}
	wireManaged = wireMessageType{
		1: {name: "manager"}, 2: {name: "operation"}, 3: {name: "apiVersion"}, 4: {name: "time", kind: wireTime}, 6: {name: "fieldsType"},
		7: {name: "fieldsV1", kind: wireMessage, message: wireMessageType{1: {kind: wireRaw}}}, 8: {name: "subresource"},
	}
	wireMeta = wireField{name: "metadata", kind: wireMessage, message: wireMessageType{
		1: {name: "name"}, 2: {name: "generateName"}, 3: {name: "namespace"}, 5: {name: "uid"}, 6: {name: "resourceVersion"},
		8: {name: "creationTimestamp", kind: wireTime}, 9: {name: "deletionTimestamp", kind: wireTime}, 10: {name: "deletionGracePeriodSeconds", kind: wireNumber},
		11: {name: "labels", kind: wireTextMap}, 12: {name: "annotations", kind: wireTextMap}, 13: {name: "ownerReferences", kind: wireMessage, repeated: true, message: wireOwner},
		14: {name: "finalizers", repeated: true}, 17: {name: "managedFields", kind: wireMessage, repeated: true, message: wireManaged},
	}}
	// wireTable holds the messages by their kind.
	wireTable = map[string]wireMessageType{
		"ConfigMap": {
			1: wireMeta, 2: {name: "data", kind: wireTextMap}, 3: {name: "binaryData", kind: wireBytesMap}, 4: {name: "immutable", kind: wireBool},
		},
		"DeleteOptions": {
			1: {name: "gracePeriodSeconds", kind: wireNumber},
			2: {name: "preconditions", kind: wireMessage, message: wireMessageType{1: {name: "uid"}, 2: {name: "resourceVersion"}}},
			3: {name: "orphanDependents", kind: wireBool}, 4: {name: "propagationPolicy"}, 5: {name: "dryRun", repeated: true},
		},
		"Lease": {
			1: wireMeta,
			2: {name: "spec", kind: wireMessage, message: wireMessageType{
				1: {name: "holderIdentity"}, 2: {name: "leaseDurationSeconds", kind: wireNumber}, 3: {name: "acquireTime", kind: wireMicroTime},
				4: {name: "renewTime", kind: wireMicroTime}, 5: {name: "leaseTransitions", kind: wireNumber}, 6: {name: "strategy"}, 7: {name: "preferredHolder"},
			}},
		},
		"Namespace": {
			1: wireMeta, 2: {name: "spec", kind: wireMessage, message: wireMessageType{1: {name: "finalizers", repeated: true}}},
			3: {name: "status", kind: wireMessage, message: wireMessageType{1: {name: "phase"}}},
		},
		"SelfSubjectReview": {1: wireMeta},
	}
)

var errTruncated = errors.New("the message ends too early")

// decodeProtobuf reads an object of that kind.
func decodeProtobuf(data []byte, kind string) (object, error) {
	rest, ok := bytes.CutPrefix(data, []byte("k8s\x00"))
	if !ok {
		return nil, errors.New("it does not begin as Kubernetes' protobuf does")
	}
	envelope, err := wireMessageType{
		1: {name: "typeMeta", kind: wireMessage, message: wireMessageType{1: {name: "apiVersion"}, 2: {name: "kind"}}},
		2: {name: "raw", kind: wireBytes}, 3: {name: "contentEncoding"}, 4: {name: "contentType"},
	}.decode(rest)
	if err != nil {
		return nil, err
	}
	if said := object(envelope).text("typeMeta", "kind"); said != "" && said != kind {
		return nil, fmt.Errorf("it is a %q, not a %q", said, kind)
	}
	raw, err := base64.StdEncoding.DecodeString(object(envelope).text("raw"))
	if err != nil {
		return nil, err
	}
	o, err := wireTable[kind].decode(raw)
	if err != nil {
		return nil, err
	}
	o["kind"] = kind
	if version := object(envelope).text("typeMeta", "apiVersion"); version != "" {
		o["apiVersion"] = version
	}
	return o, nil
}

// decode reads a message as JSON would be read.
func (m wireMessageType) decode(data []byte) (map[string]any, error) {
	out := map[string]any{}
	for len(data) > 0 {
		number, wire, value, rest, err := nextField(data)
		if err != nil {
			return nil, err
		}
		data = rest
		field, known := m[number]
		if !known {
			continue
		}
		if numeric := field.kind == wireNumber || field.kind == wireBool; numeric != (wire == 0) {
			return nil, fmt.Errorf("field %q has the wrong type", field.name)
		}
		if err := field.add(out, value); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// nextField takes the first field off; value is what a varint or a length-delimited
// field holds, a varint as 8 bytes.
func nextField(data []byte) (number, wire uint64, value, rest []byte, err error) {
	tag, n := binary.Uvarint(data)
	if n <= 0 {
		return 0, 0, nil, nil, errTruncated
	}
	data = data[n:]
	var size uint64
	switch number, wire = tag>>3, tag&7; wire {
	case 0:
		v, n := binary.Uvarint(data)
		if n <= 0 {
			return 0, 0, nil, nil, errTruncated
		}
		return number, wire, binary.BigEndian.AppendUint64(nil, v), data[n:], nil
	case 1:
		size = 8
	case 2:
		if size, n = binary.Uvarint(data); n <= 0 {
			return 0, 0, nil, nil, errTruncated
		}
		data = data[n:]
	case 5:
		size = 4
	default:
		return 0, 0, nil, nil, fmt.Errorf("wire type %d is not known", wire)
	}
	if uint64(len(data)) < size {
		return 0, 0, nil, nil, errTruncated
	}
	return number, wire, data[:size], data[size:], nil
}

// add puts the value of a field where it belongs.
func (f wireField) add(out map[string]any, value []byte) error {
	var item any
	switch f.kind {
	case wireText:
		item = string(value)
		if item == "" && !f.repeated {
			return nil // as good as left out
		}
	case wireNumber:
		item = float64(int64(binary.BigEndian.Uint64(value))) //nolint:gosec // two's complement, as protobuf has it
	case wireBool:
		item = binary.BigEndian.Uint64(value) != 0
	case wireBytes:
		item = base64.StdEncoding.EncodeToString(value)
	case wireRaw:
		var members map[string]any
		if err := json.Unmarshal(value, &members); err != nil {
			return err
		}
		for key, member := range members {
			out[key] = member
		}
		return nil
	case wireTime, wireMicroTime:
		text, err := f.time(value)
		if err != nil || text == "" {
			return err
		}
		item = text
	case wireMessage:
		child, err := f.message.decode(value)
		if err != nil {
			return err
		}
		item = child
	case wireTextMap, wireBytesMap:
		return f.entry(out, value)
	}
	if f.repeated {
		list, _ := out[f.name].([]any)
		item = append(list, item)
	}
	out[f.name] = item
	return nil
}

// entry adds an entry of a map.
func (f wireField) entry(out map[string]any, value []byte) error {
	entry := wireMessageType{1: {name: "key"}, 2: {name: "value"}}
	if f.kind == wireBytesMap {
		entry[2] = wireField{name: "value", kind: wireBytes}
	}
	pair, err := entry.decode(value)
	if err != nil {
		return err
	}
	entries, _ := out[f.name].(map[string]any)
	if entries == nil {
		entries = map[string]any{}
		out[f.name] = entries
	}
	entries[object(pair).text("key")] = object(pair).text("value")
	return nil
}

// time is a time as JSON has it; empty for none.
func (f wireField) time(value []byte) (string, error) {
	parts, err := wireMessageType{1: {name: "seconds", kind: wireNumber}, 2: {name: "nanos", kind: wireNumber}}.decode(value)
	if err != nil {
		return "", err
	}
	seconds, _ := parts["seconds"].(float64)
	nanos, _ := parts["nanos"].(float64)
	t := time.Unix(int64(seconds), int64(nanos)).UTC()
	switch {
	case len(parts) == 0 || t.Year() < 1 || t.Year() > 9999 || t.IsZero():
		return "", nil
	case f.kind == wireMicroTime:
		return t.Format("2006-01-02T15:04:05.000000Z07:00"), nil
	}
	return stamp(t), nil
}
