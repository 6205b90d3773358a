// SPDX-License-Identifier: Apache-2.0

package eks

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// TestSignature_documented is the worked example of the AWS documents on Signature
// Version 4.
func TestSignature_documented(t *testing.T) {
	t.Parallel()
	r := wiretest.NewRequest(t, http.MethodGet, "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08", "")
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	r.Header.Set("X-Amz-Date", "20150830T123600Z")
	const want = "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "+
		"SignedHeaders=content-type;host;x-amz-date, Signature="+want)
	sig := wiretest.OK(readSignature(r, r.URL.Query()))(t)
	hash, _ := payloadHash(r, nil)
	if got := sig.sign(r, r.URL.Query(), hash, "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestServer_authenticate(t *testing.T) {
	t.Parallel()
	static := func(id, secret, token string) aws.CredentialsProvider {
		return credentials.NewStaticCredentialsProvider(id, secret, token)
	}
	tests := []struct {
		name   string
		change func(*testing.T, *world)
		eks    refusal
		ec2    refusal
		iam    refusal
	}{
		{"right", func(*testing.T, *world) {}, refusal{}, refusal{}, refusal{}},
		{"wrong-secret", func(t *testing.T, w *world) { w.connect(t, static(DefaultAccessKey, "wrong", "")) },
			refusal{"InvalidSignatureException", 403}, refusal{"SignatureDoesNotMatch", 403}, refusal{"SignatureDoesNotMatch", 403}},
		{"unknown-key", func(t *testing.T, w *world) { w.connect(t, static("AKIAOTHER", DefaultSecret, "")) },
			refusal{"UnrecognizedClientException", 403}, refusal{"AuthFailure", 401}, refusal{"InvalidClientTokenId", 403}},
		{"needless-token", func(t *testing.T, w *world) { w.connect(t, static(DefaultAccessKey, DefaultSecret, "tok")) },
			refusal{"UnrecognizedClientException", 403}, refusal{"AuthFailure", 401}, refusal{"InvalidClientTokenId", 403}},
		{"wrong-region", func(t *testing.T, w *world) {
			w.connect(t, static(DefaultAccessKey, DefaultSecret, ""), func(c *aws.Config) { c.Region = "eu-west-1" })
		}, refusal{"InvalidSignatureException", 403}, refusal{"SignatureDoesNotMatch", 403}, refusal{}}, // IAM is global
		{"clock-behind", func(t *testing.T, w *world) { w.signAt(t, w.clock.Now().Add(-16*time.Minute)) },
			refusal{"InvalidSignatureException", 403}, refusal{"RequestExpired", 403}, refusal{"SignatureDoesNotMatch", 403}},
		{"clock-ahead", func(t *testing.T, w *world) { w.signAt(t, w.clock.Now().Add(16*time.Minute)) },
			refusal{"InvalidSignatureException", 403}, refusal{"RequestExpired", 403}, refusal{"SignatureDoesNotMatch", 403}},
		{"expired", func(t *testing.T, w *world) {
			w.keys["ASIA1"] = Key{Secret: "s", SessionToken: "t", Expires: w.clock.Now()}
			w.connect(t, static("ASIA1", "s", "t"))
		}, refusal{"ExpiredTokenException", 403}, refusal{"RequestExpired", 403}, refusal{"ExpiredToken", 403}},
		{"session", func(t *testing.T, w *world) {
			w.keys["ASIA1"] = Key{Secret: "s", SessionToken: "t", Expires: w.clock.Now().Add(time.Hour)}
			w.connect(t, static("ASIA1", "s", "t"))
		}, refusal{}, refusal{}, refusal{}},
		{"unsigned", func(t *testing.T, w *world) { w.connect(t, aws.AnonymousCredentials{}) },
			refusal{"MissingAuthenticationTokenException", 403}, refusal{"MissingAuthenticationToken", 403}, refusal{"MissingAuthenticationToken", 403}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			test.change(t, w)
			_, err := w.eks.ListClusters(t.Context(), &eks.ListClustersInput{})
			check(t, err, test.eks, "")
			_, err = w.ec2.DescribeSubnets(t.Context(), &ec2.DescribeSubnetsInput{})
			check(t, err, test.ec2, "")
			_, err = w.iam.GetRole(t.Context(), &iam.GetRoleInput{RoleName: aws.String(DefaultNodeRole)})
			check(t, err, test.iam, "")
		})
	}
}

