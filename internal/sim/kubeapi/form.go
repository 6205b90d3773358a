// SPDX-License-Identifier: Apache-2.0

package kubeapi

import (
	"mime"
	"net/http"
	"strings"
	"time"
)

// form is how an answer is written, as the Accept header asks: objects as they are,
// as a table, or their metadata alone; and discovery in one piece.
type form struct {
	as         string // "", asTable or asMetadata
	version    string // of meta.k8s.io, for as
	aggregated string // the version of apidiscovery.k8s.io, for discovery in one piece
}

const (
	asTable    = "Table"
	asMetadata = "PartialObjectMetadata"
)

// negotiate chooses the first form that is offered here.
func negotiate(accept string) (form, *refusal) {
	if strings.TrimSpace(accept) == "" {
		return form{}, nil
	}
	for entry := range strings.SplitSeq(accept, ",") {
		kind, params, err := mime.ParseMediaType(entry)
		if err != nil || kind != "application/json" && kind != "application/*" && kind != "*/*" {
			continue
		}
		switch as := params["as"]; {
		case as == "":
			return form{}, nil
		case as == "APIGroupDiscoveryList" && (params["v"] == "v2" || params["v"] == "v2beta1"):
			return form{aggregated: params["v"]}, nil
		case params["v"] != "v1" && params["v"] != "v1beta1":
		case as == asTable:
			return form{as: asTable, version: params["v"]}, nil
		case as == asMetadata || as == asMetadata+"List":
			return form{as: asMetadata, version: params["v"]}, nil
		}
	}
	return form{}, refuse(http.StatusNotAcceptable, "NotAcceptable", "only the following media types are accepted: application/json")
}

func (f form) contentType() string {
	if f.as == "" {
		return "application/json"
	}
	return "application/json;as=" + f.as + ";g=meta.k8s.io;v=" + f.version
}

func (f form) discoveryType() string {
	if f.aggregated == "" {
		return "application/json"
	}
	return "application/json;g=apidiscovery.k8s.io;v=" + f.aggregated + ";as=APIGroupDiscoveryList"
}

// object writes one object.
func (f form) object(c *call, o object) any {
	switch {
	case f.as == asTable && c.of.columns != nil:
		return f.table(c, []object{o}, map[string]any{"resourceVersion": o.meta("resourceVersion")}, true)
	case f.as == asMetadata:
		return f.metadata(o)
	}
	return o
}

// list writes many.
func (f form) list(c *call, items []object, metadata map[string]any) any {
	switch f.as {
	case asTable:
		return f.table(c, items, metadata, true)
	case asMetadata:
		list := make([]any, len(items))
		for i, o := range items {
			list[i] = f.metadata(o)
		}
		return object{"kind": asMetadata + "List", "apiVersion": "meta.k8s.io/" + f.version, "metadata": metadata, "items": list}
	}
	if items == nil {
		items = []object{}
	}
	return object{"kind": c.of.kind + "List", "apiVersion": c.of.apiVersion(), "metadata": metadata, "items": items}
}

func (f form) metadata(o object) object {
	return object{"kind": asMetadata, "apiVersion": "meta.k8s.io/" + f.version, "metadata": o["metadata"]}
}

// table writes objects as rows. Only the first table of a watch has the columns.
func (f form) table(c *call, items []object, metadata map[string]any, columns bool) object {
	now := c.all.now()
	rows := make([]any, len(items))
	for i, o := range items {
		row := map[string]any{"cells": c.of.row(o, now)}
		switch c.query.Get("includeObject") {
		case "None":
		case "Object":
			row["object"] = o
		default:
			row["object"] = f.metadata(o)
		}
		rows[i] = row
	}
	out := object{"kind": asTable, "apiVersion": "meta.k8s.io/" + f.version, "metadata": metadata, "columnDefinitions": nil, "rows": rows}
	if columns {
		out["columnDefinitions"] = c.of.columns
	}
	return out
}

// row is the cells of an object; a bookmark has none of its own.
func (r *resource) row(o object, now time.Time) []any {
	if o.name() == "" {
		return make([]any, len(r.columns))
	}
	return r.cells(o, now)
}
