// SPDX-License-Identifier: Apache-2.0

//go:build !pmks_only || pmks_tencent

package main

import _ "github.com/pmks-go/pmks/tencent"

func init() {
	clouds["tencent"] = cloud{
		variables: []string{"TENCENTCLOUD_", "TKE_"},
		files:     []string{"~/.tencentcloud/credentials", "$TENCENTCLOUD_CREDENTIALS_FILE", "$TKE_WEB_IDENTITY_TOKEN_FILE", "~/.tccli/default.credential"},
		login:     "run tccli auth login, or set TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY",
	}
}