// TestServer_authenticate_tampered changes a signed request on its way.
func TestServer_authenticate_tampered(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*http.Request)
		code   string
	}{
		{"untouched", func(*http.Request) {}, ""},
		{"path", func(r *http.Request) { r.URL.Path = "/clusters/b" }, "InvalidSignatureException"},
		{"query", func(r *http.Request) { r.URL.RawQuery = "a=b" }, "InvalidSignatureException"},
		{"method", func(r *http.Request) { r.Method = http.MethodDelete }, "InvalidSignatureException"},
		{"body", func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader("x")) }, "InvalidSignatureException"},
		{"host", func(r *http.Request) { r.Host = "other" }, "InvalidSignatureException"},
		{"date", func(r *http.Request) {
			r.Header.Set("X-Amz-Date", strings.Replace(r.Header.Get("X-Amz-Date"), "00Z", "01Z", 1))
		}, "InvalidSignatureException"},
		{"unsigned-header", func(r *http.Request) { r.Header.Set("X-Amz-Target", "x") }, "InvalidSignatureException"},
		{"payload-claim", func(r *http.Request) { r.Header.Set("X-Amz-Content-Sha256", strings.Repeat("0", 64)) }, "InvalidSignatureException"},
		{"scheme", func(r *http.Request) { r.Header.Set("Authorization", "Basic abc") }, "IncompleteSignatureException"},
		{"cut", func(r *http.Request) { r.Header.Set("Authorization", r.Header.Get("Authorization")[:100]) }, "IncompleteSignatureException"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.createCluster(t, "a")
			w.createCluster(t, "b")
			r := w.signed(t, http.MethodGet, "/clusters/a", "", "eks")
			test.change(r)
			response, _ := wiretest.Send(t, w.Transport(), r)
			if got := response.Header.Get("x-amzn-ErrorType"); got != test.code {
				t.Errorf("got %q, want %q", got, test.code)
			}
		})
	}
}

// signed returns a request signed by the vendor's signer.
func (w *world) signed(t *testing.T, method, target, body, service string) *http.Request {
	t.Helper()
	r := wiretest.NewRequest(t, method, "https://sim.example"+target, body)
	switch {
	case service != "eks":
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	case body != "":
		r.Header.Set("Content-Type", "application/json")
	}
	keys := aws.Credentials{AccessKeyID: DefaultAccessKey, SecretAccessKey: DefaultSecret}
	wiretest.Must(t, v4.NewSigner().SignHTTP(t.Context(), keys, r, hexSum(body), service, w.region, w.clock.Now()))
	return r
}

// presign mints the URL inside a token for a cluster.
func (w *world) presign(t *testing.T, cluster string, expires string) string {
	t.Helper()
	client := sts.NewPresignClient(w.sts, func(o *sts.PresignOptions) { o.Presigner = atTime{w.clock} })
	out := wiretest.OK(client.PresignGetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{}, func(o *sts.PresignOptions) {
		o.ClientOptions = append(o.ClientOptions, func(o *sts.Options) {
			o.APIOptions = append(o.APIOptions, smithyhttp.SetHeaderValue("x-k8s-aws-id", cluster))
			if expires != "" {
				o.APIOptions = append(o.APIOptions, smithyhttp.SetHeaderValue("X-Amz-Expires", expires))
			}
		})
	}))(t)
	return out.URL
}

func TestServer_VerifyToken(t *testing.T) {
	t.Parallel()
	encode := func(u string) string { return tokenPrefix + base64.RawURLEncoding.EncodeToString([]byte(u)) }
	tests := []struct {
		name    string
		cluster string
		age     time.Duration
		change  func(token string) string
		expires string
		fault   string
	}{
		{"right", "a", 0, nil, "60", ""},
		{"after-14-minutes", "a", 14 * time.Minute, nil, "60", ""},
		{"after-16-minutes", "a", 16 * time.Minute, nil, "60", "expired"},
		{"other-cluster", "b", 0, nil, "60", "does not match"},
		{"no-expires", "a", 0, nil, "", "X-Amz-Expires"},
		{"prefix", "a", 0, func(s string) string { return s[1:] }, "60", "begin with"},
		{"padding", "a", 0, func(s string) string { return s + "==" }, "60", "base64"},
		{"long", "a", 0, func(s string) string { return s + strings.Repeat("a", 4096) }, "60", "longer"},
		{"host", "a", 0, func(string) string { return encode("https://evil.example/?Action=GetCallerIdentity") }, "60", "none of STS"},
		{"scheme", "a", 0, func(string) string { return encode("http://sts.amazonaws.com/?Action=GetCallerIdentity") }, "60", "https"},
		{"parameter", "a", 0, func(string) string {
			return encode("https://sts.amazonaws.com/?Action=GetCallerIdentity&x=y")
		}, "60", "not allowed"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			token := encode(w.presign(t, "a", test.expires))
			if test.change != nil {
				token = test.change(token)
			}
			w.clock.Add(test.age)
			arn, err := w.VerifyToken(token, test.cluster)
			switch {
			case test.fault == "" && (err != nil || arn != "arn:aws:iam::"+DefaultAccountID+":user/pmks"):
				t.Errorf("got %q, %v", arn, err)
			case test.fault != "" && (err == nil || !strings.Contains(err.Error(), test.fault)):
				t.Errorf("got %v, want %q", err, test.fault)
			}
		})
	}
}

