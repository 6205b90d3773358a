// SPDX-License-Identifier: Apache-2.0

package eks

import (
	"encoding/json"

	"github.com/pmks-go/pmks/internal/sim/profile"
)

// tokened is a request that may carry a token, with which it can be repeated.
type tokened struct {
	ClientRequestToken string `json:"clientRequestToken"`
}

func (r tokened) token() string { return r.ClientRequestToken }

// made is what a call has led to: an update, or else a node group, or else a cluster.
type made struct {
	cluster *clusterRecord
	group   *groupRecord
	update  *updateRecord
	hash    string // of the call
}

// alive reports whether it is still there.
func (m *made) alive() bool {
	if m.cluster.live.State == profile.Gone {
		return false
	}
	if m.group == nil {
		return true
	}
	_, ok := m.cluster.live.GroupByName(m.group.name)
	return ok && m.cluster.groups[m.group.name] == m.group
}

// once is the handler of an operation whose request may carry a token. A call whose
// token was used before is answered with what that one has led to, as it is now.
func once[T interface{ token() string }](handle func(*Server, *call, *T) (*made, *apiError)) handler {
	return func(s *Server, c *call) (any, *apiError) {
		var in T
		if e := decodeBody(c.body, &in); e != nil {
			return nil, e
		}
		m, e := s.recall(c, in.token())
		if e == nil && m == nil {
			if m, e = handle(s, c, &in); e == nil {
				s.remember(c, in.token(), m)
			}
		}
		switch {
		case e != nil:
			return nil, e
		case m.update != nil:
			return updateResponse{s.updateObject(c.Now, m.update)}, nil
		case m.group != nil:
			g, _ := m.cluster.live.GroupByName(m.group.name)
			return nodegroupResponse{s.nodegroupObject(m.cluster, g, m.group)}, nil
		}
		return clusterResponse{s.clusterObject(m.cluster.live, m.cluster)}, nil
	}
}

// recall returns what an earlier call with the same token led to, if there was one;
// with other parameters the token is refused.
func (s *Server) recall(c *call, token string) (*made, *apiError) {
	if len(token) > 256 {
		return nil, invalidParameter("clientRequestToken is too long")
	}
	m, ok := s.tokens[c.op+"/"+token]
	switch {
	case !ok || token == "":
		return nil, nil //nolint:nilnil // there was none
	case !m.alive():
		delete(s.tokens, c.op+"/"+token)
		return nil, nil //nolint:nilnil // it is there no more
	case m.hash != c.hash():
		return nil, invalidParameter("The clientRequestToken was used before with other parameters").in(c.labels["name"], c.labels["nodegroupName"])
	}
	return m, nil
}

func (s *Server) remember(c *call, token string, m *made) {
	if token != "" {
		m.hash = c.hash()
		s.tokens[c.op+"/"+token] = m
	}
}

// hash is the same for bodies that say the same of the same target.
func (c *call) hash() string {
	var body any
	if json.Unmarshal(c.body, &body) != nil {
		return hexSum(string(c.body))
	}
	canonical, err := json.Marshal([]any{c.labels, body})
	if err != nil {
		return hexSum(string(c.body))
	}
	return hexSum(string(canonical))
}
