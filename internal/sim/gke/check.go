// SPDX-License-Identifier: Apache-2.0

package gke

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// path is a resource's name, taken apart. Parts that the name has not are empty.
type path struct {
	project, location, cluster, pool, operation string
	// form is what the name is made of: "clusters/nodePools", "operations", "" for
	// a location, or "project".
	form string
}

// parsePath takes a name apart; one that is none has the form "?".
func parsePath(name string) path {
	parts := strings.Split(name, "/")
	at := func(i int, word string) bool { return len(parts) > i+1 && parts[i] == word && parts[i+1] != "" }
	if !at(0, "projects") {
		return path{form: "?"}
	}
	p := path{project: parts[1]}
	if len(parts) == 2 {
		p.form = "project"
		return p
	}
	if !at(2, "locations") {
		return path{form: "?"}
	}
	p.location = parts[3]
	switch {
	case len(parts) == 4:
	case len(parts) == 6 && at(4, "operations"):
		p.operation, p.form = parts[5], "operations"
	case len(parts) == 6 && at(4, "clusters"):
		p.cluster, p.form = parts[5], "clusters"
	case len(parts) == 8 && at(4, "clusters") && at(6, "nodePools"):
		p.cluster, p.pool, p.form = parts[5], parts[7], "clusters/nodePools"
	default:
		return path{form: "?"}
	}
	return p
}

// formTable shows the forms.
var formTable = map[string]string{
	"":                   "projects/*/locations/*",
	"clusters":           "projects/*/locations/*/clusters/*",
	"clusters/nodePools": "projects/*/locations/*/clusters/*/nodePools/*",
	"operations":         "projects/*/locations/*/operations/*",
	"project":            "projects/*",
}

// namePattern is the rule for the names of clusters and node pools.
const nameRule = `(?:[a-z](?:[-a-z0-9]{0,38}[a-z0-9])?)`