// TestServer_presigned calls the URL of a token, as an API server does.
func TestServer_presigned(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := wiretest.OK(url.Parse(w.presign(t, "a", "60")))(t)
	call := func(cluster string) (int, string) {
		r := (&http.Request{Method: http.MethodGet, URL: u, Host: u.Host, Header: http.Header{}}).WithContext(t.Context())
		r.Header.Set("x-k8s-aws-id", cluster)
		r.Header.Set("Accept", "application/json")
		response, body := wiretest.Send(t, w.Transport(), r)
		return response.StatusCode, body
	}
	status, body := call("a")
	var out struct {
		GetCallerIdentityResponse struct {
			GetCallerIdentityResult struct{ Account, Arn, UserId string }
		}
	}
	if err := json.Unmarshal([]byte(body), &out); err != nil || status != 200 {
		t.Fatalf("status %d: %v: %s", status, err, body)
	}
	if got := out.GetCallerIdentityResponse.GetCallerIdentityResult; got.Account != DefaultAccountID || got.UserId == "" {
		t.Errorf("got %+v", got)
	}
	if status, body := call("b"); status != 403 || !strings.Contains(body, "SignatureDoesNotMatch") {
		t.Errorf("another cluster: got %d %s", status, body)
	}
}

func TestServer_AssumeRole(t *testing.T) {
	t.Parallel()
	role := aws.String("arn:aws:iam::" + DefaultAccountID + ":role/" + OperatorRole)
	w := newWorld(t, func(o *Options) { o.WebIdentityTokens = []string{"web-token"} })
	out := wiretest.OK(w.sts.AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: role, RoleSessionName: aws.String("ci")}))(t)
	keys := out.Credentials
	if want := w.clock.Now().Add(time.Hour); !keys.Expiration.Equal(want) {
		t.Errorf("expiration: got %s, want %s", keys.Expiration, want)
	}
	w.connect(t, credentials.NewStaticCredentialsProvider(*keys.AccessKeyId, *keys.SecretAccessKey, *keys.SessionToken))
	who, err := w.sts.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	if want := "arn:aws:sts::" + DefaultAccountID + ":assumed-role/" + OperatorRole + "/ci"; err != nil || aws.ToString(who.Arn) != want {
		t.Fatalf("got %v, %v, want %s", who, err, want)
	}
	w.clock.Add(time.Hour)
	_, err = w.eks.ListClusters(t.Context(), &eks.ListClustersInput{})
	check(t, err, refusal{"ExpiredTokenException", 403}, "expired")

	w.connect(t, aws.AnonymousCredentials{})
	web := &sts.AssumeRoleWithWebIdentityInput{RoleArn: role, RoleSessionName: aws.String("pod"), WebIdentityToken: aws.String("web-token"), DurationSeconds: aws.Int32(900)}
	minted, err := w.sts.AssumeRoleWithWebIdentity(t.Context(), web)
	if err != nil || minted.Credentials.SessionToken == nil {
		t.Fatalf("AssumeRoleWithWebIdentity: %v", err)
	}
	web.WebIdentityToken = aws.String("other")
	_, err = w.sts.AssumeRoleWithWebIdentity(t.Context(), web)
	check(t, err, refusal{"InvalidIdentityToken", 400}, "")

	w.connect(t, credentials.NewStaticCredentialsProvider(DefaultAccessKey, DefaultSecret, ""))
	_, err = w.sts.AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: aws.String(strings.Replace(*role, OperatorRole, DefaultNodeRole, 1)), RoleSessionName: aws.String("ci")})
	check(t, err, refusal{"AccessDenied", 403}, "not authorized")
	_, err = w.sts.AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: role, RoleSessionName: aws.String("ci"), DurationSeconds: aws.Int32(60)})
	check(t, err, refusal{"ValidationError", 400}, "DurationSeconds")
}

// signAt lets the clients sign with another clock than the server's.
func (w *world) signAt(t *testing.T, now time.Time) {
	t.Helper()
	signing := wiretest.NewClock()
	signing.Add(now.Sub(signing.Now()))
	w.clock = signing
	w.connect(t, credentials.NewStaticCredentialsProvider(DefaultAccessKey, DefaultSecret, ""))
}
