// SPDX-License-Identifier: Apache-2.0

//go:build !pmks_only || pmks_ibm

package main

import _ "github.com/pmks-go/pmks/ibm"

func init() {
	clouds["ibm"] = cloud{
		variables: []string{"IC_", "IBMCLOUD_", "IBM_CREDENTIALS_", "KUBERNETES_SERVICE_API_"},
		files:     []string{"ibm-credentials.env", "~/ibm-credentials.env", "$IBM_CREDENTIALS_FILE"},
		login:     "set IC_API_KEY to an API key; ibmcloud login makes none",
	}
}
