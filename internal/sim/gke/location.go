// SPDX-License-Identifier: Apache-2.0

package gke

import (
	"regexp"
	"slices"
	"strings"
)

// realRegions are the regions that Google has, of which a Server simulates one.
var realRegions = strings.Fields(`
	africa-south1
	asia-east1 asia-east2 asia-northeast1 asia-northeast2 asia-northeast3 asia-south1 asia-south2 asia-southeast1 asia-southeast2
	australia-southeast1 australia-southeast2
	europe-central2 europe-north1 europe-north2 europe-southwest1
	europe-west1 europe-west2 europe-west3 europe-west4 europe-west6 europe-west8 europe-west9 europe-west10 europe-west12
	me-central1 me-central2 me-west1
	northamerica-northeast1 northamerica-northeast2 northamerica-south1
	southamerica-east1 southamerica-west1
	us-central1 us-east1 us-east4 us-east5 us-south1 us-west1 us-west2 us-west3 us-west4`)

// zonePattern is a zone, with its region; zones for accelerators have a longer end.
var zonePattern = regexp.MustCompile(`^([a-z]+-[a-z]+[0-9]+)-(?:[a-f]|ai[0-9][a-z])$`)

// realRegion reports whether Google has a region of that name.
func realRegion(name string) bool { return slices.Contains(realRegions, name) }

// realZone reports whether a name is that of a zone of a region that Google has.
func realZone(name string) bool {
	m := zonePattern.FindStringSubmatch(name)
	return m != nil && realRegion(m[1])
}

// noLocation is the refusal of a location that is not simulated, or that there is
// not.
func noLocation(name string) *apiError {
	if realRegion(name) || realZone(name) {
		return notSimulated("the location %s", name)
	}
	return invalid("Location %q does not exist.", name)
}

// checkZones checks the zones in which nodes are to be.
func (s *Server) checkZones(field string, zones []string) *apiError {
	for i, zone := range zones {
		switch {
		case slices.Contains(s.zones(), zone) && !slices.Contains(zones[:i], zone):
		case slices.Contains(zones[:i], zone):
			return invalid("Location %q is given twice.", zone).badField(field)
		case realZone(zone):
			return invalid("Location %q is not a zone of the region %q of the cluster.", zone, s.region).badField(field)
		default:
			return invalid("Location %q does not exist.", zone).badField(field)
		}
	}
	return nil
}
