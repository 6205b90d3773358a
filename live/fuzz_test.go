// SPDX-License-Identifier: Apache-2.0

package live

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/pmks-go/pmks/internal/redact"
)

// recordHead is the first line of a record.
const recordHead = `{"pmksLiveRecord":1,"cloud":"%s","region":"%s","made":"2026-11-30T00:00:00Z","request":{"IId":{"NameId":"pmks-live-7f3a"}}}`

// hostileRecords are files that nobody's run has written, by what is wrong with them.
func hostileRecords() map[string]string {
	head := fmt.Sprintf(recordHead, "aws", "us-east-2") + "\n"
	answer := func(body string) string {
		return head + `{"step":"x"}` + "\n" + encode(line{Exchange: &exchange{N: 1, Method: "GET", URL: "https://eks.us-east-2.amazonaws.com/clusters", Status: 200, Reply: reply{Body: body}}}) + "\n"
	}
	asked := func(x exchange) string { return head + encode(line{Exchange: &x}) + "\n" }
	deep := 200_000
	kubeconfig := "apiVersion: v1\nclusters: []\ncontexts: []\nusers:\n- user:\n    client-key-data: \"" + redact.Placeholder + "\"\n    token: x\n"
	return map[string]string{
		"empty":            "",
		"no-json":          "hello\n",
		"other-version":    `{"pmksLiveRecord":2}` + "\n",
		"other-cloud":      fmt.Sprintf(recordHead, "../../etc/passwd", "x") + "\n",
		"other-region":     fmt.Sprintf(recordHead, "aws", "../../\\u001b[2J") + "\n" + `{"step":"x"}` + "\n",
		"null":             head + "null\n{}\n[]\n",
		"deep-json":        answer(strings.Repeat("[", deep) + strings.Repeat("]", deep)),
		"deep-objects":     answer(strings.Repeat(`{"a":`, 9000) + "1" + strings.Repeat("}", 9000)),
		"deep-lines":       head + strings.Repeat(`{"found":`, deep) + "\n",
		"deep-xml":         answer(strings.Repeat("<a>", deep)),
		"endless-xml":      answer("<a><b>" + strings.Repeat("<item>", deep)),
		"bad-base64":       answer(`{"kubeconfig":"` + base64.StdEncoding.EncodeToString([]byte(kubeconfig))[1:] + `="}`),
		"base64":           answer(`{"kubeconfig":"` + base64.StdEncoding.EncodeToString([]byte(kubeconfig)) + `"}`),
		"no-utf8":          answer("\xff\xfe\x00"),
		"escapes":          answer(`{"status":"\u001b]0;x\u0007","clusters":["\u0000"]}`),
		"paths":            asked(exchange{N: 1, Method: "GET", URL: "https://x/../../%2e%2e/%00/clusters/..%2f..", Status: 200}),
		"no-url":           asked(exchange{N: 1, Method: "GET", URL: "://%zz", Status: 200}),
		"no-method":        asked(exchange{N: 1, Method: "G T\r\nX: y", URL: "https://x/clusters", Status: 200}),
		"elsewhere":        asked(exchange{N: 1, Method: "GET", URL: "http://192.0.2.1/api/v1/namespaces/kube-system/secrets", Status: 200}),
		"header-injection": asked(exchange{N: 1, Method: "POST", URL: "https://x/clusters", Header: map[string]string{"content-type": "a\r\nAuthorization: b", "": "x"}, Status: 200}),
		"no-rpc":           asked(exchange{N: 1, Method: "POST", URL: "nosuch", Header: map[string]string{"content-type": rpcContent}, Body: "{", Status: 200}),
		"negative":         asked(exchange{N: -1, At: -1, Took: -1, Method: "GET", URL: "https://x/", Status: -1}),
		"crowd":            head + `{"found":{"IId":{"NameId":"a"},"NodeGroupList":[{"IId":{"NameId":"b"},"DesiredNodeSize":2000000000,"MaxNodeSize":2000000000}]}}` + "\n",
	}
}

