// SPDX-License-Identifier: Apache-2.0

// Package life lets clusters live under random commands of many callers, while requests
// go wrong, and holds what the cloud has after each command against a reference model.
//
// Everything runs in virtual time and begins with a seed. A life that goes wrong is led
// once more, alone, and shrunk to the fewest commands with which it still does.
package life

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/pmks-go/pmks"
)

// Cloud is an account that clusters live in.
type Cloud struct {
	// Handler is under test; Direct is another on the same cloud, by which the truth is
	// read, undisturbed.
	Handler, Direct *pmks.Client
	// Request is a full request with one node group; Group one for a further group.
	Request func(name string) pmks.ClusterInfo
	Group   func(name string) pmks.NodeGroupInfo
	// Disturb makes requests of calls with the returned context go wrong, as the stream
	// says, until done is called. Nil means never.
	Disturb func(ctx context.Context, cluster string, r *rand.Rand) (disturbed context.Context, done func())
	// Hide makes the nodes of all clusters unreadable until show is called. Nil means that
	// they cannot be hidden.
	Hide func() (show func())
}

// The commands of a life.
const (
	addGroup    = "AddNodeGroup"
	removeGroup = "RemoveNodeGroup"
	scale       = "ChangeNodeGroupScaling"
	autoscale   = "SetNodeGroupAutoScaling"
	upgrade     = "Upgrade"
	setTags     = "SetTags"
	get         = "GetCluster"
	list        = "ListCluster"
)

// Command is one of a life.
type Command struct {
	Op    string
	Group string
	On    bool
	// Desired, Min and Max are sizes.
	Desired, Min, Max int
	Tag               string
	// Trouble begins the stream of what goes wrong with its requests; 0 means nothing.
	Trouble uint64
	// Hurried: the next command comes at once, whatever this one has begun.
	Hurried bool
}

// String is the command as a failure shows it.
func (c Command) String() string {
	var b strings.Builder
	b.WriteString(c.Op)
	switch c.Op {
	case addGroup, removeGroup:
		fmt.Fprintf(&b, " %s", c.Group)
	case scale:
		fmt.Fprintf(&b, " %s to %d of %d-%d", c.Group, c.Desired, c.Min, c.Max)
	case autoscale:
		fmt.Fprintf(&b, " %s %t", c.Group, c.On)
	case setTags:
		fmt.Fprintf(&b, " %s", c.Tag)
	}
	if c.Trouble != 0 {
		fmt.Fprintf(&b, " in trouble %d", c.Trouble)
	}
	if c.Hurried {
		b.WriteString(", hurried")
	}
	return b.String()
}

// groups are the names that commands use; the first group has its own.
var groups = []string{"", "ga", "gb"}

// Plan is a random list of commands; troubled says that requests may go wrong.
func Plan(r *rand.Rand, troubled bool) (plan []Command) {
	ops := []string{addGroup, addGroup, removeGroup, scale, scale, autoscale, autoscale, setTags, get, list, upgrade}
	for range r.IntN(7) {
		c := Command{Op: ops[r.IntN(len(ops))], Group: groups[r.IntN(len(groups))], On: r.IntN(2) == 0, Tag: fmt.Sprint("t", r.IntN(3)), Hurried: r.IntN(4) == 0}
		if c.Op == addGroup && c.Group == "" {
			c.Group = groups[1]
		}
		c.Min = 1 + r.IntN(2)
		c.Desired = c.Min + r.IntN(2)
		c.Max = c.Desired + r.IntN(2)
		if troubled && r.IntN(2) == 0 {
			c.Trouble = r.Uint64() | 1
		}
		plan = append(plan, c)
	}
	return plan
}

// one is a life that is being led.
type one struct {
	Cloud
	name   string
	iid    pmks.IID
	first  string
	target string
	// could are what the cloud may hold: more than one where a caller cannot know.
	could []model
	// last is the last error of a command.
	last   error
	faults []string
}

func (o *one) fault(format string, args ...any) {
	o.faults = append(o.faults, fmt.Sprintf(format, args...))
}

