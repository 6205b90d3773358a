// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/examples/requests"
	"github.com/pmks-go/pmks/fake"
)

// accounts numbers the clouds of newAccount: a name can be registered only once.
var accounts atomic.Int64

// newAccount registers a cloud that outlives a run, as a real one does, and
// returns its name.
func newAccount(cloud pmks.ClusterHandler) string {
	name := fmt.Sprintf("account%d", accounts.Add(1))
	pmks.Register(pmks.Provider{
		Name:        name,
		Title:       "a fake that outlives a run",
		Credentials: []pmks.Setting{{Name: "AccessKey", Help: "anything"}},
		Settings:    []pmks.Setting{{Name: "color", Help: "anything", Default: "blue"}},
		Open:        func(context.Context, pmks.Config) (pmks.ClusterHandler, error) { return cloud, nil },
	})
	return name
}

// requestFile writes the request of a cloud to where -f finds it.
func requestFile(t *testing.T, cloud string) string {
	t.Helper()
	data, err := os.ReadFile("../../requests/" + cloud + ".json")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "request.json")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func noEnv(string) string { return "" }

// start runs the program and returns what it printed.
func start(ctx context.Context, args ...string) (code int, stdout, stderr string) {
	return startAs(ctx, program{"quickstart", "fake"}, args...)
}

func startAs(ctx context.Context, p program, args ...string) (code int, stdout, stderr string) {
	var out, errs lockedBuffer
	code = run(ctx, p, args, noEnv, &out, &errs)
	return code, out.String(), errs.String()
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// rowOf returns the cells of a cloud in the table at the end.
func rowOf(t *testing.T, stdout, label string) []string {
	t.Helper()
	_, table, ok := strings.Cut(stdout, "\ncloud ")
	if !ok {
		t.Fatalf("no table in\n%s", stdout)
	}
	for line := range strings.Lines(table) {
		cells := regexp.MustCompile(` {2,}`).Split(strings.TrimSpace(line), -1)
		if cells[0] == label {
			return cells[1 : len(cells)-1] // the last one is the time
		}
	}
	t.Fatalf("no row %q in\n%s", label, table)
	return nil
}

func cells(cell string, n int) []string { return slices.Repeat([]string{cell}, n) }

// Without flags every step is taken on every cloud, and every kubeconfig is
// there for its owner alone.
func TestRun_AllClouds(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	synctest.Test(t, func(t *testing.T) {
		code, stdout, stderr := start(t.Context(), "-kubeconfig", dir, "-speed", "1x", "-timeout", "24h")
		if code != exitOK || stderr != "" {
			t.Fatalf("exit %d, stderr %q, stdout\n%s", code, stderr, stdout)
		}
		for _, cloud := range requests.Clouds() {
			if row := rowOf(t, stdout, cloud); !slices.Equal(row, cells("ok", len(stepNames))) {
				t.Errorf("%s: %q", cloud, row)
			}
			path := filepath.Join(dir, cloud+".kubeconfig")
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			if mode := info.Mode().Perm(); mode != 0o600 {
				t.Errorf("%s has mode %v", path, mode)
			}
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(data), "apiVersion: v1") {
				t.Errorf("%s is no kubeconfig", path)
			}
			for line := range strings.Lines(string(data)) {
				if value := strings.TrimSpace(line); len(value) > 40 && strings.Contains(stdout, value) {
					t.Errorf("the output shows the kubeconfig of %s", cloud)
				}
			}
			if !strings.Contains(stdout, path) {
				t.Errorf("the output does not name %s", path)
			}
		}
		if !strings.Contains(stdout, "7 of 7 clouds ok") {
			t.Errorf("no summary in\n%s", stdout)
		}
	})
}

// One simulated cloud, with a request of one's own, kept at the end.
func TestRun_Keep(t *testing.T) {
	file, kubeconfig := requestFile(t, "gcp"), filepath.Join(t.TempDir(), "mine")
	synctest.Test(t, func(t *testing.T) {
		code, stdout, _ := start(t.Context(), "-settings", "profile=gcp", "-f", file, "-kubeconfig", kubeconfig, "-keep", "-timeout", "24h", "-speed", "1x")
		if row := rowOf(t, stdout, "gcp"); code != exitOK || !slices.Equal(row, cells("ok", 6)) {
			t.Errorf("exit %d, row %q", code, row)
		}
		if !strings.Contains(stdout, `cluster "demo:`) || !strings.Contains(stdout, "it ends with this program") {
			t.Errorf("does not say what is left:\n%s", stdout)
		}
		if _, err := os.Stat(kubeconfig); err != nil {
			t.Error(err)
		}
	})
}

