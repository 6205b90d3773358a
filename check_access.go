// SPDX-License-Identifier: Apache-2.0

package pmks

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// checkAccess appends the faults of what a request says of the Kubernetes API's
// endpoints.
func (c Capabilities) checkAccess(f *faults, a Access) {
	rule := c.Access
	if a.Mode != "" && !slices.Contains(rule.Modes, a.Mode) {
		c.refuseMode(f, a.Mode)
	}
	if len(a.CIDRs) == 0 {
		return
	}
	if rule.CIDRs == "" || rule.CIDRs == FieldRefused {
		message := c.Provider + " cannot honour it: leave it out"
		if rule.CIDRsWayOut != "" {
			message += ", and " + rule.CIDRsWayOut
		}
		*f = append(*f, &Error{Code: CodeUnsupported, Field: "Access.CIDRs", Message: message})
		return
	}
	if rule.MaxCIDRs > 0 && len(a.CIDRs) > rule.MaxCIDRs {
		f.add("Access.CIDRs", "%s takes at most %d, got %d", c.Provider, rule.MaxCIDRs, len(a.CIDRs))
	}
	if a.Mode == AccessPrivate && !rule.CIDRsWhenPrivate {
		f.add("Access.CIDRs", "bind the public endpoint, and a private cluster of %s has none: leave them out, or take another Access.Mode", c.Provider)
	}
	for i, cidr := range a.CIDRs {
		field := fmt.Sprintf("Access.CIDRs[%d]", i)
		if prefix, err := netip.ParsePrefix(cidr); err == nil && rule.CIDRsIPv4Only && !prefix.Addr().Unmap().Is4() {
			f.add(field, "%q is a network of IPv6, and %s takes those of IPv4 alone", clip(cidr), c.Provider)
			continue
		}
		checkCIDR(f, field, cidr, a.CIDRs[:i])
	}
}

func (c Capabilities) refuseMode(f *faults, mode AccessMode) {
	switch mode {
	case AccessPublic, AccessPrivate, AccessPublicAndPrivate:
	default:
		f.add("Access.Mode", "%q is not one of %s, %s, %s; leave it empty for the provider's setting", clip(string(mode)), AccessPublic, AccessPrivate, AccessPublicAndPrivate)
		return
	}
	words := make([]string, len(c.Access.Modes))
	for i, m := range c.Access.Modes {
		words[i] = string(m)
	}
	message := c.Provider + " has no choice of it: leave it out"
	if len(words) > 0 {
		message = fmt.Sprintf("%s has no clusters that are %s: take %s", c.Provider, mode, strings.Join(words, " or "))
	}
	*f = append(*f, &Error{Code: CodeUnsupported, Field: "Access.Mode", Message: message})
}

func checkCIDR(f *faults, field, cidr string, before []string) {
	prefix, err := netip.ParsePrefix(cidr)
	switch {
	case err != nil:
		if addr, addrErr := netip.ParseAddr(cidr); addrErr == nil && addr.Zone() == "" {
			f.add(field, "%q is an address: write %s/%d", clip(cidr), addr, addr.BitLen())
			return
		}
		f.add(field, "%q is not a network such as 198.51.100.0/24", clip(cidr))
	case prefix.Addr().Is4In6():
		f.add(field, "%q is a network of IPv4 in the words of IPv6: write it as one of IPv4, such as 198.51.100.0/24", clip(cidr))
	case prefix != prefix.Masked():
		f.add(field, "%q has bits after its length: write %s", clip(cidr), prefix.Masked())
	case prefix.String() != cidr: // clouds give it back so, and two spellings of one are the same
		f.add(field, "%q has a shorter form that all clouds know: write %s", clip(cidr), prefix)
	case slices.Contains(before, cidr):
		f.add(field, "%q is given twice", clip(cidr))
	}
}
