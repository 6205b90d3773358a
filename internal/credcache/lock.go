// SPDX-License-Identifier: Apache-2.0

package credcache

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// lockPause is how often a lock that another process holds is tried.
const lockPause = 20 * time.Millisecond

// lock takes the lock of a key, and returns how to give it back. Where it cannot be had
// in time, because its holder hangs, or not at all, the caller goes on without: two
// processes that ask the cloud at once do no harm but cost.
//
// Locks outlive the keys they are for: one that is removed while somebody holds it is
// no lock. So that there never are many, keys share them by their first digits.
func (c *Cache) lock(ctx context.Context, key string) (unlock func()) {
	path := filepath.Join(c.dir, "lock-"+key[:2])
	ctx, cancel := context.WithTimeout(ctx, c.patience(ctx))
	defer cancel()
	l := flock.New(path, flock.SetFlag(os.O_CREATE|os.O_RDWR|openFlags), flock.SetPermissions(0o600))
	_, err := l.TryLockContext(ctx, lockPause)
	if errors.Is(err, fs.ErrPermission) {
		// Another user's: left behind by a program that ran with more rights.
		_ = os.Remove(path)
		_, _ = l.TryLockContext(ctx, lockPause)
	}
	return func() { _ = l.Close() } // the kernel gives it back at the end of the process
}