// Interrupted anywhere and started again, a run goes on where it was and makes
// nothing twice; then -cleanup leaves nothing.
func TestRun_InterruptedAndResumed(t *testing.T) {
	file := requestFile(t, "aws")
	for _, after := range []time.Duration{time.Second, 5 * time.Minute, 15 * time.Minute, 20 * time.Minute, 30 * time.Minute, time.Hour} {
		t.Run(after.String(), func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				cloud := fake.New(fake.WithProfile("aws"))
				args := []string{"-provider", newAccount(cloud), "-f", file, "-keep"}
				ctx, cancel := context.WithCancel(t.Context())
				go func() {
					time.Sleep(after) //nolint:forbidigo // inside a synctest bubble
					cancel()
				}()
				code, stdout, _ := start(ctx, append(args, "-kubeconfig", filepath.Join(dir, "first"))...)
				if interrupted := strings.Contains(stdout, "stopped"); interrupted {
					if code != exitFailed || !strings.Contains(stdout, "Run the same command again") {
						t.Errorf("exit %d, and no word on how to go on:\n%s", code, stdout)
					}
				} else if code != exitOK {
					t.Errorf("exit %d:\n%s", code, stdout)
				}
				code, stdout, _ = start(t.Context(), append(args, "-kubeconfig", filepath.Join(dir, "second"))...)
				if code != exitOK {
					t.Errorf("second run: exit %d:\n%s", code, stdout)
				}
				made := map[string]int{}
				for _, call := range cloud.Calls() {
					if call.Applied {
						made[call.Op]++
					}
				}
				if made["CreateCluster"] != 1 || made["AddNodeGroup"] != 3 {
					t.Errorf("made %v", made)
				}
				code, stdout, _ = start(t.Context(), append(args[:4:4], "-cleanup")...)
				if row := rowOf(t, stdout, args[1]); code != exitOK || !slices.Equal(row, []string{"ok"}) {
					t.Errorf("cleanup: exit %d, row %q", code, row)
				}
				if left, err := cloud.ListCluster(t.Context()); err != nil || len(left) > 0 {
					t.Errorf("%d clusters left, %v", len(left), err)
				}
			})
		})
	}
}

// A failure ends the run of its cloud, is explained, and leaves what was made.
func TestRun_Failure(t *testing.T) {
	file := requestFile(t, "ibm")
	tests := []struct {
		name  string
		fault fake.Fault
		row   []string
		says  []string
		left  bool
	}{
		{"refused", fake.Fault{Op: "CreateCluster", Kind: fake.Refuse, Code: pmks.CodePermissionDenied},
			append([]string{"FAILED"}, cells("-", 7)...), []string{"PermissionDenied", "give the account the right"}, false},
		{"create-fails", fake.Fault{Op: "CreateCluster", Kind: fake.FailLater, Reason: "no capacity in us-south-1"},
			append([]string{"FAILED"}, cells("-", 7)...), []string{"no capacity in us-south-1", "what to do"}, true},
		{"quota", fake.Fault{Op: "ChangeNodeGroupScaling", Kind: fake.Refuse, Code: pmks.CodeQuotaExceeded},
			append([]string{"ok", "ok", "FAILED"}, cells("-", 5)...), []string{"QuotaExceeded", "higher limit"}, true},
		{"stuck", fake.Fault{Op: "UpgradeCluster", Kind: fake.Stick},
			append([]string{"ok", "ok", "ok", "ok", "FAILED"}, cells("-", 3)...), []string{"Timeout", "longer -timeout"}, true},
		{"throttled-reads-are-waited-out", fake.Fault{Op: "ReadState", Kind: fake.Throttle, RetryAfter: time.Minute, After: 20, Times: 5},
			cells("ok", 8), []string{"1 of 1 clouds ok"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
			synctest.Test(t, func(t *testing.T) {
				provider := newAccount(fake.New(fake.WithProfile("ibm"), fake.WithFaults(tt.fault)))
				code, stdout, _ := start(t.Context(), "-provider", provider, "-f", file, "-kubeconfig", kubeconfig, "-timeout", "12h")
				if row := rowOf(t, stdout, provider); !slices.Equal(row, tt.row) {
					t.Errorf("row %q, want %q", row, tt.row)
				}
				if ok := !slices.Contains(tt.row, "FAILED"); ok != (code == exitOK) {
					t.Errorf("exit %d", code)
				}
				for _, text := range tt.says {
					if !strings.Contains(stdout, text) {
						t.Errorf("does not say %q:\n%s", text, stdout)
					}
				}
				if left := strings.Contains(stdout, "-cleanup to delete it"); left != tt.left {
					t.Errorf("says that a cluster is left: %v, want %v\n%s", left, tt.left, stdout)
				}
			})
		})
	}
}

