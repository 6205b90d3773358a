// SPDX-License-Identifier: Apache-2.0

package tencent

import (
	"fmt"
	"strings"

	tke "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/tke/v20180525"
)

// What a hook must leave as it is: whose request it is, and by what pmks finds again what
// it made and what belongs to it.

func keptOfCluster(in *tke.CreateClusterRequest) string {
	b := deref(in.ClusterBasicSettings)
	kept := []string{deref(in.ClusterType), deref(b.ClusterName), deref(b.VpcId)}
	for _, s := range withoutNil(b.TagSpecification) {
		kept = append(kept, ownTagsText(s.Tags))
	}
	return strings.Join(kept, "\n")
}

func keptOfPool(in *tke.CreateClusterNodePoolRequest) string {
	return strings.Join([]string{deref(in.ClusterId), deref(in.Name), ownTagsText(in.Tags)}, "\n")
}

func keptOfUpgrade(in *tke.UpdateClusterVersionRequest) string {
	return deref(in.ClusterId) + "\n" + deref(in.DstVersion)
}

func keptOfNodes(in *tke.UpgradeClusterInstancesRequest) string {
	return strings.Join(append([]string{deref(in.ClusterId), deref(in.Operation), deref(in.UpgradeType)}, texts(in.InstanceIds)...), "\n")
}

// ownTagsText are the tags of a list that pmks keeps.
func ownTagsText(tags []*tke.Tag) string {
	var list []string
	for _, t := range withoutNil(tags) {
		if key := deref(t.Key); isOwn(key) {
			list = append(list, fmt.Sprintf("%q=%q", key, deref(t.Value)))
		}
	}
	return strings.Join(list, " ")
}
