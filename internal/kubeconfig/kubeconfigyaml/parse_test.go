// SPDX-License-Identifier: Apache-2.0

package kubeconfigyaml

import (
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pmks-go/pmks/internal/kubeconfig"
)

const (
	secret  = "s3cr3t-Hx91.part"
	certPEM = "-----BEGIN CERTIFICATE-----\nAQIDBA==\n-----END CERTIFICATE-----\n"
	server  = "https://203.0.113.7:6443"
)

var (
	keyPEM  = "-----BEGIN EC PRIVATE" + " KEY-----\nMAECAwQFBgcICQ==\n-----END EC PRIVATE" + " KEY-----\n"
	certB64 = base64.StdEncoding.EncodeToString([]byte(certPEM))
	keyB64  = base64.StdEncoding.EncodeToString([]byte(keyPEM))
)

// file fills a kubeconfig of the usual shape; the arguments are YAML.
func file(name, cluster, user string) string {
	return "apiVersion: v1\nkind: Config\nclusters:\n- name: " + name + "\n  cluster: {" + cluster + "}\n" +
		"contexts:\n- name: " + name + "\n  context: {cluster: " + name + ", user: " + name + "}\n" +
		"current-context: " + name + "\nusers:\n- name: " + name + "\n  user: {" + user + "}\n"
}

const goodCluster = "server: " + server

