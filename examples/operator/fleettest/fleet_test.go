// SPDX-License-Identifier: Apache-2.0

package fleettest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/pmks-go/pmks/examples/operator/api/v1alpha1"
	"github.com/pmks-go/pmks/simtest"
)

const namespace = "default"

// variable is a size of the test, from the environment.
func variable(t *testing.T, name string, standard float64) float64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return standard
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || v <= 0 {
		t.Fatalf("%s=%q is not a number above 0", name, text)
	}
	return v
}

// fleet is where the clusters of a test are made.
type fleet interface {
	// place says which cloud, and which of its accounts, gets the cluster of a number.
	place(i int) (cloud string, account int)
	// wanted are the objects of one cluster.
	wanted(i int) (*v1alpha1.ManagedCluster, []*v1alpha1.NodeGroup)
	// has reports whether the cloud still has one.
	has(t *testing.T, i int) bool
}

// TestFleet: PMKS_FLEET ManagedClusters (1,000) on seven simulated clouds become Ready with
// two replicas of the operator, of which the leader is killed when a third of them is. The
// clouds' own journals say that nothing was made twice, although they lose answers. Then some are
// deleted. PMKS_FLEET_SPEED is how many times faster than real the clouds are, PMKS_FLEET_MINUTES
// the longest that each half may take.
func TestFleet(t *testing.T) {
	k := startKubernetes(t)
	size, speed, limit := sizes(t)
	clouds := startClouds(t, speed, size)
	clouds.disturb()
	k.apply(t, "../config/crd/*.yaml")
	k.apply(t, "../config/operator.yaml")
	program := build(t)
	d := &deployment{start: func() *replica { return start(t, k, clouds, program) }}
	d.replicas = []*replica{d.start(), d.start()}
	d.leading(t)

	begun := time.Now()
	perCloud := k.ask(t, clouds, size)
	asked := time.Since(begun)
	killed, tookOver := time.Duration(0), time.Duration(0)
	var before map[string]float64
	k.untilReady(t, size, limit, d.keep, func() {
		leader := d.leading(t)
		killed, before = time.Since(begun), leader.metrics(t)
		leader.kill(t)
		d.leading(t)
		tookOver = time.Since(begun) - killed
	})
	all := time.Since(begun)

	twice := 0
	for _, name := range clouds.names() {
		a, n := clouds.accounts[name], perCloud[name]
		twice += once(t, a, name, "CreateCluster", n) + once(t, a, name, "AddNodeGroup", later(name, n))
		requests := len(calls(a))
		lost, failed := disturbed(a)
		t.Logf("%-8s %4d clusters on %2d accounts in %6d requests, %5.1f each; %d answers were lost, %d were errors",
			name, n, len(a), requests, float64(requests)/float64(n), lost, failed)
		if n > 1 && lost == 0 {
			t.Errorf("%s lost no answer", name)
		}
	}
	t.Logf("made twice: %d", twice)
	notRefused(t, clouds.accounts["tencent"], "OpenAccess")
	after := d.leading(t).metrics(t)
	t.Logf("%d clusters with a node group each, clouds %gx: asked for in %v, all Ready after %v; the leader was killed after %v, the other one worked after %v more",
		size, speed, asked.Round(time.Second), all.Round(time.Second), killed.Round(time.Second), tookOver.Round(time.Second))
	t.Logf("calls of pmks: %.0f by the first leader until it was killed, %.0f by the second; reconciles: %.0f and %.0f; requests to the Kubernetes API: %.0f and %.0f",
		before["pmks_operator_calls_total"], after["pmks_operator_calls_total"], before["controller_runtime_reconcile_total"], after["controller_runtime_reconcile_total"],
		before["rest_client_requests_total"], after["rest_client_requests_total"])
	t.Logf("the second leader holds %.0f MB of memory and took %.0f s of processor time", after["process_resident_memory_bytes"]/1e6, after["process_cpu_seconds_total"])

	k.deleteSome(t, clouds, size, limit, d.keep)
}

// sizes are those of the tests, from the environment.
func sizes(t *testing.T) (size int, speed float64, limit time.Duration) {
	t.Helper()
	return int(variable(t, "PMKS_FLEET", 1000)), variable(t, "PMKS_FLEET_SPEED", 30), time.Duration(variable(t, "PMKS_FLEET_MINUTES", 20) * float64(time.Minute))
}

// untilReady waits until all clusters are, with their node groups, and calls keep with each
// look. When a third of them is it calls kill, once.
func (k *cluster) untilReady(t *testing.T, size int, limit time.Duration, keep func(*testing.T), kill func()) {
	t.Helper()
	begun, killed := time.Now(), false
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	ticker := time.NewTicker(3 * time.Second)
	defer ticker.Stop()
	for said := time.Now(); ; {
		keep(t)
		clusters, groups, why := k.ready(t)
		if clusters == size && groups == size {
			break
		}
		if !killed && clusters >= size/3 {
			killed = true
			t.Logf("after %v %d of %d clusters are Ready; the leader is killed", time.Since(begun).Round(time.Second), clusters, size)
			kill()
		}
		if time.Since(said) > 30*time.Second {
			said = time.Now()
			t.Logf("after %v: %d clusters and %d node groups of %d are Ready", time.Since(begun).Round(time.Second), clusters, groups, size)
		}
		select {
		case <-ticker.C:
		case <-deadline.C:
			t.Fatalf("after %v %d clusters and %d node groups of %d are Ready; not so:\n%s", limit, clusters, groups, size, strings.Join(why[:min(len(why), 20)], "\n"))
		}
	}
	if !killed {
		t.Error("no replica was killed")
	}
}

