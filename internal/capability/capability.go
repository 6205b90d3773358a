// SPDX-License-Identifier: Apache-2.0

// Package capability holds what each cloud can do, as data: one truth for the
// provider, for the profile of its simulator and of the fake, and for the
// documentation.
package capability
