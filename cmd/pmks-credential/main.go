// SPDX-License-Identifier: Apache-2.0

// Command pmks-credential is a Kubernetes exec credential plugin: it mints a
// token, or gets the client certificate on clouds without tokens, for one cluster with the credentials of the machine it runs on, so that a
// kubeconfig never goes stale and holds no secret.
//
//	pmks-credential -provider aws -region us-east-2 -cluster demo
//
// kubectl calls it for kubeconfigs that pmks builds with the setting
// kubeconfigKind=exec. It prints an ExecCredential and nothing else; what goes
// wrong goes to standard error, with exit code 1.
package main

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/pmks-go/pmks"
	_ "github.com/pmks-go/pmks/alibaba"
	_ "github.com/pmks-go/pmks/aws"
	_ "github.com/pmks-go/pmks/azure"
	_ "github.com/pmks-go/pmks/gcp"
	_ "github.com/pmks-go/pmks/ibm"
	"github.com/pmks-go/pmks/internal/kubeconfig/kubeconfigyaml"
	_ "github.com/pmks-go/pmks/nhn"
)

const (
	defaultAPIVersion = "client.authentication.k8s.io/v1"
	// early is how long before its end a token is called expired, so that none
	// ends while a request is on its way.
	early = time.Minute
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	if err != nil && !errors.Is(err, flag.ErrHelp) { // the usage has been printed then
		fmt.Fprintln(os.Stderr, "pmks-credential:", err)
		os.Exit(1)
	}
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

func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) error {
	cfg := pmks.Config{Settings: map[string]string{}}
	flags := flag.NewFlagSet("pmks-credential", flag.ContinueOnError)
	flags.SetOutput(stderr)
	provider := flags.String("provider", "", "provider, such as aws")
	cluster := flags.String("cluster", "", "cluster, as name, name:id or :id")
	timeout := flags.Duration("timeout", time.Minute, "how long to try")
	flags.StringVar(&cfg.Region, "region", "", "region")
	flags.StringVar(&cfg.Zone, "zone", "", "zone")
	flags.StringVar(&cfg.Endpoint, "endpoint", "", "URL instead of the cloud's")
	flags.Var(settings(cfg.Settings), "setting", "setting of the provider, key=value; may be repeated")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q: all that pmks-credential takes are flags", flags.Arg(0))
	}
	iid, err := pmks.ParseIID(*cluster)
	if err != nil {
		return fmt.Errorf("-cluster: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, *timeout)
	defer cancel()
	client, err := pmks.Open(ctx, *provider, cfg)
	if err != nil {
		return err
	}
	defer client.Close() //nolint:errcheck // the token is what counts
	execInfo := getenv("KUBERNETES_EXEC_INFO")
	token, err := client.GenerateClusterToken(ctx, iid)
	var c execCredential
	if errors.Is(err, pmks.ErrUnsupported) {
		c, err = certificate(ctx, client, iid, execInfo)
	} else {
		c = credential(token, apiVersion(execInfo))
	}
	if err != nil {
		return err
	}
	return json.NewEncoder(stdout).Encode(c)
}

// certificate is the client certificate of the cluster's own kubeconfig, on clouds
// without tokens. A file that trusts another authority than the cluster now has is
// older than the last renewal of its certificates, and could only fail.
func certificate(ctx context.Context, client *pmks.Client, iid pmks.IID, execInfo string) (execCredential, error) {
	info, err := client.GetCluster(ctx, iid)
	if err != nil {
		return execCredential{}, err
	}
	k, err := kubeconfigyaml.Parse([]byte(info.AccessInfo.Kubeconfig))
	if err != nil || k.ClientCertificate == "" {
		return execCredential{}, errors.New("the cluster has no client certificate to be used: " + info.StatusReason)
	}
	if trusted := trustedBy(execInfo); trusted != "" && strings.TrimSpace(trusted) != strings.TrimSpace(k.CAData) {
		return execCredential{}, errors.New("the kubeconfig is older than the certificates of the cluster: write it anew")
	}
	c := execCredential{Kind: "ExecCredential", APIVersion: apiVersion(execInfo)}
	c.Status.Certificate, c.Status.Key = k.ClientCertificate, k.ClientKey.Reveal()
	if block, _ := pem.Decode([]byte(k.ClientCertificate)); block != nil {
		if parsed, err := x509.ParseCertificate(block.Bytes); err == nil {
			end := parsed.NotAfter.Add(-early).UTC().Truncate(time.Second)
			c.Status.ExpirationTimestamp = &end
		}
	}
	return c, nil
}

// trustedBy are the authorities that a kubeconfig trusts, where kubectl hands them on.
func trustedBy(execInfo string) string {
	var info struct {
		Spec struct {
			Cluster struct {
				CAData []byte `json:"certificate-authority-data"`
			} `json:"cluster"`
		} `json:"spec"`
	}
	if json.Unmarshal([]byte(execInfo), &info) != nil {
		return ""
	}
	return string(info.Spec.Cluster.CAData)
}

// apiVersion is the one that kubectl asks for: question and answer must agree.
func apiVersion(execInfo string) string {
	var info struct {
		APIVersion string `json:"apiVersion"`
	}
	if json.Unmarshal([]byte(execInfo), &info) != nil || info.APIVersion == "" {
		return defaultAPIVersion
	}
	return info.APIVersion
}

// execCredential is the answer of a plugin (client.authentication.k8s.io).
type execCredential struct {
	Kind       string     `json:"kind"`
	APIVersion string     `json:"apiVersion"`
	Status     execStatus `json:"status"`
}

type execStatus struct {
	Token               string     `json:"token,omitempty"`
	Certificate         string     `json:"clientCertificateData,omitempty"`
	Key                 string     `json:"clientKeyData,omitempty"`
	ExpirationTimestamp *time.Time `json:"expirationTimestamp,omitempty"`
}

func credential(token pmks.Token, version string) execCredential {
	c := execCredential{Kind: "ExecCredential", APIVersion: version, Status: execStatus{Token: token.Value}}
	if !token.ExpiresAt.IsZero() {
		end := token.ExpiresAt.Add(-early).UTC().Truncate(time.Second)
		c.Status.ExpirationTimestamp = &end
	}
	return c
}
