// SPDX-License-Identifier: Apache-2.0

package kubeconfig_test

import (
	"fmt"

	"github.com/pmks-go/pmks/internal/kubeconfig"
)

func ExampleBuild() {
	c := kubeconfig.Config{
		Name:   "100012345678",
		Server: "https://203.0.113.7",
		Token:  kubeconfig.NewSecret("abc.def"),
	}
	text, err := kubeconfig.Build(c)
	fmt.Print(text)
	fmt.Println(err)
	fmt.Println(c)
	// Output:
	// apiVersion: v1
	// kind: Config
	// clusters:
	// - name: "100012345678"
	//   cluster:
	//     server: "https://203.0.113.7"
	// contexts:
	// - name: "100012345678"
	//   context:
	//     cluster: "100012345678"
	//     user: "100012345678"
	// current-context: "100012345678"
	// users:
	// - name: "100012345678"
	//   user:
	//     token: "abc.def"
	// <nil>
	// kubeconfig{name: "100012345678", server: "https://203.0.113.7", user: token [redacted]}
}
