// SPDX-License-Identifier: Apache-2.0

package ack

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/pmks-go/pmks/internal/sim/core"
)

// clusterToken makes a token as the vendor's tool does: a request to STS, signed and not
// sent.
func clusterToken(t *testing.T, id, action, key, secret string, at time.Time) string {
	t.Helper()
	date := at.UTC().Format(acsDate)
	canonical := "POST\n/\nACKClusterId=" + id + "\nx-acs-action:" + action + "\nx-acs-content-sha256:" + hexSum(nil) + "\nx-acs-date:" + date +
		"\nx-acs-version:2015-04-01\n\nx-acs-action;x-acs-content-sha256;x-acs-date;x-acs-version\n" + hexSum(nil)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("ACS3-HMAC-SHA256\n" + hexSum([]byte(canonical))))
	text, err := json.Marshal(map[string]any{
		"clusterId": id, "method": "POST", "path": "/", "query": map[string]string{"ACKClusterId": id},
		"headers": map[string]string{
			"user-agent": "anything", "x-acs-action": action, "x-acs-version": "2015-04-01", "x-acs-date": date, "x-acs-content-sha256": hexSum(nil),
			"Authorization": "ACS3-HMAC-SHA256 Credential=" + key + ",SignedHeaders=x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-version,Signature=" +
				hex.EncodeToString(mac.Sum(nil)),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return "k8s-ack-v2." + base64.StdEncoding.EncodeToString(text)
}

// TestServer_kubernetesToken: a token opens the cluster that it was signed for, while it
// is fresh, if the add-on is there.
func TestServer_kubernetesToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, addons := range map[string]string{"with": authenticator, "without": ""} {
		if err := w.Put(core.Seed{Name: name, Attr: map[string]string{AttrAddons: addons}}); err != nil {
			t.Fatal(err)
		}
	}
	ids := map[string]string{}
	for id, rec := range w.clusters {
		ids[rec.live.Name] = id
	}
	now := w.clock.Now()
	sign := func(name, action, secret string, at time.Time) string {
		return clusterToken(t, ids[name], action, DefaultAccessKeyID, secret, at)
	}
	good := sign("with", "GetCallerIdentity", DefaultAccessKeySecret, now)
	for _, test := range []struct {
		name, cluster, token string
		want                 bool
	}{
		{"good", "with", good, true},
		{"once-more", "with", good, true},
		{"nearly-old", "with", sign("with", "GetCallerIdentity", DefaultAccessKeySecret, now.Add(-14*time.Minute)), true},
		{"old", "with", sign("with", "GetCallerIdentity", DefaultAccessKeySecret, now.Add(-16*time.Minute)), false},
		{"no-add-on", "without", sign("without", "GetCallerIdentity", DefaultAccessKeySecret, now), false},
		{"of-another-cluster", "with", sign("without", "GetCallerIdentity", DefaultAccessKeySecret, now), false},
		{"other-secret", "with", sign("with", "GetCallerIdentity", "another", now), false},
		{"other-action", "with", sign("with", "AssumeRole", DefaultAccessKeySecret, now), false},
		{"no-token", "with", "", false},
		{"another-cloud's", "with", "k8s-aws-v1.abc", false},
		{"no-base64", "with", "k8s-ack-v2.*", false},
		{"no-json", "with", "k8s-ack-v2." + base64.StdEncoding.EncodeToString([]byte("x")), false},
	} {
		w.Mu.Lock()
		who, ok := w.kubernetesToken(ids[test.cluster], test.token, now)
		w.Mu.Unlock()
		if ok != test.want || ok && !strings.HasPrefix(who.Name, "acs:ram::"+DefaultAccountID+":") {
			t.Errorf("%s: %+v, %t", test.name, who, ok)
		}
	}
}
