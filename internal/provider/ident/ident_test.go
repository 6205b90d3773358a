// SPDX-License-Identifier: Apache-2.0

package ident_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/ident"
)

func TestMatch(t *testing.T) {
	t.Parallel()
	same := ident.Part{Name: "account", Got: "111", Want: "111"}
	for _, test := range []struct {
		name string
		part ident.Part
		want string
	}{
		{"same", same, ""},
		{"not-known-here", ident.Part{Name: "region", Got: "x"}, ""},
		{"differs", ident.Part{Name: "region", Got: "eu-west-1", Want: "us-east-2"}, "another region: eu-west-1, where this connection has us-east-2"},
		{"missing", ident.Part{Name: "region", Want: "us-east-2"}, "another region: none"},
		{"case-counts", ident.Part{Name: "group", Got: "RG", Want: "rg"}, "another group"},
		{"case-does-not-count", ident.Part{Name: "group", Got: "RG", Want: "rg", Fold: true}, ""},
	} {
		err := ident.Match("clusterIID.SystemId", "id", same, test.part)
		var e *pmks.Error
		if errors.As(err, &e) != (test.want != "") || err != nil && (e.Code != pmks.CodeInvalidArgument || e.Field != "clusterIID.SystemId" || !strings.Contains(e.Message, test.want)) {
			t.Errorf("%s: got %v", test.name, err)
		}
	}
}
