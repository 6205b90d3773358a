// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/credcache"
	"github.com/pmks-go/pmks/internal/kubeconfig/kubeconfigyaml"
)

// cacheVariable names the directory of the cache, or turns it off.
const cacheVariable = "PMKS_CREDENTIAL_CACHE"

// answer gets a credential, from the cache or from the cloud, and prints it.
func (p process) answer(ctx context.Context, q query) error {
	info, err := readExecInfo(p.getenv("KUBERNETES_EXEC_INFO"))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, q.timeout)
	defer cancel()
	mint := func(ctx context.Context) (credcache.Credential, error) { return mint(ctx, q, info) }
	cache, err := p.openCache(ctx)
	if err != nil {
		fmt.Fprintln(p.stderr, "pmks-credential: nothing is kept:", err)
	}
	var c credcache.Credential
	if cache == nil {
		c, err = mint(ctx)
	} else {
		request := credcache.Request{
			Key:    cache.Key(p.identity(q)...),
			Accept: func(c credcache.Credential) bool { return info.trusts(c) },
			Mint:   mint,
		}
		if info.asked {
			request.Asker = credcache.Asker{PID: p.parent, Since: p.started}
		}
		c, err = cache.Get(ctx, request)
	}
	if err != nil {
		return err
	}
	return info.write(p.stdout, c)
}

// openCache returns no cache where it is turned off, and where there is no directory for
// one: a container without a home has none, and need not be told so each time. A
// directory that is not safe is an error that is told.
func (p process) openCache(ctx context.Context) (*credcache.Cache, error) {
	dir := p.getenv(cacheVariable)
	switch dir {
	case "off":
		return nil, nil //nolint:nilnil // no cache, and no fault
	case "":
		base, err := os.UserCacheDir()
		if err != nil {
			return nil, nil //nolint:nilnil,nilerr // no cache, and no fault
		}
		dir = filepath.Join(base, "pmks")
		cache, err := credcache.Open(ctx, dir)
		if errors.Is(err, credcache.ErrUnsafe) {
			return nil, fmt.Errorf("%w; put it right, or set %s to another directory or to off", err, cacheVariable)
		}
		return cache, nil
	}
	cache, err := credcache.Open(ctx, dir)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", cacheVariable, err)
	}
	return cache, nil
}

// trusts refuses a client certificate of another authority than the kubeconfig trusts:
// one of both is older than the last renewal of the cluster's certificates.
func (i execInfo) trusts(c credcache.Credential) bool {
	trusted := strings.TrimSpace(string(i.Spec.Cluster.CAData))
	return trusted == "" || c.Authority == "" || trusted == strings.TrimSpace(c.Authority)
}

// mint asks the cloud: for a token, or, where the cluster takes none, for the client
// certificate of its own kubeconfig.
func mint(ctx context.Context, q query, info execInfo) (credcache.Credential, error) {
	client, err := pmks.Open(ctx, q.provider, q.config)
	if err != nil {
		return credcache.Credential{}, err
	}
	defer client.Close() //nolint:errcheck // the credential is what counts
	token, err := client.GenerateClusterToken(ctx, q.cluster)
	switch {
	case err == nil:
		return credcache.Credential{Token: token.Value, Expires: token.ExpiresAt}, nil
	case errors.Is(err, pmks.ErrUnsupported):
		return certificate(ctx, client, q.cluster, info)
	case errors.Is(err, pmks.ErrFailedPrecondition) && client.Capabilities().Access.Certificate:
		// A cluster without the add-on, or the directory, that tokens need.
		if c, otherwise := certificate(ctx, client, q.cluster, info); otherwise == nil {
			return c, nil
		}
	}
	return credcache.Credential{}, err
}

// certificate is the client certificate of the cluster's own kubeconfig. A file that
// trusts another authority than the cluster now has is older than the last renewal of
// its certificates, and could only fail.
func certificate(ctx context.Context, client *pmks.Client, iid pmks.IID, info execInfo) (credcache.Credential, error) {
	cluster, err := client.GetCluster(ctx, iid)
	if err != nil {
		return credcache.Credential{}, err
	}
	k, err := kubeconfigyaml.Parse([]byte(cluster.AccessInfo.Kubeconfig))
	if err != nil || k.ClientCertificate == "" {
		return credcache.Credential{}, noCertificate(cluster)
	}
	c := credcache.Credential{Certificate: k.ClientCertificate, PrivateKey: k.ClientKey.Reveal(), Authority: k.CAData,
		Expires: certificateEnd(k.ClientCertificate)}
	if !info.trusts(c) {
		return credcache.Credential{}, errors.New("the kubeconfig is older than the certificates of the cluster: write it anew")
	}
	return c, nil
}

// noCertificate says why there is none.
func noCertificate(cluster pmks.ClusterInfo) error {
	e := &pmks.Error{Code: pmks.CodeFailedPrecondition, Cluster: cluster.IId, Message: "the cluster has no client certificate to be used"}
	for _, u := range pmks.Unread(cluster.KeyValueList) {
		if u.Field == "Kubeconfig" {
			e.Code, e.Message = u.Code, "the kubeconfig of the cluster could not be read"
			return e
		}
	}
	switch cluster.Status {
	case pmks.ClusterActive:
	case pmks.ClusterCreating:
		e.Code, e.Message = pmks.CodeBusy, "the cluster is being created: it can be reached when it is Active"
	default:
		e.Message += strings.TrimRight(fmt.Sprintf(": it is %s: %s", cluster.Status, cluster.StatusReason), ": ")
	}
	return e
}

// certificateEnd is when a certificate ends; zero where that cannot be read.
func certificateEnd(text string) time.Time {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return time.Time{}
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return time.Time{}
	}
	return c.NotAfter.UTC()
}
