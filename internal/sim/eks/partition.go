// SPDX-License-Identifier: Apache-2.0

package eks

import (
	"fmt"
	"strings"
)

// partitionTable says by the beginning of a region's name which partition it is in;
// every other region is in "aws". The hosts of a partition end in suffix.
var partitionTable = []struct{ prefix, name, suffix string }{
	{"cn-", "aws-cn", "amazonaws.com.cn"},
	{"eu-isoe-", "aws-iso-e", "cloud.adc-e.uk"},
	{"eusc-", "aws-eusc", "amazonaws.eu"},
	{"us-gov-", "aws-us-gov", "amazonaws.com"},
	{"us-iso-", "aws-iso", "c2s.ic.gov"},
	{"us-isob-", "aws-iso-b", "sc2s.sgov.gov"},
	{"us-isof-", "aws-iso-f", "csp.hci.ic.gov"},
}

func partitionOf(region string) (name, suffix string) {
	for _, p := range partitionTable {
		if strings.HasPrefix(region, p.prefix) {
			return p.name, p.suffix
		}
	}
	return "aws", "amazonaws.com"
}

// arn names a resource of the account; regional is false for IAM.
func (s *Server) arn(service string, regional bool, rest string, args ...any) string {
	region := ""
	if regional {
		region = s.region
	}
	return "arn:" + s.partition + ":" + service + ":" + region + ":" + s.account + ":" + fmt.Sprintf(rest, args...)
}

// ours reports whether the partition, the region and the account of an ARN are those
// of the server.
func (s *Server) ours(partition, region, account string) bool {
	return partition == s.partition && region == s.region && account == s.account
}
