// SPDX-License-Identifier: Apache-2.0

// Package tke simulates Tencent Kubernetes Engine (TKE) with what of Auto Scaling, VPC,
// CVM and STS a client of it needs: API 3.0 in front of sim/core.
//
// It is strict. The TC3-HMAC-SHA256 signature is verified over the exact body, unknown
// actions, members, regions and states are refused with the errors of Tencent Cloud,
// which come with HTTP status 200, and what it has and this package has not is answered
// with CodeNotSimulated. All services share one endpoint: the host says which one is
// meant where it is Tencent Cloud's, and the scope of the signature elsewhere.
//
// It is written from descriptions of the wire format and imports no SDK, so that a
// client that misreads a member is found out.
//
// What a test can do beside calling it:
//
//   - Options: another account or region; Resources that are missing or not as they
//     should be, service roles, balance and quotas included; ReadLag and NodeLag for
//     reads that are behind; JoinTime for nodes that take their time; Buckets, which
//     are rate limits unless Unlimited; Assumptions where no source settles what
//     Tencent Cloud does.
//   - Inject strikes any call of any service: refused, throttled, delayed, lost, hung,
//     cut, answered by something else in between such as an HTML page, or accepted and
//     failed later. The Reason of a refusal may be "Code: message" with any code of
//     Tencent Cloud; that of a core.FaultFailLater shows in the activities of Auto
//     Scaling or in the tasks. A core.FaultRepeatPage shows the first page again.
//   - Put adds a ready-made cluster of any type and region; see the Attr constants.
//   - Force, Show, Protect, ProtectPool, FailAddon, Deny, Nulls and Alter change what is
//     there: states, words that nobody knows, deletion protection, add-ons that fail,
//     rights, null wherever the vendor allows it, and any answer.
package tke

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// maxBody is the largest body that is read: API 3.0 takes 10 MB under this signature.
const maxBody = 10 << 20

// Server is one account. It is an http.Handler, safe for concurrent use.
//
// For the Inject of its Kit, Op is the action, such as "CreateClusterNodePool".
type Server struct {
	*simkit.Kit
	account, region string
	assumptions     Assumptions
	scale           float64
	oidcTokens      []string
	nodeLag         time.Duration
	joinTime        time.Duration
	upgradeTime     time.Duration // of nodes

	// Guarded by Kit.Mu.
	world     *core.World
	keys      map[string]Key
	resources Resources
	denied    []string
	nulls     bool
	alter     map[string]func(any) any
	clusters  map[string]*clusterRecord // by id
	groups    map[string]*poolRecord    // by the id of the scaling group
}

// ownDurations are those of what the core does here: a node pool is made, or changed, and
// then its nodes join.
var ownDurations = map[profile.Operation]time.Duration{
	profile.AddNodeGroup:   40 * time.Second,
	profile.ScaleNodeGroup: 10 * time.Second,
	profile.SetAutoScaling: 10 * time.Second,
}

// New returns a Server with no clusters.
func New(o Options) *Server {
	tencent, _ := profile.Get("tencent")
	tencent = tencent.Clone()
	s := &Server{
		Kit: simkit.New(simkit.Options{
			Seed: o.Seed, Stream: 0x746b65, Latency: o.Latency, Now: o.Now, Logger: o.Logger, Faults: o.Faults,
			Buckets: simkit.Limits(o.Unlimited, o.Buckets, DefaultBuckets),
		}),
		account:     cmp.Or(o.AccountID, DefaultAccountID),
		region:      cmp.Or(o.Region, tencent.Region),
		assumptions: o.Assumptions,
		scale:       cmp.Or(o.Scale, 1),
		joinTime:    cmp.Or(o.JoinTime, 130*time.Second),
		nodeLag:     o.NodeLag,
		keys:        maps.Clone(o.Keys),
		oidcTokens:  slices.Clone(o.OIDCTokens),
		denied:      slices.Clone(o.Denied),
		alter:       map[string]func(any) any{},
		clusters:    map[string]*clusterRecord{},
		groups:      map[string]*poolRecord{},
	}
	if o.Resources != nil {
		s.resources = o.Resources.clone()
	} else {
		s.resources = DefaultResources(s.region)
	}
	q := s.resources.Quota
	tencent.Limits = profile.Limits{Clusters: q.Clusters, NodeGroups: q.NodePools, NodesPerGroup: q.Nodes}
	// Versions are those of the nodes, and here they are known one by one.
	tencent.Upgrade.MatchFirst = false
	durations := maps.Clone(ownDurations)
	maps.Copy(durations, o.Durations)
	s.world = core.New(tencent, core.Options{
		Seed: o.Seed, Scale: o.Scale, Durations: durations, Region: s.region, ReadLag: o.ReadLag,
	})
	s.Simulates(s.world)
	if s.upgradeTime = tencent.Typical(profile.UpgradeNodeGroup); durations[profile.UpgradeNodeGroup] != 0 {
		s.upgradeTime = durations[profile.UpgradeNodeGroup]
	}
	s.ServeKubernetes(s.kubernetes(o.Kubernetes))
	if s.keys == nil {
		s.keys = map[string]Key{DefaultSecretID: {Secret: DefaultSecretKey}}
	}
	return s
}

