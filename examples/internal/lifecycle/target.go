// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/examples/requests"
)

// target is one cloud to run on, and what to make there.
type target struct {
	// label names the target in the output.
	label    string
	provider string
	config   pmks.Config
	request  pmks.ClusterInfo
	// speed is how much faster than real time passes; 1 on real clouds.
	speed float64
	// waiting is how to wait there: the library's own schedule on real clouds.
	waiting []pmks.WaitOption
	// kubeconfig is the file to write.
	kubeconfig string
}

func (t target) simulated() bool { return t.provider == "fake" }

// newTargets says where to run: on one cloud, or on all that the fake simulates.
func newTargets(o options, getenv func(string) string) ([]target, error) {
	credentials, err := readCredentials(o, getenv)
	if err != nil {
		return nil, err
	}
	base := target{label: o.provider, provider: o.provider, speed: 1, config: pmks.Config{
		Region: o.region, Zone: o.zone, Endpoint: o.endpoint, Credentials: credentials, Settings: o.settings}}
	if o.interval > 0 {
		base.waiting = []pmks.WaitOption{pmks.WithInterval(o.interval)}
		pollInterval(base, o.interval)
	}
	targets := []target{base}
	if base.simulated() {
		targets = simulatedTargets(base, o)
	}
	for i := range targets {
		if err := targets[i].loadRequest(o); err != nil {
			return nil, err
		}
	}
	return targets, placeKubeconfigs(o, targets)
}

// pollInterval passes the interval on to a provider that waits inside an operation,
// unless its setting is given.
func pollInterval(t target, interval time.Duration) {
	const name = "pollInterval"
	for _, p := range pmks.Providers() {
		has := slices.ContainsFunc(p.Settings, func(s pmks.Setting) bool { return s.Name == name })
		if p.Name == t.provider && has && t.config.Settings[name] == "" {
			t.config.Settings[name] = interval.String()
		}
	}
}

// simulatedTargets returns one target for each cloud that is to be simulated.
func simulatedTargets(base target, o options) []target {
	profiles := requests.Clouds()
	if chosen, ok := o.settings["profile"]; ok {
		profiles = strings.Split(chosen, ",")
	}
	var targets []target
	for _, profile := range profiles {
		t := base
		t.label = profile
		t.speed = o.speed
		t.config = base.config.Clone()
		t.config.Settings["profile"] = profile
		t.config.Settings["speed"] = strconv.FormatFloat(o.speed, 'f', -1, 64) + "x"
		// A look every 30 simulated seconds, but not busier than 10 ms.
		t.waiting = []pmks.WaitOption{pmks.WithInterval(max(10*time.Millisecond, time.Duration(float64(30*time.Second)/o.speed)))}
		targets = append(targets, t)
	}
	return targets
}

// loadRequest reads the request file, or takes the built-in example. Its ids are
// made up, so it is no good on a real cloud.
func (t *target) loadRequest(o options) (err error) {
	switch {
	case o.request != "":
		t.request, err = readRequest(o.request)
	case !t.simulated() && o.endpoint == "":
		err = fmt.Errorf("-f is missing: the built-in example for %s names a network that exists in simulations only; "+
			"copy examples/requests/%s.json and put yours in it", t.label, t.label)
	default:
		t.request, err = requests.Load(exampleFor(t.label))
	}
	return err
}

func readRequest(path string) (pmks.ClusterInfo, error) {
	file, err := os.Open(path)
	if err != nil {
		return pmks.ClusterInfo{}, fmt.Errorf("-f: the request cannot be read: %w", err)
	}
	defer func() { _ = file.Close() }() // it was only read
	req, err := pmks.ReadRequest(file)
	if err != nil {
		err = fmt.Errorf("%s: %w", path, err)
	}
	return req, err
}

// exampleFor returns the cloud whose example request suits a profile: the neutral
// one takes any.
func exampleFor(label string) string {
	if label == "neutral" {
		return "gcp"
	}
	return label
}

// placeKubeconfigs says where each kubeconfig goes, and refuses to write over a
// file: it may be the user's own. It looks now, not after an hour's work.
func placeKubeconfigs(o options, targets []target) error {
	if o.cleanup {
		return nil
	}
	dir := o.kubeconfig
	if dir == "" || len(targets) > 1 {
		var err error
		if dir == "" {
			dir, err = os.MkdirTemp("", "pmks-quickstart-")
		} else {
			err = os.MkdirAll(dir, 0o700)
		}
		if err != nil {
			return err
		}
		for i := range targets {
			targets[i].kubeconfig = filepath.Join(dir, targets[i].label+".kubeconfig")
		}
	} else {
		targets[0].kubeconfig = o.kubeconfig
	}
	for _, t := range targets {
		if _, err := os.Lstat(t.kubeconfig); !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("-kubeconfig: %s exists and is not overwritten: choose another path", t.kubeconfig)
		}
	}
	return nil
}
