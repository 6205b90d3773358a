// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package main

import (
	"errors"
	"time"
)

// processor is the user time of the process so far.
func processor() (time.Duration, error) {
	return 0, errors.New("processor time is measured on Unix alone")
}
