// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// graphRequest is a query of Azure Resource Graph.
type graphRequest struct {
	Subscriptions []string `json:"subscriptions,omitempty"`
	Query         string   `json:"query"`
	Options       struct {
		Top          *int32 `json:"$top,omitempty"`
		SkipToken    string `json:"$skipToken,omitempty"`
		ResultFormat string `json:"resultFormat,omitempty"`

		Skip                     any `json:"$skip,omitempty" sim:"no"`
		AllowPartialScopes       any `json:"allowPartialScopes,omitempty" sim:"no"`
		AuthorizationScopeFilter any `json:"authorizationScopeFilter,omitempty" sim:"no"`
	} `json:"options"`

	ManagementGroups any `json:"managementGroups,omitempty" sim:"no"`
	Facets           any `json:"facets,omitempty" sim:"no"`
}

type graphAnswer struct {
	TotalRecords    int                 `json:"totalRecords"`
	Count           int                 `json:"count"`
	ResultTruncated string              `json:"resultTruncated"`
	SkipToken       string              `json:"$skipToken,omitempty"`
	Data            []map[string]string `json:"data"`
	Facets          []any               `json:"facets"`
}

// scaleSetVMs is the only type of which the simulated index has rows.
const scaleSetVMs = "microsoft.compute/virtualmachinescalesets/virtualmachines"

var (
	graphTypePattern     = regexp.MustCompile(`^where type =~ '([^']*)'$`)
	graphContainsPattern = regexp.MustCompile(`^where id contains '([^']*)'$`)
	graphColumnPattern   = regexp.MustCompile(`^(?:computerName = tostring\(properties\.(?:extended\.instanceView\.computerName|osProfile\.computerName)\)|computerName|id|name|resourceGroup)$`)
)

// askGraph answers a query over the machines of scale sets. Of the language it has
// what asks for those: conditions on the type and on a part of the id, columns, and
// the order by id. The rows of what the principal may not read are left out, as
// Azure leaves them out.
func (s *Server) askGraph(c *call) (*answer, *apiError) {
	var in graphRequest
	if e := decodeBody(c.body, &in); e != nil {
		return nil, e
	}
	top := 1000
	if in.Options.Top != nil {
		top = int(*in.Options.Top)
	}
	switch {
	case top < 1 || top > 1000:
		return nil, gateway(http.StatusBadRequest, "BadRequest", "Please provide below info when asking for support: $top must be between 1 and 1000.")
	case in.Options.ResultFormat != "" && in.Options.ResultFormat != "objectArray":
		return nil, notSimulated("resultFormat %.64s", in.Options.ResultFormat)
	}
	stages := strings.Split(in.Query, "|")
	for i := range stages {
		stages[i] = strings.TrimSpace(stages[i])
	}
	if stages[0] != "computeresources" {
		return nil, notSimulated("the table %.64s", stages[0])
	}
	rows := s.graphRows(c, in.Subscriptions)
	ordered := false
	for _, stage := range stages[1:] {
		switch {
		case graphTypePattern.MatchString(stage):
			if !strings.EqualFold(graphTypePattern.FindStringSubmatch(stage)[1], scaleSetVMs) {
				rows = nil
			}
		case graphContainsPattern.MatchString(stage):
			part := strings.ToLower(graphContainsPattern.FindStringSubmatch(stage)[1])
			rows = slices.DeleteFunc(rows, func(row map[string]string) bool { return !strings.Contains(strings.ToLower(row["id"]), part) })
		case strings.HasPrefix(stage, "project "):
			if e := project(rows, strings.TrimPrefix(stage, "project ")); e != nil {
				return nil, e
			}
		case stage == "order by id asc":
			slices.SortFunc(rows, func(a, b map[string]string) int { return strings.Compare(a["id"], b["id"]) })
			ordered = true
		default:
			return nil, notSimulated("the query part %.128s", stage)
		}
	}
	out := graphAnswer{TotalRecords: len(rows), ResultTruncated: "false", Facets: []any{}}
	items, next, valid := simkit.PageByNumber(s.Kit, &c.Exchange, c.op+"/"+in.Query, in.Options.SkipToken, top, rows)
	switch {
	case !valid:
		return nil, gateway(http.StatusBadRequest, "BadRequest", "The skip token is not valid.")
	case next != "" && !ordered:
		// Without an order Azure gives no token for the rest.
		next, out.ResultTruncated = "", "true"
	}
	out.Data, out.Count, out.SkipToken = append([]map[string]string{}, items...), len(items), next
	return ok(out)
}

// project leaves the named columns, in place.
func project(rows []map[string]string, columns string) *apiError {
	var names []string
	for column := range strings.SplitSeq(columns, ",") {
		column = strings.TrimSpace(column)
		if !graphColumnPattern.MatchString(column) {
			return notSimulated("the column %.128s", column)
		}
		name, _, _ := strings.Cut(column, " ")
		names = append(names, name)
	}
	for _, row := range rows {
		for key := range row {
			if !slices.Contains(names, key) {
				delete(row, key)
			}
		}
	}
	return nil
}

// graphRows are the machines of all scale sets in subscriptions; none means all that
// the principal can read.
func (s *Server) graphRows(c *call, subscriptions []string) []map[string]string {
	if len(subscriptions) == 0 {
		subscriptions = s.ids
	}
	var rows []map[string]string
	for _, id := range subscriptions {
		of, found := s.servers[strings.ToLower(id)]
		if !found || of.denied || of.tenant != s.home || c.who.app.denied(actionCom+"virtualMachineScaleSets/virtualMachines/read") {
			continue
		}
		of.advance(c.Now)
		for shown := range of.world.All(c.Now) {
			rec := of.clusters[shown.Attr[attrUID]]
			for _, g := range rec.inOrder(rec.live) {
				own := rec.pools[g.Name]
				if own.spec.machinesPool() {
					continue
				}
				for _, n := range of.machines(c, rec, g, own) {
					rows = append(rows, map[string]string{
						"id": of.machineID(rec, own, n), "name": scaleSetName(rec, own) + "_" + strconv.Itoa(n),
						"computerName": machineName(rec, own, n), "resourceGroup": strings.ToLower(rec.nodeGroup),
					})
				}
			}
		}
	}
	return rows
}
