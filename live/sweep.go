// SPDX-License-Identifier: Apache-2.0

package live

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/pmks-go/pmks"
)

// ours reports whether the kit has made a cluster: by its name and, where the cloud keeps
// tags, by its tag too.
func ours(info pmks.ClusterInfo, caps pmks.Capabilities) bool {
	if !strings.HasPrefix(info.IId.NameId, namePrefix) {
		return false
	}
	_, tagged := pmks.Lookup(info.TagList, tagKey)
	return tagged || caps.Fields.Tags == pmks.FieldRefused
}

// sweep deletes what a killed run has left behind, and returns the names of what it
// deleted.
func sweep(ctx context.Context, c *pmks.Client, say func(string, ...any), waits ...pmks.WaitOption) (swept []string, err error) {
	clusters, err := c.ListCluster(ctx)
	for _, info := range clusters {
		if !ours(*info, c.Capabilities()) {
			continue
		}
		say("deleting %s", info.IId.NameId)
		if failed := pmks.Teardown(ctx, c, info.IId, waits...); failed != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", info.IId.NameId, failed))
			continue
		}
		swept = append(swept, info.IId.NameId)
		// What the provider makes beside clusters, such as launch templates.
		if helper, ok := c.Unwrap().(interface {
			Sweep(context.Context, pmks.IID) error
		}); ok {
			err = errors.Join(err, helper.Sweep(ctx, pmks.IID{NameId: info.IId.NameId}))
		}
	}
	return swept, err
}
