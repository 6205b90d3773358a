// SPDX-License-Identifier: Apache-2.0

//go:build !pmks_only || pmks_nhn

package main

import _ "github.com/pmks-go/pmks/nhn"

func init() {
	clouds["nhn"] = cloud{
		variables: []string{"OS_"},
		login:     "set OS_USERNAME and OS_PASSWORD to an API user and the API password, which is not that of the console",
	}
}
