// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"bytes"
	"encoding/json"
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
// plane and every pool: any other mixture is refused, or moves the control plane
// alone.
func upgradeBody(read []byte, version string) ([]byte, error) {
	c, err := parseObject(read)
	if err != nil {
		return nil, err
	}
	p := c.member("properties")
	if p == nil {
		return nil, lost("properties of the cluster")
	}
	p["kubernetesVersion"] = version
	// AKS checks the secret of a service principal, which no read shows, and where a
	// pool was made from, which may be gone. Its own command line leaves both out.
	delete(p, "servicePrincipalProfile")
	delete(p, "creationData")
	for _, pool := range p.members("agentPoolProfiles") {
		pool["orchestratorVersion"] = version
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
	return c.bytes()
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
