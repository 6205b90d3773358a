// SPDX-License-Identifier: Apache-2.0

package nks

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/pmks-go/pmks/internal/sim/core"
)

// The bodies of compute.
type (
	flavorObject struct {
		ID       string `json:"id"`
		Name     string `json:"name"`
		RAM      int    `json:"ram"`
		VCPUs    int    `json:"vcpus"`
		Disk     int    `json:"disk"`
		Swap     string `json:"swap"`
		Disabled bool   `json:"OS-FLV-DISABLED:disabled"`
		Public   bool   `json:"os-flavor-access:is_public"`
		Extra    int    `json:"OS-FLV-EXT-DATA:ephemeral"`
		Factor   int    `json:"rxtx_factor"`
		Links    []link `json:"links"`
	}
	serverObject struct {
		ID        string                     `json:"id"`
		Name      string                     `json:"name"`
		Status    string                     `json:"status"`
		TenantID  string                     `json:"tenant_id"`
		UserID    string                     `json:"user_id"`
		HostID    string                     `json:"hostId"`
		Created   string                     `json:"created"`
		Updated   string                     `json:"updated"`
		KeyName   string                     `json:"key_name"`
		Image     idObject                   `json:"image"`
		Flavor    idObject                   `json:"flavor"`
		Addresses map[string][]serverAddress `json:"addresses"`
		Zone      string                     `json:"OS-EXT-AZ:availability_zone"`
		VMState   string                     `json:"OS-EXT-STS:vm_state"`
		Power     int                        `json:"OS-EXT-STS:power_state"`
		Metadata  map[string]string          `json:"metadata"`
		Links     []link                     `json:"links"`
	}
	serverAddress struct {
		Addr    string `json:"addr"`
		Version int    `json:"version"`
		Type    string `json:"OS-EXT-IPS:type"`
		MAC     string `json:"OS-EXT-IPS-MAC:mac_addr"`
	}
	idObject struct {
		ID    string `json:"id"`
		Links []link `json:"links"`
	}
	keyPairObject struct {
		Name        string `json:"name"`
		PublicKey   string `json:"public_key"`
		Fingerprint string `json:"fingerprint"`
		UserID      string `json:"user_id"`
	}
	zoneObject struct {
		ZoneName  string          `json:"zoneName"`
		ZoneState map[string]bool `json:"zoneState"`
		Hosts     *string         `json:"hosts"`
	}
)

func (s *Server) listFlavors(c *call) (*answer, *apiError) {
	all := c.project.resources.Flavors
	if strings.EqualFold(c.query.Get("is_public"), "False") {
		all = nil // all are public
	}
	list, _, e := page(s, c, all, func(f Flavor) string { return f.ID })
	if e != nil {
		return nil, e
	}
	out := []flavorObject{}
	for _, f := range list {
		out = append(out, flavorObject{
			ID: f.ID, Name: f.Name, RAM: f.RAM, VCPUs: f.VCPUs, Disabled: f.Disabled, Public: true, Factor: 1,
			Links: []link{{c.base + computeRoot + "/" + c.project.id + "/flavors/" + f.ID, "self"}},
		})
	}
	return ok(map[string][]flavorObject{"flavors": out})
}

// serverPage is how many servers a list holds unless it is asked for more.
const serverPage = 100

// listServers shows the nodes of all clusters. No link says that there are more.
func (s *Server) listServers(c *call) (*answer, *apiError) {
	if c.query.Get("limit") == "" {
		c.query.Set("limit", itoa(min(serverPage, s.pageSize)))
	}
	var all []serverObject
	for live := range c.project.world.All(c.Now) {
		rec := c.project.clusters[live.ID]
		if rec == nil {
			continue
		}
		live = rec.live // machines do not lag behind
		for _, g := range rec.inOrder(live) {
			for i, node := range g.Nodes {
				o := s.serverObject(c, rec, g, node.SystemId, node.NameId)
				if i < rec.groups[g.ID].stopped {
					o.Status, o.VMState, o.Power = "SHUTOFF", "stopped", 4
				}
				all = append(all, o)
			}
		}
	}
	all = slices.DeleteFunc(all, func(o serverObject) bool {
		name, status := c.query.Get("name"), c.query.Get("status")
		return name != "" && !strings.Contains(o.Name, name) || status != "" && !strings.EqualFold(o.Status, status)
	})
	list, _, e := page(s, c, all, func(o serverObject) string { return o.ID })
	if e != nil {
		return nil, e
	}
	return ok(map[string][]serverObject{"servers": append([]serverObject{}, list...)})
}

