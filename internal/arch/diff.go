// SPDX-License-Identifier: Apache-2.0

package arch

import "strings"

// Diff returns the lines that differ between two texts, each after a "-" (only in
// want) or a "+" (only in got),
// empty when the texts are equal. It is a longest common subsequence, made cheap by
// setting equal beginnings and ends aside.
func Diff(want, got string) string {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	start := 0
	for start < len(a) && start < len(b) && a[start] == b[start] {
		start++
	}
	end := 0
	for end < len(a)-start && end < len(b)-start && a[len(a)-1-end] == b[len(b)-1-end] {
		end++
	}
	ma, mb := a[start:len(a)-end], b[start:len(b)-end]
	// common[i][j] is the length of the longest common subsequence of ma[i:], mb[j:].
	common := make([][]int, len(ma)+1)
	for i := range common {
		common[i] = make([]int, len(mb)+1)
	}
	for i := len(ma) - 1; i >= 0; i-- {
		for j := len(mb) - 1; j >= 0; j-- {
			if ma[i] == mb[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	var out strings.Builder
	for i, j := 0, 0; i < len(ma) || j < len(mb); {
		switch {
		case i < len(ma) && j < len(mb) && ma[i] == mb[j]:
			i++
			j++
		case i < len(ma) && (j == len(mb) || common[i+1][j] >= common[i][j+1]):
			out.WriteString("- " + ma[i] + "\n")
			i++
		default:
			out.WriteString("+ " + mb[j] + "\n")
			j++
		}
	}
	return out.String()
}
