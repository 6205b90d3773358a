// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"bytes"
	"encoding/json"
	"maps"
)

// object is a resource as Azure sent it. A write sends back all of it, also what the
// SDK's types do not know, less what Azure refuses in a write.
type object map[string]any

// parseObject keeps numbers as they are written.
func parseObject(body []byte) (object, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var o object
	if err := d.Decode(&o); err != nil || o == nil {
		return nil, lost("resource")
	}
	return o, nil
}

// member returns an object within o; nil if there is none.
func (o object) member(name string) object {
	m, _ := o[name].(map[string]any)
	return m
}

// members returns the objects of a list within o.
func (o object) members(name string) []object {
	list, _ := o[name].([]any)
	var out []object
	for _, v := range list {
		if m, ok := v.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

// set writes a member; nil takes it out.
func set[T any](o object, name string, v *T) {
	if v == nil {
		delete(o, name)
		return
	}
	o[name] = *v
}

// bytes is o as JSON.
func (o object) bytes() ([]byte, error) { return json.Marshal(o) }

// upgradeBody is a cluster as it was read with another version, for the control
// plane and every pool, or with apart for the control plane alone: any other mixture is
// refused.
func upgradeBody(read []byte, version string, apart bool) ([]byte, error) {
	c, p, err := clusterBody(read)
	if err != nil {
		return nil, err
	}
	p["kubernetesVersion"] = version
	for _, pool := range p.members("agentPoolProfiles") {
		if !apart {
			pool["orchestratorVersion"] = version
		}
	}
	return c.bytes()
}

// tagsBody is a cluster as it was read with other tags.
func tagsBody(read []byte, want tags) ([]byte, error) {
	c, _, err := clusterBody(read)
	if err != nil {
		return nil, err
	}
	c["tags"] = want
	return c.bytes()
}

// clusterBody is a cluster as it was read, less what AKS refuses in a write, and its
// properties.
func clusterBody(read []byte) (c, p object, err error) {
	if c, err = parseObject(read); err != nil {
		return nil, nil, err
	}
	if p = c.member("properties"); p == nil {
		return nil, nil, lost("properties of the cluster")
	}
	// AKS checks the secret of a service principal, which no read shows, and where a
	// pool was made from, which may be gone. Its own command line leaves both out.
	delete(p, "servicePrincipalProfile")
	delete(p, "creationData")
	for _, pool := range p.members("agentPoolProfiles") {
		delete(pool, "creationData")
	}
	if identity := c.member("identity"); identity != nil {
		// What Azure adds of its own is not for sending back.
		delete(identity, "principalId")
		delete(identity, "tenantId")
		if users := identity.member("userAssignedIdentities"); users != nil {
			for id := range users {
				users[id] = object{}
			}
		}
	}
	return c, p, nil
}

// poolVersionBody is an agent pool as its cluster showed it, with another version and
// other tags.
func poolVersionBody(profile object, version string, want tags) ([]byte, error) {
	p := maps.Clone(profile)
	for _, name := range []string{"name", "creationData"} { // the name stands in the URL
		delete(p, name)
	}
	p["orchestratorVersion"], p["tags"] = version, want
	return object{"properties": p}.bytes()
}

// poolBody is an agent pool as it was read with the sizes, the mode and the tags of
// another.
func poolBody(read []byte, want *poolProperties) ([]byte, error) {
	pool, err := parseObject(read)
	if err != nil {
		return nil, err
	}
	p := pool.member("properties")
	if p == nil {
		return nil, lost("properties of the agent pool")
	}
	set(p, "count", want.Count)
	set(p, "enableAutoScaling", want.EnableAutoScaling)
	set(p, "minCount", want.MinCount)
	set(p, "maxCount", want.MaxCount)
	set(p, "mode", want.Mode)
	p["tags"] = want.Tags
	for _, name := range []string{"id", "name", "type"} {
		delete(pool, name) // they stand in the URL
	}
	return pool.bytes()
}
