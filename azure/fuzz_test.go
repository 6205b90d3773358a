// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v8"

	"github.com/pmks-go/pmks"
)

// straight reports whether text is one segment of a path, and no other than it
// looks like.
func straight(text string) bool {
	u, err := url.Parse("https://management.azure.com/a/" + text + "/b")
	return err == nil && text != "" && url.PathEscape(text) == strings.NewReplacer("(", "%28", ")", "%29").Replace(text) &&
		u.Path == "/a/"+text+"/b" && u.JoinPath().Path == u.Path && u.RawQuery == "" && u.Fragment == "" && !strings.Contains(text, "/")
}

const (
	idStart = "/subscriptions/" + testSubscription + "/resourceGroups/group/providers/"
	idCase  = "/SUBSCRIPTIONS/" + testSubscription + "/resourcegroups/Group/providers/"
)

// FuzzIDs: what is taken for an id or a name can stand in a URL, and cannot bend it.
func FuzzIDs(f *testing.F) {
	for _, s := range []string{
		"", "demo", "a_b-c", "../demo", "a/b", "a?b", "a%2Fb", "a#b", "a b", "クラスタ", "a\n", ".", "..", "/", "//", "system", "(x)",
		idStart + clusterType + "/demo", idCase + "microsoft.containerservice/managedclusters/demo",
		idStart + poolType[:len(clusterType)] + "/demo/agentPools/system", idStart + clusterType + "/demo/agentPools/system/machines/m",
		idStart + networkType + "/main/subnets/nodes", idStart + clusterType + "/..", idStart + clusterType + "/demo?x=y",
		strings.Replace(idStart, "group/", "../", 1) + clusterType + "/demo", strings.Replace(idStart, "group/", "a?b/", 1) + clusterType + "/demo",
		"/subscriptions/" + testSubscription + "/providers/" + clusterType + "/demo", "/subscriptions/other/resourceGroups/group/providers/" + clusterType + "/demo",
		idStart + "A/b/c/providers/" + clusterType + "/demo", "/providers/" + clusterType + "/demo", "/subscriptions", "/subscriptions//resourceGroups//providers//",
	} {
		f.Add(s)
	}
	h := &Handler{cfg: &Config{SubscriptionID: testSubscription, ResourceGroup: "group", NetworkResourceGroup: "group"}}
	f.Fuzz(func(t *testing.T, s string) {
		check := func(what string, err error, parts ...string) {
			if err != nil {
				if !errors.Is(err, pmks.ErrInvalidArgument) && !errors.Is(err, pmks.ErrNotFound) {
					t.Errorf("%s of %q: %v", what, s, err)
				}
				return
			}
			for _, part := range parts {
				if !straight(part) {
					t.Errorf("%q became the %s %q", s, what, parts)
				}
			}
		}
		for _, iid := range []pmks.IID{{NameId: s}, {SystemId: s}, {NameId: "demo", SystemId: s}, {NameId: s, SystemId: "demo"}} {
			cluster, err := h.clusterRef(iid)
			check("cluster", err, cluster.group, cluster.name)
			if err == nil && !clusterPattern.MatchString(cluster.name) {
				t.Errorf("%q became the cluster %q", s, cluster.name)
			}
			pool, err := h.poolName(ref{"group", "demo"}, iid)
			check("node group", err, pool)
			if err == nil && !poolPattern.MatchString(pool) {
				t.Errorf("%q became the node group %q", s, pool)
			}
			_, _, err = h.names(iid, iid)
			check("pair", err)
			key, err := h.resolve("KeyPairIID", iid, keyType, "group", namePattern)
			check("key", err, key.group, key.name)
			subnet, err := h.subnetRef(iid, ref{"group", "net"})
			check("subnet", err, subnet.name, subnet.of.group, subnet.of.name)
		}
		id, err := parseID("x", s, clusterType, testSubscription)
		if check("id", err); err == nil && !straight(id.ResourceGroupName) {
			t.Errorf("%q has the resource group %q", s, id.ResourceGroupName)
		}
		if again := canonical(s, "group"); canonical(again, "group") != again {
			t.Errorf("%q becomes %q, and then another", s, again)
		}
	})
}

