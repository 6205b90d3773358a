// SPDX-License-Identifier: Apache-2.0

//go:build !pmks_only || pmks_aws

package main

import _ "github.com/pmks-go/pmks/aws"

func init() {
	clouds["aws"] = cloud{
		variables: []string{"AWS_"},
		files:     []string{"~/.aws/config", "~/.aws/credentials", "$AWS_CONFIG_FILE", "$AWS_SHARED_CREDENTIALS_FILE", "$AWS_WEB_IDENTITY_TOKEN_FILE"},
		login:     "run aws sso login or aws login with the profile of the kubeconfig, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; a profile that asks for an MFA code needs a session made before",
	}
}