// A cluster of that name which is somebody else's is not touched, and the user is
// not told to delete it.
func TestRun_NameTaken(t *testing.T) {
	file := requestFile(t, "ibm")
	synctest.Test(t, func(t *testing.T) {
		cloud := fake.New(fake.WithProfile("ibm"))
		other, err := requests.Load("ibm")
		if err != nil {
			t.Fatal(err)
		}
		other.Network.VpcIID.SystemId = "r006-another"
		if _, err := pmks.Provision(t.Context(), cloud, other); err != nil {
			t.Fatal(err)
		}
		code, stdout, _ := start(t.Context(), "-provider", newAccount(cloud), "-f", file, "-kubeconfig", filepath.Join(t.TempDir(), "kubeconfig"))
		if code != exitFailed || !strings.Contains(stdout, "AlreadyExists") || strings.Contains(stdout, "-cleanup") {
			t.Errorf("exit %d:\n%s", code, stdout)
		}
	})
}

func TestRun_Usage(t *testing.T) {
	t.Parallel()
	existing := filepath.Join(t.TempDir(), "existing")
	faulty := filepath.Join(t.TempDir(), "faulty.json")
	for path, text := range map[string]string{existing: "mine", faulty: `{"IId": {"Name": "x"}}`} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	secrets := filepath.Join(t.TempDir(), "secrets.json")
	if err := os.WriteFile(secrets, []byte(`{"AccessKey": s3cr3t}`), 0o600); err != nil {
		t.Fatal(err)
	}
	account := newAccount(fake.New())
	tests := []struct {
		name string
		args []string
		says string
	}{
		{"unknown-flag", []string{"-nonsense"}, "nonsense"},
		{"argument", []string{"aws"}, `unexpected argument "aws"`},
		{"settings-without-value", []string{"-settings", "profile"}, "write name=value"},
		{"speed-zero", []string{"-speed", "0"}, "such as 500x"},
		{"speed-word", []string{"-speed", "fast"}, "such as 500x"},
		{"speed-of-a-real-cloud", []string{"-provider", account, "-speed", "2x"}, "takes its time"},
		{"speed-setting", []string{"-settings", "speed=2x"}, "use -speed"},
		{"keep-and-cleanup", []string{"-keep", "-cleanup"}, "contradict"},
		{"negative-interval", []string{"-provider", account, "-interval", "-1s"}, "-interval must not be negative"},
		{"interval-of-the-fake", []string{"-interval", "1s"}, "follow -speed"},
		{"negative-timeout", []string{"-timeout", "-1s"}, "negative"},
		{"no-request", []string{"-provider", account}, "-f is missing"},
		{"request-absent", []string{"-f", "absent.json"}, "cannot be read"},
		{"request-faulty", []string{"-f", faulty}, "IId.Name: is not a field"},
		{"unknown-profile", []string{"-settings", "profile=oracle"}, "oracle"},
		{"kubeconfig-exists", []string{"-settings", "profile=aws", "-kubeconfig", existing}, "is not overwritten"},
		{"credentials-absent", []string{"-credentials-file", "absent.json"}, "absent.json"},
		{"credentials-faulty", []string{"-credentials-file", secrets}, "must be a JSON object of strings"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			code, stdout, stderr := start(t.Context(), tt.args...)
			if code != exitUsage || !strings.Contains(stderr, tt.says) || stdout != "" {
				t.Errorf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
			}
			if strings.Contains(stderr, "s3cr3t") {
				t.Error("shows a secret")
			}
		})
	}
	if data, err := os.ReadFile(existing); err != nil || string(data) != "mine" {
		t.Errorf("the existing file holds %q, %v", data, err)
	}
}

// A run that writes no kubeconfig leaves no directory for it.
func TestRun_NoRests(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	file := requestFile(t, "aws")
	for _, args := range [][]string{
		{"-provider", "absent", "-f", file},
		{"-provider", "absent", "-f", "absent.json"},
		{"-provider", "absent", "-f", file, "-cleanup"},
	} {
		if code, stdout, _ := start(t.Context(), args...); code == exitOK {
			t.Errorf("%q succeeded:\n%s", args, stdout)
		}
	}
	rests, err := filepath.Glob(filepath.Join(dir, "pmks-quickstart-*"))
	if err != nil || len(rests) > 0 {
		t.Errorf("left %q, %v", rests, err)
	}
}