// FuzzConvert converts whatever AKS may answer: no panic, only the five words, a
// reason for every Inactive one, and never Active for a word nobody knows.
func FuzzConvert(f *testing.F) {
	files, err := filepath.Glob("testdata/replies/*.json")
	if err != nil || len(files) == 0 {
		f.Fatal("no seeds", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte(`{"properties":{"agentPoolProfiles":[{"vnetSubnetID":"/subscriptions/a"}],"aadProfile":{},"powerState":{}},"systemData":{},"tags":{"createdAt":"99999999999999999999"}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var c armcontainerservice.ManagedCluster
		if json.Unmarshal(text, &c) == nil {
			checkConverted(t, &c)
		}
		for _, apart := range []bool{false, true} {
			if body, err := upgradeBody(text, "1.34.4", apart); err == nil && !json.Valid(body) {
				t.Errorf("the cluster is sent back as %q", body)
			}
		}
		var p armcontainerservice.AgentPool
		if json.Unmarshal(text, &p) == nil && p.Properties != nil {
			info := poolInfo("/cluster", value(p.Name), p.Properties, pmks.IID{})
			checkStatus(t, pmks.ClusterStatus(info.Status), info.StatusReason, p.Properties.ProvisioningState)
			_ = checkResizable(p.Properties)
			want := *p.Properties
			setBounds(&want, true, info.MinNodeSize, info.MaxNodeSize)
			fitMode(&want, info.DesiredNodeSize, info.MinNodeSize)
			_ = sameSizes(p.Properties, &want)
		}
		var versions armcontainerservice.KubernetesVersionListResult
		if json.Unmarshal(text, &versions) == nil {
			for _, long := range []bool{false, true} {
				o := readOffer(versions.Values, long)
				_ = o.standard()
				_, _ = o.choose("Version", "1.33")
			}
		}
	})
}

func checkConverted(t *testing.T, c *armcontainerservice.ManagedCluster) {
	t.Helper()
	info := clusterInfo(c, "group")
	var word *string
	if c.Properties != nil {
		word = c.Properties.ProvisioningState
	}
	checkStatus(t, info.Status, info.StatusReason, word)
	for _, g := range info.NodeGroupList {
		found := findPool(c, g.IId.NameId)
		if found == nil {
			t.Fatalf("the node group %q is not in its cluster", g.IId.NameId)
		}
		if !g.Status.Valid() || g.Status == pmks.NodeGroupInactive && g.StatusReason == "" {
			t.Errorf("the node group %q is %q (%q)", g.IId.NameId, g.Status, g.StatusReason)
		}
		_, _ = removable(c, g.IId.NameId)
	}
	if _, err := json.Marshal(info); err != nil {
		t.Errorf("the cluster has no JSON: %v", err)
	}
	_ = checkClusterReady(c)
	if c.Properties != nil {
		_ = isEntra(c.Properties)
		_ = operation(clusterState(c), pmks.Error{})
		_ = upgradingTo(c.Properties, "1.34")
		_ = behind(c.Properties, "1.34.4")
	}
}

func checkStatus(t *testing.T, status pmks.ClusterStatus, reason string, word *string) {
	t.Helper()
	if !status.Valid() || status == pmks.ClusterInactive && reason == "" || status == pmks.ClusterActive && value(word) != "Succeeded" {
		t.Errorf("%q became %s (%q)", value(word), status, reason)
	}
}

// FuzzFail reads whatever comes with an error: no panic, always a code and one
// line of text, and nothing of the request.
func FuzzFail(f *testing.F) {
	for _, body := range []string{"", "{", "null", `"x"`, "[]", "<html>", flat("OperationNotAllowed", "quota"), wrapped("Conflict", "a\nb"),
		`{"error":null}`, `{"error":{"code":null,"message":null}}`, `{"error":"x"}`, `{"code":"Throttled","message":"\u0000"}`} {
		f.Add(400, body, "", "")
		f.Add(409, body, "Conflict", "7")
		f.Add(429, body, "", "Mon, 02 Jan 2040 15:04:05 GMT")
		f.Add(503, body, "a\r\nb", "-1")
	}
	f.Fuzz(func(t *testing.T, status int, body, code, wait string) {
		err := fail(replied(status, body, "x-ms-error-code", code, "Retry-After", wait))
		var e *pmks.Error
		if !errors.As(err, &e) || e.Code == pmks.CodeOK || e.Message == "" || e.RetryAfter < 0 || e.HTTPStatus != status {
			t.Fatalf("got %#v", e)
		}
		if text := err.Error(); strings.ContainsAny(text, "\r\n") || strings.Contains(text, planted) {
			t.Errorf("got %q", text)
		}
		if status == http.StatusTooManyRequests && e.Code != pmks.CodeThrottled {
			t.Errorf("429 with %q is %s", body, e.Code)
		}
		if made := refusedCreation(err, "cluster"); made == nil || notFoundOf(err, ref{"group", "demo"}) == nil {
			t.Error("an error became none")
		}
	})
}

var (
	prefixPattern = regexp.MustCompile(`^[a-zA-Z0-9]([a-zA-Z0-9-]{0,52}[a-zA-Z0-9])?$`)
	// groupPattern is that of Azure's naming rules, which take no period at the end.
	groupPattern = regexp.MustCompile(`^[-\w.()]{0,62}[-\w()]$`)
)

// FuzzNames: of every name that is allowed AKS takes what is made of it.
func FuzzNames(f *testing.F) {
	long := strings.Repeat("a", 63)
	for _, s := range [][3]string{
		{"group", "demo", "koreacentral"}, {"group", "a_b", "koreacentral"}, {"group", "a" + strings.Repeat("_", 60) + "b", "koreacentral"},
		{"group", long, "koreacentral"}, {strings.Repeat("g.", 45), "demo", "koreacentral"}, {"g", strings.Repeat("a-", 31) + "a", "eastus2euap"}, {"(g)", "a", "x"},
	} {
		f.Add(s[0], s[1], s[2])
	}
	f.Fuzz(func(t *testing.T, group, name, location string) {
		if !clusterPattern.MatchString(name) || !namePattern.MatchString(group) || !locationPattern.MatchString(location) {
			t.Skip("it is refused before")
		}
		if prefix := dnsPrefix(name); !prefixPattern.MatchString(prefix) {
			t.Errorf("the DNS prefix of %q is %q", name, prefix)
		}
		made := nodeGroupName(group, name, location)
		own := len("MC_"+group+"_"+name+"_"+location) <= 63
		if own != (made == nil) {
			t.Errorf("the group of the nodes of %s/%s is %q", group, name, value(made))
		}
		if made != nil && (!groupPattern.MatchString(*made) || *made != value(nodeGroupName(strings.ToUpper(group), name, location)) && !strings.EqualFold(*made, value(nodeGroupName(strings.ToUpper(group), name, location)))) {
			t.Errorf("the group of the nodes of %s/%s is %q", group, name, *made)
		}
	})
}
