// SPDX-License-Identifier: Apache-2.0

// Package docs holds the guides. The pages capabilities.md, errors.md and settings.md, and
// those of the providers, are made from the code.
package docs

//go:generate go run github.com/pmks-go/pmks/internal/docgen -dir .
