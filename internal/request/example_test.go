// SPDX-License-Identifier: Apache-2.0

package request_test

import (
	"fmt"

	"github.com/pmks-go/pmks/internal/request"
)

func ExampleParse() {
	req, err := request.Parse([]byte(`{
	  "IId": {"NameId": "demo"},
	  "NodeGroupList": [{"IId": {"NameId": "workers"}, "DesiredNodeSize": "2", "MaxNodeSize": 3}]
	}`))
	fmt.Println(req.IId, req.NodeGroupList[0].DesiredNodeSize, err)
	_, err = request.Parse([]byte(`{"NodeGroupList": [{"MinNodeSize": 1.5}]}`))
	fmt.Println(err)
	// Output:
	// demo 2 <nil>
	// pmks: InvalidArgument: NodeGroupList[0].MinNodeSize: must be a whole number, such as 2, not "1.5"
}
