// SPDX-License-Identifier: Apache-2.0

package live

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/pmks-go/pmks"
)

// recordVersion is that of the form of the file.
const recordVersion = 1

// record is what a run wrote down: a header, and lines in the order in which they began.
type record struct {
	head  header
	lines []line
}

// header is the first line of a file.
type header struct {
	Version int       `json:"pmksLiveRecord"`
	Cloud   string    `json:"cloud"`
	Region  string    `json:"region"`
	Zone    string    `json:"zone,omitempty"`
	Made    time.Time `json:"made"`
	// Simulated: the run was against a simulator, and proves nothing of the cloud.
	Simulated bool `json:"simulated,omitempty"`
	// Accounts are the ids that the configuration names, by the names of its entries, as
	// they stand in the file.
	Accounts map[string]string `json:"accounts,omitempty"`
	// Request is the cluster that the run asked for.
	Request pmks.ClusterInfo `json:"request"`
}

// line is one of the other lines. Just one of its members is there.
type line struct {
	// Step: what follows was done for it.
	Step string `json:"step,omitempty"`
	// Result is how that step ended.
	Result *result `json:"result,omitempty"`
	// Found is a cluster that was there before the run.
	Found    *pmks.ClusterInfo `json:"found,omitempty"`
	Exchange *exchange         `json:"exchange,omitempty"`
}

// result is what a call of pmks gave.
type result struct {
	Step  string          `json:"step"`
	Value json.RawMessage `json:"value,omitempty"`
	// Error is the text of the error, and Code that of pmks.
	Error string `json:"error,omitempty"`
	Code  string `json:"code,omitempty"`
}

// exchange is one request with its answer.
type exchange struct {
	N int `json:"n"`
	// At is how long after the beginning it was sent, and Took how long the answer took.
	At   milliseconds `json:"atMs"`
	Took milliseconds `json:"tookMs"`
	// Scope is what the signature said it is for, such as "us-east-2/eks".
	Scope  string            `json:"scope,omitempty"`
	Method string            `json:"method"`
	URL    string            `json:"url"`
	Header map[string]string `json:"header,omitempty"`
	Body   string            `json:"body,omitempty"`
	Status int               `json:"status"`
	Reply  reply             `json:"reply"`
	// Failed is why there is no answer.
	Failed string `json:"failed,omitempty"`
}

// reply is the rest of an answer.
type reply struct {
	Header map[string]string `json:"header,omitempty"`
	Body   string            `json:"body,omitempty"`
}

type milliseconds int64

// exchanges are the requests and answers of a record.
func (r *record) exchanges() (list []*exchange) {
	for _, l := range r.lines {
		if l.Exchange != nil {
			list = append(list, l.Exchange)
		}
	}
	return list
}

// write writes the record as lines of JSON.
func (r *record) write(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	if err := e.Encode(r.head); err != nil {
		return err
	}
	for _, l := range r.lines {
		if err := e.Encode(l); err != nil {
			return err
		}
	}
	return nil
}

// longestLine bounds a line of a file: the largest true answer is a page of a list.
const longestLine = 64 << 20

// readRecord reads what write has written.
func readRecord(r io.Reader) (*record, error) {
	var rec record
	s := bufio.NewScanner(r)
	s.Buffer(nil, longestLine)
	for n := 1; s.Scan(); n++ {
		var err error
		if n == 1 {
			err = json.Unmarshal(s.Bytes(), &rec.head)
			if err == nil && rec.head.Version != recordVersion {
				return nil, fmt.Errorf("the file is no record of version %d", recordVersion)
			}
		} else {
			var l line
			err = json.Unmarshal(s.Bytes(), &l)
			rec.lines = append(rec.lines, l)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
	}
	if s.Err() == nil && rec.head.Version == 0 {
		return nil, errors.New("the file is empty")
	}
	return &rec, s.Err()
}

// largestRecord bounds a file: a life is some megabytes, and a tour of a hundred clusters
// some more.
const largestRecord = 1 << 30

// openRecord reads a file.
func openRecord(name string) (*record, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	rest := &io.LimitedReader{R: f, N: largestRecord}
	rec, err := readRecord(rest)
	if err == nil && rest.N == 0 {
		err = fmt.Errorf("it is larger than %d bytes", largestRecord)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return rec, nil
}

// save puts a text into a file that only its owner reads, at once or not at all: a run
// that is killed leaves the file as it was after the step before.
func save(name string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".live-*") // with mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
