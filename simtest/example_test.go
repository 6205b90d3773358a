// SPDX-License-Identifier: Apache-2.0

package simtest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	_ "github.com/pmks-go/pmks/aws"
	_ "github.com/pmks-go/pmks/nhn"
	"github.com/pmks-go/pmks/simtest"
)

// exampleT is a *testing.T where there is none: in an example.
type exampleT struct {
	testing.TB
	cleanups []func()
}

func (t *exampleT) Helper()                           {}
func (t *exampleT) Cleanup(f func())                  { t.cleanups = append(t.cleanups, f) }
func (t *exampleT) Errorf(format string, args ...any) { fmt.Printf(format+"\n", args...) }
func (t *exampleT) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
func (t *exampleT) Fatal(args ...any)                 { panic(fmt.Sprint(args...)) }

// end does what the end of a test does.
func (t *exampleT) end() {
	for i := range t.cleanups {
		t.cleanups[len(t.cleanups)-1-i]()
	}
}

// The same program runs on two clouds, through the providers and the SDKs that it will
// run with. In a test, t is its *testing.T.
func Example() {
	t := &exampleT{}
	defer t.end()
	ctx := context.Background()
	for _, cloud := range []string{"aws", "nhn"} {
		account := simtest.Start(t, cloud, simtest.Options{Speed: 100_000})
		client, err := pmks.Open(ctx, cloud, account.Config())
		if err != nil {
			t.Fatal(err)
		}
		info, err := pmks.Provision(ctx, client, account.ClusterRequest("demo"), pmks.WithInterval(time.Millisecond))
		if err != nil {
			t.Fatal(err)
		}
		create := account.Requests("CreateCluster")
		fmt.Println(cloud, info.Status, len(info.NodeGroupList), create, account.Count(create...))
		if err := client.Close(); err != nil {
			t.Fatal(err)
		}
	}
	// Output:
	// aws Active 1 [CreateCluster] 1
	// nhn Active 1 [clusters.create] 1
}

// A lost reply is one of the ways in which a request can go wrong. The account tells what
// became of it.
func ExampleAccount_Inject() {
	t := &exampleT{}
	defer t.end()
	ctx := context.Background()
	account := simtest.Start(t, "nhn", simtest.Options{Speed: 100_000})
	client, err := pmks.Open(ctx, "nhn", account.Config())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()

	account.Inject(simtest.Fault{Method: "CreateCluster", Kind: simtest.LoseReply})
	info, err := client.CreateCluster(ctx, account.ClusterRequest("demo"))
	fmt.Println(info.IId.NameId, err)
	for _, call := range account.Calls() {
		if call.Request == "clusters.create" {
			fmt.Println(call.Request, "lost:", call.Lost)
		}
	}
	// Output:
	// demo <nil>
	// clusters.create lost: true
}

// What other hands do to a cluster is seen by the program, as on a real cloud.
func ExampleAccount_Break() {
	t := &exampleT{}
	defer t.end()
	ctx := context.Background()
	account := simtest.Start(t, "aws", simtest.Options{})
	client, err := pmks.Open(ctx, "aws", account.Config())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()

	if err := account.Put(account.ClusterRequest("old")); err != nil {
		t.Fatal(err)
	}
	old := pmks.IID{NameId: "old"}
	if err := account.Break(old, pmks.IID{}, simtest.Failed, "InternalFailure: broken by a test"); err != nil {
		t.Fatal(err)
	}
	_, err = pmks.WaitClusterActive(ctx, client, old)
	fmt.Println(errors.Is(err, pmks.ErrFailedPrecondition))

	err = errors.Join(account.Break(old, pmks.IID{}, simtest.Healthy, ""), account.Protect(old, true))
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.DeleteCluster(ctx, old)
	fmt.Println(errors.Is(err, pmks.ErrFailedPrecondition))
	// Output:
	// true
	// true
}

// A read goes on without what it may not read, and says what that is.
func ExampleAccount_Hide() {
	t := &exampleT{}
	defer t.end()
	ctx := context.Background()
	account := simtest.Start(t, "aws", simtest.Options{})
	client, err := pmks.Open(ctx, "aws", account.Config())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()

	if err := account.Put(account.ClusterRequest("old")); err != nil {
		t.Fatal(err)
	}
	show, err := account.Hide(simtest.Addons, pmks.CodePermissionDenied)
	if err != nil {
		t.Fatal(err)
	}
	defer show()
	info, err := client.GetCluster(ctx, pmks.IID{NameId: "old"})
	fmt.Println(info.Status, pmks.Unread(info.KeyValueList), err)
	// Output: Active [Addons(PermissionDenied)] <nil>
}
