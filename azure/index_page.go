// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"github.com/pmks-go/pmks/internal/provider/fanout"
)

const (
	indexTop     = 1000 // the largest page
	indexVersion = "2024-04-01"
)

// indexQuery lists the machines of all scale sets of AKS in a region. Paging needs an
// order by what is there once.
func indexQuery(location string) string {
	return "computeresources" +
		" | where type =~ 'microsoft.compute/virtualmachinescalesets/virtualmachines'" +
		" | where location =~ '" + location + "'" +
		" | where id contains '/virtualMachineScaleSets/aks'" +
		" | project id, computerName = tostring(properties.osProfile.computerName)" +
		" | order by id asc"
}

// machineRow is a machine of a scale set; group, set and number are lower case.
type machineRow struct{ group, set, number, computerName string }

// parseMachine takes the id of a machine apart.
func parseMachine(id, computerName string) (machineRow, bool) {
	var parts [11]string
	rest, more := id, true
	for i := range parts {
		if !more {
			return machineRow{}, false
		}
		parts[i], rest, more = strings.Cut(rest, "/")
	}
	if more || parts[0] != "" || !strings.EqualFold(parts[1], "subscriptions") || !strings.EqualFold(parts[3], "resourceGroups") ||
		!strings.EqualFold(parts[7], "virtualMachineScaleSets") || !strings.EqualFold(parts[9], "virtualMachines") {
		return machineRow{}, false
	}
	return machineRow{group: strings.ToLower(parts[4]), set: strings.ToLower(parts[8]), number: strings.ToLower(parts[10]), computerName: strings.ToLower(computerName)}, true
}

// pool is the pool of the scale set, which AKS names aks-POOL-NUMBER-vmss, and of Windows
// aksPOOL.
func (m machineRow) pool() string {
	rest, _ := strings.CutPrefix(m.set, "aks")
	if linux, ok := strings.CutPrefix(rest, "-"); ok {
		rest, _, _ = strings.Cut(linux, "-")
	}
	return rest
}

// name is the name of the node, which is that of the machine: the index may keep it to
// itself. It is the scale set's, and the number of the machine in six digits of base 36.
func (m machineRow) name() string {
	n, err := strconv.ParseInt(m.number, 10, 64)
	if m.computerName != "" || err != nil {
		return m.computerName
	}
	digits := strconv.FormatInt(n, 36)
	return m.set + strings.Repeat("0", max(0, 6-len(digits))) + digits
}

// indexPage is an answer of Azure Resource Graph.
type indexPage struct {
	Total int `json:"totalRecords"`
	Data  []struct {
		ID           string `json:"id"`
		ComputerName string `json:"computerName"`
	} `json:"data"`
	SkipToken string `json:"$skipToken"`
}

// pagesLeft is how many more requests there are behind a first page.
func (p indexPage) pagesLeft() int {
	if n := len(p.Data); n > 0 && p.Total > n {
		return (p.Total - 1) / n
	}
	return 0
}

// rows are the machines of a page.
func (p indexPage) rows() []machineRow {
	rows := make([]machineRow, 0, len(p.Data))
	for _, row := range p.Data {
		if m, ok := parseMachine(row.ID, row.ComputerName); ok {
			rows = append(rows, m)
		}
	}
	return rows
}

// pageQuery says which page of the index: the one behind a token, or else so many rows
// from a place on.
type pageQuery struct {
	skip, top int
	token     string
}

// indexRows reads what is behind a first page: the pages side by side, as their number
// and the order are known.
func (h *Handler) indexRows(ctx context.Context, first indexPage) ([]machineRow, error) {
	left, step := first.pagesLeft(), len(first.Data)
	if left == 0 {
		rest, err := h.indexBehind(ctx, first.SkipToken, 0)
		return append(first.rows(), rest...), err
	}
	parts := make([][]machineRow, left)
	err := fanout.Each(ctx, left, func(ctx context.Context, i int) error {
		q := pageQuery{skip: (i + 1) * step, top: step}
		page, err := h.indexPage(ctx, q)
		if err != nil {
			return err
		}
		parts[i] = page.rows()
		if missing := min(step, first.Total-q.skip) - len(page.Data); missing > 0 { // a page may be short
			rest, err := h.indexBehind(ctx, page.SkipToken, missing)
			parts[i] = append(parts[i], rest...)
			return err
		}
		return nil
	})
	return slices.Concat(append([][]machineRow{first.rows()}, parts...)...), err
}

// indexBehind reads pages behind a token, one after the other: until there are so many
// rows, or with 0 all.
func (h *Handler) indexBehind(ctx context.Context, token string, want int) ([]machineRow, error) {
	var rows []machineRow
	seen := map[string]bool{}
	for n := 0; token != "" && (want == 0 || n < want); {
		if seen[token] {
			return nil, lost("next page of the list")
		}
		seen[token] = true
		page, err := h.indexPage(ctx, pageQuery{token: token})
		if err != nil {
			return nil, err
		}
		rows, n, token = append(rows, page.rows()...), n+len(page.Data), page.SkipToken
	}
	return rows, nil
}

// indexPage reads a page of the index.
func (h *Handler) indexPage(ctx context.Context, q pageQuery) (indexPage, error) {
	return read(ctx, h, graph, func(ctx context.Context) (indexPage, error) { return h.askIndex(ctx, q) }, func(p indexPage) error {
		if p.Data == nil {
			return lost("list")
		}
		return nil
	})
}

// askIndex asks Azure Resource Graph for a page. The call has no client of the SDK of its
// own that fits the pins.
func (h *Handler) askIndex(ctx context.Context, q pageQuery) (out indexPage, err error) {
	type options struct {
		Format    string `json:"resultFormat"`
		Top       int    `json:"$top"`
		Skip      int    `json:"$skip,omitempty"`
		SkipToken string `json:"$skipToken,omitempty"`
	}
	if q.top == 0 {
		q.top = indexTop
	}
	body := struct {
		Subscriptions []string `json:"subscriptions"`
		Query         string   `json:"query"`
		Options       options  `json:"options"`
	}{[]string{h.cfg.SubscriptionID}, indexQuery(h.cfg.Location), options{"objectArray", q.top, q.skip, q.token}}
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
