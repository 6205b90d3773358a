// SPDX-License-Identifier: Apache-2.0

// Package eks simulates Amazon EKS with what of IAM, STS, EC2 and Auto Scaling a
// client of it needs: the wire protocols in front of sim/core.
//
// It is strict. Signatures are verified, unknown routes, parameters and states
// are refused with the errors of AWS, and what AWS has and this package has not
// is answered with CodeNotSimulated. All services share one endpoint; the
// credential scope of the signature says which one is meant.
//
// It is written from descriptions of the wire formats and imports no SDK, so that
// a client that misreads a field is found out.
//
// What a test can do beside calling it:
//
//   - Options: another account or region, of any partition; Resources that are missing
//     or not as they should be; PageSize for lists in several pages; Buckets, which are
//     the published rate limits unless Unlimited; Assumptions where no source settles
//     what AWS does.
//   - Inject strikes any call of any service: refused, throttled, delayed, lost, hung,
//     cut, answered by something else in between, or accepted and failed later. The
//     Reason of a core.FaultFailLater is "Code: message" or "Code: message [id, id]" and
//     shows in the health of the cluster or node group, or in the errors of the update.
//     A core.FaultRefuse with Times -1 takes one read away for good, such as ListAddons
//     or DescribeAutoScalingGroups. A core.FaultRepeatPage makes a list endless.
//   - Put adds a ready-made cluster: with Auto Mode, add-ons, Fargate profiles, a private
//     endpoint, node groups of their owner's launch template, and nodes that are not
//     managed; see the Attr constants.
//   - SetInsights gives a cluster the findings that keep its control plane from a version.
//   - Force, Show, Protect, SetCertificate and Recreate change what is there: states,
//     statuses that nobody knows, deletion protection, a certificate that is missing or
//     broken, and node groups that a controller makes again.
package eks

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// maxBody is the largest body that is read.
const maxBody = 1 << 20

// Server is one region of one account. It is an http.Handler, safe for concurrent
// use.
//
// For the Inject of its Kit, Op is the operation in the words of AWS, such as
// "CreateNodegroup".
type Server struct {
	*simkit.Kit
	account, region string
	// partition is that of the region, and suffix ends the names of its hosts.
	partition, suffix string
	assumptions       Assumptions
	propagation       int
	scale             float64
	pageSize          int
	webTokens         []string

	// Guarded by Kit.Mu.
	world     *core.World
	keys      map[string]Key
	resources Resources
	templates []*launchTemplate
	clusters  map[string]*clusterRecord // by uid
	latest    map[string]*clusterRecord // by name
	asgs      asgIndex
	tokens    map[string]*made // by operation and clientRequestToken
}

// New returns a Server with no clusters.
func New(o Options) *Server {
	aws, _ := profile.Get("aws")
	aws = aws.Clone()
	if o.Assumptions.NodeGroupsMayLag {
		aws.Upgrade.MatchFirst = false
	}
	s := &Server{
		Kit: simkit.New(simkit.Options{
			Seed: o.Seed, Stream: 0x656b73, Latency: o.Latency, Now: o.Now, Logger: o.Logger, Faults: o.Faults, Buckets: simkit.Limits(o.Unlimited, o.Buckets, DefaultBuckets),
		}),
		account:     cmp.Or(o.AccountID, DefaultAccountID),
		region:      cmp.Or(o.Region, aws.Region),
		assumptions: o.Assumptions,
		propagation: o.RolePropagation,
		scale:       o.Scale,
		pageSize:    o.PageSize,
		webTokens:   o.WebIdentityTokens,
		keys:        maps.Clone(o.Keys),
		clusters:    map[string]*clusterRecord{},
		latest:      map[string]*clusterRecord{},
		tokens:      map[string]*made{},
	}
	s.partition, s.suffix = partitionOf(s.region)
	aws.IDs.Endpoint = strings.Replace(aws.IDs.Endpoint, "amazonaws.com", s.suffix, 1)
	s.world = core.New(aws, core.Options{
		Seed: o.Seed, Scale: o.Scale, Durations: o.Durations, Region: s.region, ReadLag: o.ReadLag,
	})
	s.Simulates(s.world)
	s.ServeKubernetes(s.kubernetes(o.Kubernetes))
	if s.keys == nil {
		s.keys = map[string]Key{DefaultAccessKey: {Secret: DefaultSecret}}
	}
	if s.assumptions.MaxSecurityGroups == 0 {
		s.assumptions.MaxSecurityGroups = 4
	}
	if s.scale == 0 {
		s.scale = 1
	}
	if s.propagation == 0 {
		s.propagation = 2
	}
	if o.Resources != nil {
		s.resources = o.Resources.clone()
	} else {
		s.resources = DefaultResources(s.region)
	}
	for i := range s.resources.Roles {
		role := &s.resources.Roles[i]
		role.id = "AROA" + s.Random.Text(17, upperAlnum)
		if role.Created.IsZero() {
			role.Created = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		}
	}
	return s
}

