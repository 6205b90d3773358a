// SPDX-License-Identifier: Apache-2.0

// Package docs holds the guides. The pages capabilities.md and settings.md are
// made from the tables in the code.
package docs

//go:generate go run github.com/pmks-go/pmks/internal/docgen -dir .
