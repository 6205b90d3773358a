// SPDX-License-Identifier: Apache-2.0

package azure_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	azfake "github.com/Azure/azure-sdk-for-go/sdk/azcore/fake"

	"github.com/pmks-go/pmks/azure"
	"github.com/pmks-go/pmks/internal/providertest"
)

// exchange is one request that the handler is expected to make, and its answer. The
// request is a method and a path with its query, as short tells it; the answer a
// status and, unless there is no body, a file of testdata/replies, which is written
// by hand; then headers, such as Retry-After=4.
type exchange = providertest.Exchange

// The subscription and the resource group of the replays.
const (
	replaySubscription = "00000000-0000-4000-8000-000000000001"
	replayGroup        = "devel-rg"
	replayToken        = "fake_token" // of the SDK's fake credential
)

// replayConfig is the configuration of a handler on Azure's own addresses, whose
// requests end at a transport.
func replayConfig(transport http.RoundTripper) azure.Config {
	return azure.Config{
		SubscriptionID: replaySubscription, ResourceGroup: replayGroup, Location: "koreacentral",
		Credential: &azfake.TokenCredential{}, Transport: transport,
	}
}

// shorter shortens the paths of requests.
var shorter = strings.NewReplacer(
	"/subscriptions/"+replaySubscription+"/resourceGroups/"+replayGroup+"/providers/Microsoft.ContainerService/managedClusters", "clusters",
	"/subscriptions/"+replaySubscription+"/resourceGroups/"+replayGroup+"/providers/Microsoft.Network/", "",
	"/subscriptions/"+replaySubscription+"/resourceGroups/"+replayGroup+"/providers/Microsoft.Compute/", "",
	"/subscriptions/"+replaySubscription+"/providers/Microsoft.ContainerService/locations/", "",
)

// versionTable holds the API version of each kind of resource, by the namespace.
var versionTable = map[string]string{
	"Microsoft.Compute":          "2025-04-01",
	"Microsoft.ContainerService": "2025-10-01",
	"Microsoft.Network":          "2025-01-01",
}

// short is a request in a few words, such as "GET clusters/devel".
func short(r *http.Request) string {
	query := r.URL.Query()
	query.Del("api-version")
	text := r.Method + " " + shorter.Replace(r.URL.EscapedPath())
	if len(query) > 0 {
		text += "?" + query.Encode()
	}
	return text
}

var uuidPattern = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// dialect is how requests to Azure are written down.
var dialect = providertest.Dialect{
	Key: func(r *http.Request, _ []byte) (string, error) {
		_, namespace, _ := strings.Cut(r.URL.Path, "/providers/")
		namespace, _, _ = strings.Cut(namespace, "/")
		for what, right := range map[string]bool{
			"bearer token": r.Header.Get("Authorization") == "Bearer "+replayToken,
			"user agent":   strings.HasPrefix(r.Header.Get("User-Agent"), "pmks "),
			"request id":   uuidPattern.MatchString(r.Header.Get("x-ms-client-request-id")),
			"version":      r.URL.Query().Get("api-version") == versionTable[namespace],
			"host":         r.URL.Scheme == "https" && r.URL.Host == "management.azure.com",
			"no double /":  !strings.Contains(r.URL.Path, "//"),
		} {
			if !right {
				return "", errors.New("not the right " + what)
			}
		}
		return short(r), nil
	},
	Head: func(r *http.Request) string {
		return fmt.Sprintf("> %s %s\n", r.Method, r.URL) + providertest.Headers(r, "Accept", "Content-Type", "If-Match", "If-None-Match")
	},
	Body: func(_ *http.Request, body []byte) string {
		if text, err := providertest.CanonicalJSON(body); err == nil || len(body) == 0 {
			return text
		}
		return string(body) + "\n"
	},
	Answer: respond,
}

// respond makes an answer of its description. What is accepted carries the address
// of its operation, which nobody is to ask.
func respond(r *http.Request, answer string) (*http.Response, error) {
	words := strings.Fields(answer)
	status, err := strconv.Atoi(words[0])
	if err != nil {
		return nil, err
	}
	header := http.Header{"X-Ms-Request-Id": {"00000000-0000-4000-8000-0000000000ff"}}
	if status == http.StatusCreated || status == http.StatusAccepted || r.Method == http.MethodPut && status == http.StatusOK {
		operation := &url.URL{Scheme: "https", Host: r.URL.Host, Path: "/subscriptions/" + replaySubscription +
			"/providers/Microsoft.ContainerService/locations/koreacentral/operations/00000000-0000-4000-8000-0000000000ee", RawQuery: "api-version=2025-10-01"}
		header.Set("Azure-AsyncOperation", operation.String())
		if status == http.StatusAccepted {
			header.Set("Location", operation.String())
		}
	}
	var body []byte
	for _, word := range words[1:] {
		if name, v, ok := strings.Cut(word, "="); ok {
			header.Set(name, v)
			continue
		}
		header.Set("Content-Type", "application/json; charset=utf-8")
		if body, err = os.ReadFile(filepath.Join("testdata", "replies", word)); err != nil {
			return nil, err
		}
	}
	return providertest.Reply(r, status, header, body), nil
}

// drawnPattern matches what marks a request as one's own, drawn at random.
var drawnPattern = regexp.MustCompile(`"[A-Z2-7]{26}"`)

// mask numbers what differs from run to run.
func mask(text string) string {
	seen := map[string]string{}
	return drawnPattern.ReplaceAllStringFunc(text, func(drawn string) string {
		if seen[drawn] == "" {
			seen[drawn] = fmt.Sprintf(`"{token %d}"`, len(seen)+1)
		}
		return seen[drawn]
	})
}