// later is how many node groups are added to clusters that are there, of n clusters.
func later(cloud string, n int) int {
	if slices.Contains(groupsLater, cloud) {
		return n
	}
	return 0
}

// once checks that what a method makes was made as often as it is wanted, and nothing
// twice; it says how much was.
func once(t *testing.T, a []*simtest.Account, cloud, method string, want int) int {
	t.Helper()
	n, twice := made(a, method)
	if n != want || len(twice) > 0 {
		t.Errorf("%s: %d requests of %s took effect, want %d; twice: %q", cloud, n, method, want, twice)
	}
	return len(twice)
}

// ask creates the objects of the fleet, from several users at once, and says how many
// clusters each cloud is to have.
func (k *cluster) ask(t *testing.T, f fleet, size int) map[string]int {
	t.Helper()
	perCloud := map[string]int{}
	work, errs := make(chan client.Object, 64), make(chan error, 1)
	var users sync.WaitGroup
	for range 8 {
		users.Go(func() {
			for o := range work {
				if err := k.client.Create(t.Context(), o); err != nil {
					select {
					case errs <- err:
					default:
					}
				}
			}
		})
	}
	for i := range size {
		cloud, _ := f.place(i)
		perCloud[cloud]++
		c, groups := f.wanted(i)
		work <- c
		for _, g := range groups {
			work <- g
		}
	}
	close(work)
	users.Wait()
	select {
	case err := <-errs:
		t.Fatal(err)
	default:
	}
	return perCloud
}

func clusterName(cloud string, i int) string { return fmt.Sprintf("%s-%04d", cloud, i) }

// ready counts the objects that are Ready and Synced, and says of the others why not.
func (k *cluster) ready(t *testing.T) (clusters, groups int, why []string) {
	t.Helper()
	var cs v1alpha1.ManagedClusterList
	var gs v1alpha1.NodeGroupList
	if err := errors.Join(k.client.List(t.Context(), &cs), k.client.List(t.Context(), &gs)); err != nil {
		t.Fatal(err)
	}
	for _, c := range cs.Items {
		if apimeta.IsStatusConditionTrue(c.Status.Conditions, v1alpha1.ConditionReady) && apimeta.IsStatusConditionTrue(c.Status.Conditions, v1alpha1.ConditionSynced) {
			clusters++
		} else {
			why = append(why, fmt.Sprintf("cluster %s: %+v", c.Name, c.Status))
		}
	}
	for _, g := range gs.Items {
		if apimeta.IsStatusConditionTrue(g.Status.Conditions, v1alpha1.ConditionReady) && apimeta.IsStatusConditionTrue(g.Status.Conditions, v1alpha1.ConditionSynced) {
			groups++
		} else {
			why = append(why, fmt.Sprintf("node group %s: %+v", g.Name, g.Status))
		}
	}
	return clusters, groups, why
}

// deleteSome deletes every twentieth cluster, and looks for them where they were.
func (k *cluster) deleteSome(t *testing.T, f fleet, size int, limit time.Duration, keep func(*testing.T)) {
	t.Helper()
	begun := time.Now()
	gone := map[types.NamespacedName]int{}
	for i := 0; i < size; i += 20 {
		c, _ := f.wanted(i)
		if err := k.client.Delete(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		gone[client.ObjectKeyFromObject(c)] = i
	}
	awaitTrue(t, limit, "the deleted objects are gone", func(ctx context.Context) error {
		keep(t)
		for key := range gone {
			if err := k.client.Get(ctx, key, &v1alpha1.ManagedCluster{}); !apierrors.IsNotFound(err) {
				return fmt.Errorf("%s is still there: %w", key, err)
			}
			var groups v1alpha1.NodeGroupList
			if err := k.client.List(ctx, &groups, client.InNamespace(namespace)); err != nil {
				return err
			}
			for _, g := range groups.Items {
				if g.Spec.Cluster == key.Name {
					return fmt.Errorf("its node group %s is still there", g.Name)
				}
			}
		}
		return nil
	})
	took := time.Since(begun)
	for key, i := range gone {
		if f.has(t, i) {
			t.Errorf("the cloud still has %s", key.Name)
		}
	}
	t.Logf("%d clusters were deleted in %v", len(gone), took.Round(time.Second))
}

// build builds the operator, as a user does.
func build(t *testing.T) string {
	t.Helper()
	if program := os.Getenv("PMKS_OPERATOR"); program != "" {
		return program
	}
	program := filepath.Join(t.TempDir(), "operator")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", program, "..")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return program
}
