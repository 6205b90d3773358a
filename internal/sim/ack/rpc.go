// SPDX-License-Identifier: Apache-2.0

package ack

import (
	"cmp"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// rpcAPI is one service of the RPC style.
type rpcAPI struct {
	version string
	actions map[string]rpcAction
	// known lists actions that exist and are not simulated; the list need not be
	// complete, as any other name is refused too.
	known []string
}

// rpcAction is an action with the parameters that it takes.
type rpcAction struct {
	handle     handler
	parameters []string
	// anonymous: the action is not signed.
	anonymous bool
}

// commonParameters are those of every action: the older scheme has in them what the
// newer one has in headers.
var commonParameters = []string{
	"AccessKeyId", "Action", "Format", "SecurityToken", "Signature", "SignatureMethod", "SignatureNonce", "SignatureType", "SignatureVersion", "Timestamp", "Version",
}

var rpcTable map[string]rpcAPI

func init() {
	rpcTable = map[string]rpcAPI{
		serviceECS: {"2014-05-26", map[string]rpcAction{
			"DescribeInstances":      {handle: (*Server).describeInstances, parameters: []string{"InstanceIds", "PageNumber", "PageSize", "RegionId", "VpcId"}},
			"DescribeKeyPairs":       {handle: (*Server).describeKeyPairs, parameters: []string{"KeyPairName", "PageNumber", "PageSize", "RegionId"}},
			"DescribeSecurityGroups": {handle: (*Server).describeSecurityGroups, parameters: []string{"PageNumber", "PageSize", "RegionId", "SecurityGroupId", "SecurityGroupIds", "SecurityGroupName", "VpcId"}},
		}, []string{"DescribeDisks", "DescribeImages", "DescribeInstanceTypes", "DescribeAvailableResource", "DescribeNetworkInterfaces", "RunInstances", "TagResources"}},
		serviceSTS: {"2015-04-01", map[string]rpcAction{
			"AssumeRole": {handle: (*Server).assumeRole, parameters: []string{"DurationSeconds", "ExternalId", "Policy", "RoleArn", "RoleSessionName"}},
			"AssumeRoleWithOIDC": {handle: (*Server).assumeRoleWithOIDC, anonymous: true,
				parameters: []string{"DurationSeconds", "OIDCProviderArn", "OIDCToken", "Policy", "RoleArn", "RoleSessionName"}},
			"GetCallerIdentity": {handle: (*Server).getCallerIdentity, parameters: []string{"ACKClusterId"}},
		}, []string{"AssumeRoleWithSAML"}},
		serviceVPC: {"2016-04-28", map[string]rpcAction{
			"DescribeVpcs":         {handle: (*Server).describeVPCs, parameters: []string{"PageNumber", "PageSize", "RegionId", "VpcId", "VpcName"}},
			"DescribeVpcAttribute": {handle: (*Server).describeVPC, parameters: []string{"IsDefault", "RegionId", "VpcId"}},
			"DescribeVSwitches":    {handle: (*Server).describeVSwitches, parameters: []string{"PageNumber", "PageSize", "RegionId", "VSwitchId", "VpcId", "ZoneId"}},
		}, []string{"DescribeEipAddresses", "DescribeNatGateways", "DescribeRouteTableList", "DescribeVSwitchAttributes"}},
	}
}

// routeRPC is routeOf for the other services: x-acs-action, or Action, says which action
// it is, and the parameters come in the query or in a form.
func routeRPC(service string, api rpcAPI, r *http.Request, query url.Values, body []byte) route {
	t := route{service: service, op: cmp.Or(r.Header.Get("x-acs-action"), query.Get("Action")), labels: map[string]string{}, query: url.Values{}, status: http.StatusOK, class: classWrite}
	action, ok := api.actions[t.op]
	t.handle, t.anonymous = action.handle, action.anonymous
	switch {
	case !ok && slices.Contains(api.known, t.op):
		t.fault = notSimulated("%s of %s", t.op, service)
		return t
	case !ok:
		t.op = "" // not the vendor's word
		fallthrough
	case r.URL.Path != "/" && r.URL.Path != "":
		t.fault = noAction()
		return t
	case r.Method != http.MethodPost && r.Method != http.MethodGet:
		t.fault = gateway(http.StatusMethodNotAllowed, "UnsupportedHTTPMethod", "The HTTP method is not supported.")
		return t
	}
	if strings.HasPrefix(t.op, "Describe") || strings.HasPrefix(t.op, "Get") {
		t.class = classRead
	}
	maps.Copy(t.query, query)
	for _, key := range commonParameters {
		delete(t.query, key)
	}
	if len(body) > 0 {
		form, err := url.ParseQuery(string(body))
		if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/x-www-form-urlencoded" {
			t.fault = gateway(http.StatusBadRequest, "InvalidForm", "The body must be a form.")
			return t
		}
		for key, values := range form {
			t.query[key] = append(slices.Clone(t.query[key]), values...)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(t.query)) {
		switch {
		case !slices.Contains(action.parameters, key):
			t.fault = gateway(http.StatusBadRequest, "InvalidParameter", "Unknown parameter %s.", key)
		case len(t.query[key]) > 1:
			t.fault = gateway(http.StatusBadRequest, "InvalidParameter", "The parameter %s is given twice.", key)
		}
	}
	return t
}

// inRegion checks the parameter RegionId, which every action of VPC and ECS wants.
func (s *Server) inRegion(c *call) *apiError {
	switch c.query.Get("RegionId") {
	case s.region:
		return nil
	case "":
		return fail(http.StatusBadRequest, "MissingParameter", "The input parameter RegionId that is mandatory for processing this request is not supplied.")
	}
	return fail(http.StatusNotFound, "InvalidRegionId.NotFound", "The specified RegionId does not exist.")
}

// number reads a number of a query between two bounds.
func (c *call) number(key string, least, most, otherwise int) (int, *apiError) {
	text := c.query.Get(key)
	if text == "" && !c.query.Has(key) {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		return 0, invalid("", "%s must be a number from %d to %d, got %q", key, least, most, text)
	}
	return n, nil
}

// truth reads a truth value of a query.
func (c *call) truth(key string) (bool, *apiError) {
	switch text := c.query.Get(key); text {
	case "", "false", "False":
		return false, nil
	case "true", "True":
		return true, nil
	default:
		return false, invalid("", "%s must be true or false, got %q", key, text)
	}
}

// pageLimit is the largest page number: none asks for more.
const pageLimit = 1 << 20

// pageOf is a page by its number. A core.FaultRepeatPage shows the first one again and
// promises more.
func pageOf[T any](c *call, number, size int, list []T) (items []T, total int) {
	total = len(list)
	if number > 1 && c.NextToken("again", "") != "" {
		total, number = number*size+1, 1
	}
	from := min((number-1)*size, len(list))
	return list[from:min(from+size, len(list))], total
}
