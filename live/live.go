// SPDX-License-Identifier: Apache-2.0

package live

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/pmks-go/pmks/internal/sim/profile"
)

// order is what somebody asks of the kit.
type order struct {
	cloud string
	// what is "tour", "life" or "sweep".
	what    string
	upgrade bool
	// look is how long a wait rests between two looks, and left the time that the process
	// has, 0 for no end.
	look, left time.Duration
	say        func(string, ...any)
}

// carryOut reads the variables, says what it is going to do, how long that takes and what
// it costs, and does it if it may.
func (o order) carryOut() error {
	profiled, ok := profile.Get(o.cloud)
	if !ok {
		return fmt.Errorf("there is no cloud %q", o.cloud)
	}
	p, err := readPlan(o.cloud, o.what, o.upgrade, profiled.Caps)
	if err != nil {
		return err
	}
	p.look = o.look
	o.say("%s", p.text())
	if why := p.refusal(o.left); why != "" {
		return errors.New(why)
	}
	// The first Ctrl-C ends the run, which then deletes what it has made; a second one ends
	// the process.
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	bounded, cancel := context.WithTimeout(ctx, p.limit)
	defer cancel()
	return live(bounded, p, o.upgrade, o.say, trustClusters(http.DefaultTransport))
}

// live carries a plan out over a transport, which leads to the cloud. Its record is
// written after each step, so that a run that is killed leaves one too.
func live(ctx context.Context, p *plan, upgrade bool, say func(string, ...any), transport http.RoundTripper) error {
	cfg := p.config.Clone()
	cfg.Transport = transport
	rec := newRecorder(header{Cloud: p.cloud, Region: cfg.Region, Zone: cfg.Zone, Simulated: p.simulated})
	client, err := open(ctx, p.cloud, cfg, p.dial, rec)
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }()
	if p.what == "sweep" {
		swept, err := sweep(ctx, client.Client, say)
		say("deleted: %d %s", len(swept), strings.Join(swept, ", "))
		return err
	}
	id := make([]byte, 3)
	_, _ = rand.Read(id) // never fails
	r := &run{
		cloud: p.cloud, client: client.Client, rec: rec, rpc: client.rpc, auth: newAuthorizer(p.cloud, cfg.Region, cfg.Credentials, client.seen),
		request: smallest(p.request, client.Capabilities(), hex.EncodeToString(id)), look: cmp.Or(p.look, usualLook), upgrade: upgrade, say: say,
		save: func() error { return saveRecord(p.record, rec, cfg.Credentials) },
	}
	rec.head.Request = r.request
	r.tour(ctx)
	if p.what == "life" && ctx.Err() == nil {
		err = r.life(ctx, p.teardown)
	}
	for _, failed := range r.failed {
		err = errors.Join(err, errors.New(failed))
	}
	err = errors.Join(err, r.save())
	say("the record is in %s", p.record)
	return err
}

// usualLook is how long a wait rests between two looks: the smallest clusters take minutes.
const usualLook = 20 * time.Second

// saveRecord writes what is recorded so far, scrubbed.
func saveRecord(name string, rec *recorder, credentials map[string]string) error {
	clean, err := rec.scrubbed(credentials)
	if err != nil {
		return err
	}
	var file bytes.Buffer
	if err := clean.write(&file); err != nil {
		return err
	}
	if err := save(name, file.Bytes()); err != nil {
		return fmt.Errorf("the record: %w", err)
	}
	return nil
}
