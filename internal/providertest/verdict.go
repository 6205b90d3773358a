// SPDX-License-Identifier: Apache-2.0

package providertest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/inventory"
)

// Bounds of one call in virtual time. A hung read costs its own deadline, several
// times where it is repeated; a call that waits for the cloud takes what that takes.
const (
	longestCall = 20 * time.Minute
	longestWait = 3 * time.Hour
	// acceptance is how long a cloud may take until it shows what it has accepted.
	acceptance = 5 * time.Minute
)

// verdict collects what is wrong with a cell.
type verdict []string

func (v *verdict) add(format string, args ...any) { *v = append(*v, fmt.Sprintf(format, args...)) }

// struckCell runs an operation one request of which fails.
func struckCell(k *kind) func(testing.TB, *Matrix, cell) []string {
	return func(t testing.TB, m *Matrix, c cell) []string {
		var v verdict
		s := m.open(t, c.op)
		s.remember()
		s.wire.arm(c.at, k)
		ctx, cancel := context.WithTimeout(t.Context(), 2*longestWait)
		out := s.do(ctx)
		cancel()
		struck, strayed := s.wire.met()
		s.wire.disarm()
		if struck == 0 {
			v.add(notMade)
		}
		if strayed > 0 {
			v.add("a redirect was followed %d times", strayed)
		}
		if n := s.wire.read.Load(); n > mostRead {
			v.add("%d MB of an answer were read", n>>20)
		}
		s.leftovers(&v)
		if bound := map[bool]time.Duration{false: longestCall, true: longestWait}[c.op.waits]; out.took > bound {
			v.add("it took %s", out.took)
		}
		codes := slices.Clone(k.codes)
		if m.Token != nil && m.Token(c.at.name) {
			codes = append(codes, k.ofTokens...)
		}
		// A refused look after a write says nothing of the write.
		s.judge(&v, out, codes, k.settles && !strings.HasPrefix(c.at.name, "GET "))
		s.converge(&v)
		return v
	}
}

// ending is a way in which the caller's context ends.
type ending struct {
	name string
	// fault strikes the request as well, so that the call is in a pause when the
	// context ends, after a while.
	fault string
	after bool // when the request was answered
	pause time.Duration
}

var endings = []ending{
	{name: "cancel-before"},
	{name: "cancel-after", after: true},
	{name: "cancel-in-hang", fault: "hang-before", pause: 10 * time.Second},
	{name: "cancel-in-pause", fault: "reset-after", pause: 300 * time.Millisecond},
	{name: "cancel-in-throttling", fault: "429-retry-after", pause: 3 * time.Second},
}

// endedCell runs an operation whose context ends at one request.
func endedCell(e ending) func(testing.TB, *Matrix, cell) []string {
	return func(t testing.TB, m *Matrix, c cell) []string {
		var v verdict
		s := m.open(t, c.op)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var ended time.Time
		end := func() {
			if ended.IsZero() {
				ended = time.Now().Add(e.pause)
				if e.pause == 0 {
					cancel()
				} else {
					time.AfterFunc(e.pause, cancel)
				}
			}
		}
		if e.after {
			s.wire.after = end
		} else {
			s.wire.onStrike = end
		}
		var k *kind
		for i := range kinds {
			if kinds[i].name == e.fault {
				k = &kinds[i]
			}
		}
		s.wire.arm(c.at, k)
		out := s.do(ctx)
		late := time.Since(ended)
		s.wire.onStrike, s.wire.after = nil, nil
		s.wire.disarm()
		s.leftovers(&v)
		if ctx.Err() != nil && out.err != nil && !errors.Is(out.err, context.Canceled) && !settled(out.err) {
			v.add("the context's own error is lost: %v", out.err)
		}
		if !ended.IsZero() && late > time.Second {
			v.add("it returned %s after the context ended", late)
		}
		codes := []pmks.Code{pmks.CodeCanceled}
		if k != nil {
			codes = append(codes, k.codes...)
		}
		s.judge(&v, out, codes, false)
		s.converge(&v)
		return v
	}
}

