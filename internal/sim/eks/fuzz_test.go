// SPDX-License-Identifier: Apache-2.0

package eks

import (
	"encoding/json"
	"encoding/xml"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// FuzzServer sends signed requests made of arbitrary bytes: there is always an
// answer in the vendor's shape, and never a panic.
func FuzzServer(f *testing.F) {
	for _, seed := range []struct{ service, method, target, body string }{
		{"eks", "GET", "/clusters?maxResults=1", ""},
		{"eks", "POST", "/clusters", `{"name":"a","roleArn":"r","resourcesVpcConfig":{"subnetIds":["x"]},"tags":{"a":"b"}}`},
		{"eks", "POST", "/clusters/a/node-groups", `{"nodegroupName":"g","scalingConfig":{"minSize":1},"taints":[{"key":"k"}]}`},
		{"eks", "POST", "/clusters/a/node-groups/g/update-config", `{"scalingConfig":{"minSize":0,"maxSize":4,"desiredSize":0}}`},
		{"eks", "POST", "/clusters/a/updates", `{"version":"1.35"}`},
		{"eks", "DELETE", "/clusters/a/node-groups/g", ""},
		{"eks", "DELETE", "/tags/arn%3Aaws%3Aeks%3Aus-east-2%3A123456789012%3Acluster%2Fa?tagKeys=x", ""},
		{"ec2", "POST", "/", "Action=DescribeSubnets&Version=2016-11-15&SubnetId.1=a&Filter.1.Name=vpc-id&Filter.1.Value.1=b"},
		{"ec2", "POST", "/", "Action=CreateLaunchTemplate&Version=2016-11-15&LaunchTemplateName=abc&LaunchTemplateData.KeyName=k"},
		{"iam", "POST", "/", "Action=CreateRole&Version=2010-05-08&RoleName=r&AssumeRolePolicyDocument={}"},
		{"sts", "POST", "/", "Action=AssumeRole&Version=2011-06-15&RoleArn=a&RoleSessionName=bb"},
		{"autoscaling", "POST", "/", "Action=DeleteTags&Version=2011-01-01&Tags.member.1.Key=k&Tags.member.1.ResourceId=x"},
		{"s3", "PUT", "/bucket//..", "\x00"},
	} {
		f.Add(seed.service, seed.method, seed.target, seed.body)
	}
	now := time.Date(2026, 11, 2, 9, 30, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, service, method, target, body string) {
		s := New(Options{Seed: 1, Now: func() time.Time { return now }})
		wiretest.Must(t, s.Put(core.Seed{Name: "a", Groups: []pmks.NodeGroupInfo{groupInfo("g")}}))
		response, answer := wiretest.Fuzzed(t, s.Transport(), method, "https://sim.example"+target, body, func(r *http.Request) bool {
			r.Header.Set("Content-Type", "application/json")
			if service != "eks" {
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			}
			keys := aws.Credentials{AccessKeyID: DefaultAccessKey, SecretAccessKey: DefaultSecret}
			return service != "" && !strings.ContainsAny(service, "/, =") &&
				v4.NewSigner().SignHTTP(t.Context(), keys, r, hexSum(body), service, s.region, now) == nil
		})
		checkShape(t, response, answer)
	})
}

// checkShape checks that an answer is JSON or XML, and an error if its status is
// one.
func checkShape(t *testing.T, response *http.Response, answer []byte) {
	t.Helper()
	bad := response.StatusCode >= 400
	if strings.Contains(response.Header.Get("Content-Type"), "json") {
		var out map[string]any
		if err := json.Unmarshal(answer, &out); err != nil {
			t.Fatalf("not JSON: %v: %q", err, answer)
		}
		if bad && (out["message"] == "" || response.Header.Get("x-amzn-ErrorType") == "") {
			t.Fatalf("not an error of EKS: %q", answer)
		}
		return
	}
	var out struct {
		XMLName   xml.Name
		Code      string `xml:"Error>Code"`
		OtherCode string `xml:"Errors>Error>Code"`
	}
	if err := xml.Unmarshal(answer, &out); err != nil {
		t.Fatalf("not XML: %v: %q", err, answer)
	}
	if bad && out.Code+out.OtherCode == "" {
		t.Fatalf("not an error of a query service: %q", answer)
	}
}

// FuzzSignature compares the verification with the vendor's signer.
func FuzzSignature(f *testing.F) {
	f.Add("/clusters/a%2Fb", "maxResults=1&a=b", "body", "x-amz-meta", " a  b ")
	f.Add("/", "Action=X&a=%20%2B+~&a=", "", "x-other", "")
	f.Add("/", "a", "", "X-Other", "a \t b")
	f.Add("/", "a", "", "x-other", "\t")
	f.Add("/tags/arn%3Aaws%3Aeks", "tagKeys=b&tagKeys=a&tagKeys-=c", "{}", "accept", "ü")
	now := time.Date(2026, 11, 2, 9, 30, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, path, query, body, header, value string) {
		values, err := url.ParseQuery(query)
		if err != nil || strings.Contains(path, "?") || strings.Contains(path, "#") || values.Has("X-Amz-Signature") || values.Has("X-Amz-Algorithm") || values.Has("X-Amz-Credential") {
			t.Skip("not a query")
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://sim.example"+path, strings.NewReader(body))
		if err != nil || !strings.HasPrefix(path, "/") {
			t.Skip("not a request")
		}
		r.URL.RawQuery = strings.ReplaceAll(values.Encode(), "+", "%20")
		if strings.ContainsFunc(value, func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }) {
			t.Skip("not a value that HTTP can carry")
		}
		switch strings.ToLower(header) {
		case "x-other", "x-amz-meta", "accept":
			r.Header.Set(header, value)
		}
		keys := aws.Credentials{AccessKeyID: DefaultAccessKey, SecretAccessKey: DefaultSecret}
		if err := v4.NewSigner().SignHTTP(t.Context(), keys, r, hexSum(body), "eks", "us-east-2", now); err != nil {
			t.Skip("the signer refuses it")
		}
		sig := wiretest.OK(readSignature(r, r.URL.Query()))(t)
		hash, _ := payloadHash(r, []byte(body))
		if !sig.matches(sig.sign(r, r.URL.Query(), hash, DefaultSecret)) {
			t.Errorf("the signature of %s %s is not the vendor's", r.Method, r.URL)
		}
		if sig.matches(sig.sign(r, r.URL.Query(), hash, "another")) {
			t.Error("any secret will do")
		}
	})
}
