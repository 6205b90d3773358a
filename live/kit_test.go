// SPDX-License-Identifier: Apache-2.0

package live

import (
	"bytes"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks/internal/sim/profile"
)

var clouds = []string{"alibaba", "aws", "azure", "gcp", "ibm", "nhn", "tencent"}

// recorded is what was written down of a life on a simulator.
type recorded struct {
	*recorder
	credentials map[string]string
	// failed are the steps that failed and should not have.
	failed []string
	// clean is the record as somebody would send it.
	clean *record
}

// recordLife records a life on a simulator whose assumptions are changed by assume; nil
// means none. What is drawn comes from the seed. It must run in a bubble.
func recordLife(t *testing.T, seed uint64, cloud string, assume func(any)) *recorded {
	t.Helper()
	sim, err := simulateFrom(seed, cloud, "", assume)
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
	if err := r.life(t.Context(), 2*time.Hour); err != nil {
		r.failed = append(r.failed, err.Error())
	}
	if len(sim.Server.Calls()) == 0 {
		t.Error("nothing was asked")
	}
	clean, err := rec.scrubbed(sim.config.Credentials)
	if err != nil {
		t.Fatal(err)
	}
	return &recorded{rec, sim.config.Credentials, r.failed, clean}
}

// usual are the lives that several tests look at, by their clouds: with nothing switched.
var usual struct {
	mu sync.Mutex
	// making holds who needs one that is being made, and made those that are.
	making map[string]*sync.Mutex
	made   map[string]*recorded
}

// usualLife is the life of a cluster on the simulator of a cloud as it is, which is
// recorded once for all tests. It must not run in a bubble.
func usualLife(t *testing.T, cloud string) *recorded {
	t.Helper()
	usual.mu.Lock()
	if usual.making == nil {
		usual.making, usual.made = map[string]*sync.Mutex{}, map[string]*recorded{}
	}
	if usual.making[cloud] == nil {
		usual.making[cloud] = &sync.Mutex{}
	}
	making := usual.making[cloud]
	usual.mu.Unlock()
	making.Lock()
	defer making.Unlock()
	usual.mu.Lock()
	life := usual.made[cloud]
	usual.mu.Unlock()
	if life == nil {
		synctest.Test(t, func(t *testing.T) { life = recordLife(t, 1, cloud, nil) })
		usual.mu.Lock()
		usual.made[cloud] = life
		usual.mu.Unlock()
	}
	for _, text := range life.failed {
		t.Error(text)
	}
	return life
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
			life := usualLife(t, cloud)
			var file bytes.Buffer
			if err := life.clean.write(&file); err != nil {
				t.Fatal(err)
			}
			shows(t, file.String(), life.recorder, life.credentials)
			if len(life.clean.head.Accounts) == 0 && (cloud == "azure" || cloud == "gcp" || cloud == "nhn") {
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
			synctest.Test(t, func(t *testing.T) {
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
