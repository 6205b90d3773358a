// SPDX-License-Identifier: Apache-2.0

// Command pmks-credential is a Kubernetes exec credential plugin: it mints a token for
// one cluster, or gets its client certificate on clouds without tokens, with the
// credentials of the machine it runs on, so that a kubeconfig never goes stale and holds
// no secret.
//
//	pmks-credential -provider aws -region us-east-2 -cluster demo
//
// kubectl calls it for kubeconfigs that pmks builds with the setting
// kubeconfigKind=exec. It prints an ExecCredential (client.authentication.k8s.io, v1 or
// v1beta1) and nothing else; what goes wrong goes to standard error, with exit code 1.
// It never asks anything: where a person has to log in, it says how.
//
// # Cache
//
// Credentials are kept in the directory pmks of the user's cache directory, in files of
// mode 0600, until a minute before their end and for an hour at most, for this identity
// alone: other keys, another profile or a changed credentials file are another identity.
// One process at a time asks the cloud. The environment variable PMKS_CREDENTIAL_CACHE
// names another directory, or is "off".
//
// A client that comes back for a credential which it was given, and which lives, was
// refused with it (401): it gets a new one, unless that one is only seconds old.
//
// # Size
//
// All clouds are built in. With the build tag pmks_only only those are that have their
// own tag; grpcnotrace and, for all clouds, pmks_novendor leave out what keeps unused
// parts of the SDKs:
//
//	go install -ldflags "-s -w" -tags pmks_only,pmks_aws,grpcnotrace github.com/pmks-go/pmks/cmd/pmks-credential@latest
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"
	"unicode"

	"github.com/pmks-go/pmks"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	p := process{
		environ: os.Environ(), stdout: os.Stdout, stderr: os.Stderr,
		parent: os.Getppid(), started: time.Now(),
	}
	code := p.main(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

// process is what the program has from its system.
type process struct {
	environ        []string
	stdout, stderr io.Writer
	// parent is the process that asks, and started when it did.
	parent  int
	started time.Time
}

// getenv returns a variable of the environment; the last one of a name counts.
func (p process) getenv(name string) string {
	for _, line := range slices.Backward(p.environ) {
		if value, ok := strings.CutPrefix(line, name+"="); ok {
			return value
		}
	}
	return ""
}

// main returns the exit code.
func (p process) main(ctx context.Context, args []string) int {
	q, err := parse(args, p.stderr)
	if err == nil && q.version {
		fmt.Fprintln(p.stdout, version())
		return 0
	}
	if err == nil {
		err = p.answer(ctx, q)
	}
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp): // the usage has been printed then
		return 0
	}
	fmt.Fprintln(p.stderr, "pmks-credential:", printable(err.Error()))
	if advice := advise(err, q); advice != "" {
		fmt.Fprintln(p.stderr, "pmks-credential:", advice)
	}
	return 1
}

// printable takes out what a terminal would obey: a message may be a vendor's, or that
// of something on the way.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, strings.ToValidUTF8(text, " "))
}

// query is the command line.
type query struct {
	provider string
	cluster  pmks.IID
	config   pmks.Config
	timeout  time.Duration
	version  bool
}

// settings is a flag that may be given several times, as key=value.
type settings map[string]string

func (s settings) String() string { return fmt.Sprint(map[string]string(s)) }

func (s settings) Set(text string) error {
	key, value, ok := strings.Cut(text, "=")
	if !ok || key == "" {
		return fmt.Errorf("%q is not key=value", text)
	}
	s[key] = value
	return nil
}

// parse reads the command line.
func parse(args []string, stderr io.Writer) (query, error) {
	q := query{config: pmks.Config{Settings: map[string]string{}}}
	flags := flag.NewFlagSet("pmks-credential", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&q.provider, "provider", "", "provider: "+strings.Join(builtIn(), ", "))
	cluster := flags.String("cluster", "", "cluster, as name, name:id or :id")
	flags.DurationVar(&q.timeout, "timeout", time.Minute, "how long to try")
	flags.StringVar(&q.config.Region, "region", "", "region")
	flags.StringVar(&q.config.Zone, "zone", "", "zone")
	flags.StringVar(&q.config.Endpoint, "endpoint", "", "URL instead of the cloud's")
	flags.Var(settings(q.config.Settings), "setting", "setting of the provider, key=value; may be repeated")
	flags.BoolVar(&q.version, "version", false, "print the version and the clouds that are built in")
	if err := flags.Parse(args); err != nil || q.version {
		return q, err
	}
	if flags.NArg() > 0 {
		return q, fmt.Errorf("unexpected argument %q: all that pmks-credential takes are flags", flags.Arg(0))
	}
	if q.timeout <= 0 {
		return q, fmt.Errorf("-timeout: %s leaves no time", q.timeout)
	}
	if _, ok := clouds[q.provider]; !ok && slices.Contains(pmksClouds, q.provider) {
		return q, fmt.Errorf("-provider: this pmks-credential was built without %s, only with %s", q.provider, strings.Join(builtIn(), ", "))
	}
	var err error
	if q.cluster, err = pmks.ParseIID(*cluster); err != nil {
		return q, fmt.Errorf("-cluster: %w", err)
	}
	return q, nil
}

// builtIn are the clouds of this program.
func builtIn() []string { return slices.Sorted(maps.Keys(clouds)) }

// version says what was built.
func version() string {
	v := "(unknown version)"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		v = info.Main.Version
	}
	return "pmks-credential " + v + " with " + strings.Join(builtIn(), ", ")
}
