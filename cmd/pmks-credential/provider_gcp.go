// SPDX-License-Identifier: Apache-2.0

//go:build !pmks_only || pmks_gcp

package main

import _ "github.com/pmks-go/pmks/gcp"

func init() {
	clouds["gcp"] = cloud{
		variables: []string{"GOOGLE_", "CLOUDSDK_", "GCE_METADATA_"},
		files:     []string{"~/.config/gcloud/application_default_credentials.json", "$CLOUDSDK_CONFIG/application_default_credentials.json", "$APPDATA/gcloud/application_default_credentials.json", "$GOOGLE_APPLICATION_CREDENTIALS"},
		login:     "run gcloud auth application-default login, or set GOOGLE_APPLICATION_CREDENTIALS to the file of a key",
	}
}
