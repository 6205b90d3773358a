// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
)

const (
	// indexFrom is from how many pools on a listing asks the index: as many as AKS
	// lets be read at once. It is also how many pools are read singly beside it.
	indexFrom = 40

	indexPage    = 1000 // the largest
	indexVersion = "2024-04-01"

	// indexQuery lists the machines of all scale sets of AKS. Paging needs an order.
	indexQuery = "computeresources" +
		" | where type =~ 'microsoft.compute/virtualmachinescalesets/virtualmachines'" +
		" | where id contains '/virtualMachineScaleSets/aks-'" +
		" | project id, computerName = tostring(properties.osProfile.computerName)" +
		" | order by id asc"
)

// index holds the nodes of all pools of a subscription as Azure Resource Graph has
// them: by resource group of the nodes and pool, in lower case. It may lag behind,
// and what the caller may not read is not in it.
type index map[[2]string][]pmks.IID

// takeFromIndex fills in the nodes of pools from the index and returns those that are
// to be read singly. The index counts only where it has as many nodes as a pool at
// rest is to have: a count proves it, for a quiet pool changes none of them. The
// error is the end of ctx.
func (h *Handler) takeFromIndex(ctx context.Context, pools []*poolRead) ([]*poolRead, error) {
	if len(pools) <= indexFrom {
		return pools, nil
	}
	nodes, err := h.readIndex(ctx)
	if err != nil {
		return pools, errs.Over(ctx) // without it all are read singly, as fast as AKS allows
	}
	var left []*poolRead
	for _, p := range pools {
		found := nodes[[2]string{strings.ToLower(p.nodeGroup), strings.ToLower(p.info.IId.NameId)}]
		switch {
		case p.info.Status == pmks.NodeGroupActive && len(found) == p.info.DesiredNodeSize:
			p.info.Nodes = found
		case len(left) < indexFrom:
			left = append(left, p)
		default:
			_ = secondary(ctx, &p.info.KeyValueList, "Nodes", &pmks.Error{Code: pmks.CodeThrottled})
		}
	}
	return left, errs.Over(ctx)
}

// machinePattern takes the id of a machine apart: the resource group, the scale set,
// the pool in the name of that, and the number of the machine.
var machinePattern = regexp.MustCompile(`(?i)^/subscriptions/[^/]+/resourceGroups/([^/]+)/providers/Microsoft\.Compute/virtualMachineScaleSets/(aks-([a-z0-9]+)-\d+-vmss)/virtualMachines/(\d+)$`)

func (h *Handler) readIndex(ctx context.Context) (index, error) {
	nodes := index{}
	seen := map[string]bool{}
	for token := ""; ; {
		page, err := read(ctx, h, graph, func(ctx context.Context) (indexAnswer, error) { return h.askIndex(ctx, token) }, func(a indexAnswer) error {
			if a.Data == nil {
				return lost("list")
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		for _, row := range page.Data {
			if m := machinePattern.FindStringSubmatch(row.ID); m != nil {
				key := [2]string{strings.ToLower(m[1]), strings.ToLower(m[3])}
				nodes[key] = append(nodes[key], pmks.IID{NameId: firstOf(row.ComputerName, computerName(m[2], m[4])), SystemId: row.ID})
			}
		}
		if token = page.SkipToken; token == "" {
			break
		}
		if seen[token] {
			return nil, lost("next page of the list")
		}
		seen[token] = true
	}
	for _, list := range nodes {
		sortNodes(list)
	}
	return nodes, nil
}

// computerName is the name of a machine of a scale set, which is that of its node:
// the number of the machine follows in six digits of base 36.
func computerName(scaleSet, number string) string {
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return ""
	}
	digits := strconv.FormatInt(n, 36)
	return strings.ToLower(scaleSet) + strings.Repeat("0", max(0, 6-len(digits))) + digits
}

// indexAnswer is an answer of Azure Resource Graph.
type indexAnswer struct {
	Data []struct {
		ID           string `json:"id"`
		ComputerName string `json:"computerName"`
	} `json:"data"`
	SkipToken string `json:"$skipToken"`
}

// askIndex asks Azure Resource Graph for a page. The call has no client of the SDK
// of its own that fits the pins.
func (h *Handler) askIndex(ctx context.Context, token string) (out indexAnswer, err error) {
	type options struct {
		Format    string `json:"resultFormat"`
		Top       int    `json:"$top"`
		SkipToken string `json:"$skipToken,omitempty"`
	}
	body := struct {
		Subscriptions []string `json:"subscriptions"`
		Query         string   `json:"query"`
		Options       options  `json:"options"`
	}{[]string{h.cfg.SubscriptionID}, indexQuery, options{"objectArray", indexPage, token}}
	r, err := runtime.NewRequest(ctx, http.MethodPost, runtime.JoinPaths(h.api.graph.Endpoint(), "/providers/Microsoft.ResourceGraph/resources"))
	if err != nil {
		return out, err
	}
	query := r.Raw().URL.Query()
	query.Set("api-version", indexVersion)
	r.Raw().URL.RawQuery = query.Encode()
	r.Raw().Header.Set("Accept", "application/json")
	if err := runtime.MarshalAsJSON(r, body); err != nil {
		return out, err
	}
	response, err := h.api.graph.Pipeline().Do(r) //nolint:bodyclose // Payload and NewResponseError read it and close it
	if err != nil {
		return out, err
	}
	if !runtime.HasStatusCode(response, http.StatusOK) {
		return out, runtime.NewResponseError(response)
	}
	payload, err := runtime.Payload(response)
	if err != nil {
		return out, err
	}
	if json.Unmarshal(payload, &out) != nil {
		return out, lost("list")
	}
	return out, nil
}