var (
	namePattern     = regexp.MustCompile(`^` + nameRule + `$`)
	tagPattern      = regexp.MustCompile(`^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$`)
	metadataPattern = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,127}$`)
)

// locate finds what a name of a form is about. Without a location there is only a
// project, or every location where the name says "-".
func (s *Server) locate(c *call, name, form string) (place, *apiError) {
	p := parsePath(name)
	field := methods[c.Entry.Op].field
	switch {
	case name == "":
		return place{}, invalid("Field %q must be set.", field).badField(field)
	case p.form != form:
		return place{}, invalid("Invalid resource name %q: it must have the form %s.", name, formTable[form]).badField(field)
	case s.foreign(p.project):
		// Google does not tell whether there is such a project.
		return place{}, s.refusePermission(c, cmp.Or(c.permission, "container.clusters.get"))
	}
	for _, segment := range []string{p.cluster, p.pool} {
		if segment != "" && !namePattern.MatchString(segment) {
			return place{}, invalid("Invalid resource name %q: %q is not a name.", name, segment).badField(field)
		}
	}
	if form == "project" {
		return place{path: p}, nil
	}
	if p.location == "-" {
		if c.Entry.Op != "ListClusters" && c.Entry.Op != "ListOperations" {
			return place{}, invalid("Location \"-\" is not allowed here.").badField(field)
		}
		return place{path: p}, nil
	}
	l, ok := simkit.Find(s.locations, func(l *location) bool { return l.name == p.location })
	if !ok {
		return place{}, noLocation(p.location)
	}
	return place{path: p, location: l}, nil
}

// foreign reports whether a project is not the Server's own.
func (s *Server) foreign(project string) bool {
	return project != "" && project != s.project && project != s.number
}

// place is a name with the location that it lies in.
type place struct {
	path
	location *location
}

// inWords returns a name as messages and links have it: clusters of a zone lie in
// "zones", those of a region in "locations".
func (s *Server) inWords(p path) string {
	text := "projects/" + s.project
	if s.foreign(p.project) {
		text = "projects/" + p.project
	}
	switch {
	case p.location == "" || p.location == "-":
		return text
	case !slices.Contains(s.zones(), p.location) && !realZone(p.location):
		text += "/locations/" + p.location
	default:
		text += "/zones/" + p.location
	}
	if p.operation != "" {
		return text + "/operations/" + p.operation
	}
	if p.cluster != "" {
		text += "/clusters/" + p.cluster
	}
	if p.pool != "" {
		text += "/nodePools/" + p.pool
	}
	return text
}

// checkName checks the name of a cluster or a node pool that is to be made.
func checkName(field, name string) *apiError {
	if namePattern.MatchString(name) {
		return nil
	}
	if len(name) > 40 {
		// The text says less, and the limit is 40.
		return invalid("%s must be less than 40 characters.", strings.Replace(field, "cluster.", "Cluster.", 1)).badField(field)
	}
	return invalid("Invalid value for field %q: %q. Must be a match of regex '%s'", field, name, nameRule).badField(field)
}

// labelLimit is how many labels a resource may have.
const labelLimit = 64

// reservedLabel begins the labels that GKE itself sets.
const reservedLabel = "goog-"

// checkLabels checks the labels of a resource. kept are reserved ones that are
// there already and may stay.
func checkLabels(field string, labels, kept map[string]string) *apiError {
	if len(labels) > labelLimit {
		return invalid("Invalid field '%s': at most %d labels are allowed, got %d.", field, labelLimit, len(labels)).badField(field)
	}
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		value := labels[key]
		if strings.HasPrefix(key, reservedLabel) {
			if old, ok := kept[key]; !ok || old != value {
				return invalid("Invalid field '%s.key': %q. Labels that begin with %q are reserved.", field, key, reservedLabel).badField(field)
			}
			continue
		}
		if first, _ := utf8.DecodeRuneInString(key); !labelText(key) || key == "" || !unicode.IsLetter(first) {
			return badLabel(field+".key", key)
		}
		if !labelText(value) {
			return badLabel(field+".value", value)
		}
	}
	return nil
}

// labelText: lower-case letters of any language, digits, underscores and dashes, 63
// of them.
func labelText(s string) bool {
	return utf8.RuneCountInString(s) <= 63 && !strings.ContainsFunc(s, func(r rune) bool {
		return r != '_' && r != '-' && !unicode.IsDigit(r) && (!unicode.IsLetter(r) || unicode.IsUpper(r))
	})
}

func badLabel(field, text string) *apiError {
	return invalid("Invalid field '%s': %q. It must only contain lowercase letters ([a-z]), numeric characters ([0-9]), underscores (_) and dashes (-). International characters are allowed.", field, text).badField(field)
}

// checkTags checks network tags.
func checkTags(field string, tags []string) *apiError {
	if len(tags) > 64 {
		return invalid("Invalid value for field %q: at most 64 tags are allowed, got %d.", field, len(tags)).badField(field)
	}
	for _, tag := range tags {
		if !tagPattern.MatchString(tag) {
			return invalid("Invalid value for field %q: %q. Must be a match of regex '(?:[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?)'", field, tag).badField(field)
		}
	}
	return nil
}

// reservedMetadata are the keys that GKE itself sets on its VMs.
var reservedMetadata = []string{"cluster-location", "cluster-name", "cluster-uid", "configure-sh", "containerd-configure-sh",
	"enable-os-login", "gci-ensure-gke-docker", "gci-metrics-enabled", "gci-update-strategy", "instance-template",
	"kube-env", "startup-script", "user-data"}

// checkMetadata checks the metadata of nodes.
func checkMetadata(field string, metadata map[string]string) *apiError {
	total := 0
	for _, key := range slices.Sorted(maps.Keys(metadata)) {
		value := metadata[key]
		total += len(key) + len(value)
		switch {
		case !metadataPattern.MatchString(key):
			return invalid("Invalid metadata key %q.", key).badField(field)
		case slices.Contains(reservedMetadata, key):
			return invalid("Metadata key %q is reserved.", key).badField(field)
		case len(value) > 32<<10:
			return invalid("The value of metadata key %q is longer than 32768 bytes.", key).badField(field)
		}
	}
	if total > 512<<10 {
		return invalid("The metadata is larger than 512 KB.").badField(field)
	}
	return nil
}

// onlyFields refuses a message with fields set that are neither in allowed (which
// are simulated) nor unknown to Google: output-only ones, and what is not
// simulated.
func onlyFields(prefix string, m proto.Message, allowed, output []string) *apiError {
	var bad []string
	if m == nil || !m.ProtoReflect().IsValid() {
		return nil
	}
	m.ProtoReflect().Range(func(field protoreflect.FieldDescriptor, _ protoreflect.Value) bool {
		if name := string(field.Name()); !slices.Contains(allowed, name) {
			bad = append(bad, name)
		}
		return true
	})
	if len(bad) == 0 {
		return nil
	}
	slices.Sort(bad)
	if slices.Contains(output, bad[0]) {
		return invalid("Field %q is output only.", prefix+"."+bad[0]).badField(prefix + "." + bad[0])
	}
	return notSimulated("the field %s.%s", prefix, bad[0])
}
