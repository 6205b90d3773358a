// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"strings"

	"github.com/pmks-go/pmks"
)

var nameChecks = []check{
	{"names/name-only-id-only-both", nameHalves},
	{"names/both-empty", nameEmpty},
	{"names/unknown", nameUnknown},
	{"names/deleted", nameDeleted},
	{"names/ambiguous", nameAmbiguous},
	{"names/path-like-huge-and-control", nameHostile},
}

func nameHalves(t T, c *Cloud) {
	info := c.up(t, "halves")
	g := first(t, info)
	for _, iid := range []pmks.IID{
		{NameId: info.IId.NameId}, {SystemId: info.IId.SystemId}, info.IId,
		{NameId: "something-else", SystemId: info.IId.SystemId}, // SystemId wins
	} {
		got, err := c.Handler.GetCluster(t.Context(), iid)
		if err != nil || got.IId != info.IId {
			t.Errorf("GetCluster(%+v): got %+v, %v", iid, got.IId, err)
		}
	}
	for _, iid := range []pmks.IID{{NameId: g.NameId}, {SystemId: g.SystemId}, g, {NameId: "something-else", SystemId: g.SystemId}} {
		got, err := c.Handler.ChangeNodeGroupScaling(t.Context(), info.IId, iid, 2, 1, 3)
		if err != nil || got.IId != g {
			t.Errorf("ChangeNodeGroupScaling(%+v): got %+v, %v", iid, got.IId, err)
		}
		c.groupActive(t, info.IId, g)
	}
}

func nameEmpty(t T, c *Cloud) {
	info := c.up(t, "empty")
	for _, m := range calls {
		c.unchanged(t, m.op, func() {
			want(t, m.op+" of an empty cluster IID", m.do(t.Context(), c, pmks.IID{}, first(t, info)), pmks.CodeInvalidArgument)
			if m.onGroup {
				want(t, m.op+" of an empty node group IID", m.do(t.Context(), c, info.IId, pmks.IID{}), pmks.CodeInvalidArgument)
			}
		})
	}
}

func nameUnknown(t T, c *Cloud) {
	info := c.up(t, "known")
	for _, m := range calls {
		c.unchanged(t, m.op, func() {
			want(t, m.op+" of an unknown cluster", m.do(t.Context(), c, pmks.IID{NameId: "unknown"}, first(t, info)), pmks.CodeNotFound)
			if m.onGroup {
				want(t, m.op+" of an unknown node group", m.do(t.Context(), c, info.IId, pmks.IID{NameId: "unknown"}), pmks.CodeNotFound)
			}
		})
	}
}

func nameDeleted(t T, c *Cloud) {
	info := c.up(t, "gone")
	g := first(t, info)
	if err := pmks.Teardown(t.Context(), c.Handler, info.IId, c.Wait...); err != nil {
		t.Fatalf("Teardown: %v", err)
	}
	for _, m := range calls {
		c.unchanged(t, m.op, func() {
			want(t, m.op+" of a deleted cluster", m.do(t.Context(), c, info.IId, g), pmks.CodeNotFound)
		})
	}
	// Its name is free again.
	c.up(t, "gone")
}

func nameAmbiguous(t T, c *Cloud) {
	need(t, "Put", c.Put != nil)
	capable(t, "names are unique on this cloud", !c.UniqueNames)
	for range 2 {
		if err := c.Put("same"); err != nil {
			t.Fatalf("Put: %v", err)
		}
	}
	for _, m := range calls {
		c.unchanged(t, m.op, func() {
			err := m.do(t.Context(), c, pmks.IID{NameId: "same"}, pmks.IID{NameId: "any"})
			want(t, m.op+" of an ambiguous name", err, pmks.CodeInvalidArgument)
			if err != nil && !strings.Contains(err.Error(), "ambiguous") {
				t.Errorf("%s does not say that the name is ambiguous: %v", m.op, err)
			}
		})
	}
	list, err := c.Handler.ListCluster(t.Context())
	if err != nil || len(list) != 2 {
		t.Fatalf("ListCluster: %d clusters, %v", len(list), err)
	}
	if got := c.get(t, pmks.IID{SystemId: list[1].IId.SystemId}); got.IId != list[1].IId {
		t.Errorf("by id got %+v, want %+v", got.IId, list[1].IId)
	}
}

func nameHostile(t T, c *Cloud) {
	info := c.up(t, "hostile")
	g := first(t, info)
	for _, bad := range []string{"../hostile", "a//b", "..", ".", "a/../b", "a\x00b", "a\nb", strings.Repeat("x", 5000), "\xff\xfe"} {
		for _, iid := range []pmks.IID{{NameId: bad}, {SystemId: bad}} {
			for _, m := range calls {
				c.unchanged(t, m.op, func() {
					want(t, m.op+" of a hostile IID", m.do(t.Context(), c, iid, g), pmks.CodeInvalidArgument)
					if m.onGroup {
						want(t, m.op+" of a hostile node group IID", m.do(t.Context(), c, info.IId, iid), pmks.CodeInvalidArgument)
					}
				})
			}
		}
	}
	for _, name := range []string{"クラスタ", "名前", "emoji-🙂"} {
		_, err := c.Handler.GetCluster(t.Context(), pmks.IID{NameId: name})
		want(t, "GetCluster of a unicode name", err, pmks.CodeNotFound, pmks.CodeInvalidArgument)
	}
}
