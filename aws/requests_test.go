// SPDX-License-Identifier: Apache-2.0

package aws_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/eks"
)

// FieldUse: a value of "" or "default" always counts as not given.
func TestHandler_AddNodeGroup_defaultVMSpec(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHandler(t, fleet(t, 1, 0, eks.Options{}))
		_, err := h.AddNodeGroup(t.Context(), pmks.IID{NameId: "c000"}, pmks.NodeGroupInfo{
			IId: pmks.IID{NameId: "g"}, VMSpecName: "default", DesiredNodeSize: 1, MinNodeSize: 1, MaxNodeSize: 1})
		if err != nil {
			t.Errorf("AddNodeGroup: %v", err)
		}
		req := bench.SampleRequest("whole")
		req.NodeGroupList[0].VMSpecName = "default"
		if _, err := pmks.Provision(t.Context(), h, req); err != nil {
			t.Errorf("Provision: %v", err)
		}
	})
}

func TestHandler_ChangeNodeGroupScaling_overflow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := fleet(t, 1, 1, eks.Options{})
		h := newHandler(t, s)
		wide := int64(1)<<32 + 1
		many := int(wide) // more than 32 bits hold, where an int has more
		g, err := h.ChangeNodeGroupScaling(t.Context(), pmks.IID{NameId: "c000"}, pmks.IID{NameId: "g0"}, many, 1, many)
		if !errors.Is(err, pmks.ErrInvalidArgument) || s.Count("UpdateNodegroupConfig") > 0 {
			t.Errorf("asked for %d nodes, got %d of at most %d, %v", many, g.DesiredNodeSize, g.MaxNodeSize, err)
		}
		_, err = h.AddNodeGroup(t.Context(), pmks.IID{NameId: "c000"}, pmks.NodeGroupInfo{
			IId: pmks.IID{NameId: "g"}, DesiredNodeSize: many, MinNodeSize: many, MaxNodeSize: many})
		if !errors.Is(err, pmks.ErrInvalidArgument) || s.Count("CreateNodegroup") > 0 {
			t.Errorf("asked for %d nodes: %v", many, err)
		}
	})
}

// AWS counts characters, not bytes: 100 of these are 300 bytes.
func TestHandler_CreateCluster_tagCharacters(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		req := bench.CreateRequest("tags")
		req.TagList = []pmks.KeyValue{{Key: strings.Repeat("鍵", 50), Value: strings.Repeat("値", 100)}}
		if _, err := newHandler(t, eks.New(eks.Options{})).CreateCluster(t.Context(), req); err != nil {
			t.Error(err)
		}
	})
}

// A refusal counts as AWS does.
func TestHandler_CreateCluster_tagTooLong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := eks.New(eks.Options{})
		req := bench.CreateRequest("tags")
		req.TagList = []pmks.KeyValue{{Key: strings.Repeat("鍵", 129), Value: "v"}, {Key: "k", Value: strings.Repeat("値", 257)}}
		_, err := newHandler(t, s).CreateCluster(t.Context(), req)
		says(t, err, pmks.ErrInvalidArgument, "TagList[0].Key: has 129 characters", "TagList[1].Value: has 257 characters")
		if s.Count("") != 0 {
			t.Error("something was sent")
		}
	})
}
