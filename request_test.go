// SPDX-License-Identifier: Apache-2.0

package pmks_test

import (
	"cmp"
	"errors"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/pmks-go/pmks"
)

// full uses every field that a request may have.
const full = `{
  "IId": {"NameId": "demo"},
  "Version": "1.33",
  "Network": {
    "VpcIID": {"NameId": "vpc", "SystemId": "vpc-1"},
    "SubnetIIDs": [{"SystemId": "subnet-1"}, {"NameId": "b"}],
    "SecurityGroupIIDs": [{"SystemId": "sg-1"}]
  },
  "NodeGroupList": [
    {
      "IId": {"NameId": "workers"}, "ImageIID": {"NameId": "ubuntu"}, "VMSpecName": "t3.medium",
      "RootDiskType": "gp3", "RootDiskSize": "50", "KeyPairIID": {"NameId": "ops"},
      "OnAutoScaling": true, "DesiredNodeSize": 2, "MinNodeSize": 1, "MaxNodeSize": 4
    },
    {
      "IId": {"NameId": "rest"},
      "OnAutoScaling": "false", "DesiredNodeSize": "3", "MinNodeSize": "0", "MaxNodeSize": "10"
    }
  ],
  "TagList": [{"Key": "team", "Value": "platform"}]
}`

// restForm asks for what full does, but for ids, which it cannot hold.
const restForm = `{
  "ConnectionName": "aws-ohio", "IDTransformMode": "OFF",
  "ReqInfo": {
    "Name": "demo", "Version": "1.33", "VPCName": "vpc", "SubnetNames": ["subnet-1", "b"], "SecurityGroupNames": ["sg-1"],
    "NodeGroupList": [
      {"Name": "workers", "ImageName": "ubuntu", "VMSpecName": "t3.medium", "RootDiskType": "gp3", "RootDiskSize": "50", "KeyPairName": "ops",
       "OnAutoScaling": "true", "DesiredNodeSize": "2", "MinNodeSize": "1", "MaxNodeSize": "4"},
      {"Name": "rest", "OnAutoScaling": "false", "DesiredNodeSize": "3", "MinNodeSize": "0", "MaxNodeSize": 10}
    ],
    "TagList": [{"Key": "team", "Value": "platform"}]
  }
}`

// byNames is a request whose references are names alone.
func byNames(c pmks.ClusterInfo) pmks.ClusterInfo {
	c.Network.VpcIID.SystemId = ""
	for _, list := range [][]pmks.IID{c.Network.SubnetIIDs, c.Network.SecurityGroupIIDs} {
		for i, iid := range list {
			list[i] = pmks.IID{NameId: cmp.Or(iid.NameId, iid.SystemId)}
		}
	}
	return c
}

func fullInfo() pmks.ClusterInfo {
	return pmks.ClusterInfo{
		IId:     pmks.IID{NameId: "demo"},
		Version: "1.33",
		Network: pmks.NetworkInfo{
			VpcIID:            pmks.IID{NameId: "vpc", SystemId: "vpc-1"},
			SubnetIIDs:        []pmks.IID{{SystemId: "subnet-1"}, {NameId: "b"}},
			SecurityGroupIIDs: []pmks.IID{{SystemId: "sg-1"}},
		},
		NodeGroupList: []pmks.NodeGroupInfo{
			{
				IId: pmks.IID{NameId: "workers"}, ImageIID: pmks.IID{NameId: "ubuntu"}, VMSpecName: "t3.medium",
				RootDiskType: "gp3", RootDiskSize: "50", KeyPairIID: pmks.IID{NameId: "ops"},
				OnAutoScaling: true, DesiredNodeSize: 2, MinNodeSize: 1, MaxNodeSize: 4,
			},
			{IId: pmks.IID{NameId: "rest"}, DesiredNodeSize: 3, MaxNodeSize: 10},
		},
		TagList: []pmks.KeyValue{{Key: "team", Value: "platform"}},
	}
}