// patience is how often waits look.
var patience = pmks.WithInterval(time.Minute)

// Live makes a cluster, gives it the commands, and tears it down. It returns what was
// wrong, and stops at the first thing that is.
func (c Cloud) Live(ctx context.Context, name string, plan []Command, trouble uint64) []string {
	o := &one{Cloud: c, name: name, iid: pmks.IID{NameId: name}}
	o.born(ctx, plan, trouble)
	for i, cmd := range plan {
		if len(o.faults) > 0 {
			return o.faults
		}
		o.obey(ctx, cmd)
		if !cmd.Hurried || i == len(plan)-1 {
			o.compare(ctx, cmd.String())
		}
	}
	if len(o.faults) == 0 {
		o.die(ctx, trouble)
	}
	return o.faults
}

// disturbed makes one call, whose requests go wrong as the stream says.
func (o *one) disturbed(ctx context.Context, trouble uint64, call func(context.Context) error) error {
	if trouble == 0 || o.Disturb == nil {
		return call(ctx)
	}
	ctx, done := o.Disturb(ctx, o.name, rand.New(rand.NewPCG(trouble, trouble)))
	err := call(ctx)
	done() // not deferred: of a panic the stack is what counts
	return err
}

// attempts is how often a job is called whose requests go wrong, before nobody disturbs it.
const attempts = 4

// insist calls a job until it ends well.
func (o *one) insist(ctx context.Context, what string, trouble uint64, job func(context.Context) error) {
	var err error
	for i := range uint64(attempts + 1) {
		salted := trouble
		if salted != 0 {
			salted += i
		}
		if i == attempts {
			salted = 0
		}
		if err = o.disturbed(ctx, salted, job); err == nil {
			return
		}
		if _, ok := typed(err); !ok {
			o.fault("%s: an untyped error: %v", what, err)
		}
		pause(time.Minute)
	}
	o.fault("%s does not come to its end: %v", what, err)
}

func pause(d time.Duration) {
	time.Sleep(d) //nolint:forbidigo // inside a synctest bubble
}

func typed(err error) (*pmks.Error, bool) {
	var e *pmks.Error
	return e, errors.As(err, &e)
}

// born provisions the cluster.
func (o *one) born(ctx context.Context, plan []Command, trouble uint64) {
	req := o.Request(o.name)
	o.first = cmp.Or(o.Direct.Capabilities().GroupsAtCreate.FixedFirstName, "ng1")
	req.NodeGroupList[0].IId.NameId = o.first
	for _, c := range plan {
		if c.Op != upgrade {
			continue
		}
		if versions, err := o.Direct.ListVersions(ctx); err == nil && len(versions) > 1 {
			req.Version, o.target = versions[len(versions)-1].Name, versions[len(versions)-2].Name
		}
		break
	}
	o.insist(ctx, "Provision", trouble, func(ctx context.Context) error {
		_, err := pmks.Provision(ctx, o.Handler, req, patience)
		return err
	})
	if len(o.faults) > 0 {
		return
	}
	info, err := o.Direct.GetCluster(ctx, o.iid)
	if err != nil {
		o.fault("after Provision: %v", err)
		return
	}
	made := req.NodeGroupList[0]
	if len(info.NodeGroupList) != 1 || info.NodeGroupList[0].IId.NameId != o.first {
		o.fault("after Provision the groups are %v", names(info))
		return
	}
	o.could = []model{{version: info.Version, tags: tagOf(info),
		groups: map[string]size{o.first: sizeOf(made)}}}
	o.compare(ctx, "Provision")
}

// die tears the cluster down, and nothing of its name is left.
func (o *one) die(ctx context.Context, trouble uint64) {
	o.insist(ctx, "Teardown", trouble, func(ctx context.Context) error { return pmks.Teardown(ctx, o.Handler, o.iid, patience) })
	all, err := o.Direct.ListIID(ctx)
	if err != nil {
		o.fault("after Teardown: %v", err)
	}
	for _, iid := range all {
		if iid.NameId == o.name {
			o.fault("after Teardown %s is still there", iid)
		}
	}
}
