// SPDX-License-Identifier: Apache-2.0

package live

import (
	"fmt"
	"io"
	"strings"
	"unicode"
)

// kindTable says what the kinds of differences are.
var kindTable = map[string]string{
	kindRefusal: "Refused by one and not by the other, or with another status or code",
	kindShape:   "Members that only one has, or of another type",
	kindState:   "Words for states, and their order",
	kindWords:   "Messages",
	kindForm:    "Ids, times and addresses that are written otherwise",
	kindValue:   "Values",
	kindCount:   "Lists of another length",
}

// writeReport writes the fidelity report: how far a simulator answers as its cloud did.
func writeReport(w io.Writer, rec *record, c *comparison, verdicts []verdict) error {
	var b strings.Builder
	of := "recorded on " + rec.head.Cloud
	if rec.head.Simulated {
		of = "recorded on a SIMULATOR of " + rec.head.Cloud + ", which proves nothing of the cloud"
	}
	fmt.Fprintf(&b, "# Fidelity report: %s\n\n%s, %s, region %s\n", rec.head.Cloud, of, rec.head.Made.Format("2006-01-02"), rec.head.Region)
	fmt.Fprintf(&b, "requests sent to the simulator: %d; not sent (sign-in, no answer): %d; differences: %d\n", c.sent, c.skipped, len(c.differences))
	for _, text := range c.unsent {
		fmt.Fprintf(&b, "could not be set up: %s\n", text)
	}
	for _, kind := range kinds {
		var lines []string
		for _, d := range c.differences {
			if d.kind == kind {
				lines = append(lines, fmt.Sprintf("- %s `%s`: cloud %s, simulator %s (exchange %d, %d times)\n", d.op, d.path, d.cloud, d.simulator, d.n, d.times))
			}
		}
		if len(lines) > 0 {
			fmt.Fprintf(&b, "\n## %s: %d\n\n%s", kindTable[kind], len(lines), strings.Join(lines, ""))
		}
	}
	counts := map[string]int{}
	for _, v := range verdicts {
		counts[v.verdict]++
	}
	fmt.Fprintf(&b, "\n## Assumptions: %d as assumed, %d otherwise, %d neither, %d not shown\n\n| assumption | the cloud | other value | where it shows |\n|---|---|---|---|\n",
		counts[asAssumed], counts[otherwise], counts[neither], counts[unseen])
	for _, v := range verdicts {
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", v.name, v.verdict, v.other, strings.ReplaceAll(v.evidence, "|", `\|`))
	}
	_, err := io.WriteString(w, printable(b.String()))
	return err
}

// printable is a text without what a terminal takes for commands: a record may come from
// anybody.
func printable(text string) string {
	return strings.Map(func(c rune) rune {
		if c != '\n' && unicode.IsControl(c) {
			return '?'
		}
		return c
	}, text)
}
