// SPDX-License-Identifier: Apache-2.0

package iks

import (
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"

	"github.com/pmks-go/pmks/internal/kver"
)

// versionObject is one version on offer.
type versionObject struct {
	Major        int    `json:"major"`
	Minor        int    `json:"minor"`
	Patch        int    `json:"patch"`
	Default      bool   `json:"default"`
	EndOfService string `json:"end_of_service"`
}

// versionMap is the list of versions by platform.
type versionMap struct {
	Kubernetes []versionObject `json:"kubernetes"`
	OpenShift  []versionObject `json:"openshift"`
}

// openShiftVersions are on offer too; nobody here makes such clusters.
var openShiftVersions = []versionObject{{Major: 4, Minor: 18, Patch: 22, Default: true}, {Major: 4, Minor: 17, Patch: 37}}

// endOfService is when a version on its way out is no longer supported.
const endOfService = "2026-12-30T12:00+0000"

func (s *Server) versionObjects() []versionObject {
	var list []versionObject
	for _, v := range s.world.Profile().Offer {
		o := versionObject{Default: v.Default}
		if _, err := fmt.Sscanf(v.Name, "%d.%d.%d", &o.Major, &o.Minor, &o.Patch); err != nil {
			panic("iks: " + v.Name + " is not a version") // the profile's
		}
		if v.Deprecated {
			o.EndOfService = endOfService
		}
		list = append(list, o)
	}
	return list
}

func (s *Server) versions(*call) (*answer, *apiError) {
	return body(versionMap{s.versionObjects(), openShiftVersions})
}

func (s *Server) getVersions(c *call) (*answer, *apiError) {
	if s.assume.VersionsAsList {
		return body(append(s.versionObjects(), openShiftVersions...))
	}
	return s.versions(c)
}

// resolveVersion returns the version on offer that a request means: all of it, or
// its minor; "" means the default.
func (s *Server) resolveVersion(text string) (string, bool) {
	if text == "" {
		return s.world.Profile().Default(), true
	}
	text, _, _ = strings.Cut(text, "_")
	for _, name := range s.world.Profile().OfferedNames() {
		if name == text || strings.Count(text, ".") == 1 && strings.HasPrefix(name, text+".") {
			return name, true
		}
	}
	return "", false
}

// unknownVersion refuses a version that is not on offer.
func (s *Server) unknownVersion(text string) *apiError {
	e := badRequest("The specified Kubernetes version %q is not supported. Run 'ibmcloud ks versions' to list the supported versions.", text)
	if !s.assume.BadRequestTexts {
		e.code, e.kind = "E0149", kindVersions
	}
	return e
}

// fixPack is a version with the number of IBM's fix pack. Masters and workers have
// others.
func fixPack(version string, worker bool) string {
	number := 1500 + int(crc32.ChecksumIEEE([]byte(version))%50)
	if worker {
		number++
	}
	return version + "_" + strconv.Itoa(number)
}

// minorsBehind is how many minors a version is older than another; 0 if it is not.
func minorsBehind(version, than string) int {
	from, err := kver.Parse(version)
	to, other := kver.Parse(than)
	if err != nil || other != nil || to.Compare(from) <= 0 {
		return 0
	}
	return from.MinorDistance(to)
}
