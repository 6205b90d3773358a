// SPDX-License-Identifier: Apache-2.0

// Cbspider-shim runs code that knows the PMKS driver API V0.6 of CB-Spider alone, without
// contexts, on a handler of pmks. What makes the two fit is package v06.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/examples/cbspider-shim/v06"
	"github.com/pmks-go/pmks/fake"
)

func main() {
	if err := run(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "cbspider-shim:", err)
		os.Exit(1)
	}
}

// run is the program without its process, so that a test can call it.
func run(w io.Writer) error {
	client := pmks.New(fake.New(fake.WithProfile("azure"), fake.WithSpeed(10_000)))
	return life(w, v06.New(client, 15*time.Minute), 10*time.Millisecond)
}

// life is a program as it was written for a CB-Spider driver.
func life(w io.Writer, handler v06.ClusterHandler, pause time.Duration) error {
	info, err := handler.CreateCluster(v06.ClusterInfo{
		IId: v06.IID{NameId: "demo"},
		Network: v06.NetworkInfo{
			VpcIID:     v06.IID{NameId: "vpc-01"},
			SubnetIIDs: []v06.IID{{NameId: "subnet-01"}},
		},
		NodeGroupList: []v06.NodeGroupInfo{{
			IId: v06.IID{NameId: "workers"}, VMSpecName: "Standard_D2s_v5",
			OnAutoScaling: true, DesiredNodeSize: 2, MinNodeSize: 1, MaxNodeSize: 3,
		}},
	})
	if err != nil {
		return err
	}
	fmt.Fprintln(w, info.IId.NameId, info.Status)
	for info.Status != v06.ClusterActive {
		time.Sleep(pause) //nolint:forbidigo // as programs without waiters do
		if info, err = handler.GetCluster(v06.IID{NameId: "demo"}); err != nil {
			return err
		}
	}
	fmt.Fprintln(w, info.IId.NameId, info.Status, "with", len(info.NodeGroupList[0].Nodes), "nodes")
	if _, err := handler.DeleteCluster(info.IId); err != nil {
		return err
	}
	for err == nil {
		time.Sleep(pause) //nolint:forbidigo // as programs without waiters do
		_, err = handler.GetCluster(v06.IID{NameId: "demo"})
	}
	if !errors.Is(err, pmks.ErrNotFound) {
		return err
	}
	fmt.Fprintln(w, info.IId.NameId, "is gone")
	return nil
}
