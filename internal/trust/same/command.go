// SPDX-License-Identifier: Apache-2.0

// Package same gives the same random commands, at the same moments of virtual time, to
// two handlers that should behave alike, such as the fake with the profile of a cloud and
// that cloud's provider on its simulator, and compares what they answer.
//
// Compared are values and errors; what is in no one's hand is left out of both: ids,
// times, addresses, sentences. A list of commands after which the answers differ is
// shrunk to the fewest that still show it.
package same

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/pmks-go/pmks"
)

// The commands. All but Protect are methods of a handler.
const (
	createCluster    = "CreateCluster"
	listCluster      = "ListCluster"
	listIID          = "ListIID"
	listVersions     = "ListVersions"
	getCluster       = "GetCluster"
	getNodeGroup     = "GetNodeGroup"
	readState        = "ReadState"
	readGroupState   = "ReadState of a group"
	lastOperation    = "LastOperation"
	deleteCluster    = "DeleteCluster"
	addNodeGroup     = "AddNodeGroup"
	removeNodeGroup  = "RemoveNodeGroup"
	setAutoScaling   = "SetNodeGroupAutoScaling"
	changeScaling    = "ChangeNodeGroupScaling"
	upgradeCluster   = "UpgradeCluster"
	setTags          = "SetTags"
	checkCluster     = "CheckCluster"
	checkNodeGroup   = "CheckNodeGroup"
	generateToken    = "GenerateClusterToken"
	openAccess       = "OpenAccess"
	closeAccess      = "CloseAccess"
	upgradeFindings  = "UpgradeFindings"
	clusterNamesFrom = "same"
)

// Command is one call of both handlers.
type Command struct {
	Op string
	// Cluster and Group say which; By how they are named: by "name", "id" or "both".
	Cluster int
	Group   string
	By      string
	// Twists are what is special about a request, by their names in [twists].
	Twists []string
	// On, the sizes and the others are arguments.
	On                bool
	Desired, Min, Max int
	Version, Tag      string
	// Unread is a fact that cannot be read meanwhile, with the code why not.
	Unread *Unread
	// After is how long after the command before it this one is given.
	After time.Duration
}

// Unread is a fact that cannot be read.
type Unread struct {
	Fact string
	Code pmks.Code
}

// String is the command as a failure shows it.
func (c Command) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "+%s %s", c.After, c.Op)
	switch c.Op {
	case listCluster, listIID, listVersions:
	default:
		fmt.Fprintf(&b, " %s%d", clusterNamesFrom, c.Cluster)
	}
	switch c.Op {
	case getNodeGroup, readGroupState, addNodeGroup, removeNodeGroup, checkNodeGroup:
		fmt.Fprintf(&b, " %s", shown(c.Group))
	case setAutoScaling:
		fmt.Fprintf(&b, " %s %t", shown(c.Group), c.On)
	case changeScaling:
		fmt.Fprintf(&b, " %s to %d of %d-%d", shown(c.Group), c.Desired, c.Min, c.Max)
	case upgradeCluster, upgradeFindings:
		fmt.Fprintf(&b, " to %s", shown(c.Version))
	case setTags:
		fmt.Fprintf(&b, " %s", c.Tag)
	}
	if c.By != "" && c.By != "name" {
		b.WriteString(" by " + c.By)
	}
	if len(c.Twists) > 0 {
		b.WriteString(" with " + strings.Join(c.Twists, ", "))
	}
	if c.Unread != nil {
		fmt.Fprintf(&b, " without %s(%s)", c.Unread.Fact, c.Unread.Code)
	}
	return b.String()
}

func shown(name string) string {
	if name == "" {
		return "the first"
	}
	return name
}

// List is a list of commands.
type List []Command

// String is the list in one line.
func (l List) String() string {
	texts := make([]string, len(l))
	for i, c := range l {
		texts[i] = c.String()
	}
	return strings.Join(texts, "; ")
}

// Moments between commands: while what the one before began is under way, and after all
// of it has ended.
const (
	amid = 2 * time.Second
	idle = 8 * time.Hour
)

