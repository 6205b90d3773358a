// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"cmp"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// Azure Resource Graph: an index over all subscriptions that the caller may read. Request,
// answer and headers are those of api-version 2024-04-01 (REST reference of Resource Graph,
// Resources; guidance for throttled requests; guidance for pagination; read November 2026).

// graphRequest is a query.
type graphRequest struct {
	Subscriptions []string `json:"subscriptions,omitempty"`
	Query         string   `json:"query"`
	Options       struct {
		Top          *int32 `json:"$top,omitempty"`
		Skip         int32  `json:"$skip,omitempty"`
		SkipToken    string `json:"$skipToken,omitempty"`
		ResultFormat string `json:"resultFormat,omitempty"`

		AllowPartialScopes       any `json:"allowPartialScopes,omitempty" sim:"no"`
		AuthorizationScopeFilter any `json:"authorizationScopeFilter,omitempty" sim:"no"`
	} `json:"options"`

	ManagementGroups any `json:"managementGroups,omitempty" sim:"no"`
	Facets           any `json:"facets,omitempty" sim:"no"`
}

type graphAnswer struct {
	TotalRecords    int        `json:"totalRecords"`
	Count           int        `json:"count"`
	ResultTruncated string     `json:"resultTruncated"` // the text "true" or "false"
	SkipToken       string     `json:"$skipToken,omitempty"`
	Data            []graphRow `json:"data"`
	Facets          []any      `json:"facets"`
}

// graphRow is a row, or an object in one: objects and texts as in JSON.
type graphRow = map[string]any

// indexed is a machine of a scale set as the index has it. Only the rows of a page become
// a graphRow: a fleet has thousands.
type indexed struct {
	of                   *Server
	rec                  *clusterRecord
	pool                 string
	id, name, number     string
	computer             string
	resourceGroup        string
	withoutPersonalFacts bool
}

// column is a column of the table, or a member of one; nil where there is none.
func (r *indexed) column(path []string) any {
	if len(path) == 1 {
		switch path[0] {
		case "id":
			return r.id
		case "name":
			return r.name
		case "type":
			return scaleSetVMs
		case "location":
			return r.of.location
		case "resourceGroup":
			return r.resourceGroup
		case "subscriptionId":
			return r.of.subscription
		case "tenantId":
			return r.of.tenant
		}
	}
	var v any
	switch {
	case path[0] == "tags" && !r.withoutPersonalFacts:
		tags := graphRow{}
		for key, value := range poolTags(r.pool) {
			tags[key] = value
		}
		v = tags
	case path[0] == "properties" && !r.withoutPersonalFacts && len(path) == 3 && path[1] == "osProfile" && path[2] == "computerName":
		return r.computer // what most ask for
	case path[0] == "properties":
		properties := graphRow{"provisioningState": "Succeeded", "instanceId": r.number}
		if !r.withoutPersonalFacts {
			properties["osProfile"] = graphRow{"computerName": r.computer}
			properties["extended"] = graphRow{"instanceView": graphRow{"computerName": r.computer}}
		}
		v = properties
	}
	for _, key := range path[1:] {
		o, _ := v.(graphRow)
		v = o[key]
	}
	return v
}

const (
	// scaleSetVMs is the only type of which the simulated index has rows.
	scaleSetVMs = "microsoft.compute/virtualmachinescalesets/virtualmachines"
	// graphMost is the largest page.
	graphMost = 1000
)

// graphFault is a refusal by Resource Graph. The code says little; the details tell.
func graphFault(c *call, status int, code string, details ...errorDetail) *apiError {
	e := gateway(status, code, "Please provide below info when asking for support: timestamp = %s, correlationId = %s.", c.Now.UTC().Format(time.RFC3339), c.requestID)
	e.details = details
	return e
}

// graphInvalid refuses a request.
func graphInvalid(c *call, code, message string) *apiError {
	return graphFault(c, http.StatusBadRequest, "BadRequest", errorDetail{Code: code, Message: message})
}

// queryInvalid refuses a query that is none of the language.
func queryInvalid(c *call, code, message string) *apiError {
	return graphFault(c, http.StatusBadRequest, "BadRequest",
		errorDetail{Code: "InvalidQuery", Message: "Query is invalid. Please refer to the documentation for the Azure Resource Graph service and fix the error before retrying."},
		errorDetail{Code: code, Message: message})
}

func graphDenied(c *call) *apiError {
	return graphFault(c, http.StatusForbidden, "Forbidden",
		errorDetail{Code: "AccessDenied", Message: "Access is denied to the requested resource. The user might not have enough permission."})
}

// injectedGraph is the error that a fault of the plan asks for.
func injectedGraph(c *call, code pmks.Code, reason string) *apiError {
	var e *apiError
	switch code {
	case pmks.CodeThrottled:
		e = throttled(c)
	case pmks.CodeInvalidArgument:
		e = queryInvalid(c, "ParserFailure", "ParserFailure")
	case pmks.CodeUnauthenticated:
		e = gateway(http.StatusUnauthorized, "InvalidAuthenticationToken", "The access token is invalid.")
	case pmks.CodePermissionDenied:
		e = graphDenied(c)
	case pmks.CodeNotFound, pmks.CodeUnavailable:
		e = gateway(http.StatusServiceUnavailable, "ServiceUnavailable", "The service is unavailable.")
	default:
		e = graphFault(c, http.StatusInternalServerError, "InternalServerError")
	}
	e.message = cmp.Or(reason, e.message)
	return e
}

