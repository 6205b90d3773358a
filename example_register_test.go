// SPDX-License-Identifier: Apache-2.0

package pmks_test

import (
	"context"
	"fmt"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/fake"
)

// A provider registers itself when it is imported.
func init() {
	pmks.Register(pmks.Provider{
		Name:     "my-cloud",
		Title:    "My own cloud",
		Settings: []pmks.Setting{{Name: "project", Help: "The project's number.", Required: true}},
		Open: func(_ context.Context, cfg pmks.Config) (pmks.ClusterHandler, error) {
			// A real one would connect to cfg.Endpoint with cfg.Credentials.
			return fake.New(fake.WithRegion(cfg.Region)), nil
		},
	})
}

func ExampleRegister() {
	ctx := context.Background()
	_, err := pmks.Open(ctx, "my-cloud", pmks.Config{})
	fmt.Println(err)
	_, err = pmks.Open(ctx, "my-cloud", pmks.Config{Settings: map[string]string{"project": "42"}})
	fmt.Println(err)
	// Output:
	// pmks: my-cloud: Open: InvalidArgument: Settings.project: is required: The project's number.
	// <nil>
}
