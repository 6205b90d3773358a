// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/pmks-go/pmks/internal/credcache"
)

func TestExecInfo(t *testing.T) {
	t.Parallel()
	end := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		name       string
		credential credcache.Credential
		info       string
		want       string
	}{
		{"by-hand", credcache.Credential{Token: "tok", Expires: end}, "",
			`{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"tok","expirationTimestamp":"2026-11-23T11:59:00Z"}}`},
		{"v1", credcache.Credential{Token: "tok", Expires: end}, `{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","spec":{"interactive":true}}`,
			`{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"tok","expirationTimestamp":"2026-11-23T11:59:00Z"}}`},
		{"v1beta1-lasting", credcache.Credential{Token: "tok"}, `{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1beta1","spec":{}}`,
			`{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1beta1","status":{"token":"tok"}}`},
		{"certificate", credcache.Credential{Certificate: "cert", PrivateKey: "key", Authority: "ca", Expires: end}, "",
			`{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"clientCertificateData":"cert","clientKeyData":"key","expirationTimestamp":"2026-11-23T11:59:00Z"}}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			info, err := readExecInfo(test.info)
			if err != nil || info.asked != (test.info != "") {
				t.Fatalf("%+v, %v", info, err)
			}
			var out bytes.Buffer
			if err := info.write(&out, test.credential); err != nil || strings.TrimSpace(out.String()) != test.want {
				t.Errorf("got  %s, %v\nwant %s", out.String(), err, test.want)
			}
		})
	}
}

func TestReadExecInfo_refused(t *testing.T) {
	t.Parallel()
	for text, says := range map[string]string{
		"{":              "cannot be read",
		`{"kind":"Pod"}`: `holds a "Pod"`,
		`{"spec":"x"}`:   "cannot be read",
		`{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1alpha1"}`: "v1alpha1",
		`{"kind":"ExecCredential"}`: `asks for ""`,
	} {
		if _, err := readExecInfo(text); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func FuzzReadExecInfo(f *testing.F) {
	f.Add(`{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","spec":{"interactive":true,"cluster":{"certificate-authority-data":"b2xk"}}}`)
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		info, err := readExecInfo(text)
		if err == nil && info.write(&bytes.Buffer{}, credcache.Credential{Token: "t"}) != nil {
			t.Error("what was read cannot be answered")
		}
	})
}
