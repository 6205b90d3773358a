// SPDX-License-Identifier: Apache-2.0

package v06_test

import (
	"errors"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/mock/gomock"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/examples/cbspider-shim/v06"
	"github.com/pmks-go/pmks/fake"
	"github.com/pmks-go/pmks/pmkstest"
)

// request is what a program that knows V0.6 alone asks for.
func request() v06.ClusterInfo {
	return v06.ClusterInfo{
		IId:     v06.IID{NameId: "demo"},
		Network: v06.NetworkInfo{VpcIID: v06.IID{NameId: "vpc-01"}, SubnetIIDs: []v06.IID{{NameId: "subnet-01"}}, SecurityGroupIIDs: []v06.IID{{NameId: "sg-01"}}},
		NodeGroupList: []v06.NodeGroupInfo{
			{IId: v06.IID{NameId: "workers"}, VMSpecName: "small", OnAutoScaling: true, DesiredNodeSize: 2, MinNodeSize: 1, MaxNodeSize: 3},
		},
	}
}

// until looks as programs without waiters do.
func until(t *testing.T, h v06.ClusterHandler, done func(v06.ClusterInfo, error) bool) v06.ClusterInfo {
	t.Helper()
	for range 1000 {
		info, err := h.GetCluster(v06.IID{NameId: "demo"})
		if done(info, err) {
			return info
		}
		time.Sleep(10 * time.Second) //nolint:forbidigo // inside a synctest bubble
	}
	t.Fatal("it is never done")
	return v06.ClusterInfo{}
}

// TestHandler is the life of a cluster as a program sees it that knows V0.6 alone.
func TestHandler(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := v06.New(pmks.New(fake.New()), 15*time.Minute)
		info, err := h.CreateCluster(request())
		if err != nil || info.Status != v06.ClusterCreating || info.IId.SystemId == "" {
			t.Fatalf("%+v, %v", info.IId, err)
		}
		active := func(info v06.ClusterInfo, err error) bool {
			if err != nil || info.Status != v06.ClusterActive {
				return false
			}
			for _, g := range info.NodeGroupList {
				if g.Status != v06.NodeGroupActive {
					return false
				}
			}
			return true
		}
		info = until(t, h, active)
		if g := info.NodeGroupList; len(g) != 1 || len(g[0].Nodes) != 2 || info.AccessInfo.Kubeconfig == "" {
			t.Errorf("%d groups, %d bytes of kubeconfig", len(g), len(info.AccessInfo.Kubeconfig))
		}
		if _, err := h.CreateCluster(request()); !errors.Is(err, pmks.ErrAlreadyExists) {
			t.Errorf("again: %v", err)
		}
		more := request().NodeGroupList[0]
		more.IId.NameId = "more"
		g, err := h.AddNodeGroup(info.IId, more)
		if err != nil || g.Status != v06.NodeGroupCreating {
			t.Errorf("AddNodeGroup: %v, %v", g.Status, err)
		}
		until(t, h, active)
		if ok, err := h.SetNodeGroupAutoScaling(info.IId, g.IId, false); !ok || err != nil {
			t.Errorf("SetNodeGroupAutoScaling: %v, %v", ok, err)
		}
		until(t, h, active)
		if g, err := h.ChangeNodeGroupScaling(info.IId, g.IId, 3, 1, 4); err != nil || g.DesiredNodeSize != 3 {
			t.Errorf("ChangeNodeGroupScaling: %d, %v", g.DesiredNodeSize, err)
		}
		until(t, h, active)
		if ok, err := h.RemoveNodeGroup(info.IId, g.IId); !ok || err != nil {
			t.Errorf("RemoveNodeGroup: %v, %v", ok, err)
		}
		info = until(t, h, func(info v06.ClusterInfo, err error) bool { return active(info, err) && len(info.NodeGroupList) == 1 })
		if up, err := h.UpgradeCluster(info.IId, info.Version); err != nil || up.Version != info.Version {
			t.Errorf("UpgradeCluster to what it runs: %v", err)
		}
		if list, err := h.ListCluster(); err != nil || len(list) != 1 || list[0].IId != info.IId {
			t.Errorf("ListCluster: %d, %v", len(list), err)
		}
		if ok, err := h.DeleteCluster(info.IId); !ok || err != nil {
			t.Errorf("DeleteCluster: %v, %v", ok, err)
		}
		until(t, h, func(_ v06.ClusterInfo, err error) bool { return errors.Is(err, pmks.ErrNotFound) })
	})
}

// TestNew_timeout: a call that is not answered ends.
func TestNew_timeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := v06.New(pmks.New(fake.New(fake.WithFaults(fake.Fault{Op: "GetCluster", Kind: fake.Delay, Delay: time.Hour}))), time.Minute)
		start := time.Now()
		_, err := h.GetCluster(v06.IID{NameId: "demo"})
		if !errors.Is(err, pmks.ErrTimeout) || time.Since(start) != time.Minute {
			t.Errorf("%v after %s", err, time.Since(start))
		}
	})
}

// fill sets every field that there is.
func fill(v reflect.Value, n *int) {
	*n++
	switch v.Kind() {
	case reflect.String:
		v.SetString(string(rune('a'+*n%26)) + v.Type().Name())
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int:
		v.SetInt(int64(*n))
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			fill(v.Index(i), n)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Unix(int64(*n), 0)))
			return
		}
		for i := range v.NumField() {
			fill(v.Field(i), n)
		}
	}
}

// TestConvert: a request arrives with every field that a request has, and all that pmks
// reads of V0.6's fields comes back.
func TestConvert(t *testing.T) {
	t.Parallel()
	var asked v06.ClusterInfo
	n := 0
	fill(reflect.ValueOf(&asked).Elem(), &n)
	mock := pmkstest.NewMockClusterHandler(gomock.NewController(t))
	var got pmks.ClusterInfo
	mock.EXPECT().CreateCluster(gomock.Any(), gomock.Any()).DoAndReturn(func(_ any, req pmks.ClusterInfo) (pmks.ClusterInfo, error) {
		got = req
		info := req.Clone()
		info.Status, info.CreatedTime = pmks.ClusterStatus(asked.Status), asked.CreatedTime
		info.AccessInfo.Endpoint, info.AccessInfo.Kubeconfig = asked.AccessInfo.Endpoint, asked.AccessInfo.Kubeconfig
		info.KeyValueList = facts(asked.KeyValueList)
		info.Addons.KeyValueList = facts(asked.Addons.KeyValueList)
		info.Network.KeyValueList = facts(asked.Network.KeyValueList)
		for i, g := range asked.NodeGroupList {
			info.NodeGroupList[i].Status = pmks.NodeGroupStatus(g.Status)
			info.NodeGroupList[i].KeyValueList = facts(g.KeyValueList)
			for _, node := range g.Nodes {
				info.NodeGroupList[i].Nodes = append(info.NodeGroupList[i].Nodes, pmks.IID(node))
			}
		}
		return info, nil
	})
	back, err := v06.New(mock, 0).CreateCluster(asked)
	if err != nil || !reflect.DeepEqual(back, asked) {
		t.Errorf("%v\n got %+v\nwant %+v", err, back, asked)
	}
	if len(got.KeyValueList)+len(got.TagList) > 0 || got.Status != "" {
		t.Errorf("what is output alone was sent: %+v", got)
	}
}

func facts(list []v06.KeyValue) (out []pmks.KeyValue) {
	for _, kv := range list {
		out = append(out, pmks.KeyValue(kv))
	}
	return out
}