func TestParse_Vendors(t *testing.T) {
	t.Parallel()
	withKey := kubeconfig.Config{Name: "x", Server: server, CAData: certPEM, ClientCertificate: certPEM, ClientKey: kubeconfig.NewSecret(keyPEM)}
	withToken := kubeconfig.Config{Name: "x", Server: server, CAData: certPEM, Token: kubeconfig.NewSecret(secret)}
	rename := func(c kubeconfig.Config, name string) kubeconfig.Config { c.Name = name; return c }
	ca := goodCluster + ", certificate-authority-data: " + certB64
	keyPair := "client-certificate-data: " + certB64 + ", client-key-data: " + keyB64
	tests := []struct {
		name string
		in   string
		want kubeconfig.Config
	}{
		{"certificate", file("x", ca, keyPair), withKey},
		{"token", file("x", ca, "token: "+secret), withToken},
		{"certificate-beside-token-aks", file("x", ca, keyPair+", token: "+secret), withKey},
		{"integer-names-tke", file("100012345678", ca, keyPair), rename(withKey, "100012345678")},
		{"integer-beyond-64-bits", file("100012345678901234567890", ca, keyPair), rename(withKey, "100012345678901234567890")},
		{"octal-looking", file("0100", ca, keyPair), rename(withKey, "0100")},
		{"float-looking", file("12345e67", ca, keyPair), rename(withKey, "12345e67")},
		{"bool-looking", file("true", ca, keyPair), rename(withKey, "true")},
		{"date-looking", file("2026-01-02", ca, keyPair), rename(withKey, "2026-01-02")},
		{"integer-and-string", strings.Replace(file("0100", ca, keyPair), "user: 0100", `user: "0100"`, 1), rename(withKey, "0100")},
		{"numeric-token", file("x", ca, "token: 0123456789e1"), func() kubeconfig.Config {
			c := withToken
			c.Token = kubeconfig.NewSecret("0123456789e1")
			return c
		}()},
		{"only-context", strings.Replace(file("x", ca, keyPair), "current-context: x\n", "", 1), withKey},
		{"empty-current-context", strings.Replace(file("x", ca, keyPair), "current-context: x\n", "current-context: \"\"\n", 1), withKey},
		{"space-around", "\ufeff\n\n" + file("x", ca, keyPair) + "\n\n", withKey},
		{"no-kind", strings.Replace(file("x", ca, keyPair), "apiVersion: v1\nkind: Config\n", "", 1), withKey},
		{"data-wins-over-file", file("x", ca+", certificate-authority: /etc/ca.pem", keyPair+", client-key: k.pem"), withKey},
		{"extras-passed-over", "preferences: {}\nextensions: [{name: e, extension: {a: [1]}}]\n" +
			file("x", ca+", extensions: [{name: a}], disable-compression: true", "token: "+secret+", username: u, password: p"), withToken},
		{"folded-base64", strings.Replace(file("x", ca, "token: "+secret), certB64, `"`+certB64[:20]+"\n   "+certB64[20:]+`"`, 1), withToken},
		{"token-in-block", strings.Replace(file("x", ca, "token: T"), "{token: T}", "\n    token: |\n      "+secret, 1), withToken},
		{"anchors", strings.Replace(file("&n x", ca, "token: "+secret), "cluster: &n x, user: &n x", "cluster: *n, user: *n", 1), withToken},
		{"several", "contexts:\n- {name: other, context: {cluster: y, user: y}}\n- {name: x, context: {cluster: cx, user: ux, namespace: 42}}\n" +
			"current-context: x\nclusters:\n- {name: y, cluster: {server: bad}}\n- {name: cx, cluster: {" + ca + "}}\n" +
			"users:\n- {name: ux, user: {" + keyPair + "}}\n- {name: y, user: {tokenFile: /t}}\n",
			func() kubeconfig.Config { c := withKey; c.Namespace = "42"; return c }()},
		{"json", `{"kind":"Config","apiVersion":"v1","current-context":100012345678,
			"clusters":[{"name":100012345678,"cluster":{"server":"https:\/\/203.0.113.7:6443","certificate-authority-data":"` + certB64 + `"}}],
			"contexts":[{"name":100012345678,"context":{"cluster":100012345678,"user":true,"namespace":null}}],
			"users":[{"name":true,"user":{"token":"` + secret + `","exec":null,"as-groups":null}}]}`, rename(withToken, "100012345678")},
		{"exec-beta", file("x", ca, "exec: {apiVersion: "+kubeconfig.ExecV1Beta1+
			", command: kubelogin, args: [get-token, 1], env: [{name: A, value: 2}], installHint: none, provideClusterInfo: true}"),
			kubeconfig.Config{Name: "x", Server: server, CAData: certPEM, Exec: &kubeconfig.Exec{
				Command: "kubelogin", Args: []string{"get-token", "1"}, Env: []kubeconfig.EnvVar{{Name: "A", Value: kubeconfig.NewSecret("2")}},
				APIVersion: kubeconfig.ExecV1Beta1, InteractiveMode: kubeconfig.InteractiveIfAvailable, ProvideClusterInfo: true,
			}}},
		{"exec-defaults", file("x", ca, "exec: {command: c, env: null}"),
			kubeconfig.Config{Name: "x", Server: server, CAData: certPEM, Exec: &kubeconfig.Exec{Command: "c"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := Parse([]byte(tt.in))
			if err != nil {
				t.Fatalf("%v\n%s", err, tt.in)
			}
			if !got.Equal(tt.want) {
				t.Errorf("\n got %v\nwant %v", got, tt.want)
			}
			// What was read must be writable, with every name a string now.
			text, err := kubeconfig.Build(got)
			if err != nil {
				t.Fatal(err)
			}
			if again, err := Parse([]byte(text)); err != nil || !again.Equal(got) {
				t.Errorf("written and read again: %v, %v", again, err)
			}
		})
	}
}

func TestParse_Refused(t *testing.T) {
	t.Parallel()
	good := file("x", goodCluster, "token: "+secret)
	swap := func(from, to string) string { return strings.Replace(good, from, to, 1) }
	tests := []struct {
		name  string
		in    string
		field string
	}{
		{"empty", " \n", "file"},
		{"too-large", good + strings.Repeat("#", kubeconfig.MaxSize), "file"},
		{"not-utf8", good + "#\xff", "file"},
		{"sentence", "Kubeconfig is not ready yet, token " + secret, "file"},
		{"broken-yaml", "token: [" + secret, "file"},
		{"unknown-anchor", "users: *" + strings.ReplaceAll(secret, ".", ""), "file"},
		{"wrong-shape", "clusters: " + secret, "file"},
		{"wrong-shape-json", `{"clusters": "` + secret + `"}`, "file"},
		{"name-is-a-list", swap("- name: x\n  user", "- name: ["+secret+"]\n  user"), "file"},
		{"name-is-a-list-json", `{"current-context": ["` + secret + `"]}`, "file"},
		{"other-kind", swap("kind: Config", "kind: Secret"), "kind"},
		{"other-version", swap("apiVersion: v1", "apiVersion: v2"), "kind"},
		{"no-contexts", "kind: Config", "contexts"},
		{"several-and-none-current", strings.Replace(swap("current-context: x\n", ""), "contexts:\n", "contexts:\n- {name: y}\n", 1), "current-context"},
		{"current-missing", swap("current-context: x", "current-context: y"), "current-context"},
		{"context-twice", swap("contexts:\n", "contexts:\n- {name: x}\n"), "contexts"},
		{"cluster-missing", swap("clusters:\n- name: x", "clusters:\n- name: y"), "context.cluster"},
		{"user-missing", swap("users:\n- name: x", "users:\n- name: y"), "context.user"},
		{"null-names", file("null", goodCluster, "token: "+secret), "name"},
		{"no-server", swap("server: "+server, ""), "server"},
		{"server-without-scheme", swap(server, "203.0.113.7"), "server"},
		{"server-with-password", swap(server, "https://u:"+secret+"@h"), "server"},
		{"insecure", swap(goodCluster, goodCluster+", insecure-skip-tls-verify: true"), "cluster.insecure-skip-tls-verify"},
		{"proxy", swap(goodCluster, goodCluster+", proxy-url: 'http://u:"+secret+"@p'"), "cluster.proxy-url"},
		{"tls-name", swap(goodCluster, goodCluster+", tls-server-name: n"), "cluster.tls-server-name"},
		{"ca-file", swap(goodCluster, goodCluster+", certificate-authority: ca.pem"), "cluster.certificate-authority"},
		{"ca-not-base64", swap(goodCluster, goodCluster+", certificate-authority-data: '"+secret+"'"), "certificate-authority-data"},
		{"no-credential", swap("token: "+secret, ""), "user"},
		{"no-user-section", swap("  user: {token: "+secret+"}\n", ""), "user"},
		{"certificate-file", swap("token: "+secret, "client-certificate: c.pem"), "user.client-certificate"},
		{"key-file", swap("token: "+secret, "client-certificate-data: "+certB64+", client-key: k.pem"), "user.client-key"},
		{"token-file", swap("token: "+secret, "token: "+secret+", tokenFile: /t"), "user.tokenFile"},
		{"certificate-alone", swap("token: "+secret, "client-certificate-data: "+certB64), "user"},
		{"key-not-base64", swap("token: "+secret, "client-certificate-data: "+certB64+", client-key-data: '"+secret+"'"), "client-key-data"},
		{"certificate-not-base64", swap("token: "+secret, "client-certificate-data: '"+secret+"', client-key-data: "+keyB64), "client-certificate-data"},
		{"certificate-as-key", swap("token: "+secret, "client-certificate-data: "+certB64+", client-key-data: "+certB64), "client-key-data"},
		{"impersonation", swap("token: "+secret, "token: "+secret+", as: root"), "user.as"},
		{"impersonation-groups", swap("token: "+secret, "token: "+secret+", as-groups: ['system:masters']"), "user.as"},
		{"auth-provider-ibm", swap("token: "+secret, "auth-provider: {name: oidc, config: {id-token: "+secret+"}}"), "user.auth-provider"},
		{"password", swap("token: "+secret, "username: u, password: "+secret), "user.password"},
		{"token-with-space", swap("token: "+secret, "token: '"+secret+" x'"), "token"},
		{"exec-without-command", swap("token: "+secret, "exec: {env: [{name: A, value: "+secret+"}]}"), "exec.command"},
		{"exec-alpha", swap("token: "+secret, "exec: {command: c, apiVersion: client.authentication.k8s.io/v1alpha1}"), "exec.apiVersion"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := Parse([]byte(tt.in))
			var e *kubeconfig.Error
			if !errors.As(err, &e) || !got.Equal(kubeconfig.Config{}) {
				t.Fatalf("Parse = %v, %v, want an *Error and nothing else", got, err)
			}
			if e.Field != tt.field {
				t.Errorf("field %q, want %q (%v)", e.Field, tt.field, err)
			}
			if strings.Contains(err.Error(), "s3cr3t") {
				t.Errorf("the error shows a secret: %v", err)
			}
		})
	}
}

