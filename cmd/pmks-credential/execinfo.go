// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/pmks-go/pmks/internal/credcache"
	"github.com/pmks-go/pmks/internal/kubeconfig"
)

// execInfo is what the client says of itself and of the cluster, in the variable
// KUBERNETES_EXEC_INFO (client.authentication.k8s.io).
type execInfo struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Spec       struct {
		// Cluster is there where the kubeconfig has provideClusterInfo.
		Cluster struct {
			CAData []byte `json:"certificate-authority-data"`
		} `json:"cluster"`
	} `json:"spec"`
	// asked reports whether a client asks, and not a person.
	asked bool
}

// readExecInfo reads the variable. A person who runs the program by hand has none, and
// sees what a client of the newest version would.
func readExecInfo(text string) (execInfo, error) {
	if text == "" {
		return execInfo{APIVersion: kubeconfig.ExecV1}, nil
	}
	info := execInfo{asked: true}
	if err := json.Unmarshal([]byte(text), &info); err != nil {
		return info, fmt.Errorf("KUBERNETES_EXEC_INFO cannot be read: %w", err)
	}
	switch {
	case info.Kind != "ExecCredential":
		return info, fmt.Errorf("KUBERNETES_EXEC_INFO holds a %q, not an ExecCredential", info.Kind)
	case info.APIVersion != kubeconfig.ExecV1 && info.APIVersion != kubeconfig.ExecV1Beta1:
		return info, fmt.Errorf("the kubeconfig asks for %q: write %s or %s there", info.APIVersion, kubeconfig.ExecV1, kubeconfig.ExecV1Beta1)
	}
	return info, nil
}

// execCredential is the answer.
type execCredential struct {
	Kind       string     `json:"kind"`
	APIVersion string     `json:"apiVersion"`
	Status     execStatus `json:"status"`
}

type execStatus struct {
	Token               string     `json:"token,omitempty"`
	Certificate         string     `json:"clientCertificateData,omitempty"`
	Key                 string     `json:"clientKeyData,omitempty"`
	ExpirationTimestamp *time.Time `json:"expirationTimestamp,omitempty"`
}

// write prints the answer. Question and answer have the same version. The end that is
// told comes before the true one, so that no credential ends on its way.
func (i execInfo) write(w io.Writer, c credcache.Credential) error {
	answer := execCredential{Kind: "ExecCredential", APIVersion: i.APIVersion,
		Status: execStatus{Token: c.Token, Certificate: c.Certificate, Key: c.PrivateKey}}
	if !c.Expires.IsZero() {
		end := c.Expires.Add(-credcache.Margin).UTC().Truncate(time.Second)
		answer.Status.ExpirationTimestamp = &end
	}
	return json.NewEncoder(w).Encode(answer)
}
