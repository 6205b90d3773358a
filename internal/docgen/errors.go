// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"go/ast"
	"go/doc"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/pmks-go/pmks"
)

// remedies say what a caller does about each code.
var remedies = map[string]string{
	"CodeUnknown":            "read the message and `ProviderCode`; report it with `RequestID`",
	"CodeInvalidArgument":    "mend the request: `Field` names the place. Joined errors name every place at once",
	"CodeNotFound":           "what was to be deleted is gone; else look whether name, region and account are right",
	"CodeAlreadyExists":      "choose another name, or let `Provision` adopt what matches the request",
	"CodeBusy":               "wait until the target is Active (`WaitClusterActive`, `WaitNodeGroupActive`), call again; whole jobs do",
	"CodeFailedPrecondition": "do what the message says, such as making a role, lifting a protection, removing a failed group",
	"CodeUnsupported":        "do without: [capabilities.md](capabilities.md) says which cloud can what; hooks may do it",
	"CodeUnauthenticated":    "mend or renew the credentials",
	"CodePermissionDenied":   "grant what the message names; the page of each provider in [providers](providers/README.md) lists all",
	"CodeThrottled":          "wait `RetryAfter`, call again; if it was pmks' own limiter, give the call a longer deadline",
	"CodeQuotaExceeded":      "have the limit of the account raised, or remove something",
	"CodeUnavailable":        "call again later; the message names the cause (refused, no such host, TLS, timed out)",
	"CodeTimeout":            "give the context more time; `MayHaveHappened` says whether to look first",
	"CodeCanceled":           "nothing, you ended it; `MayHaveHappened` says whether to look first",
	"CodeInternal":           "report it with `RequestID`",
}

const errorsBefore = `# Errors, and what to do

Every call fails with a ` + "`*pmks.Error`" + `, or with several of them joined. Its code says what to do, the same on every cloud.
"Again" is what ` + "`pmks.Retryable`" + ` says of the code: whether the same call may succeed later although nobody changes anything.

| code | sentinel | meaning | what to do | again |
|---|---|---|---|---|
`

const errorsAfter = `
The vendor's own error is kept below, for ` + "`errors.As`" + `:

EXAMPLE

## It may have happened

` + "`pmks.Retryable(err)`" + ` is false when ` + "`MayHaveHappened`" + ` is set: a mutation was sent, its reply was lost, and the cloud could not be
asked what became of it. Read the resource before calling again. pmks itself never sends a mutation twice unless the cloud's own
idempotency token makes that safe, or a read proved that nothing had happened.

## Several at once

Of joined errors each fault stands once, whichever of several reads met it: a request with three wrong fields fails with three errors, and a
listing with one for each cluster that could not be read, beside those that could. ` + "`errors.Is`" + ` and ` + "`errors.As`" + ` see all of them. Texts of
any length are clipped.

## What could not be read

A read fails only when the cluster itself, or the list of its node groups, cannot be read. Anything else that cannot be (nodes, credentials) is left empty,
and named under ` + "`pmks:unread`" + ` in ` + "`KeyValueList`" + ` with its code, such as ` + "`Nodes(PermissionDenied)`" + `.

## Waits and jobs

They fail with a ` + "`*pmks.WaitError`" + ` around the cause, with the last state that was seen: [waiting.md](waiting.md).

No error, log line or event holds a credential, a token or a kubeconfig.
`

// errorsPage writes the page of the errors: a row for each code, from the comments of
// its constants.
func errorsPage(w io.Writer, root string) error {
	pkg, err := parse(root)
	if err != nil {
		return err
	}
	fmt.Fprint(w, errorsBefore)
	code := pmks.CodeUnknown
	for _, c := range codes(pkg) {
		name, meaning := c[0], c[1]
		if name == "CodeOK" {
			continue
		}
		remedy := remedies[name]
		if remedy == "" || meaning == "" || name != "Code"+code.String() {
			return fmt.Errorf("nobody says what %s means, or what to do about it", name)
		}
		again := yes(pmks.Retryable(&pmks.Error{Code: code}))
		fmt.Fprintf(w, "| %s | `Err%s` | %s | %s | %s |\n", code, code, meaning, remedy, again)
		code++
	}
	if int(code) != len(remedies)+1 {
		return fmt.Errorf("there are remedies for %d codes, and %d codes", len(remedies), int(code)-1)
	}
	example, err := exampleBody(filepath.Join(root, "aws", "example_test.go"), "Example_vendorError")
	fmt.Fprint(w, strings.Replace(errorsAfter, "EXAMPLE", "<!-- example: Example_vendorError in aws/example_test.go -->\n```go\n"+example+"```", 1))
	return err
}

// codes are the constants of type Code with what their comments say of them.
func codes(pkg *doc.Package) (list [][2]string) {
	for _, t := range pkg.Types {
		if t.Name != "Code" {
			continue
		}
		for _, group := range t.Consts {
			for _, spec := range group.Decl.Specs {
				v := spec.(*ast.ValueSpec) //nolint:forcetypeassert,errcheck // constants have such
				text := strings.Join(strings.Fields(v.Doc.Text()), " ")
				_, meaning, _ := strings.Cut(text, ": ")
				meaning = strings.NewReplacer("[Error.RetryAfter]", "`RetryAfter`").Replace(strings.TrimSuffix(meaning, "."))
				list = append(list, [2]string{v.Names[0].Name, meaning})
			}
		}
	}
	return list
}

// exampleBody is the code of an example without what it prints.
func exampleBody(file, name string) (string, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	_, body, found := strings.Cut(string(data), "\nfunc "+name+"() {\n")
	body, _, printed := strings.Cut(body, "\t// Output:")
	if !found || !printed {
		return "", fmt.Errorf("%s has no example %s", file, name)
	}
	var b strings.Builder
	for line := range strings.Lines(body) {
		b.WriteString(strings.TrimPrefix(line, "\t"))
	}
	return b.String(), nil
}
