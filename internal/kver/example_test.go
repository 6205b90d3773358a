// SPDX-License-Identifier: Apache-2.0

package kver_test

import (
	"fmt"

	"github.com/pmks-go/pmks/internal/kver"
)

func ExampleParse() {
	v, err := kver.Parse("v1.33.5-gke.2072000")
	fmt.Println(v, v.MinorString(), v.Patch, v.Build, err)
	_, err = kver.Parse("1.30.2.1")
	fmt.Println(err)
	// Output:
	// 1.33.5-gke.2072000 1.33 5 2072000 <nil>
	// not a Kubernetes version: "1.30.2.1": more than three numbers
}

func ExampleVersion_Compare() {
	a, _ := kver.Parse("1.9")
	b, _ := kver.Parse("1.10")
	fmt.Println(a.Compare(b), b.Compare(a), a.MinorDistance(b))
	// Output: -1 1 1
}

func ExampleChoose() {
	offered := []string{"1.32.9", "1.33.2", "1.32.10"}
	for _, want := range []string{"default", "1.32", "v1.33.2", "1.32.4", "1.3"} {
		got, err := kver.Choose(want, offered, "1.33.2")
		fmt.Printf("%s -> %q, %v\n", want, got, err)
	}
	// Output:
	// default -> "1.33.2", <nil>
	// 1.32 -> "1.32.10", <nil>
	// v1.33.2 -> "1.33.2", <nil>
	// 1.32.4 -> "1.32.10", <nil>
	// 1.3 -> "", Kubernetes version "1.3" is not offered; offered: 1.33, 1.32
}

func ExampleSort() {
	fmt.Println(kver.Sort([]string{"1.9.4", "1.30.9", "1.10.1", "1.30.10"}))
	// Output: [1.30.10 1.30.9 1.10.1 1.9.4]
}

func ExampleNext() {
	offered := []string{"1.30.0", "1.32.2", "1.34.1"}
	fmt.Println(kver.Next("1.30.0", "1.34", offered, 2))
	fmt.Println(kver.Next("1.34.1", "1.34", offered, 2))
	_, err := kver.Next("1.30.0", "1.34", offered, 1)
	fmt.Println(err)
	// Output:
	// 1.32.2 <nil>
	//  <nil>
	// from Kubernetes version 1.30.0 to 1.34: no upgrade path; nothing newer is allowed
}
