// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"fmt"
	"hash/fnv"
	"net/http"
	"strconv"
	"strings"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// machines returns the numbers of the machines that a pool has now. While it is
// being made or grown they appear one after the other.
func (s *Server) machines(c *call, rec *clusterRecord, g *core.NodeGroup, own *poolRecord) []int {
	if rec.live.State == profile.Stopped || g.State == profile.Stopped {
		return nil
	}
	first := ""
	if len(g.Nodes) > 0 {
		first = g.Nodes[0].SystemId
	}
	if first != "" && own.first != "" && first != own.first {
		own.ordinals = nil // an upgrade has replaced them all
	}
	if first != "" || len(g.Nodes) == 0 && !inTransit(g) {
		own.first = first
	}
	want := len(g.Nodes)
	if g.Desired > want && inTransit(g) && g.State != profile.Deleting {
		want += int(float64(g.Desired-want) * s.progress(c, own.operation))
	}
	for len(own.ordinals) < want {
		own.ordinals = append(own.ordinals, own.next)
		own.next++
	}
	own.ordinals = own.ordinals[:want]
	return own.ordinals
}

// progress is how much of an operation is over, from 0 to 1.
func (s *Server) progress(c *call, id string) float64 {
	op, ok := s.world.Operation(c.Now, id)
	if !ok || op.Done || !op.End.After(op.Start) {
		return 0
	}
	return float64(c.Now.Sub(op.Start)) / float64(op.End.Sub(op.Start))
}

// scaleSetName is the name of the scale set of a pool. Windows allows few characters.
func scaleSetName(rec *clusterRecord, own *poolRecord) string {
	if own.spec.windows() {
		return "aks" + own.name
	}
	return "aks-" + own.name + "-" + rec.scaleSet + "-vmss"
}

// machineName is the name of a machine in Kubernetes: the scale set's and the
// number to the base of 36.
func machineName(rec *clusterRecord, own *poolRecord, n int) string {
	if own.spec.machinesPool() {
		return "aks-" + own.name + "-" + rec.scaleSet + "-vms" + strconv.Itoa(n+1)
	}
	digits := strconv.FormatInt(int64(n), 36)
	return scaleSetName(rec, own) + strings.Repeat("0", max(0, 6-len(digits))) + digits
}

func (s *Server) scaleSetID(rec *clusterRecord, own *poolRecord) string {
	return s.idOf(rec.nodeGroup, "Microsoft.Compute/virtualMachineScaleSets", scaleSetName(rec, own))
}

// machineID is the id of the virtual machine that a machine is.
func (s *Server) machineID(rec *clusterRecord, own *poolRecord, n int) string {
	if own.spec.machinesPool() {
		return s.idOf(rec.nodeGroup, "Microsoft.Compute/virtualMachines", machineName(rec, own, n))
	}
	return s.scaleSetID(rec, own) + "/virtualMachines/" + strconv.Itoa(n)
}

func (s *Server) machineObject(rec *clusterRecord, own *poolRecord, n int) machineObject {
	name := machineName(rec, own, n)
	o := machineObject{
		ID:   s.clusterID(rec, true) + "/agentPools/" + own.name + "/machines/" + name,
		Name: name,
		Type: actionPool + "/machines",
		Properties: machineProperties{
			Network:    machineNetwork{[]machineAddress{{"IPv4", address(rec, own, n)}}},
			ResourceID: s.machineID(rec, own, n),
		},
	}
	if zones := own.spec.AvailabilityZones; len(zones) > 0 {
		o.Zones = []string{zones[n%len(zones)]}
	}
	return o
}

// address looks like the address of a machine.
func address(rec *clusterRecord, own *poolRecord, n int) string {
	sum := fnv.New32a()
	fmt.Fprintf(sum, "%s/%s", rec.uid, own.name)
	at := sum.Sum32()%1000 + uint32(n)
	return fmt.Sprintf("10.0.%d.%d", at/250%16, 4+at%250)
}

func (s *Server) listMachines(c *call) (*answer, *apiError) {
	_, rec, _, own, e := s.viewPool(c)
	if e != nil {
		return nil, e
	}
	g, _, exists := rec.pool(rec.live, own.name)
	if !exists {
		return nil, s.noPool(c)
	}
	all := list[machineObject]{Value: []machineObject{}}
	for _, n := range s.machines(c, rec, g, own) {
		all.Value = append(all.Value, s.machineObject(rec, own, n))
	}
	return paged(s, c, all)
}

func (s *Server) getMachine(c *call) (*answer, *apiError) {
	_, rec, _, own, e := s.viewPool(c)
	if e != nil {
		return nil, e
	}
	if g, _, exists := rec.pool(rec.live, own.name); exists {
		for _, n := range s.machines(c, rec, g, own) {
			if strings.EqualFold(machineName(rec, own, n), c.vars["machine"]) {
				return ok(s.machineObject(rec, own, n))
			}
		}
	}
	return nil, fail(http.StatusNotFound, "NotFound", "Could not find the machine: %.64s.", c.vars["machine"])
}
