// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"maps"
	"slices"
	"strings"
	"testing"

	aks "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v8"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/refuse"
)

// TestTags_case: Azure keeps the case in which a tag was written, or another, and takes
// both for one.
func TestTags_case(t *testing.T) {
	t.Parallel()
	c := &aks.ManagedCluster{Name: new("c"), ID: new("/c"), Properties: &aks.ManagedClusterProperties{}, Tags: map[string]*string{
		"CreatedAt": new("1794873600"), "createdat": nil, "team": new("blue"), "SSHKey": new("k"),
		"#cb-spider:pmks:request": new("TOKEN"), "#cb-spider:pmks:SECURITYGROUP:web": new("/nsg"), "#Cb-Spider:PMKS:KeyPair": new("mine"),
	}}
	info := clusterInfo(c, "group")
	if info.CreatedTime.Unix() != 1794873600 {
		t.Errorf("it was made at %s", info.CreatedTime)
	}
	if !slices.Equal(info.TagList, []pmks.KeyValue{{Key: "team", Value: "blue"}}) {
		t.Errorf("the user's tags are %v", info.TagList)
	}
	if got := tags(c.Tags).get(tagRequest); got != "TOKEN" {
		t.Errorf("the request is %q", got)
	}
	if got := info.Network.SecurityGroupIIDs; len(got) != 1 || got[0] != (pmks.IID{NameId: "web", SystemId: "/nsg"}) {
		t.Errorf("the security groups are %v", got)
	}
	if got := tags(c.Tags).keyPair(); got.NameId != "mine" {
		t.Errorf("the key is %v", got)
	}
	changed := tags(c.Tags).with(tagCreated, "7")
	if _, there := changed["CreatedAt"]; there || *changed[tagCreated] != "7" || len(changed) != len(c.Tags)-1 {
		t.Errorf("changed to %v", slices.Sorted(maps.Keys(changed)))
	}
	if c.Tags["CreatedAt"] == nil {
		t.Error("the tags that were read have changed")
	}
}

// TestCheckTags: lengths are characters, and two cases of one name are one tag.
func TestCheckTags(t *testing.T) {
	t.Parallel()
	kanji := func(n int) string { return strings.Repeat("漢", n) }
	for _, test := range []struct {
		name string
		list []pmks.KeyValue
		want string // the field that is refused
	}{
		{"kanji", []pmks.KeyValue{{Key: kanji(100), Value: kanji(100)}}, ""},
		{"longest", []pmks.KeyValue{{Key: kanji(512), Value: kanji(256)}}, ""},
		{"long-name", []pmks.KeyValue{{Key: kanji(513)}}, "TagList[0].Key"},
		{"long-value", []pmks.KeyValue{{Key: "a"}, {Key: "b", Value: kanji(257)}}, "TagList[1].Value"},
		{"characters", []pmks.KeyValue{{Key: "a/b"}}, "TagList[0].Key"},
		{"two-cases", []pmks.KeyValue{{Key: "Team", Value: "a"}, {Key: "team", Value: "b"}}, "TagList[1].Key"},
		{"own", []pmks.KeyValue{{Key: "CREATEDAT"}}, "TagList[0].Key"},
		{"own-prefix", []pmks.KeyValue{{Key: "#cb-spider:pmks:x"}}, "TagList[0].Key"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var f refuse.List
			checkTags(&f, test.list)
			err := f.Err()
			if (err != nil) != (test.want != "") || err != nil && (pmks.CodeOf(err) != pmks.CodeInvalidArgument || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("got %v, want a fault of %q", err, test.want)
			}
		})
	}
}