// Transport returns an http.RoundTripper that calls s in process, whatever the
// host. It starts no goroutine.
func (s *Server) Transport() http.RoundTripper { return simkit.NewTransport(s) }

// Listen serves s on a loopback address such as "127.0.0.1:0", with TLS if secure
// is true.
func (s *Server) Listen(addr string, secure bool) (*simkit.Listener, error) {
	return simkit.Listen(addr, s, simkit.ListenOptions{TLS: secure})
}

// NextEvent returns when the next operation ends.
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
	// json: the caller wants JSON from a query service.
	json bool
}

// ServeHTTP answers one call.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body := simkit.ReadBody(r, maxBody)
	query, queryErr := url.ParseQuery(r.URL.RawQuery)
	c := &call{route: routeOf(r, query, body), json: r.Header.Get("Accept") == "application/json"}
	c.Entry = Call{Service: c.service, Op: c.op, Cluster: c.labels["name"], NodeGroup: c.labels["nodegroupName"]}
	if strings.HasPrefix(c.op, "Describe") {
		c.Class = "read"
	}
	if queryErr != nil && c.fault == nil {
		c.fault = fail(http.StatusBadRequest, "MalformedQueryString", "The query string cannot be read")
	}
	if len(body) > maxBody {
		c.fault = fail(http.StatusRequestEntityTooLarge, "RequestEntityTooLargeException", "The body is too large")
	}
	simkit.Serve(w, r, s.Kit, &c.Exchange, simkit.Protocol[*apiError]{
		Admit: func() (e *apiError) {
			c.requestID = s.Random.UUID()
			if !c.anonymous {
				c.who, e = s.authenticate(r, query, body, c.service, c.Now)
			}
			if e == nil {
				e = c.fault
			}
			return e
		},
		Handle: func() (simkit.Reply, *apiError) {
			s.world.Advance(c.Now)
			answer, e := c.handle(s, c)
			if e != nil {
				return simkit.Reply{}, e
			}
			return c.success(answer), nil
		},
		Injected: func(code pmks.Code, reason string, retryAfter time.Duration) *apiError {
			return injected(c.service, code, reason).after(retryAfter)
		},
		Refuse: c.refusal,
	})
}

// success is an answer in the protocol of the service.
func (c *call) success(answer any) simkit.Reply {
	if c.service == "eks" || c.json && c.op == "GetCallerIdentity" {
		return c.jsonReply(http.StatusOK, answer)
	}
	return c.xmlReply(http.StatusOK, answer)
}

// refusal is an error in the protocol of the service.
func (c *call) refusal(e *apiError) simkit.Reply {
	var reply simkit.Reply
	if c.service == "eks" {
		reply = c.jsonReply(e.status, errorBody{
			ClusterName: optional(e.cluster), NodegroupName: optional(e.nodegroup), FargateProfileName: optional(e.fargate),
			Message: e.message, ValidZones: e.validZones,
		})
		reply.Header.Set("x-amzn-ErrorType", e.code)
	} else {
		reply = c.xmlReply(e.status, queryErrorOf(c.service, c.requestID, e))
	}
	simkit.SetRetryAfter(reply.Header, e.retryAfter)
	return reply
}

func (c *call) jsonReply(status int, body any) simkit.Reply {
	data, err := json.Marshal(body)
	if err != nil {
		status, data = http.StatusInternalServerError, []byte(`{"message":`+strconv.Quote(err.Error())+`}`)
	}
	return c.reply(status, "application/json", data)
}

func (c *call) reply(status int, contentType string, body []byte) simkit.Reply {
	h := http.Header{}
	h.Set("x-amzn-RequestId", c.requestID)
	h.Set("Content-Type", contentType)
	return simkit.Reply{Status: status, Header: h, Body: body}
}

const upperAlnum = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

// optional returns nil for an empty text, which JSON shows as null.
func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
