// SPDX-License-Identifier: Apache-2.0

package wiretest

import (
	"sync"
	"time"
)

// Clock is a clock that a test moves. It is safe for concurrent use.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock returns a clock at a time that all tests share.
func NewClock() *Clock { return &Clock{now: time.Date(2026, 11, 2, 9, 30, 0, 0, time.UTC)} }

// Now returns its time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Add moves it.
func (c *Clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Pass lets every operation that is under way end.
func (c *Clock) Pass() { c.Add(24 * time.Hour) }