// FuzzRecord: whatever a file holds, it is read or refused, and what was read can be
// looked at, scrubbed, written and read again, and replayed.
func FuzzRecord(f *testing.F) {
	for _, text := range hostileRecords() {
		if len(text) < 100_000 { // TestRecord_hostile reads the others
			f.Add([]byte(text))
		}
	}
	f.Add([]byte(fmt.Sprintf(recordHead, "aws", "us-east-2") + "\n" + `{"step":"GetCluster"}` + "\n" +
		`{"exchange":{"n":1,"atMs":2,"tookMs":3,"scope":"us-east-2/eks","method":"GET","url":"https://eks.us-east-2.amazonaws.com/clusters/web?a=b","status":200,"reply":{"header":{"content-type":"application/json"},"body":"{\"cluster\":{\"status\":\"ACTIVE\",\"arn\":\"arn:aws:eks:us-east-2:123456789012:cluster/web\",\"tags\":{\"a\":\"b\"}}}"}}}` + "\n" +
		`{"result":{"step":"GetCluster","value":{"Status":"Active"}}}` + "\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		rec, err := readRecord(bytes.NewReader(data))
		if err != nil {
			return
		}
		lookAt(t, rec)
	})
}

// lookAt does with a record what needs no simulator.
func lookAt(t *testing.T, rec *record) {
	t.Helper()
	const secret = "hunter2-hunter2"
	facts := factsOf(rec)
	for _, row := range evidenceTable {
		row.verdict(facts)
	}
	for _, x := range rec.exchanges() {
		d := differ{known: map[string]string{}, learning: true}
		if d.compare("", x.tree(), x.tree()); len(d.out) > 0 {
			t.Errorf("%q differs from itself: %+v", x.Reply.Body, d.out[0])
		}
		if _, err := refilled(x.Reply.Body); err != nil {
			t.Errorf("%q is not replayed: %v", x.Reply.Body, err)
		}
	}
	replayed := newReplayer(rec)
	for _, x := range rec.exchanges() {
		if _, err := replayed.take(x); err != nil && x.Failed == "" {
			t.Error(err)
		}
	}
	clean, err := scrub(rec, []string{secret}, map[string]string{"password": secret})
	if err != nil {
		return // it does not get out
	}
	var file bytes.Buffer
	if err := clean.write(&file); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(file.String(), secret) {
		t.Error("a secret is left")
	}
	text := file.String()
	again, err := readRecord(&file)
	if err != nil {
		t.Fatalf("what was written cannot be read: %v\n%s", err, text)
	}
	if len(again.lines) != len(clean.lines) {
		t.Errorf("%d lines of %d came back", len(again.lines), len(clean.lines))
	}
	var report strings.Builder
	if err := writeReport(&report, again, &comparison{cloud: again.head.Cloud}, nil); err != nil || strings.ContainsRune(report.String(), '\x1b') {
		t.Errorf("%v; the report is %q", err, report.String())
	}
}

// TestRecord_hostile: files that nobody's run has written are refused or reported on, in
// bounds, and nothing is sent but to the simulator in process.
func TestRecord_hostile(t *testing.T) {
	t.Parallel()
	for name, text := range hostileRecords() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "record.jsonl")
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			rec, err := openRecord(file)
			if err != nil {
				t.Log(err)
				return
			}
			lookAt(t, rec)
			synctest.Test(t, func(t *testing.T) {
				got, err := compare(t.Context(), rec, nil)
				if err != nil {
					t.Log(err)
					return
				}
				var report strings.Builder
				if err := writeReport(&report, rec, got, nil); err != nil || strings.ContainsAny(report.String(), "\x1b\x00\x07") {
					t.Errorf("%v; the report is %q", err, report.String())
				}
			})
		})
	}
}
