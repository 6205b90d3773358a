// SPDX-License-Identifier: Apache-2.0

package live

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks/internal/sim/profile"
)

var clouds = []string{"alibaba", "aws", "azure", "gcp", "ibm", "nhn", "tencent"}

// simulatedRun records a run against a simulator, whose assumptions are changed by assume.
// It must run in a bubble.
func simulatedRun(t *testing.T, cloud string, assume func(any), life bool) (*recorder, map[string]string) {
	t.Helper()
	rec, credentials, failed := attemptedRun(t, cloud, assume, life)
	for _, text := range failed {
		t.Error(text)
	}
	return rec, credentials
}

// attemptedRun is simulatedRun where steps may fail, which it returns.
func attemptedRun(t *testing.T, cloud string, assume func(any), life bool) (*recorder, map[string]string, []string) {
	t.Helper()
	sim, err := simulate(cloud, "", assume)
	if err != nil {
		t.Fatal(err)
	}
	p, _ := profile.Get(cloud)
	rec := newRecorder(header{Cloud: cloud, Region: sim.config.Region, Zone: sim.config.Zone, Simulated: true})
	client, err := open(t.Context(), cloud, sim.config, sim.dial, rec)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	r := &run{
		cloud: cloud, client: client.Client, rec: rec, rpc: client.rpc, auth: newAuthorizer(cloud, sim.config.Region, sim.config.Credentials, client.seen),
		request: smallest(p.SampleRequest("x"), client.Capabilities(), "7f3a"), look: 30 * time.Second, upgrade: true,
		say: func(format string, args ...any) {
			if testing.Verbose() {
				t.Logf(format, args...)
			}
		}, save: func() error { return nil },
	}
	rec.head.Request = r.request
	r.tour(t.Context())
	if life {
		if err := r.life(t.Context(), 2*time.Hour); err != nil {
			r.failed = append(r.failed, err.Error())
		}
	}
	if left := sim.Server.Calls(); len(left) == 0 {
		t.Error("nothing was asked")
	}
	return rec, sim.config.Credentials, r.failed
}

// makesMore are requests for what SECURITY.md says that pmks never makes by itself: roles,
// keys, security groups, public addresses.
var makesMore = regexp.MustCompile(`(?i)^(POST|PUT|PATCH) .*(role|keypair|sshkey|security-?group|addresses|floatingip|policies)|^(Create|Import|Allocate|Authorize|Associate|Attach|Put|Add)\w*(Role|User|Policy|Key|KeyPair|SecurityGroup|Address|Eip)`)

// TestCompare_same: a simulator does not differ from itself, by the file of a run, and the
// file shows no credential and no id of an account.
func TestCompare_same(t *testing.T) {
	t.Parallel()
	for _, cloud := range clouds {
		t.Run(cloud, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				recorder, credentials := simulatedRun(t, cloud, nil, true)
				clean, err := recorder.scrubbed(credentials)
				if err != nil {
					t.Fatal(err)
				}
				var file bytes.Buffer
				if err := clean.write(&file); err != nil {
					t.Fatal(err)
				}
				shows(t, file.String(), recorder, credentials)
				if len(clean.head.Accounts) == 0 && (cloud == "azure" || cloud == "gcp" || cloud == "nhn") {
					t.Error("the header names no account")
				}
				back, err := readRecord(&file)
				if err != nil {
					t.Fatal(err)
				}
				for _, x := range back.exchanges() {
					if makesMore.MatchString(x.request()) {
						t.Errorf("a life makes more than a cluster: %s", x.request())
					}
				}
				got, err := compare(t.Context(), back, nil)
				if err != nil {
					t.Fatal(err)
				}
				if got.sent < 100 {
					t.Errorf("only %d requests were sent", got.sent)
				}
				for _, d := range got.differences {
					t.Errorf("%+v", *d)
				}
			})
		})
	}
}

// shows checks that a text shows no credential of a run.
func shows(t *testing.T, text string, r *recorder, credentials map[string]string) {
	t.Helper()
	for name, value := range credentials {
		if strings.Contains(text, value) {
			t.Errorf("the record shows %s", name)
		}
	}
	if len(r.secrets) == 0 {
		t.Error("the run had no credentials")
	}
	for _, secret := range r.secrets {
		if strings.Contains(text, secret) {
			t.Errorf("the record shows a credential of %d characters", len(secret))
		}
	}
	for _, mark := range []string{"PRIVATE KEY", "eyJhbGciOi", "LS0tLS1CRUdJTiBSU0EgUFJJ", "LS0tLS1CRUdJTiBQUklWQVRF"} {
		if strings.Contains(text, mark) {
			t.Errorf("the record shows %s", mark)
		}
	}
}
