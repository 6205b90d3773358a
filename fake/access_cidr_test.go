// SPDX-License-Identifier: Apache-2.0

package fake_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/fake"
)

// TestCreateCluster_cidrs: what no cloud takes as a network that reaches the API is refused
// on every one with the field it stands in, before anything is made.
func TestCreateCluster_cidrs(t *testing.T) {
	t.Parallel()
	for _, cloud := range []string{"alibaba", "aws", "azure", "gcp", "ibm", "nhn", "tencent"} {
		for _, cidr := range []string{"2001:db8::/32", "::/0", "office", "198.51.100.7", "198.51.100.7/24", "198.51.100.0/33", "198.51.100.0/24 ", ""} {
			h := fake.New(fake.WithProfile(cloud))
			for name, handler := range map[string]pmks.ClusterHandler{"handler": h, "client": pmks.New(h)} {
				_, err := handler.CreateCluster(t.Context(), pmks.ClusterInfo{IId: pmks.IID{NameId: "demo"}, Access: pmks.Access{CIDRs: []string{cidr}}})
				var e *pmks.Error
				refused := errors.Is(err, pmks.ErrInvalidArgument) || errors.Is(err, pmks.ErrUnsupported)
				if !errors.As(err, &e) || !refused || !strings.Contains(err.Error(), ": Access.CIDRs") {
					t.Errorf("%s, %s, %q: got %v", cloud, name, cidr, err)
				}
			}
			if list, err := h.ListCluster(t.Context()); err != nil || len(list) > 0 {
				t.Errorf("%s, %q: %d clusters, %v", cloud, cidr, len(list), err)
			}
		}
	}
}
