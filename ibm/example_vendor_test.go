// SPDX-License-Identifier: Apache-2.0

//go:build !pmks_novendor

package ibm_test

import (
	"context"
	"fmt"

	"github.com/IBM/go-sdk-core/v5/core"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/ibm"
)

// The vendor's services do what pmks does not: here a user tag of the account, which
// IBM's bills and access groups know, is attached to a cluster.
func ExampleHandler_Vendor() {
	h := simulated("demo", func(*ibm.Config) {})
	defer h.Close()
	info, err := h.GetCluster(context.Background(), pmks.IID{NameId: "demo"})
	if err != nil {
		fmt.Println(err)
		return
	}
	crn, _ := pmks.Lookup(info.KeyValueList, "CRN")

	tagging := h.Vendor().Tagging
	b := core.NewRequestBuilder(core.POST).WithContext(context.Background())
	if _, err := b.ResolveRequestURL(tagging.Options.URL, "/v3/tags/attach", nil); err != nil {
		fmt.Println(err)
		return
	}
	b.AddQuery("tag_type", "user")
	b.AddHeader("Content-Type", "application/json")
	if _, err := b.SetBodyContentJSON(map[string]any{"tag_names": []string{"cost-center:4711"}, "resources": []map[string]string{{"resource_id": crn}}}); err != nil {
		fmt.Println(err)
		return
	}
	req, err := b.Build()
	if err != nil {
		fmt.Println(err)
		return
	}
	var answer struct {
		Results []struct {
			IsError bool `json:"is_error"`
		} `json:"results"`
	}
	if _, err := tagging.Request(req, &answer); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(answer.Results), answer.Results[0].IsError)
	// Output: 1 false
}