func TestParse_LineOfFault(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"a: b\nc: [" + secret + "\n": "kubeconfig: file: not valid YAML at line ",
		"a: b\nclusters: " + secret:  "kubeconfig: file: not a kubeconfig at line 2",
	} {
		if _, err := Parse([]byte(in)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v, want %s", in, err, want)
		}
	}
}

func TestParseCluster(t *testing.T) {
	t.Parallel()
	in := file("x", goodCluster+", certificate-authority-data: "+certB64, "auth-provider: {name: oidc}, tokenFile: /t")
	in = strings.Replace(in, "users:\n- name: x", "users:\n- name: someone-else", 1)
	got, err := ParseCluster([]byte(in))
	if want := (kubeconfig.Config{Name: "x", Server: server, CAData: certPEM}); err != nil || !got.Equal(want) {
		t.Errorf("ParseCluster = %v, %v, want %v", got, err, want)
	}
	if got, err := ParseCluster([]byte(file("x", "server: bad", ""))); err == nil || !got.Equal(kubeconfig.Config{}) {
		t.Errorf("bad server: %v, %v", got, err)
	}
}

func TestStaticToken(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, user, want string
		fails            bool
	}{
		{"beside-certificate", "client-certificate-data: " + certB64 + ", client-key-data: " + keyB64 + ", token: " + secret, secret, false},
		{"none", "client-certificate-data: " + certB64 + ", client-key-data: " + keyB64, "", false},
		{"file", "tokenFile: /t", "", true},
		{"not-a-token", "token: 'a b'", "", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := StaticToken([]byte(file("x", goodCluster, tt.user)))
			if got.Reveal() != tt.want || (err != nil) != tt.fails {
				t.Errorf("StaticToken = %q, %v", got.Reveal(), err)
			}
		})
	}
	if _, err := StaticToken(nil); err == nil {
		t.Error("no error for an empty text")
	}
}

// TestParse_WriterGolden reads what the writer is known to write.
func TestParse_WriterGolden(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("../testdata/*.yaml")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		c, err := Parse(text)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if again, err := kubeconfig.Build(c); err != nil || again != string(text) {
			t.Errorf("%s: written again it differs (%v):\n%s", path, err, again)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	text := []byte(file("x", goodCluster, "token: "+secret))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(text); err != nil {
			b.Fatal(err)
		}
	}
}
