// SPDX-License-Identifier: Apache-2.0

//go:build !pmks_only || pmks_alibaba

package main

import _ "github.com/pmks-go/pmks/alibaba"

func init() {
	clouds["alibaba"] = cloud{
		variables: []string{"ALIBABA_CLOUD_", "ALIBABACLOUD_", "ALICLOUD_"},
		files:     []string{"~/.aliyun/config.json", "~/.alibabacloud/credentials", "$ALIBABA_CLOUD_CREDENTIALS_FILE", "$ALIBABA_CLOUD_OIDC_TOKEN_FILE"},
		login:     "run aliyun configure, or set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET",
	}
}