func (s *Server) serverObject(c *call, rec *clusterRecord, g *core.NodeGroup, id, name string) serverObject {
	own := rec.groups[g.ID]
	zone := labels(own.labels).text("availability_zone")
	if zone == "" && len(c.project.resources.Zones) > 0 {
		zone = c.project.resources.Zones[0]
	}
	sum := sha256.Sum256([]byte(id))
	o := serverObject{
		ID: id, Name: name, Status: "ACTIVE", TenantID: c.project.id, UserID: rec.userID, HostID: fmt.Sprintf("%x", sum[:28]),
		Created: g.Created.UTC().Format("2006-01-02T15:04:05Z"), Updated: g.Created.UTC().Format("2006-01-02T15:04:05Z"), KeyName: rec.request.Keypair,
		Image: idObject{own.image, []link{}}, Flavor: idObject{own.flavor, []link{}}, Addresses: map[string][]serverAddress{}, Zone: zone, VMState: "active", Power: 1,
		Metadata: map[string]string{}, Links: []link{{c.base + computeRoot + "/" + c.project.id + "/servers/" + id, "self"}},
	}
	for i, subnet := range rec.subnetsOf(own) {
		sub, known := c.project.resources.subnet(subnet)
		vpc, _ := c.project.resources.vpc(cmp.Or(sub.VPC, rec.request.FixedNetwork))
		key := cmp.Or(vpc.Name, "Default Network")
		if !known {
			key = "Default Network"
		}
		o.Addresses[key] = append(o.Addresses[key], serverAddress{rec.project.address(subnet, id), 4, "fixed", fmt.Sprintf("fa:16:3e:%02x:%02x:%02x", sum[29], sum[30], i)})
	}
	return o
}

// subnetsOf lists the subnets in which the nodes of a group have a network card.
func (rec *clusterRecord) subnetsOf(own *groupRecord) []string {
	return append([]string{rec.request.FixedSubnet}, labels(own.labels).ids("additional_subnet_id_list")...)
}

// nodeAddresses are the fixed addresses of the nodes of a group.
func (s *Server) nodeAddresses(rec *clusterRecord, g *core.NodeGroup) []string {
	out := []string{}
	for _, node := range g.Nodes {
		for i, subnet := range rec.subnetsOf(rec.groups[g.ID]) {
			if i == 0 || s.assume.AddressesOfAllNICs {
				out = append(out, rec.project.address(subnet, node.SystemId))
			}
		}
	}
	return out
}

// address gives a machine its address in a subnet, always the same.
func (p *project) address(subnet, machine string) string {
	key := subnet + "/" + machine
	if known, ok := p.addresses[key]; ok {
		return known
	}
	if len(p.addresses) > 1<<16 {
		clear(p.addresses) // machines come and go for days
		clear(p.next)
	}
	sub, known := p.resources.subnet(subnet)
	prefix := sub.prefix()
	if !known {
		prefix = netip.MustParsePrefix("192.168.0.0/16")
	}
	p.next[subnet]++
	size := 1 << (32 - prefix.Bits())
	b := prefix.Addr().As4()
	n := uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
	n += uint32(4 + (p.next[subnet]-1)%max(1, size-6)) //nolint:gosec // within the subnet
	p.addresses[key] = netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}).String()
	return p.addresses[key]
}

// keyPairs are those of the caller, as each user has a list of their own.
func keyPairs(c *call) []keyPairObject {
	var out []keyPairObject
	for _, k := range c.project.resources.KeyPairs {
		if k.User == c.who.Name {
			sum := sha256.Sum256([]byte(k.PublicKey))
			fingerprint := strings.ReplaceAll(fmt.Sprintf("% x", sum[:16]), " ", ":")
			out = append(out, keyPairObject{k.Name, k.PublicKey, fingerprint, c.who.ID})
		}
	}
	return out
}

func (s *Server) listKeyPairs(c *call) (*answer, *apiError) {
	list, _, e := page(s, c, keyPairs(c), func(k keyPairObject) string { return k.Name })
	if e != nil {
		return nil, e
	}
	out := []map[string]keyPairObject{}
	for _, k := range list {
		out = append(out, map[string]keyPairObject{"keypair": k})
	}
	return ok(map[string]any{"keypairs": out})
}

func (s *Server) getKeyPair(c *call) (*answer, *apiError) {
	k, found := find(keyPairs(c), func(k keyPairObject) bool { return k.Name == c.vars["name"] })
	if !found {
		return nil, fail(http.StatusNotFound, "KeypairNotFound", "Keypair %.64s not found for user %s", c.vars["name"], c.who.ID)
	}
	return ok(map[string]keyPairObject{"keypair": k})
}

func (s *Server) listZones(c *call) (*answer, *apiError) {
	out := []zoneObject{}
	for _, zone := range c.project.resources.Zones {
		out = append(out, zoneObject{ZoneName: zone, ZoneState: map[string]bool{"available": true}})
	}
	return ok(map[string][]zoneObject{"availabilityZoneInfo": out})
}

// listVolumeTypes is of the volume service.
func (s *Server) listVolumeTypes(c *call) (*answer, *apiError) {
	type typeObject struct {
		ID          string            `json:"id"`
		Name        string            `json:"name"`
		Description string            `json:"description"`
		ExtraSpecs  map[string]string `json:"extra_specs"`
		IsPublic    bool              `json:"is_public"`
	}
	out := []typeObject{}
	for _, name := range c.project.resources.VolumeTypes {
		sum := sha256.Sum256([]byte(name))
		out = append(out, typeObject{fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16]), name, "", map[string]string{}, true})
	}
	return ok(map[string][]typeObject{"volume_types": out})
}