// Transport returns an http.RoundTripper that calls s in process, whatever the host.
// It starts no goroutine.
func (s *Server) Transport() http.RoundTripper { return simkit.NewTransport(s) }

// Listen serves s on a loopback address such as "127.0.0.1:0", with TLS if secure is
// true.
func (s *Server) Listen(addr string, secure bool) (*simkit.Listener, error) {
	return simkit.Listen(addr, s, simkit.ListenOptions{TLS: secure})
}

// NextEvent returns when the next operation ends. That nodes join is none.
func (s *Server) NextEvent() (time.Time, bool) {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	s.world.Advance(s.Now())
	return s.world.NextEvent()
}

// call is a request on its way through the server.
type call struct {
	simkit.Exchange
	route
	requestID string
	who       identity
}

// ServeHTTP answers one call.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body := simkit.ReadBody(r, maxBody)
	c := &call{route: routeOf(r, body)}
	if len(body) > maxBody {
		c.fault = fail("RequestSizeLimitExceeded", "The request size exceeds the upper limit.")
	}
	c.Entry = Call{Service: c.service, Op: c.op}
	simkit.Serve(w, r, s.Kit, &c.Exchange, simkit.Protocol[*apiError]{
		Admit: func() *apiError {
			c.requestID = s.Random.UUID()
			s.name(c)
			return s.admit(r, body, c)
		},
		Key: c.key,
		Handle: func() (simkit.Reply, *apiError) {
			s.world.Advance(c.Now)
			answer, e := c.handle(s, c)
			if e != nil {
				return simkit.Reply{}, e
			}
			return s.success(c, answer)
		},
		Injected: func(code pmks.Code, reason string, _ time.Duration) *apiError { return s.injected(c, code, reason) },
		Refuse:   c.refusal,
	})
}

// admit says whether a call may go on.
func (s *Server) admit(r *http.Request, body []byte, c *call) (e *apiError) {
	if c.who, e = s.authenticate(r, body, c); e != nil {
		return e
	}
	switch {
	case c.fault != nil:
		return c.fault
	case c.region != s.region && !slices.Contains(regionTable, c.region):
		return fail("UnsupportedRegion", "The region %q is not supported.", c.region)
	}
	return s.authorize(c)
}

// key is what has a rate limit of its own: an action, for one user and in one access
// region, of which this server is one.
func (c *call) key(per string) string {
	if per != perCaller {
		return ""
	}
	return c.service + ":" + c.op + " " + c.who.user
}

// success is the reply of a call that was answered. It is written while the lock is
// held, as it refers to what may change.
func (s *Server) success(c *call, answer any) (simkit.Reply, *apiError) {
	if answer == nil {
		answer = struct{}{}
	}
	data, err := json.Marshal(answer)
	change := s.alter[c.op]
	if err == nil && (change != nil || s.nulls) {
		var v any
		err = json.Unmarshal(data, &v)
		if s.nulls {
			setNulls(v)
		}
		if change != nil && err == nil {
			v = change(v)
		}
		if err == nil {
			data, err = json.Marshal(v)
		}
	}
	if err != nil {
		return simkit.Reply{}, fail("InternalError", "%v", err)
	}
	return c.reply(http.StatusOK, data), nil
}

// refusal is the reply of a call that was not.
func (c *call) refusal(e *apiError) simkit.Reply {
	data, _ := json.Marshal(errorAnswer{errorObject{e.code, e.message}}) // texts only
	return c.reply(cmp.Or(e.status, http.StatusOK), data)
}

// reply wraps an object as every answer is wrapped, with the id of the request as its last
// member.
func (c *call) reply(status int, object []byte) simkit.Reply {
	body := []byte(`{"Response":` + string(object) + `}`)
	if len(object) > 1 && object[0] == '{' {
		separator := ","
		if len(object) == 2 {
			separator = ""
		}
		body = []byte(`{"Response":` + string(object[:len(object)-1]) + separator + `"RequestId":"` + c.requestID + `"}}`)
	}
	h := http.Header{}
	h.Set("Content-Type", "application/json")
	return simkit.Reply{Status: status, Header: h, Body: body}
}
