// SPDX-License-Identifier: Apache-2.0

package clientset_test

import (
	"errors"
	"testing"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/fake"
	"github.com/pmks-go/pmks/kube/clientset"
)

func TestNew(t *testing.T) {
	t.Parallel()
	h := fake.New(fake.WithClusters(fake.Cluster{Name: "demo"}))
	set, err := clientset.New(t.Context(), h, pmks.IID{NameId: "demo"})
	if err != nil || set.CoreV1() == nil {
		t.Fatalf("New = %v, %v", set, err)
	}
	if set, err := clientset.New(t.Context(), h, pmks.IID{NameId: "other"}); !errors.Is(err, pmks.ErrNotFound) || set != nil {
		t.Errorf("New of no cluster = %v, %v, want NotFound", set, err)
	}
}
