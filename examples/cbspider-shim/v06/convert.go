// SPDX-License-Identifier: Apache-2.0

package v06

import "github.com/pmks-go/pmks"

// What pmks knows and V0.6 has no field for stands in the KeyValueList under these keys.
const (
	keyReason  = "StatusReason"
	keyVersion = "Version"
	keyTag     = "Tag:"
)

// convert converts each of a list; nil stays nil.
func convert[From, To any](list []From, one func(From) To) []To {
	if list == nil {
		return nil
	}
	out := make([]To, len(list))
	for i, v := range list {
		out[i] = one(v)
	}
	return out
}

func toIID(i IID) pmks.IID                   { return pmks.IID(i) }
func fromIID(i pmks.IID) IID                 { return IID(i) }
func fromKeyValue(kv pmks.KeyValue) KeyValue { return KeyValue(kv) }

// toCluster converts a request. Its other fields are for output only.
func toCluster(c ClusterInfo) pmks.ClusterInfo {
	return pmks.ClusterInfo{
		IId:     pmks.IID(c.IId),
		Version: c.Version,
		Network: pmks.NetworkInfo{
			VpcIID:            pmks.IID(c.Network.VpcIID),
			SubnetIIDs:        convert(c.Network.SubnetIIDs, toIID),
			SecurityGroupIIDs: convert(c.Network.SecurityGroupIIDs, toIID),
		},
		NodeGroupList: convert(c.NodeGroupList, toNodeGroup),
	}
}

func toNodeGroup(g NodeGroupInfo) pmks.NodeGroupInfo {
	return pmks.NodeGroupInfo{
		IId:             pmks.IID(g.IId),
		ImageIID:        pmks.IID(g.ImageIID),
		VMSpecName:      g.VMSpecName,
		RootDiskType:    g.RootDiskType,
		RootDiskSize:    g.RootDiskSize,
		KeyPairIID:      pmks.IID(g.KeyPairIID),
		OnAutoScaling:   g.OnAutoScaling,
		DesiredNodeSize: g.DesiredNodeSize,
		MinNodeSize:     g.MinNodeSize,
		MaxNodeSize:     g.MaxNodeSize,
	}
}

func fromCluster(c pmks.ClusterInfo) ClusterInfo {
	out := ClusterInfo{
		IId:     IID(c.IId),
		Version: c.Version,
		Network: NetworkInfo{
			VpcIID:            IID(c.Network.VpcIID),
			SubnetIIDs:        convert(c.Network.SubnetIIDs, fromIID),
			SecurityGroupIIDs: convert(c.Network.SecurityGroupIIDs, fromIID),
			KeyValueList:      convert(c.Network.KeyValueList, fromKeyValue),
		},
		NodeGroupList: convert(c.NodeGroupList, fromNodeGroup),
		AccessInfo:    AccessInfo{c.AccessInfo.Endpoint, c.AccessInfo.Kubeconfig},
		Addons:        AddonsInfo{convert(c.Addons.KeyValueList, fromKeyValue)},
		Status:        ClusterStatus(c.Status),
		CreatedTime:   c.CreatedTime,
		KeyValueList:  convert(c.KeyValueList, fromKeyValue),
	}
	out.KeyValueList = appendFact(out.KeyValueList, keyReason, c.StatusReason)
	for _, tag := range c.TagList {
		out.KeyValueList = append(out.KeyValueList, KeyValue{keyTag + tag.Key, tag.Value})
	}
	return out
}

func fromNodeGroup(g pmks.NodeGroupInfo) NodeGroupInfo {
	out := NodeGroupInfo{
		IId:             IID(g.IId),
		ImageIID:        IID(g.ImageIID),
		VMSpecName:      g.VMSpecName,
		RootDiskType:    g.RootDiskType,
		RootDiskSize:    g.RootDiskSize,
		KeyPairIID:      IID(g.KeyPairIID),
		OnAutoScaling:   g.OnAutoScaling,
		DesiredNodeSize: g.DesiredNodeSize,
		MinNodeSize:     g.MinNodeSize,
		MaxNodeSize:     g.MaxNodeSize,
		Status:          NodeGroupStatus(g.Status),
		Nodes:           convert(g.Nodes, fromIID),
		KeyValueList:    convert(g.KeyValueList, fromKeyValue),
	}
	out.KeyValueList = appendFact(out.KeyValueList, keyReason, g.StatusReason)
	out.KeyValueList = appendFact(out.KeyValueList, keyVersion, g.Version)
	return out
}

// appendFact adds what is known.
func appendFact(list []KeyValue, key, value string) []KeyValue {
	if value == "" {
		return list
	}
	return append(list, KeyValue{key, value})
}