// settled reports whether the cloud's own answer came before the context ended.
func settled(err error) bool {
	e, ok := asError(err)
	return ok && (e.HTTPStatus != 0 || e.ProviderCode != "")
}

// judge compares how the call ended with the truth.
func (s *stand) judge(v *verdict, out result, codes []pmks.Code, settles bool) {
	if out.panic != nil {
		v.add("panic: %v: %s", out.panic, out.stack)
		return
	}
	now, err := s.look()
	if err != nil {
		v.add("the truth cannot be read: %v", err)
		return
	}
	if n := len(now.clusters); n > 1 {
		v.add("there are %d clusters", n)
	}
	if out.err != nil {
		s.judgeError(v, out.err, codes)
	}
	if s.op.happened == nil {
		s.judgeRead(v, out)
		return
	}
	whole, some := s.op.happened(now)
	if !whole && out.err == nil || !some {
		// Some clouds show what they have accepted when it is done.
		time.Sleep(acceptance) //nolint:forbidigo // inside a synctest bubble
		if now, err = s.look(); err != nil {
			v.add("the truth cannot be read: %v", err)
			return
		}
		whole, some = s.op.happened(now)
	}
	e, _ := asError(out.err)
	switch {
	case out.err == nil && !whole:
		v.add("success, and it did not happen")
	case out.err == nil:
		s.judgeAnswer(v, out.value)
	case e == nil:
	case some && whole && !e.MayHaveHappened:
		v.add("it happened, and the error says that it did not: %v", out.err)
	case some && !whole && !e.MayHaveHappened && !s.op.waits && !strings.Contains(e.Message, "bounds"):
		v.add("half of it happened, and the error says that nothing did: %v", out.err)
	case !some && e.MayHaveHappened && settles:
		v.add("it was refused, and the error says that it may have happened: %v", out.err)
	}
}

func (s *stand) judgeError(v *verdict, err error, codes []pmks.Code) {
	e, ok := asError(err)
	if !ok {
		v.add("an untyped error: %T %v", err, err)
		return
	}
	if !slices.Contains(codes, e.Code) {
		v.add("%s, want one of %v or success: %v", e.Code, codes, err)
	}
	var source *inventory.Error // it names the source, which stands for the provider
	if e.Provider == "" && !errors.As(err, &source) || e.Op == "" {
		v.add("the error does not say where: %v", err)
	}
	text := fmt.Sprintf("%v %+v %#v", err, err, err)
	for _, secret := range s.m.Secrets {
		if strings.Contains(text, secret) {
			v.add("a secret is shown")
		}
	}
}

// judgeRead: a read that succeeds shows what is there, or says what it could not
// read.
func (s *stand) judgeRead(v *verdict, out result) {
	if out.err != nil {
		return
	}
	clean := *s
	clean.h = s.direct
	want := clean.do(context.Background())
	switch got := out.value.(type) {
	case []*pmks.ClusterInfo:
		all, _ := want.value.([]*pmks.ClusterInfo)
		if len(got) != len(all) {
			v.add("success with %d clusters of %d", len(got), len(all))
			return
		}
	case pmks.ClusterInfo:
		whole, _ := want.value.(pmks.ClusterInfo)
		if got.IId != whole.IId || got.Status != whole.Status || len(got.NodeGroupList) != len(whole.NodeGroupList) {
			v.add("success with an untrue cluster: %s %s, %d node groups", got.IId, got.Status, len(got.NodeGroupList))
			return
		}
	}
	if want.err == nil && !equal(out.value, want.value) && !partly(out.value) {
		v.add("success, but incomplete without a word: %s", difference(plain(out.value), plain(want.value)))
	}
}

