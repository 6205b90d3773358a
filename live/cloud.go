// SPDX-License-Identifier: Apache-2.0

package live

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc"

	"github.com/pmks-go/pmks"
	_ "github.com/pmks-go/pmks/alibaba" // registers itself, as those below
	_ "github.com/pmks-go/pmks/aws"
	_ "github.com/pmks-go/pmks/azure"
	"github.com/pmks-go/pmks/gcp"
	_ "github.com/pmks-go/pmks/ibm" // as above
	"github.com/pmks-go/pmks/internal/sim/account"
	_ "github.com/pmks-go/pmks/internal/sim/account/gcp" // registers itself
	_ "github.com/pmks-go/pmks/nhn"                      // as above
	_ "github.com/pmks-go/pmks/tencent"
)

func nonce() string { return rand.Text() }

// nowhere is the URL of a simulated cloud.
const nowhere = "https://simulated.invalid"

// simulated is a cloud in process, and how a provider reaches it.
type simulated struct {
	*account.Opened
	config pmks.Config
	// dial connects over gRPC, where the cloud speaks it.
	dial []grpc.DialOption
}

// simulate opens a simulated account as fast as the cloud, by the clock of the bubble or of
// the machine, but without limits on the rate: they count by the same clock, and who
// compares asks all at once. assume changes the assumptions of the simulator; nil means
// none.
func simulate(cloud, region string, assume func(any)) (*simulated, error) {
	return simulateFrom(1, cloud, region, assume)
}

// simulateFrom is simulate with the seed from which all is drawn that is made up.
func simulateFrom(seed uint64, cloud, region string, assume func(any)) (*simulated, error) {
	o := account.Options{Region: region, Seed: seed, Scale: 1 - 1e-9, Assume: assume}
	opened, err := account.Open(cloud, o)
	if err != nil && region != "" {
		o.Region = ""
		opened, err = account.Open(cloud, o)
	}
	if err != nil {
		return nil, err
	}
	access := opened.Access(nowhere, 10*time.Second)
	s := &simulated{Opened: opened, config: pmks.Config{
		Region: access.Region, Zone: access.Zone, Endpoint: access.Endpoint,
		Credentials: access.Credentials, Settings: access.Settings, Transport: opened.Server.Transport(),
	}}
	if d, ok := opened.Server.(interface{ DialOptions() []grpc.DialOption }); ok {
		s.dial = d.DialOptions()
		s.config.Endpoint = "http://127.0.0.1:1" // whose name nobody looks up; the connection is in process
	}
	return s, nil
}

// opened is a client whose requests are written down and can be repeated.
type opened struct {
	*pmks.Client
	// seen are the tokens of its requests, and rpc the connection over gRPC.
	seen *bearers
	rpc  *rpc
}

// open opens a client over a configuration, whose requests rec writes down unless it is
// nil. dial is for gRPC, which carries most requests of GKE; the Transport carries all
// others.
func open(ctx context.Context, cloud string, cfg pmks.Config, dial []grpc.DialOption, rec *recorder) (*opened, error) {
	cfg = cfg.Clone()
	next := cfg.Transport
	if next == nil {
		next = http.DefaultTransport
	}
	if rec != nil {
		rec.next = next
		next = rec
	}
	o := &opened{seen: &bearers{next: next}, rpc: &rpc{rec: rec}}
	cfg.Transport = o.seen
	var err error
	if cloud == "gcp" {
		// The recorder comes first, and what connects last.
		o.Client, err = openGCP(ctx, cfg, append([]grpc.DialOption{grpc.WithChainUnaryInterceptor(o.rpc.intercept)}, dial...))
	} else {
		o.Client, err = pmks.Open(ctx, cloud, cfg)
	}
	if err != nil {
		return nil, err
	}
	o.seen.renew = func(ctx context.Context) error {
		_, err := o.ListIID(ctx)
		return err
	}
	return o, nil
}

// openGCP opens a client of GKE that speaks gRPC, as it does where no transport is given:
// pmks.Config has no place for what connects over gRPC.
func openGCP(ctx context.Context, cfg pmks.Config, dial []grpc.DialOption) (*pmks.Client, error) {
	own := gcp.Config{Region: cfg.Region, Zone: cfg.Zone, Endpoint: cfg.Endpoint, Transport: cfg.Transport, Logger: cfg.Logger, Protocol: "grpc", DialOptions: dial}
	for _, entries := range []map[string]string{cfg.Credentials, cfg.Settings} {
		for name, text := range entries {
			if err := setOwn(&own, name, text); err != nil {
				return nil, err
			}
		}
	}
	h, err := gcp.New(ctx, own)
	if err != nil {
		return nil, err
	}
	return pmks.New(h), nil
}

// setOwn sets the field of a provider's own configuration that an entry of pmks.Config
// stands for: it has the same name, but for the case of its letters.
func setOwn(own *gcp.Config, name, text string) error {
	switch {
	case name == "protocol" && text != "grpc":
		return fmt.Errorf("protocol: the kit speaks gRPC, as pmks does by itself, and not %q", text)
	case name == "project":
		name = "ProjectID"
	}
	field := reflect.ValueOf(own).Elem().FieldByNameFunc(func(field string) bool { return strings.EqualFold(field, name) })
	switch {
	case !field.IsValid():
		return fmt.Errorf("%s: there is no such setting", name)
	case field.Kind() == reflect.String:
		field.SetString(text)
	case field.Kind() == reflect.Bool:
		on, err := strconv.ParseBool(text)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		field.SetBool(on)
	case field.Type() == reflect.TypeFor[time.Duration]():
		d, err := time.ParseDuration(text)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		field.SetInt(int64(d))
	default:
		return fmt.Errorf("%s: a %v cannot be set", name, field.Type())
	}
	return nil
}

// signsIn reports whether a request asks for a token: it is made anew for each cloud and
// not compared.
func signsIn(x *exchange) bool {
	u, err := url.Parse(x.URL)
	if err != nil {
		return false
	}
	p := u.Path
	return strings.HasSuffix(p, "/oauth2/v2.0/token") || strings.HasSuffix(p, "/identity/token") || p == "/v2.0/tokens" || p == "/token" ||
		strings.HasPrefix(p, "/computeMetadata/") || strings.HasSuffix(p, "/discovery/instance") || strings.HasSuffix(p, "/openid-configuration")
}

// prefix is what the path of a request has in front at a simulator, which serves on one
// address what the cloud serves on many.
func prefix(cloud, host string) string {
	if cloud != "nhn" {
		return ""
	}
	for word, service := range map[string]string{"-api-instance-": "/compute", "-api-image-": "/image", "-api-network-": "/network", "-api-block-storage-": "/volume"} {
		if strings.Contains(host, word) {
			return service
		}
	}
	return ""
}

// kubernetesPath begins the paths of the requests that a provider makes of the API server
// of a cluster.
const kubernetesPath = "/api/v1/namespaces/"

// ofKubernetes reports whether a request is for the API server of a cluster.
func ofKubernetes(x *exchange) bool {
	u, err := url.Parse(x.URL)
	return err == nil && strings.HasPrefix(u.Path, kubernetesPath)
}
