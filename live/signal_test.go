// SPDX-License-Identifier: Apache-2.0

package live

import (
	"bufio"
	"encoding/pem"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/account"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// childVariable makes the test program run the kit on the cloud that it names, in place of
// the tests: what a signal does can only be seen of a whole process.
const childVariable = "PMKS_LIVE_TEST_CHILD"

// interruptAt is the step in which the child waits for the signal.
const interruptAt = "WaitClusterActive"

func TestMain(m *testing.M) {
	if cloud := os.Getenv(childVariable); cloud != "" {
		child(cloud)
	}
	flag.Parse()
	if only := purpose(); only != "" && flag.Lookup("test.run").Value.String() == "" {
		_ = flag.Set("test.run", only) // it is a flag of package testing
	}
	os.Exit(m.Run())
}

// purpose is the test that the flags ask for; empty: all. Who gives a record or a cloud
// does not want the kit to be tested first.
func purpose() string {
	if *compareFile != "" {
		return "^TestCompareFile$"
	}
	if f := flag.Lookup("cloud"); f != nil && f.Value.String() != "" { // with the tag live
		return "^TestLive$"
	}
	return ""
}

// child takes a cluster through its life, and waits for a signal on the way.
func child(cloud string) {
	seen := make(chan os.Signal, 1)
	signal.Notify(seen, syscall.SIGINT)
	o := order{cloud: cloud, what: "life", look: 50 * time.Millisecond, say: func(format string, args ...any) {
		say(format, args...)
		if format == "%s" && args[0] == interruptAt {
			<-seen
		}
	}}
	if err := o.carryOut(); err != nil {
		say("ended: %v", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// listening is a simulated account on loopback, in a hurry.
func listening(t *testing.T, cloud string) (a *account.Opened, environment []string, record string) {
	t.Helper()
	a, err := account.Open(cloud, account.Options{Seed: 1, Scale: 2e-3})
	if err != nil {
		t.Fatal(err)
	}
	l, err := a.Server.Listen("127.0.0.1:0", a.Cloud.TLS)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	access := a.Access(l.URL(), 20*time.Millisecond)
	var provider pmks.Provider
	for _, p := range pmks.Providers() {
		if p.Name == cloud {
			provider = p
		}
	}
	set := func(name, value string) { environment = append(environment, name+"="+value) }
	set(childVariable, cloud)
	set(provider.EnvName("region"), access.Region)
	set(provider.EnvName("zone"), access.Zone)
	set(provider.EnvName("endpoint"), access.Endpoint)
	for _, entries := range []map[string]string{access.Credentials, access.Settings} {
		for name, value := range entries {
			set(provider.EnvName(name), value)
		}
	}
	dir := t.TempDir()
	if a.Cloud.TLS {
		file := filepath.Join(dir, "ca.pem")
		if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: l.Certificate().Raw}), 0o600); err != nil {
			t.Fatal(err)
		}
		set("SSL_CERT_FILE", file)
	}
	record = filepath.Join(dir, "record.jsonl")
	p, _ := profile.Get(cloud)
	sample := p.SampleRequest("x")
	id := func(iid pmks.IID) string {
		if iid.SystemId == "" && iid.NameId != "" {
			return "name=" + iid.NameId
		}
		return iid.SystemId
	}
	ids := func(list []pmks.IID) string {
		var texts []string
		for _, iid := range list {
			texts = append(texts, id(iid))
		}
		return strings.Join(texts, ",")
	}
	group := sample.NodeGroupList[0]
	set(envRecord, record)
	set(envVPC, id(sample.Network.VpcIID))
	set(envSubnets, ids(sample.Network.SubnetIIDs))
	set(envGroups, ids(sample.Network.SecurityGroupIIDs))
	set(envVMSpec, group.VMSpecName)
	set(envKeyPair, id(group.KeyPairIID))
	set(envImage, id(group.ImageIID))
	set(envDisk, group.RootDiskType)
	set(envSize, group.RootDiskSize)
	estimated := plan{cloud: cloud, what: "life"}
	estimated.estimate(false, p.Caps)
	set(envConfirm, estimated.phrase())
	return a, environment, record
}

// TestLive_signal: Ctrl-C in a real process, in the middle of a life, leaves nothing behind,
// on any cloud. Time and cost are said before anything is asked for.
func TestLive_signal(t *testing.T) {
	t.Parallel()
	for _, cloud := range clouds {
		if providertest.UnderRace && cloud != "gcp" {
			continue
		}
		t.Run(cloud, func(t *testing.T) {
			a, environment, record := listening(t, cloud)
			cmd := exec.CommandContext(t.Context(), os.Args[0]) //nolint:gosec // the test program itself
			cmd.Env = environment
			out, err := cmd.StderrPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			var said []string
			for lines := bufio.NewScanner(out); lines.Scan(); {
				said = append(said, lines.Text())
				if strings.HasSuffix(lines.Text(), " "+interruptAt) {
					if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
						t.Error(err)
					}
				}
			}
			err = cmd.Wait()
			text := strings.Join(said, "\n")
			if !strings.Contains(text, "ended: ") || !strings.Contains(text, "context canceled") || cmd.ProcessState.ExitCode() != 1 {
				t.Errorf("it ended with %v:\n%s", err, text)
			}
			cost, first := strings.Index(text, "Cost: about "), strings.Index(text, "ListVersions")
			if cost < 0 || first < cost || !strings.Contains(text[:cost], "Time: about ") {
				t.Errorf("cost and time are not said first:\n%s", text)
			}
			nothingLeft(t, a, record)
		})
	}
}

