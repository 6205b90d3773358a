// SPDX-License-Identifier: Apache-2.0

package main

// least is what an operation costs at the very least: no program that keeps the contract
// of pmks can do with fewer calls of the vendor's API, nor with fewer of them one after
// the other. It is derived from what the vendors document, and not from what is measured:
// a row below it proves the table wrong, and a test looks for one.
//
// What is counted is the request that changes something; the reads of facts that this
// request must carry and the caller did not give; the reads of facts that pmks promises to
// show; and the refusals that pmks promises and the cloud does not make by itself. A fact
// costs the call that alone tells it, or its share of a call that tells it of many.
// Nothing is known from before, and all is read side by side that does not depend on
// something read.
type least struct {
	calls, steps func(fleet) int
	// why names the facts, and the calls that tell them.
	why string
	// above is why pmks makes more calls, or makes them in more steps; empty where it does
	// not.
	above string
}

// exactly is the cost of an operation that does not depend on sizes.
func exactly(calls, steps int, why, above string) least {
	return least{func(fleet) int { return calls }, func(fleet) int { return steps }, why, above}
}

// opList is the name of the row for listings; the other rows have the names of the
// operations that are measured.
const opList = "ListCluster"

// leastTable has a row for each operation of each cloud.
var leastTable = map[string]map[string]least{
	"alibaba": leastAlibaba, "aws": leastAWS, "azure": leastAzure, "gcp": leastGCP, "ibm": leastIBM, "nhn": leastNHN, "tencent": leastTencent,
}

// atOnce is how many requests a listing may have under way (the contract of pmks), which
// makes rows of them however many are ready.
const atOnce = 8

// listSteps is the longest of some rows of dependent calls, or what so many calls take
// atOnce at a time.
func listSteps(calls int, rows ...int) int {
	longest := (calls + atOnce - 1) / atOnce
	for _, row := range rows {
		longest = max(longest, row)
	}
	return longest
}

// pages is how many pages of a size hold n items; an empty list has one.
func pages(n, size int) int { return max(1, (n+size-1)/size) }

// allGroups and allNodes are those of all clusters of a fleet.
func (f fleet) allGroups() int { return f.clusters * f.groups }
func (f fleet) allNodes() int  { return f.allGroups() * nodes }

// turns is why rows of a listing are longer than they need be.
const turns = "With many clusters, what waits for its turn under the limits is in a row with what it waited for."
