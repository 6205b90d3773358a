// SPDX-License-Identifier: Apache-2.0

package gke

import (
	"cmp"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
)

// method is a method of ClusterManager with its routes over REST.
type method struct {
	grpc.MethodDesc
	// field is the field of the request that holds the resource's name.
	field    string
	bindings []binding
	reply    protoreflect.MessageDescriptor
}

// binding is one route of a method.
type binding struct {
	verb    string
	path    *regexp.Regexp
	fields  []string // what the groups of path stand for
	body    string   // "*" or empty
	literal int      // how much of the path is fixed: the most goes first
}

// methods holds the methods by name, as the definition of the protocol has them.
var methods = func() map[string]*method {
	table := map[string]*method{}
	list := containerpb.File_google_container_v1_cluster_service_proto.Services().ByName("ClusterManager").Methods()
	for i := range list.Len() {
		m := &method{reply: list.Get(i).Output()}
		table[string(list.Get(i).Name())] = m
		rule, ok := proto.GetExtension(list.Get(i).Options(), annotations.E_Http).(*annotations.HttpRule)
		if !ok {
			continue
		}
		for _, r := range append([]*annotations.HttpRule{rule}, rule.GetAdditionalBindings()...) {
			m.bindings = append(m.bindings, newBinding(r))
		}
		m.field = m.bindings[0].fields[0]
	}
	for _, desc := range containerpb.ClusterManager_ServiceDesc.Methods {
		table[desc.MethodName].MethodDesc = desc
	}
	return table
}()

// variable is a part of a path that stands for a field, such as
// "{name=projects/*/locations/*}".
var variable = regexp.MustCompile(`\{([a-z_]+)(?:=([^}]*))?\}`)

func newBinding(rule *annotations.HttpRule) binding {
	var verb, path string
	switch p := rule.GetPattern().(type) {
	case *annotations.HttpRule_Get:
		verb, path = http.MethodGet, p.Get
	case *annotations.HttpRule_Post:
		verb, path = http.MethodPost, p.Post
	case *annotations.HttpRule_Put:
		verb, path = http.MethodPut, p.Put
	case *annotations.HttpRule_Delete:
		verb, path = http.MethodDelete, p.Delete
	}
	b := binding{verb: verb, body: rule.GetBody()}
	var expr strings.Builder
	at := 0
	for _, m := range variable.FindAllStringSubmatchIndex(path, -1) {
		expr.WriteString(regexp.QuoteMeta(path[at:m[0]]))
		b.literal += m[0] - at
		pattern := "*"
		if m[4] >= 0 {
			pattern = path[m[4]:m[5]]
		}
		b.fields = append(b.fields, path[m[2]:m[3]])
		parts := strings.Split(pattern, "*")
		for i := range parts {
			b.literal += len(parts[i])
			parts[i] = regexp.QuoteMeta(parts[i])
		}
		expr.WriteString("(" + strings.Join(parts, "[^/]+") + ")")
		at = m[1]
	}
	expr.WriteString(regexp.QuoteMeta(path[at:]))
	b.literal += len(path) - at
	b.path = regexp.MustCompile("^" + expr.String() + "$")
	return b
}

// routed is a binding with its method.
type routed struct {
	binding
	*method
}

// routes lists every binding, the one with the longest fixed text first, so that
// a verb behind a colon is not taken for a part of a name.
var routes = func() []routed {
	var list []routed
	for _, m := range methods {
		for _, b := range m.bindings {
			list = append(list, routed{b, m})
		}
	}
	slices.SortFunc(list, func(a, b routed) int {
		return cmp.Or(cmp.Compare(b.literal, a.literal), cmp.Compare(a.path.String(), b.path.String()), cmp.Compare(a.verb, b.verb))
	})
	return list
}()

// routeOf finds the method of a request over REST, and the fields in its path.
func routeOf(verb, escapedPath string) (found routed, fields map[string]string, ok bool) {
	for _, r := range routes {
		if r.verb != verb {
			continue
		}
		groups := r.path.FindStringSubmatch(escapedPath)
		if groups == nil {
			continue
		}
		fields = map[string]string{}
		for i, name := range r.fields {
			value, err := url.PathUnescape(groups[i+1])
			if err != nil {
				return routed{}, nil, false
			}
			fields[name] = value
		}
		return r, fields, true
	}
	return routed{}, nil, false
}

// deprecatedFields returns the fields of a request that are set and deprecated:
// what names a resource in parts.
func deprecatedFields(req proto.Message) []string {
	var names []string
	req.ProtoReflect().Range(func(field protoreflect.FieldDescriptor, _ protoreflect.Value) bool {
		if o, ok := field.Options().(*descriptorpb.FieldOptions); ok && o.GetDeprecated() {
			names = append(names, string(field.Name()))
		}
		return true
	})
	slices.Sort(names)
	return names
}

// textField returns a text of a message; empty if there is none of that name.
func textField(m protoreflect.Message, name string) string {
	field := m.Descriptor().Fields().ByName(protoreflect.Name(name))
	if field == nil || field.Kind() != protoreflect.StringKind || field.IsList() {
		return ""
	}
	return m.Get(field).String()
}

// nameIn returns the name of a resource within a request, such as that of the
// cluster to be created.
func nameIn(m protoreflect.Message, part string) string {
	field := m.Descriptor().Fields().ByName(protoreflect.Name(part))
	if field == nil || field.Kind() != protoreflect.MessageKind || field.IsList() || !m.Has(field) {
		return ""
	}
	return textField(m.Get(field).Message(), "name")
}