func TestParseRequest(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		text string
		want pmks.ClusterInfo
	}{
		{"every-field", full, fullInfo()},
		{"empty-object", `{}`, pmks.ClusterInfo{}},
		{"nulls", `{"IId": null, "Version": null, "Network": null, "NodeGroupList": null, "TagList": null}`, pmks.ClusterInfo{}},
		{"nulls-inside", `{"Network": {"VpcIID": null, "SubnetIIDs": null}, "NodeGroupList": [{"OnAutoScaling": null, "MinNodeSize": null, "VMSpecName": null}]}`,
			pmks.ClusterInfo{NodeGroupList: []pmks.NodeGroupInfo{{}}}},
		{"negative-size-is-for-the-capabilities", `{"NodeGroupList": [{"MinNodeSize": -1}]}`,
			pmks.ClusterInfo{NodeGroupList: []pmks.NodeGroupInfo{{MinNodeSize: -1}}}},
		{"true-as-text", `{"NodeGroupList": [{"OnAutoScaling": "true"}]}`,
			pmks.ClusterInfo{NodeGroupList: []pmks.NodeGroupInfo{{OnAutoScaling: true}}}},
		{"output-fields-without-content",
			`{"Status": "", "StatusFinal": false, "AccessInfo": {"Endpoint": "", "ExpiresAt": "0001-01-01T00:00:00Z"}, "KeyValueList": [], "CreatedTime": null}`,
			pmks.ClusterInfo{}},
		{"byte-order-mark", "\uFEFF" + `{"IId": {"NameId": "demo"}}`, pmks.ClusterInfo{IId: pmks.IID{NameId: "demo"}}},
		{"any-case", `{"IID": {"nameid": "demo"}, "network": {"vpcIID": {"NameID": "vpc"}}}`,
			pmks.ClusterInfo{IId: pmks.IID{NameId: "demo"}, Network: pmks.NetworkInfo{VpcIID: pmks.IID{NameId: "vpc"}}}},
		{"rest-body", restForm, byNames(fullInfo())},
		{"rest-body-of-nothing", `{"ConnectionName": "c", "NameSpace": "", "ReqInfo": {"NodeGroupList": [{"MinNodeSize": "", "OnAutoScaling": ""}]}}`,
			pmks.ClusterInfo{NodeGroupList: []pmks.NodeGroupInfo{{}}}},
		{"beyond-v0.6", `{"Access": {"Mode": "private", "CIDRs": ["10.0.0.0/8"], "PublicEndpoint": ""}, "NodeGroupList": [{
			"Labels": {"team": "blue"}, "Taints": [{"Key": "dedicated", "Value": "batch", "Effect": "NoSchedule"}], "Spot": "true", "Zones": ["us-east-2a"]}]}`,
			pmks.ClusterInfo{Access: pmks.Access{Mode: pmks.AccessPrivate, CIDRs: []string{"10.0.0.0/8"}}, NodeGroupList: []pmks.NodeGroupInfo{{
				Labels: map[string]string{"team": "blue"}, Taints: []pmks.Taint{{Key: "dedicated", Value: "batch", Effect: pmks.TaintNoSchedule}},
				Spot: true, Zones: []string{"us-east-2a"}}}}},
		{"escapes", `{"IId": {"NameId": "\uD83D\uDE00\u00e9"}}`, pmks.ClusterInfo{IId: pmks.IID{NameId: "😀é"}}},
		// Kubernetes tells labels apart by their case, which fields do not.
		{"labels-in-another-case", `{"NodeGroupList": [{"Labels": {"team": "a", "Team": "b"}}]}`,
			pmks.ClusterInfo{NodeGroupList: []pmks.NodeGroupInfo{{Labels: map[string]string{"team": "a", "Team": "b"}}}}},
		{"white-space-around", " \r\n\t{} \n", pmks.ClusterInfo{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := pmks.ParseRequest([]byte(tt.text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A faulty request names every fault by its field.
func TestParseRequest_Faults(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat(`[`, 40) + strings.Repeat(`]`, 40)
	tests := []struct {
		name   string
		text   string
		fields []string
		says   string // in the text of the error
	}{
		{"labels-no-object", `{"NodeGroupList": [{"Labels": ["team"]}]}`, []string{"NodeGroupList[0].Labels"}, "an object such as"},
		{"label-no-text", `{"NodeGroupList": [{"Labels": {"team": 7}}]}`, []string{"NodeGroupList[0].Labels.team"}, "a string"},
		{"taint-unknown-member", `{"NodeGroupList": [{"Taints": [{"Key": "a", "effect": "NoSchedule", "Time": 1}]}]}`, []string{"NodeGroupList[0].Taints[0].Time"}, "known are Key, Value, Effect"},
		{"access-endpoint-asked-for", `{"Access": {"PublicEndpoint": "https://x"}}`, []string{"Access.PublicEndpoint"}, "filled by the cloud"},
		{"empty", "", []string{"request"}, "is empty"},
		{"blank", " \n\t ", []string{"request"}, "is empty"},
		{"not-json", "name: demo", []string{"request"}, "line 1"},
		{"not-an-object", `[]`, []string{"request"}, "must be an object with IId, Version, Network"},
		{"null", `null`, []string{"request"}, "must be an object"},
		{"number", `7`, []string{"request"}, "not a number"},
		{"cut-off", `{"IId": {"NameId": "de`, []string{"IId.NameId"}, "ends too early"},
		{"cut-off-after-a-comma", `{"IId": {"NameId": "demo"},`, []string{"request"}, "ends too early"},
		{"syntax", "{\"Network\": {\n  \"VpcIID\": {]\n}}", []string{"Network.VpcIID"}, "line 2"},
		{"trailing-comma", `{"TagList": [{"Key": "a"},]}`, []string{"TagList[1]"}, "not JSON"},
		{"comment", "{ // mine\n}", []string{"request"}, "not JSON"},
		{"single-quotes", `{'IId': {}}`, []string{"request"}, "not JSON"},
		{"trailing-object", `{} {}`, []string{"request"}, "nothing after it"},
		{"trailing-rubbish", `{} x`, []string{"request"}, "nothing after it"},
		{"trailing-bracket", `{}}`, []string{"request"}, "nothing after it"},
		{"bad-utf-8", "{\"IId\": {\"NameId\": \"a\xffb\"}}", []string{"request"}, "not valid UTF-8, first at line 1, column 22"},
		{"half-a-surrogate", `{"IId": {"NameId": "a\ud83d"}}`, []string{"IId.NameId"}, "U+FFFD"},
		{"too-large", `{"Version": "` + strings.Repeat("1", pmks.MaxRequestSize) + `"}`, []string{"request"}, "is larger than 1048576 bytes"},
		{"too-deep", `{"NodeGroupList": ` + deep + `}`, []string{"NodeGroupList" + strings.Repeat("[0]", 31)}, "nested too deep"},
		{"duplicate", `{"Version": "1.33", "Version": "1.34"}`, []string{"Version"}, "given twice"},
		{"duplicate-inside", `{"NodeGroupList": [{"MinNodeSize": 1, "MinNodeSize": 1}]}`, []string{"NodeGroupList[0].MinNodeSize"}, "given twice"},
		{"duplicate-by-escape", `{"Version": "1.33", "\u0056ersion": "1.34"}`, []string{"Version"}, "given twice"},
		{"unknown", `{"Label": "demo"}`, []string{"Label"}, "known are IId, Version, Network, NodeGroupList, TagList, Access"},
		{"unknown-inside", `{"Network": {"SubnetIIDs": [{"Name": "a"}]}}`, []string{"Network.SubnetIIDs[0].Name"}, "known are NameId, SystemId"},
		{"duplicate-in-another-case", `{"IId": {"NameId": "demo"}, "IID": {}}`, []string{"IID"}, "given twice"},
		{"rest-body-with-the-other-form", `{"ReqInfo": {"IId": {"NameId": "demo"}}, "Version": "1.33"}`, []string{"ReqInfo.IId", "Version"}, "known are Name, Version, VPCName"},
		{"rest-body-with-a-name-space", `{"NameSpace": "ns", "ReqInfo": {}}`, []string{"NameSpace"}, "with the prefix"},
		{"rest-body-without-content", `{"ReqInfo": []}`, []string{"ReqInfo"}, "an object with Name"},
		{"rest-size", `{"ReqInfo": {"NodeGroupList": [{"MinNodeSize": "two", "OnAutoScaling": "yes"}]}}`,
			[]string{"ReqInfo.NodeGroupList[0].MinNodeSize", "ReqInfo.NodeGroupList[0].OnAutoScaling"}, "a whole number"},
		{"object-for-text", `{"Version": {}}`, []string{"Version"}, `a string, such as "1.33", not an object`},
		{"number-for-text", `{"Version": 1.33}`, []string{"Version"}, "not a number"},
		{"text-for-object", `{"IId": "demo"}`, []string{"IId"}, "an object with NameId, not a string"},
		{"object-for-list", `{"TagList": {"team": "platform"}}`, []string{"TagList"}, "must be a list, not an object"},
		{"null-in-a-list", `{"NodeGroupList": [null]}`, []string{"NodeGroupList[0]"}, "must not be null: leave it out"},
		{"null-in-a-list-of-texts", `{"NodeGroupList": [{"Zones": [null]}], "Access": {"CIDRs": [null]}}`,
			[]string{"NodeGroupList[0].Zones[0]", "Access.CIDRs[0]"}, "must not be null: leave it out"},
		{"rest-body-null", `{"ReqInfo": null}`, []string{"ReqInfo"}, "must be an object with the request, not null"},
		{"byte-order-mark-alone", "\uFEFF \n", []string{"request"}, "is empty"},
		{"label-twice", `{"NodeGroupList": [{"Labels": {"team": "a", "team": "b"}}]}`, []string{"NodeGroupList[0].Labels.team"}, "given twice"},
		{"not-a-number", `{"NodeGroupList": [{"MinNodeSize": NaN}]}`, []string{"NodeGroupList[0].MinNodeSize"}, "not JSON"},
		{"what-steers-a-terminal", `{"a\u001b[31mb": 1}`, []string{"a\x1b[31mb"}, "InvalidArgument: a [31mb: is not a field"},
		{"text-in-a-list", `{"Network": {"SubnetIIDs": ["subnet-1"]}}`, []string{"Network.SubnetIIDs[0]"}, "NameId, SystemId"},
		{"boolean-for-size", `{"NodeGroupList": [{"DesiredNodeSize": true}]}`, []string{"NodeGroupList[0].DesiredNodeSize"}, "a whole number, such as 2, not a boolean"},
		{"word-for-size", `{"NodeGroupList": [{"MinNodeSize": "two"}]}`, []string{"NodeGroupList[0].MinNodeSize"}, `not "two"`},
		{"empty-size", `{"NodeGroupList": [{"MinNodeSize": ""}]}`, []string{"NodeGroupList[0].MinNodeSize"}, "a whole number"},
		{"signed-size", `{"NodeGroupList": [{"MinNodeSize": "+2"}]}`, []string{"NodeGroupList[0].MinNodeSize"}, "a whole number"},
		{"fraction", `{"NodeGroupList": [{"MaxNodeSize": 2.5}]}`, []string{"NodeGroupList[0].MaxNodeSize"}, `not "2.5"`},
		{"exponent", `{"NodeGroupList": [{"MaxNodeSize": 1e2}]}`, []string{"NodeGroupList[0].MaxNodeSize"}, "a whole number"},
		{"huge-size", `{"NodeGroupList": [{"MaxNodeSize": 99999999999999999999}]}`, []string{"NodeGroupList[0].MaxNodeSize"}, "out of range"},
		{"more-than-32-bits", `{"NodeGroupList": [{"MaxNodeSize": 2147483648}]}`, []string{"NodeGroupList[0].MaxNodeSize"}, "out of range"},
		{"word-for-boolean", `{"NodeGroupList": [{"OnAutoScaling": "yes"}]}`, []string{"NodeGroupList[0].OnAutoScaling"}, "must be true or false, not a string"},
		{"number-for-boolean", `{"NodeGroupList": [{"OnAutoScaling": 1}]}`, []string{"NodeGroupList[0].OnAutoScaling"}, "not a number"},
		{"output-of-cluster", `{"Status": "Active", "CreatedTime": "2026-01-01T00:00:00Z", "AccessInfo": {"Endpoint": "https://x"}}`,
			[]string{"Status", "CreatedTime", "AccessInfo"}, "filled by the cloud"},
		{"output-of-group", `{"NodeGroupList": [{"Nodes": [{"SystemId": "i-1"}], "Version": "1.33"}]}`,
			[]string{"NodeGroupList[0].Nodes", "NodeGroupList[0].Version"}, "filled by the cloud"},
		{"id-of-what-is-to-be-made", `{"IId": {"NameId": "demo", "SystemId": "c-1"}}`, []string{"IId.SystemId"}, "filled by the cloud"},
		{"several", `{"Version": 1, "Network": {"VpcIID": []}, "NodeGroupList": [{"MinNodeSize": {}}, {"x": 1}]}`,
			[]string{"Version", "Network.VpcIID", "NodeGroupList[0].MinNodeSize", "NodeGroupList[1].x"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := pmks.ParseRequest([]byte(tt.text))
			if err == nil {
				t.Fatalf("no error; got %+v", got)
			}
			if diff := diff(pmks.ClusterInfo{}, got); diff != "" {
				t.Errorf("returned something beside the error: %s", diff)
			}
			if fields := faultFields(t, err); !reflect.DeepEqual(fields, tt.fields) {
				t.Errorf("fields %q, want %q", fields, tt.fields)
			}
			if !strings.Contains(err.Error(), tt.says) {
				t.Errorf("says %q, want it to say %q", err, tt.says)
			}
		})
	}
}

// However much is wrong, the error stays short enough to read.
func TestParseRequest_FaultsAreBounded(t *testing.T) {
	t.Parallel()
	var members []string
	for range 5000 {
		members = append(members, `{"`+strings.Repeat("x", 200)+`": 1}`)
	}
	_, err := pmks.ParseRequest([]byte(`{"TagList": [` + strings.Join(members, ",") + `]}`))
	fields := faultFields(t, err)
	if len(fields) != 21 || !strings.Contains(err.Error(), "has 4980 more faults") {
		t.Errorf("%d faults: %v", len(fields), err)
	}
	if n := len(err.Error()); n > 8000 {
		t.Errorf("the text has %d bytes", n)
	}
}

// A credentials file given by mistake is refused without showing what is in it.
func TestParseRequest_ShowsNoValues(t *testing.T) {
	t.Parallel()
	const secret = "s3cr3t-value"
	for _, text := range []string{
		`{"type": "service_account", "private_key": "` + secret + `"}`,
		`{"IId": "` + secret + `", "Status": "` + secret + `", "NodeGroupList": [{"OnAutoScaling": "` + secret + `"}]}`,
		`"` + secret + `"`,
		`AWS_SECRET_ACCESS_KEY=` + secret,
	} {
		_, err := pmks.ParseRequest([]byte(text))
		if err == nil {
			t.Fatalf("no error for %s", text)
		}
		if strings.Contains(err.Error(), secret) {
			t.Errorf("the error shows a value: %v", err)
		}
	}
}

func TestReadRequest(t *testing.T) {
	t.Parallel()
	got, err := pmks.ReadRequest(iotest.OneByteReader(strings.NewReader(full)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := diff(fullInfo(), got); diff != "" {
		t.Error(diff)
	}
	broken := errors.New("the disk is gone")
	if _, err := pmks.ReadRequest(iotest.ErrReader(broken)); !errors.Is(err, pmks.ErrInvalidArgument) || !errors.Is(err, broken) {
		t.Errorf("error of the reader: %v", err)
	}
	// An endless stream ends at the limit.
	if _, err := pmks.ReadRequest(endless{}); !errors.Is(err, pmks.ErrInvalidArgument) || !strings.Contains(err.Error(), "larger than") {
		t.Errorf("endless stream: %v", err)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// faultFields returns the Field of each fault, in order, and fails on one that is
// no *pmks.Error with ErrInvalidArgument and a Message.
func faultFields(t *testing.T, err error) []string {
	t.Helper()
	var fields []string
	var walk func(error)
	walk = func(err error) {
		switch e := err.(type) { //nolint:errorlint // it walks the tree itself
		case *pmks.Error:
			if e.Code != pmks.CodeInvalidArgument || e.Message == "" {
				t.Errorf("fault with code %v and message %q", e.Code, e.Message)
			}
			fields = append(fields, e.Field)
		case interface{ Unwrap() []error }:
			for _, part := range e.Unwrap() {
				walk(part)
			}
		case interface{ Unwrap() error }:
			walk(e.Unwrap())
		default:
			t.Errorf("not a *pmks.Error: %T %v", err, err)
		}
	}
	walk(err)
	return fields
}