// What Open refuses is a failed step, explained like any other.
func TestRun_OpenFails(t *testing.T) {
	t.Parallel()
	name := newFailing(&pmks.Error{Code: pmks.CodeUnauthenticated, Message: "no credentials"})
	code, stdout, _ := start(t.Context(), "-provider", name, "-f", requestFile(t, "aws"), "-kubeconfig", filepath.Join(t.TempDir(), "kubeconfig"))
	if code != exitFailed || !strings.Contains(stdout, "no credentials") || !strings.Contains(stdout, "check the credentials") {
		t.Errorf("exit %d:\n%s", code, stdout)
	}
}

// newFailing registers a cloud that cannot be opened.
func newFailing(err error) string {
	name := fmt.Sprintf("account%d", accounts.Add(1))
	pmks.Register(pmks.Provider{Name: name, Open: func(context.Context, pmks.Config) (pmks.ClusterHandler, error) { return nil, err }})
	return name
}

// A fault of the command line is told once, not for each of the seven clouds.
func TestRun_SettingsOnce(t *testing.T) {
	t.Parallel()
	code, stdout, stderr := start(t.Context(), "-settings", "colour=red")
	if code != exitUsage || stdout != "" || strings.Count(stderr, "colour") != 1 || !strings.Contains(stderr, "profile") {
		t.Errorf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
}

// An interrupted run gives one advice: on a cloud that outlives it to go on, on one
// that does not that a new run begins anew.
func TestRun_InterruptedAdvice(t *testing.T) {
	file := requestFile(t, "aws")
	for _, simulated := range []bool{true, false} {
		kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
		synctest.Test(t, func(t *testing.T) {
			args := []string{"-settings", "profile=aws", "-speed", "1x"}
			if !simulated {
				args = []string{"-provider", newAccount(fake.New(fake.WithProfile("aws")))}
			}
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
			defer cancel()
			interrupted, interrupt := context.WithCancel(t.Context())
			context.AfterFunc(ctx, interrupt)
			_, stdout, _ := start(interrupted, append(args, "-f", file, "-kubeconfig", kubeconfig, "-timeout", "5h")...)
			goOn, anew := strings.Contains(strings.ToLower(stdout), "run the same command again"), strings.Contains(stdout, "starts anew")
			if !strings.Contains(stdout, "stopped") || goOn == simulated || anew != simulated {
				t.Errorf("simulated %v: go on %v, anew %v:\n%s", simulated, goOn, anew, stdout)
			}
		})
	}
}

// -interval is how often a wait looks, whatever the library's schedule is.
func TestRun_Interval(t *testing.T) {
	file := requestFile(t, "ibm")
	looks := map[string]int{}
	for _, interval := range []string{"1m", "10m"} {
		kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
		synctest.Test(t, func(t *testing.T) {
			cloud := fake.New(fake.WithProfile("ibm"))
			code, stdout, _ := startAs(t.Context(), program{"realcloud", ""}, "-provider", newAccount(cloud), "-f", file,
				"-kubeconfig", kubeconfig, "-timeout", "24h", "-interval", interval)
			if code != exitOK {
				t.Fatalf("exit %d:\n%s", code, stdout)
			}
			looks[interval] = len(cloud.Calls())
		})
	}
	if looks["1m"] < 3*looks["10m"] {
		t.Errorf("calls by interval: %v", looks)
	}
}

// A cloud that is not linked is pointed to the program that has it.
func TestRun_WhereTheCloudsAre(t *testing.T) {
	t.Parallel()
	code, _, stderr := start(t.Context(), "-provider", "aws")
	if code != exitUsage || !strings.Contains(stderr, "go run ./examples/realcloud") {
		t.Errorf("quickstart: exit %d, %q", code, stderr)
	}
	code, _, stderr = startAs(t.Context(), program{"realcloud", ""})
	if code != exitUsage || !strings.Contains(stderr, "-provider is missing") {
		t.Errorf("realcloud: exit %d, %q", code, stderr)
	}
	if code, stdout, _ := startAs(t.Context(), program{"realcloud", ""}, "-list"); code != exitOK || !strings.Contains(stdout, "fake: ") {
		t.Errorf("realcloud -list: exit %d, %q", code, stdout)
	}
}

func TestRun_HelpAndList(t *testing.T) {
	t.Parallel()
	if code, _, stderr := start(t.Context(), "-help"); code != exitOK || !strings.Contains(stderr, "-credentials-file") {
		t.Errorf("help: exit %d, %q", code, stderr)
	}
	account := newAccount(fake.New())
	code, stdout, _ := start(t.Context(), "-list")
	for _, text := range []string{"fake: ", "profile", account + ": a fake that outlives a run",
		"AccessKey (PMKS_" + strings.ToUpper(account) + "_ACCESS_KEY)", "(default blue)"} {
		if !strings.Contains(stdout, text) {
			t.Errorf("list does not show %q", text)
		}
	}
	if code != exitOK {
		t.Errorf("list: exit %d", code)
	}
}