// ops are the commands, each as often as it is to be likely.
var ops = func() (list []string) {
	for op, n := range map[string]int{
		createCluster: 4, listCluster: 3, listIID: 1, listVersions: 1, getCluster: 6, getNodeGroup: 2, readState: 2, readGroupState: 2, lastOperation: 2,
		deleteCluster: 2, addNodeGroup: 7, removeNodeGroup: 4, setAutoScaling: 6, changeScaling: 7, upgradeCluster: 4, setTags: 3, checkCluster: 2,
		checkNodeGroup: 2, generateToken: 1, openAccess: 1, closeAccess: 1, upgradeFindings: 1,
	} {
		for range n {
			list = append(list, op)
		}
	}
	slices.Sort(list)
	return list
}()

func oneOf[T any](r *rand.Rand, list ...T) T { return list[r.IntN(len(list))] }

// Plan is a random list of commands for what a cloud can do. It begins with a cluster
// that comes to rest, more often than not.
func Plan(r *rand.Rand, caps pmks.Capabilities, facts []string) (list List) {
	if r.IntN(8) > 0 {
		list = append(list, Command{Op: createCluster, Twists: []string{}, After: amid})
		if r.IntN(4) > 0 {
			list = append(list, Command{Op: getCluster, After: idle})
			if caps.GroupsAtCreate.Max == 0 {
				list = append(list, Command{Op: addNodeGroup, After: amid}, Command{Op: getCluster, After: idle})
			}
		}
	}
	for range 3 + r.IntN(10) {
		c := Command{
			Op: oneOf(r, ops...), Group: oneOf(r, "", "", "ga", "ga", "gb", "none"), By: oneOf(r, "name", "name", "id", "both"),
			On: r.IntN(2) == 0, Tag: oneOf(r, "a", "b", "none", "twice"), After: oneOf(r, amid, idle, idle),
			Version: oneOf(r, "", "next", "next", "newest", "oldest", "never", "words"),
		}
		if r.IntN(4) == 0 {
			c.Cluster = 1 + r.IntN(2)
		}
		c.Min = oneOf(r, 0, 1, 1, 2)
		c.Desired = c.Min + r.IntN(2)
		c.Max = c.Desired + r.IntN(2)
		switch r.IntN(12) {
		case 0:
			wrong := oneOf(r, [3]int{2, 3, 1}, [3]int{-1, 0, 1}, [3]int{1, 0, 0}, [3]int{5, 1, 3})
			c.Desired, c.Min, c.Max = wrong[0], wrong[1], wrong[2]
		case 1:
			c.Desired = 0
		}
		switch c.Op {
		case upgradeFindings:
			c.Version = "next" // what it may be asked about
		case createCluster, checkCluster:
			c.Twists = someTwists(r, clusterTwists)
		case addNodeGroup, checkNodeGroup:
			if c.Group == "none" {
				c.Group = "ga"
			}
			c.Twists = someTwists(r, groupTwists)
		}
		if len(facts) > 0 && r.IntN(6) == 0 {
			c.Unread = &Unread{oneOf(r, facts...), oneOf(r, pmks.CodePermissionDenied, pmks.CodeUnavailable)}
		}
		list = append(list, c)
		if r.IntN(8) == 0 { // again: it is done already
			c.After = oneOf(r, amid, idle)
			list = append(list, c)
		}
	}
	return list
}

// smaller are the lists with one thing less.
func (l List) smaller() (lists []List) {
	with := func(i int, change func(*Command)) {
		c := append(List(nil), l...)
		change(&c[i])
		lists = append(lists, c)
	}
	for i := range l {
		lists = append(lists, append(append(List(nil), l[:i]...), l[i+1:]...))
	}
	for i, c := range l {
		for j := range c.Twists {
			with(i, func(c *Command) { c.Twists = append(append([]string(nil), c.Twists[:j]...), c.Twists[j+1:]...) })
		}
		if c.Unread != nil {
			with(i, func(c *Command) { c.Unread = nil })
		}
		if c.By != "name" && c.By != "" {
			with(i, func(c *Command) { c.By = "name" })
		}
		if c.After == amid && i > 0 {
			with(i, func(c *Command) { c.After = idle })
		}
	}
	return lists
}
