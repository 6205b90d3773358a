// SPDX-License-Identifier: Apache-2.0

package fleettest

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// replica is an operator in a process of its own.
type replica struct {
	*process
	address string
	killed  bool
}

// start starts a replica with the rights of config/operator.yaml. A leader that is silent is
// one for fifteen seconds more.
func start(t *testing.T, k *cluster, c *clouds, program string) *replica {
	t.Helper()
	r := &replica{address: freeAddress(t)}
	env := []string{"KUBECONFIG=" + k.kubeconfig(t, operatorToken), "SSL_CERT_FILE=" + c.trust}
	r.process = run(t, env, program, "-connections", c.connections, "-leader-namespace", "pmks-operator", "-lease", "15s", "-metrics", r.address, "-probes", "0",
		"-workers", "16", "-api-qps", "300", "-soon", "2s", "-slow", "10s", "-wait-interval", "3s")
	return r
}

// deployment keeps replicas, as a Deployment does: one that ends because it could not
// renew its lease, for the API server was too slow, is started again. One that the test has
// killed is not.
type deployment struct {
	replicas []*replica
	start    func() *replica
}

// lostLease is what a replica says that ends so.
const lostLease = "leader election lost"

// keep starts those again that have ended. None may end for another reason.
func (d *deployment) keep(t *testing.T) {
	t.Helper()
	for i, r := range d.replicas {
		select {
		case <-r.done:
		default:
			continue
		}
		if r.killed {
			continue
		}
		if said := string(r.log.end(4000)); !strings.Contains(said, lostLease) {
			t.Fatalf("a replica ended by itself:\n%s", said)
		}
		t.Log("a replica could not renew its lease and ended; it is started again")
		d.replicas[i] = d.start()
	}
}

// leading waits until one of the replicas says that it is the leader.
func (d *deployment) leading(t *testing.T) (leader *replica) {
	t.Helper()
	awaitTrue(t, 5*time.Minute, "there is a leader", func(ctx context.Context) error {
		d.keep(t)
		for _, r := range d.replicas {
			values, err := r.scrape(ctx)
			if err == nil && values["leader_election_master_status"] == 1 {
				leader = r
				return nil
			}
		}
		return errors.New("none of them is")
	})
	return leader
}

// kill ends the replica at once, with what it was doing.
func (r *replica) kill(t *testing.T) {
	t.Helper()
	r.killed = true
	if err := r.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-r.done
}

func (r *replica) metrics(t *testing.T) map[string]float64 {
	t.Helper()
	values, err := r.scrape(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return values
}

// scrape reads the metrics, each summed over its labels.
func (r *replica) scrape(ctx context.Context) (map[string]float64, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+r.address+"/metrics", nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	return sum(response.Body)
}

// sum adds up the samples of each metric in the text form of Prometheus.
func sum(r io.Reader) (map[string]float64, error) {
	values := map[string]float64{}
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		line := lines.Text()
		at := strings.LastIndexByte(line, ' ')
		if strings.HasPrefix(line, "#") || at < 0 {
			continue
		}
		name, _, _ := strings.Cut(line[:at], "{")
		v, err := strconv.ParseFloat(line[at+1:], 64)
		if err != nil {
			return nil, err
		}
		values[name] += v
	}
	return values, lines.Err()
}
