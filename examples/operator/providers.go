// SPDX-License-Identifier: Apache-2.0

package main

// The clouds that connections may name. Take out those that you have no account on: the
// program becomes smaller.
import (
	_ "github.com/pmks-go/pmks/alibaba"
	_ "github.com/pmks-go/pmks/aws"
	_ "github.com/pmks-go/pmks/azure"
	_ "github.com/pmks-go/pmks/fake"
	_ "github.com/pmks-go/pmks/gcp"
	_ "github.com/pmks-go/pmks/ibm"
	_ "github.com/pmks-go/pmks/nhn"
	_ "github.com/pmks-go/pmks/tencent"
)
