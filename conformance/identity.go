// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"github.com/pmks-go/pmks"
)

var identityChecks = []check{
	{"identity/foreign-parts", foreignParts},
	{"identity/node-group-of-another-cluster", groupOfAnother},
	{"scope/name-found-twice", nameFoundTwice},
	{"scope/listed-name-created-again", listedCreatedAgain},
}

// foreignParts: an id that differs from a real one in any part, such as its
// account, project or region, is not of this connection, and never cut down to the
// part that fits.
func foreignParts(t T, c *Cloud) {
	need(t, "ForeignIDs", c.ForeignIDs != nil)
	info := c.up(t, "native")
	g := first(t, info)
	clusters, groups := c.ForeignIDs(info.IId, pmks.IID{}), c.ForeignIDs(info.IId, g)
	if len(clusters)+len(groups) == 0 {
		t.Fatalf("the lever ForeignIDs makes no foreign id of %s", info.IId)
	}
	for _, id := range clusters {
		for _, m := range calls {
			c.unchanged(t, m.op, func() {
				err := m.do(t.Context(), c, pmks.IID{SystemId: id}, g)
				want(t, m.op+" of the foreign cluster "+id, err, pmks.CodeInvalidArgument)
			})
		}
	}
	for _, id := range groups {
		for _, m := range calls {
			if !m.onGroup {
				continue
			}
			c.unchanged(t, m.op, func() {
				err := m.do(t.Context(), c, info.IId, pmks.IID{SystemId: id})
				want(t, m.op+" of the foreign node group "+id, err, pmks.CodeInvalidArgument)
			})
		}
	}
	sameInfo(t, info, c.get(t, info.IId))
}

// groupOfAnother: the id of a node group names its cluster on many clouds, and then
// it is no id of a group of the same name in another cluster.
func groupOfAnother(t T, c *Cloud) {
	one, other := c.up(t, "one"), c.up(t, "other")
	mine, theirs := first(t, one), first(t, other)
	capable(t, "ids of node groups do not tell their cluster", mine.SystemId != theirs.SystemId)
	for _, m := range calls {
		if !m.onGroup {
			continue
		}
		c.unchanged(t, m.op, func() {
			err := m.do(t.Context(), c, one.IId, pmks.IID{NameId: mine.NameId, SystemId: theirs.SystemId})
			want(t, m.op+" of a node group of another cluster", err, pmks.CodeInvalidArgument, pmks.CodeNotFound)
		})
	}
	sameInfo(t, one, c.get(t, one.IId))
	sameInfo(t, other, c.get(t, other.IId))
}

// nameFoundTwice: a name that two places of the connection's scope hold is
// ambiguous for every call, and each of the two is found by its id.
func nameFoundTwice(t T, c *Cloud) {
	need(t, "Put", c.Put != nil)
	need(t, "PutElsewhere", c.PutElsewhere != nil)
	for _, put := range []func(string) error{c.Put, c.PutElsewhere} {
		if err := put("twin"); err != nil {
			t.Fatalf("Put: %v", err)
		}
	}
	list, err := c.Handler.ListCluster(t.Context())
	if err != nil || len(list) != 2 {
		t.Fatalf("ListCluster shows %d clusters of two, %v", len(list), err)
	}
	for _, m := range calls {
		c.unchanged(t, m.op, func() {
			err := m.do(t.Context(), c, pmks.IID{NameId: "twin"}, pmks.IID{NameId: "any"})
			want(t, m.op+" of a name found twice", err, pmks.CodeInvalidArgument)
		})
	}
	c.unchanged(t, "Teardown", func() {
		err := pmks.Teardown(t.Context(), c.Handler, pmks.IID{NameId: "twin"}, c.Wait...)
		want(t, "Teardown of a name found twice", err, pmks.CodeInvalidArgument)
	})
	for _, info := range list {
		if got := c.get(t, pmks.IID{SystemId: info.IId.SystemId}); got.IId != info.IId {
			t.Errorf("by id got %+v, want %+v", got.IId, info.IId)
		}
	}
	if err := pmks.Teardown(t.Context(), c.Handler, pmks.IID{SystemId: list[0].IId.SystemId}, c.Wait...); err != nil {
		t.Fatalf("Teardown by id: %v", err)
	}
	if got := c.get(t, pmks.IID{NameId: "twin"}); got.IId != list[1].IId {
		t.Errorf("Teardown of %+v left %+v, want %+v", list[0].IId, got.IId, list[1].IId)
	}
}

// listedCreatedAgain: what ListCluster shows, wherever it is, is found by its name
// alone, and its name is taken.
func listedCreatedAgain(t T, c *Cloud) {
	put := c.PutElsewhere
	if put == nil {
		put = c.Put
	}
	need(t, "Put", put != nil)
	if err := put("taken"); err != nil {
		t.Fatalf("Put: %v", err)
	}
	if n := c.count(t, "taken"); n != 1 {
		t.Fatalf("ListCluster shows %d clusters of that name, want 1", n)
	}
	before := c.get(t, pmks.IID{NameId: "taken"})
	c.unchanged(t, "CreateCluster of a listed name", func() {
		_, err := c.Handler.CreateCluster(t.Context(), c.createRequest(t, "taken"))
		want(t, "CreateCluster of a listed name", err, pmks.CodeAlreadyExists)
	})
	sameInfo(t, before, c.get(t, before.IId))
	if n := c.count(t, "taken"); n != 1 {
		t.Errorf("ListCluster shows %d clusters of that name, want 1", n)
	}
	if err := pmks.Teardown(t.Context(), c.Handler, pmks.IID{NameId: "taken"}, c.Wait...); err != nil {
		t.Fatalf("Teardown of a listed name: %v", err)
	}
	if n := c.count(t, "taken"); n != 0 {
		t.Errorf("after Teardown ListCluster shows %d clusters of that name", n)
	}
}