// askGraph answers a query. The rows of what the principal may not read are left out,
// as Azure leaves them out: without a word.
func (s *Server) askGraph(c *call) (*answer, *apiError) {
	var in graphRequest
	if e := decodeBody(c.body, &in); e != nil {
		return nil, e
	}
	if c.who.app.denied(c.action) {
		return nil, graphDenied(c)
	}
	top := graphMost
	if in.Options.Top != nil {
		top = int(*in.Options.Top)
	}
	switch {
	case strings.TrimSpace(in.Query) == "":
		return nil, graphInvalid(c, "InvalidQuery", "The query must not be empty.")
	case top < 1 || top > graphMost:
		return nil, graphInvalid(c, "InvalidOptions", "$top must be between 1 and 1000.")
	case in.Options.Skip < 0:
		return nil, graphInvalid(c, "InvalidOptions", "$skip must not be negative.")
	case in.Options.ResultFormat != "" && in.Options.ResultFormat != "objectArray":
		return nil, notSimulated("resultFormat %.64s", in.Options.ResultFormat)
	}
	q, e := parseQuery(c, in.Query)
	if e != nil {
		return nil, e
	}
	visible, e := s.visible(c, in.Subscriptions)
	if e != nil {
		return nil, e
	}
	rows, show, e := q.apply(c, visible)
	if e != nil {
		return nil, e
	}
	out := graphAnswer{TotalRecords: len(rows), ResultTruncated: "false", Facets: []any{}}
	items, next, valid := simkit.PageByNumber(s.Kit, &c.Exchange, c.op+"/"+in.Query, in.Options.SkipToken, min(top, s.graphPage), rows[min(int(in.Options.Skip), len(rows)):])
	switch {
	case !valid:
		return nil, graphInvalid(c, "InvalidSkipToken", "The skip token is not valid.")
	case next != "" && (!q.ordered || q.limited):
		// Without an order, and where the query itself has a limit, Azure gives no token
		// for the rest.
		next, out.ResultTruncated = "", "true"
	}
	out.Data, out.Count, out.SkipToken = make([]graphRow, len(items)), len(items), next
	for i, r := range items {
		out.Data[i] = show(r)
	}
	return ok(out)
}

// visible are the rows of the index that the principal may read, of the subscriptions
// that are asked for; none means all. Subscriptions that it may not read are left out
// too, unless there is no other.
func (s *Server) visible(c *call, subscriptions []string) ([]*indexed, *apiError) {
	if len(subscriptions) == 0 {
		subscriptions = s.ids
	}
	asked := map[*Server]bool{}
	for _, id := range subscriptions {
		if !uuidPattern.MatchString(id) {
			return nil, graphInvalid(c, "SubscriptionsContainInvalidGuids", "The subscription '"+id[:min(len(id), 64)]+"' is not a GUID.")
		}
		if of, found := s.servers[strings.ToLower(id)]; found && !of.denied && of.tenant == s.home {
			asked[of] = true
		}
	}
	if len(asked) == 0 {
		return nil, graphInvalid(c, "NoValidSubscriptionsInQueryRequest",
			"There must be at least one subscription that is eligible to contain resources. Given: '"+strings.Join(subscriptions, "', '")+"'.")
	}
	if c.who.app.denied(actionCom + "virtualMachineScaleSets/virtualMachines/read") {
		return nil, nil
	}
	held := s.held
	if held == nil {
		held = s.index(c)
	}
	rows := make([]*indexed, 0, len(held))
	for i := range held {
		if r := &held[i]; asked[r.of] && !r.rec.nodesHidden {
			rows = append(rows, r)
		}
	}
	return rows, nil
}

// index makes the rows of the machines of all scale sets that there are.
func (s *Server) index(c *call) []indexed {
	rows := []indexed{}
	for _, id := range s.ids {
		of := s.servers[strings.ToLower(id)]
		of.advance(c.Now)
		for shown := range of.world.All(c.Now) {
			rec := of.clusters[shown.Attr[attrUID]]
			if rec.live.State == profile.Gone {
				continue
			}
			for _, g := range rec.inOrder(rec.live) {
				own := rec.pools[g.Name]
				if own.spec.machinesPool() {
					continue
				}
				for _, n := range of.machines(c, rec, g, own) {
					r := indexed{of: of, rec: rec, pool: own.name, id: of.machineID(rec, own, n), number: strconv.Itoa(n), computer: machineName(rec, own, n),
						resourceGroup: strings.ToLower(rec.nodeGroup), withoutPersonalFacts: s.assumed.GraphScrubbed}
					if r.name = scaleSetName(rec, own) + "_" + r.number; s.assumed.GraphIDsInLowerCase {
						r.id = strings.ToLower(r.id)
					}
					rows = append(rows, r)
				}
			}
		}
	}
	return rows
}

// HoldIndex makes Resource Graph go on showing what there is now, whatever happens to the
// clusters, or ends that: so far behind a change, and no further, is its index. Machines
// that have gone since are shown, and those that have come are not.
func (s *Server) HoldIndex(on bool) {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	if s.held = nil; on {
		c := &call{}
		c.Now = s.Now()
		s.held = s.index(c)
	}
}

// HideNodes makes the resource group of the nodes of a cluster one that nobody may read,
// or ends that: Azure Resource Manager refuses, and Resource Graph leaves the machines out
// without a word. AKS itself shows them as before.
func (s *Server) HideNodes(cluster string, on bool) error {
	return s.on(cluster, func(_ time.Time, rec *clusterRecord) error {
		rec.nodesHidden = on
		return nil
	})
}
