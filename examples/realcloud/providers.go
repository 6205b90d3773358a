// SPDX-License-Identifier: Apache-2.0

package main

// Each import makes one provider available to pmks.Open. A program imports those
// it needs, and pays for no others.
import (
	_ "github.com/pmks-go/pmks/alibaba"
	_ "github.com/pmks-go/pmks/aws"
	_ "github.com/pmks-go/pmks/azure"
	_ "github.com/pmks-go/pmks/gcp"
	_ "github.com/pmks-go/pmks/ibm"
	_ "github.com/pmks-go/pmks/nhn"
	_ "github.com/pmks-go/pmks/tencent"
)
