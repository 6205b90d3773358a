// SPDX-License-Identifier: Apache-2.0

//go:build !pmks_only || pmks_azure

package main

import _ "github.com/pmks-go/pmks/azure"

func init() {
	clouds["azure"] = cloud{
		variables: []string{"AZURE_", "IDENTITY_", "MSI_"},
		files:     []string{"~/.azure/azureProfile.json", "$AZURE_CONFIG_DIR/azureProfile.json", "$AZURE_CLIENT_CERTIFICATE_PATH", "$AZURE_FEDERATED_TOKEN_FILE"},
		login:     "run az login, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET",
	}
}