// nothingLeft checks that the account has no cluster, and that one was there.
func nothingLeft(t *testing.T, a *account.Opened, record string) {
	t.Helper()
	rec, err := openRecord(record)
	if err != nil {
		t.Fatal(err)
	}
	var steps []string
	for _, l := range rec.lines {
		if l.Step != "" {
			steps = append(steps, l.Step)
		}
		if r := l.Result; r != nil && r.Step == "Teardown" && r.Error != "" {
			t.Errorf("the teardown failed: %s", r.Error)
		}
	}
	if !slices.Contains(steps, "CreateCluster") || !slices.Contains(steps, "Teardown") || slices.Contains(steps, "SetTags") {
		t.Errorf("the steps are %q", steps)
	}
	made := 0
	for _, call := range a.Server.Calls() {
		switch call.Op {
		case "CreateLaunchTemplate":
			made++
		case "DeleteLaunchTemplate":
			made--
		}
	}
	if made > 0 {
		t.Errorf("%d launch templates are left", made)
	}
	access := a.Access(nowhere, 0)
	cfg := pmks.Config{Region: access.Region, Zone: access.Zone, Endpoint: access.Endpoint, Credentials: access.Credentials, Settings: access.Settings, Transport: a.Server.Transport()}
	client, err := pmks.Open(t.Context(), a.Cloud.Name, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if left, err := client.ListIID(t.Context()); err != nil || len(left) > 0 {
		t.Errorf("%v is left; %v", left, err)
	}
}

// TestLive_missing: with any one of its variables not set, a run asks the cloud for nothing.
func TestLive_missing(t *testing.T) {
	a, environment, _ := listening(t, "aws")
	for _, name := range []string{"PMKS_AWS_REGION", "PMKS_AWS_ACCESS_KEY_ID", "PMKS_AWS_SECRET_ACCESS_KEY", envRecord, envSubnets, envVPC, envVMSpec, envConfirm} {
		var others []string
		for _, entry := range environment {
			if !strings.HasPrefix(entry, name+"=") {
				others = append(others, entry)
			}
		}
		if len(others) == len(environment) {
			t.Fatalf("%s was not set", name)
		}
		cmd := exec.CommandContext(t.Context(), os.Args[0]) //nolint:gosec // the test program itself
		cmd.Env = others
		out, err := cmd.CombinedOutput()
		if text := string(out); err == nil || !strings.Contains(text, name) || !strings.Contains(text, "Cost: about ") {
			t.Errorf("without %s: %v, and it said\n%s", name, err, text)
		}
	}
	if n := len(a.Server.Calls()); n > 0 {
		t.Errorf("%d requests were made", n)
	}
}

// TestPlan_variables: what a cloud needs is asked for, all at once and each by itself.
func TestPlan_variables(t *testing.T) {
	for _, cloud := range clouds {
		t.Run(cloud, func(t *testing.T) {
			profiled, _ := profile.Get(cloud)
			_, environment, _ := listening(t, cloud)
			set := map[string]string{}
			for _, entry := range environment {
				name, value, _ := strings.Cut(entry, "=")
				set[name] = value
				if name != childVariable && name != "SSL_CERT_FILE" {
					t.Setenv(name, "")
				}
			}
			read := func() *plan {
				p, err := readPlan(cloud, "life", false, profiled.Caps)
				if err != nil {
					t.Fatal(err)
				}
				return p
			}
			needed := read().missing
			for _, name := range []string{envRecord, envVPC, envSubnets, envVMSpec} {
				if !slices.Contains(needed, name) {
					t.Errorf("%s is not asked for", name)
				}
			}
			for _, name := range needed {
				t.Setenv(name, fmt.Sprint(set[name]))
			}
			if p := read(); len(p.missing) > 0 {
				t.Errorf("%q are still asked for", p.missing)
			}
			for _, name := range needed {
				if name == "PMKS_GCP_REGION" { // the zone says it too
					continue
				}
				t.Run(name, func(t *testing.T) {
					t.Setenv(name, "")
					if p := read(); !slices.Equal(p.missing, []string{name}) || !strings.Contains(p.refusal(0), name) {
						t.Errorf("missing are %q; %s", p.missing, p.refusal(0))
					}
				})
			}
		})
	}
}