// judgeAnswer: the answer of a mutation names what it is about.
func (s *stand) judgeAnswer(v *verdict, value any) {
	switch got := value.(type) {
	case pmks.ClusterInfo:
		if got.IId.NameId != clusterName || got.IId.SystemId == "" || got.Status == "" {
			v.add("success with an empty answer: %+v %s", got.IId, got.Status)
		}
	case pmks.NodeGroupInfo:
		if got.IId.NameId == "" || got.IId.SystemId == "" || got.Status == "" {
			v.add("success with an empty answer: %+v %s", got.IId, got.Status)
		}
	case bool:
		if !got {
			v.add("false without an error")
		}
	}
}

// converge calls again, undisturbed: it ends well, with exactly one of everything.
func (s *stand) converge(v *verdict) {
	if s.op.happened == nil {
		return
	}
	var again result
	for range 90 {
		stale := s.wire.isStale()
		again = s.do(context.Background())
		// Of a cloud that shows what was, it may be heard that it does not know yet.
		later := errors.Is(again.err, pmks.ErrBusy) || stale && errors.Is(again.err, pmks.ErrUnavailable)
		if again.err == nil || slices.Contains(s.op.done, pmks.CodeOf(again.err)) || !later {
			break
		}
		time.Sleep(time.Minute) //nolint:forbidigo // inside a synctest bubble
	}
	if again.panic != nil || again.err != nil && !slices.Contains(s.op.done, pmks.CodeOf(again.err)) {
		v.add("a second call does not converge: %v %v", again.err, again.panic)
		return
	}
	now, err := s.look()
	if err != nil {
		v.add("the truth cannot be read: %v", err)
		return
	}
	whole, _ := s.op.happened(now)
	if !whole {
		time.Sleep(acceptance) //nolint:forbidigo // inside a synctest bubble
		if now, err = s.look(); err != nil {
			v.add("the truth cannot be read: %v", err)
			return
		}
		whole, _ = s.op.happened(now)
	}
	if !whole {
		v.add("after a second call it still has not happened")
	}
	if n := len(now.clusters); n > 1 {
		v.add("after a second call there are %d clusters", n)
	}
	if c, ok := now.cluster(); ok {
		seen := map[string]bool{}
		for _, g := range c.NodeGroupList {
			if seen[g.IId.NameId] {
				v.add("after a second call the node group %s is there twice", g.IId.NameId)
			}
			seen[g.IId.NameId] = true
		}
	}
}

// leftovers finds what still runs of a call that has returned.
func (s *stand) leftovers(v *verdict) {
	synctest.Wait()
	buf := make([]byte, 1<<20)
	buf = buf[:runtime.Stack(buf, true)]
	all := strings.Split(string(buf), "\n\n")
	_, mine, ok := strings.Cut(strings.SplitN(all[0], "\n", 2)[0], "synctest bubble ")
	if !ok {
		return
	}
	mine = "synctest bubble " + strings.TrimRight(mine, "]:")
	for _, g := range all[1:] {
		head, stack, _ := strings.Cut(g, "\n")
		if strings.Contains(head, mine+"]") && strings.Contains(stack, "pmks-go/pmks/") && !strings.Contains(stack, "synctest.Test(") {
			v.add("something still runs: %s", firstLines(stack))
			break
		}
	}
	close(s.wire.over)
	synctest.Wait()
}

// firstLines tells where a goroutine is.
func firstLines(stack string) string {
	var lines []string
	for line := range strings.SplitSeq(stack, "\n") {
		if strings.Contains(line, "pmks-go/pmks/") && !strings.Contains(line, "providertest") && !strings.HasPrefix(line, "\t") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return strings.Join(lines[:min(4, len(lines))], " < ")
}

// difference shows where two values part.
func difference(got, want any) string {
	a, b := fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want)
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	from := max(0, i-40)
	return fmt.Sprintf("got ...%.80s..., want ...%.80s...", a[from:], b[from:])
}
