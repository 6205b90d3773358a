// SPDX-License-Identifier: Apache-2.0

package v06_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/pmks-go/pmks"
)

// What CB-Spider's server answers to GET /cluster/{Name}; one that is older lets
// Connection and ClusterInfo out and answers with the cluster alone. Source: CB-Spider's
// api-runtime/rest-runtime, ClusterRest.go, and the JSON tags of ClusterHandler.go.
const (
	cluster = `{
  "IId": {"NameId": "demo", "SystemId": "demo-cq2a8bic0s7t1lpc2ps0"},
  "Version": "1.30",
  "Network": {
    "VpcIID": {"NameId": "vpc-01", "SystemId": "vpc-0a1b"},
    "SubnetIIDs": [{"NameId": "subnet-01", "SystemId": "subnet-0a"}, {"NameId": "subnet-02", "SystemId": "subnet-0b"}],
    "SecurityGroupIIDs": null
  },
  "NodeGroupList": [{
    "IId": {"NameId": "workers", "SystemId": "workers-cq2"},
    "ImageIID": {"NameId": "", "SystemId": ""},
    "VMSpecName": "t3.medium",
    "RootDiskType": "gp3",
    "RootDiskSize": "50",
    "KeyPairIID": {"NameId": "key-01", "SystemId": "key-01"},
    "OnAutoScaling": true,
    "DesiredNodeSize": 2, "MinNodeSize": 1, "MaxNodeSize": 3,
    "Status": "Active",
    "Nodes": [{"NameId": "ip-10-0-1-7", "SystemId": "i-0a1"}],
    "KeyValueList": [{"Key": "NodegroupArn", "Value": "arn:aws:eks:us-east-2:111122223333:nodegroup/demo/workers/x"}]
  }],
  "AccessInfo": {"Endpoint": "https://1.2.3.4", "Kubeconfig": "apiVersion: v1\n"},
  "Addons": {},
  "Status": "Active",
  "CreatedTime": "2024-08-27T10:00:00Z",
  "TagList": [{"Key": "team", "Value": "a"}],
  "KeyValueList": null
}`
	wrapped = `{"Connection": "aws-ohio", "ClusterInfo": ` + cluster + `}`
	listed  = `{"Connection": "aws-ohio", "ClusterInfoList": [` + cluster + `]}`

	created = `{
  "ConnectionName": "aws-ohio",
  "ReqInfo": {
    "Name": "demo", "Version": "1.30", "VPCName": "vpc-01",
    "SubnetNames": ["subnet-01", "subnet-02"], "SecurityGroupNames": ["sg-01"],
    "NodeGroupList": [{
      "Name": "workers", "ImageName": "", "VMSpecName": "t3.medium", "RootDiskType": "", "RootDiskSize": "50", "KeyPairName": "key-01",
      "OnAutoScaling": "true", "DesiredNodeSize": "2", "MinNodeSize": "1", "MaxNodeSize": "3"
    }]
  }
}`
)

// TestJSON_answers: the answers of CB-Spider's server are read into the types of pmks as
// they are.
func TestJSON_answers(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{"alone": `{"ClusterInfoList": [` + cluster + `]}`, "wrapped": wrapped, "listed": listed} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var answer struct {
				ClusterInfo     *pmks.ClusterInfo
				ClusterInfoList []*pmks.ClusterInfo
			}
			if err := json.Unmarshal([]byte(body), &answer); err != nil {
				t.Fatal(err)
			}
			info := answer.ClusterInfo
			if info == nil && len(answer.ClusterInfoList) == 1 {
				info = answer.ClusterInfoList[0]
			}
			g, ok := info.NodeGroup(pmks.IID{NameId: "workers"})
			if !ok || info.Status != pmks.ClusterActive || info.CreatedTime.Year() != 2024 || len(info.Network.SubnetIIDs) != 2 ||
				info.Network.SecurityGroupIIDs != nil || info.TagList[0].Key != "team" || info.AccessInfo.Kubeconfig == "" ||
				g.MaxNodeSize != 3 || g.Nodes[0].SystemId != "i-0a1" || g.KeyPairIID.NameId != "key-01" {
				t.Errorf("%+v", info)
			}
		})
	}
}

// TestJSON_request: the body of POST /cluster is a request, with its numbers as text.
func TestJSON_request(t *testing.T) {
	t.Parallel()
	req, err := pmks.ReadRequest(strings.NewReader(created))
	if err != nil {
		t.Fatal(err)
	}
	if g := req.NodeGroupList; len(g) != 1 || !g[0].OnAutoScaling || g[0].DesiredNodeSize != 2 || req.Network.VpcIID.NameId != "vpc-01" ||
		len(req.Network.SubnetIIDs) != 2 || req.IId.NameId != "demo" {
		t.Errorf("%+v", req)
	}
}

// TestJSON_names: what pmks writes has the names that CB-Spider's clients read.
func TestJSON_names(t *testing.T) {
	t.Parallel()
	data, err := json.Marshal(pmks.ClusterInfo{NodeGroupList: []pmks.NodeGroupInfo{{}}})
	if err != nil {
		t.Fatal(err)
	}
	var written, theirs any
	if err := json.Unmarshal(data, &written); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(cluster), &theirs); err != nil {
		t.Fatal(err)
	}
	compareNames(t, "ClusterInfo", theirs, written)
}

// compareNames tells of each name that they have and we have not.
func compareNames(t *testing.T, path string, theirs, ours any) {
	t.Helper()
	switch theirs := theirs.(type) {
	case map[string]any:
		ours, _ := ours.(map[string]any)
		for name, value := range theirs {
			if _, ok := ours[name]; !ok {
				t.Errorf("%s.%s is not written", path, name)
			}
			compareNames(t, path+"."+name, value, ours[name])
		}
	case []any:
		if ours, ok := ours.([]any); ok && len(ours) > 0 && len(theirs) > 0 {
			compareNames(t, path+"[]", theirs[0], ours[0])
		}
	}
}
