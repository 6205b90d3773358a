// SPDX-License-Identifier: Apache-2.0

package aws_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/eks"
)

// missing answers every request about a cluster with one 404.
type missing struct {
	next http.RoundTripper
	body string
}

func (m missing) RoundTrip(r *http.Request) (*http.Response, error) {
	if !strings.HasPrefix(r.URL.Path, "/clusters") {
		return m.next.RoundTrip(r)
	}
	return &http.Response{StatusCode: http.StatusNotFound, Header: http.Header{"Content-Type": {"application/json"}}, Request: r,
		Body: io.NopCloser(strings.NewReader(m.body)), ContentLength: int64(len(m.body))}, nil
}

// TestAbsence: a 404 is the absence of a cluster, or of a node group, only where EKS
// names it. The code alone is that of other services and resources too.
func TestAbsence(t *testing.T) {
	t.Parallel()
	c, g := pmks.IID{NameId: "c000"}, pmks.IID{NameId: "g0"}
	for body, want := range map[string]pmks.Code{
		`{"__type":"ResourceNotFoundException","message":"No cluster found for name: c000."}`:                   pmks.CodeNotFound,
		`{"__type":"ResourceNotFoundException","message":"It is gone.","clusterName":"c000"}`:                   pmks.CodeNotFound,
		`{"__type":"ResourceNotFoundException","message":"No cluster found for name"}`:                          pmks.CodeNotFound,
		`{"__type":"ResourceNotFoundException"}`:                                                                pmks.CodeNotFound,
		`{"__type":"ResourceNotFoundException","message":"No cluster found for name: c000-2."}`:                 pmks.CodeUnavailable,
		`{"__type":"ResourceNotFoundException","message":"Requested resource not found: Table: x not found"}`:   pmks.CodeUnavailable,
		`{"__type":"NotFoundException","message":"Not Found"}`:                                                  pmks.CodeUnavailable,
		`{"__type":"UnknownOperationException"}`:                                                                pmks.CodeUnavailable,
		`{"Message":"no route matched with those values"}`:                                                      pmks.CodeUnavailable,
		`{"__type":"ResourceNotFoundException","message":"No update found for ID: 0123, cluster c000-2, g0-2"}`: pmks.CodeUnavailable,
	} {
		for name, call := range map[string]providertest.Call{
			"GetCluster":      providertest.GetCluster(c),
			"ReadState":       providertest.ReadState(c, pmks.IID{}),
			"ReadState-group": providertest.ReadState(c, g),
			"DeleteCluster":   providertest.DeleteCluster(c),
			"RemoveNodeGroup": providertest.RemoveNodeGroup(c, g),
		} {
			synctest.Test(t, func(t *testing.T) {
				cfg := configFor(fleet(t, 1, 1, eks.Options{}))
				cfg.Transport = missing{cfg.Transport, body}
				if err := call(t.Context(), newHandlerWith(t, cfg)); pmks.CodeOf(err) != want {
					t.Errorf("%s of %s: got %v, want %s", name, body, err, want)
				}
			})
		}
	}
}
