// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/pmks-go/pmks"
)

// options is the command line.
type options struct {
	provider        string
	request         string
	region, zone    string
	endpoint        string
	settings        map[string]string
	credentialsFile string
	upgradeTo       string
	kubeconfig      string
	speed           float64
	interval        time.Duration
	timeout         time.Duration
	keep            bool
	cleanup         bool
	plain           bool
	list            bool
}

// usageTable says how each program is used.
var usageTable = map[string]string{
	"quickstart": `Usage: quickstart [flags]

Without flags: the whole life of a cluster on seven simulated clouds at once.
One simulated cloud:  quickstart -settings profile=gcp
A real one, or a simulator of its protocol: see examples/realcloud.

Flags:
`,
	"realcloud": `Usage: realcloud -provider aws -region us-east-2 -f request.json [flags]

The whole life of a cluster on a real cloud, where it costs money until it is
deleted, or against a simulator of its protocol:

       realcloud -provider aws -region us-east-2 -endpoint http://127.0.0.1:8080

Flags:
`,
}

// parseFlags reads the command line.
func parseFlags(p program, args []string, stderr io.Writer) (options, error) {
	o := options{settings: map[string]string{}}
	fs := flag.NewFlagSet(p.name, flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.Usage = func() {
		fmt.Fprint(stderr, usageTable[p.name])
		fs.PrintDefaults()
	}
	fs.StringVar(&o.provider, "provider", p.provider, "the cloud; -list shows those that are built in")
	fs.StringVar(&o.request, "f", "", "`file` with the create request as JSON (default: the built-in example of the cloud)")
	fs.StringVar(&o.region, "region", "", "the cloud's region")
	fs.StringVar(&o.zone, "zone", "", "the zone, on zonal clouds")
	fs.StringVar(&o.endpoint, "endpoint", "", "`URL` in place of the cloud's own, such as that of a simulator")
	fs.Func("settings", "settings of the provider as `name=value,...`; may be repeated", func(s string) error {
		return readPairs(o.settings, s)
	})
	fs.StringVar(&o.credentialsFile, "credentials-file", "", "JSON `file` with the credentials as {\"name\": \"value\"}; they may also be in the\n"+
		"environment, as -list shows (default: the vendor's own way of finding them)")
	fs.StringVar(&o.upgradeTo, "upgrade-to", "", "Kubernetes `version` (default: the next minor that the cloud offers)")
	fs.StringVar(&o.kubeconfig, "kubeconfig", "", "`path` to write the kubeconfig to; a directory when there are several clouds\n(default: a new temporary directory)")
	fs.Func("speed", "how much faster than real the simulated clouds are, such as 500x (default 1500x)", func(s string) (err error) {
		o.speed, err = strconv.ParseFloat(strings.TrimSuffix(s, "x"), 64)
		if err != nil || o.speed <= 0 || o.speed > 1e6 {
			return errors.New("give a factor such as 500x, above 0 and at most 1000000x")
		}
		return nil
	})
	fs.DurationVar(&o.interval, "interval", 0, "how often to look while waiting (default: the library's own schedule, 5s to 30s)")
	fs.DurationVar(&o.timeout, "timeout", 0, "give up after this long (default 2m0s on the fake, else 4h0m0s)")
	fs.BoolVar(&o.keep, "keep", false, "keep the cluster and the added group")
	fs.BoolVar(&o.cleanup, "cleanup", false, "only delete the cluster that the request names")
	fs.BoolVar(&o.plain, "plain", false, "plain lines even on a terminal")
	fs.BoolVar(&o.list, "list", false, "show the providers with their credentials and settings")
	if err := fs.Parse(args); err != nil {
		return o, err
	}
	switch {
	case fs.NArg() > 0:
		return o, fmt.Errorf("unexpected argument %q", fs.Arg(0))
	case o.keep && o.cleanup:
		return o, errors.New("-keep and -cleanup contradict each other")
	case o.timeout < 0:
		return o, errors.New("-timeout must not be negative")
	case o.interval < 0:
		return o, errors.New("-interval must not be negative")
	case o.interval != 0 && o.provider == "fake":
		return o, errors.New("-interval is for real clouds and simulators of their protocols: with -provider fake the looks follow -speed")
	case o.provider == "" && !o.list:
		return o, errors.New("-provider is missing: -list shows those that are built in")
	case !o.list && !registered(o.provider):
		return o, unknownProvider(p, o.provider)
	case o.settings["speed"] != "":
		return o, errors.New("-settings speed: use -speed, which the display knows of as well")
	case o.speed != 0 && o.provider != "fake":
		return o, errors.New("-speed is for -provider fake: a real cloud takes its time")
	}
	if o.speed == 0 {
		o.speed = 1500
	}
	return o, checkSettings(o)
}

// checkSettings refuses settings that the provider does not know, once: a fault of
// the command line is not one of each cloud.
func checkSettings(o options) error {
	for _, p := range pmks.Providers() {
		if p.Name != o.provider {
			continue
		}
		var names []string
		for _, s := range p.Settings {
			names = append(names, s.Name)
		}
		slices.Sort(names)
		for _, name := range slices.Sorted(maps.Keys(o.settings)) {
			if !slices.Contains(names, name) {
				return fmt.Errorf("-settings: %s does not know %q; known are %s", p.Name, name, strings.Join(names, ", "))
			}
		}
	}
	return nil
}

func registered(provider string) bool {
	return slices.ContainsFunc(pmks.Providers(), func(p pmks.Provider) bool { return p.Name == provider })
}

// unknownProvider says where the provider is to be had.
func unknownProvider(p program, provider string) error {
	var names []string
	for _, known := range pmks.Providers() {
		names = append(names, known.Name)
	}
	err := fmt.Errorf("-provider: %q is not built in; there are %s", provider, strings.Join(names, ", "))
	if p.name == "quickstart" {
		err = fmt.Errorf("%w: real clouds are driven by go run ./examples/realcloud, with the same flags", err)
	}
	return err
}

// patience is how long everything may take.
func (o options) patience() time.Duration {
	switch {
	case o.timeout > 0:
		return o.timeout
	case o.provider == "fake":
		return 2 * time.Minute
	}
	return 4 * time.Hour
}

// readPairs adds "a=1,b=2" to a map. A part without an equals sign belongs to the
// value before it, so that values may be lists: "zones=a,b".
func readPairs(into map[string]string, s string) error {
	last := ""
	for part := range strings.SplitSeq(s, ",") {
		name, value, ok := strings.Cut(part, "=")
		switch {
		case ok && name != "":
			last = name
			into[name] = value
		case !ok && last != "":
			into[last] += "," + part
		default:
			return errors.New("write name=value,name=value")
		}
	}
	return nil
}

// readCredentials takes the provider's credentials from the environment, and over
// them those of the file. Nothing of the file's content is ever shown.
func readCredentials(o options, getenv func(string) string) (map[string]string, error) {
	credentials := map[string]string{}
	for _, p := range pmks.Providers() {
		for _, s := range p.Credentials {
			if value := getenv(envName(p.Name, s.Name)); p.Name == o.provider && value != "" {
				credentials[s.Name] = value
			}
		}
	}
	if o.credentialsFile == "" {
		return credentials, nil
	}
	data, err := os.ReadFile(o.credentialsFile)
	if err != nil {
		return nil, err
	}
	// An error of encoding/json may quote what it read.
	if json.Unmarshal(data, &credentials) != nil {
		return nil, fmt.Errorf("%s: must be a JSON object of strings: {\"name\": \"value\"}", o.credentialsFile)
	}
	return credentials, nil
}

// envName is the environment variable of a credential: PMKS_NHN_TENANT_ID for
// TenantID of nhn.
func envName(provider, name string) string {
	var b strings.Builder
	b.WriteString("PMKS_" + strings.ToUpper(provider) + "_")
	afterLower := false
	for _, r := range name {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			b.WriteByte('_')
		case unicode.IsUpper(r) && afterLower:
			b.WriteByte('_')
			fallthrough
		default:
			b.WriteRune(unicode.ToUpper(r))
		}
		afterLower = unicode.IsLower(r) || unicode.IsDigit(r)
	}
	return b.String()
}

// listProviders shows what -provider, -settings and -credentials-file take.
func listProviders(w io.Writer) {
	for _, p := range pmks.Providers() {
		fmt.Fprintf(w, "%s: %s\n", p.Name, p.Title)
		tw := tabwriter.NewWriter(w, 2, 0, 2, ' ', 0)
		for _, s := range p.Credentials {
			fmt.Fprintf(tw, "  credential\t%s (%s)\t%s\n", s.Name, envName(p.Name, s.Name), help(s))
		}
		for _, s := range p.Settings {
			fmt.Fprintf(tw, "  setting\t%s\t%s\n", s.Name, help(s))
		}
		_ = tw.Flush() // it fails only as its writer does
	}
}

func help(s pmks.Setting) string {
	text := s.Help
	if s.Default != "" {
		text += fmt.Sprintf(" (default %s)", s.Default)
	}
	if s.Required {
		text += " (required)"
	}
	return text
}
