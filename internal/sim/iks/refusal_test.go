// SPDX-License-Identifier: Apache-2.0

package iks

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// TestCreateCluster_refusals has one case for each rule.
func TestCreateCluster_refusals(t *testing.T) {
	t.Parallel()
	pool := func(key string, value any) func(*world, m) {
		return func(_ *world, body m) { body["workerPool"].(m)[key] = value }
	}
	top := func(key string, value any) func(*world, m) {
		return func(_ *world, body m) { body[key] = value }
	}
	zones := func(of ...[2]int) func(*world, m) {
		return func(w *world, body m) {
			var list []m
			for _, z := range of {
				list = append(list, m{"id": w.subnet(z[0]).Zone, "subnetID": w.subnet(z[1]).ID})
			}
			body["workerPool"].(m)["zones"] = list
		}
	}
	tests := map[string]struct {
		change func(*world, m)
		want   string
	}{
		"accepted":                {func(*world, m) {}, "201 "},
		"empty-texts":             {func(_ *world, b m) { b["podSubnet"], b["kubeVersion"], b["cosInstanceCRN"] = "", "", "" }, "201 "},
		"any-pod-subnet":          {top("podSubnet", "0.0.0.0/20"), "201 "},
		"own-subnets":             {func(_ *world, b m) { b["podSubnet"], b["serviceSubnet"] = "192.168.0.0/20", "172.21.4.0/22" }, "201 "},
		"no-name":                 {top("name", nil), "400 E0020"},
		"bad-name":                {top("name", "under_score"), "400 E0002"},
		"long-name":               {top("name", strings.Repeat("a", 36)), "400 E0002"},
		"taken-name":              {top("name", "old"), "409 E0007"},
		"taken-elsewhere":         {top("name", "far"), "409 E0007"},
		"provider":                {top("provider", "classic"), "400 E0020"},
		"version":                 {top("kubeVersion", "1.20"), "400 E0149"},
		"openshift":               {top("kubeVersion", "4.18_openshift"), "501 NotSimulated"},
		"entitlement":             {top("defaultWorkerPoolEntitlement", "cloud_pak"), "400 E0020"},
		"billing":                 {top("billing", "monthly"), "501 NotSimulated"},
		"unknown-member":          {top("size", "x"), "400 E0020"},
		"wrong-type":              {top("name", 5), "400 E0020"},
		"pod-subnet":              {top("podSubnet", "10.0.0.0/18"), "400 E0020"},
		"small-pod-subnet":        {top("podSubnet", "172.17.0.0/24"), "400 E0020"},
		"overlap":                 {top("podSubnet", "172.21.0.0/18"), "400 E0020"},
		"service-subnet":          {top("serviceSubnet", "nonsense"), "400 E0020"},
		"no-security-groups":      {top("securityGroupIDs", []string{}), "400 E0020"},
		"null-security-groups":    {func(_ *world, b m) { b["securityGroupIDs"] = nil }, "400 E0020"},
		"five-security-groups":    {top("securityGroupIDs", []string{"a", "b", "c", "d", "e"}), "400 E0020"},
		"foreign-security-groups": {func(w *world, b m) { b["securityGroupIDs"] = []string{w.resources.SecurityGroups[2].ID} }, "400 E0020"},
		"no-pool":                 {top("workerPool", nil), "400 E0020"},
		"no-flavor":               {pool("flavor", ""), "400 E0020"},
		"flavor":                  {pool("flavor", "bx2-4x16"), "400 E4e5b"},
		"flavor-of-another-zone":  {pool("flavor", "gx3.16x80.l4"), "400 E4e5b"},
		"no-workers":              {pool("workerCount", 0), "400 E0020"},
		"workers-as-text":         {pool("workerCount", "2"), "400 E0020"},
		"many-workers":            {pool("workerCount", 501), "403 E60b6"},
		"vpc":                     {pool("vpcID", "r006-none"), "400 E0020"},
		"pool-name":               {pool("name", "a_b"), "400 E0020"},
		"operating-system":        {pool("operatingSystem", "WINDOWS"), "400 E0020"},
		"isolation":               {pool("isolation", "dedicated"), "501 NotSimulated"},
		"encryption":              {pool("workerVolumeEncryption", m{"kmsInstanceID": "x"}), "501 NotSimulated"},
		"label":                   {pool("labels", m{"a b": "c"}), "400 E0020"},
		"reserved-label":          {pool("labels", m{ownLabels + "zone": "c"}), "400 E0020"},
		"no-zones":                {pool("zones", []m{}), "400 E0020"},
		"zone-twice":              {zones([2]int{0, 0}, [2]int{0, 3}), "409 Ede7d"},
		"zone-of-another-subnet":  {zones([2]int{0, 1}), "400 E0020"},
		"three-zones":             {zones([2]int{0, 0}, [2]int{1, 1}, [2]int{2, 2}), "201 "},
		// The service does not look at the VPC of a subnet.
		"foreign-subnet": {zones([2]int{0, 4}), "201 "},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			wiretest.Must(t, w.Put(seeded("old")))
			wiretest.Must(t, w.Put(core.Seed{Name: "far", Attr: map[string]string{AttrRegion: "eu-de"}}))
			body := w.clusterBody("demo")
			test.change(w, body)
			if got := w.post(t, "/v2/vpc/createCluster", body).refusal(); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
			if _, made := w.named("demo"); (made == nil) != strings.HasPrefix(test.want, "201") {
				t.Errorf("the cluster is there: %v", made == nil)
			}
		})
	}
}

// TestServer_foreignSubnet: workers in a subnet of another VPC never reach the master.
func TestServer_foreignSubnet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.active(t, "demo", func(body m) {
		body["workerPool"].(m)["zones"] = []m{{"id": w.subnet(4).Zone, "subnetID": w.subnet(4).ID}}
	})
	if c := w.cluster(t, id); c.State != "critical" || c.Lifecycle.MasterState != masterDeployed {
		t.Errorf("the cluster is %s", c.State)
	}
	if o := w.workers(t, id)[0]; o.Lifecycle.ActualState != workerDeployFailed || o.Lifecycle.MessageDetails == "" || o.Health.State != healthCritical {
		t.Errorf("the worker is %+v", o)
	}
}

// TestServer_refusals has one case for each rule of the other calls. The cluster demo
// has the pool ng1 with two workers.
func TestServer_refusals(t *testing.T) {
	t.Parallel()
	forced := func(state profile.State) func(*testing.T, *world) {
		return func(t *testing.T, w *world) { t.Helper(); w.force(t, "demo", "", state, "why") }
	}
	shows := func(shown Shown) func(*testing.T, *world) {
		return func(t *testing.T, w *world) { t.Helper(); wiretest.Must(t, w.Show("demo", shown)) }
	}
	auto := func(t *testing.T, w *world) {
		t.Helper()
		seed := seeded("auto")
		seed.Groups[0].OnAutoScaling, seed.Groups[0].MinNodeSize, seed.Groups[0].MaxNodeSize = true, 1, 4
		wiretest.Must(t, w.Put(seed))
	}
	const demo, ng1 = "demo", "ng1"
	addon := func(change ...any) m {
		body := m{"addons": []m{{"name": autoscaler, "version": "2.0.0"}}, "enable": true}
		for i := 0; i < len(change); i += 2 {
			body[change[i].(string)] = change[i+1]
		}
		return body
	}
	newPool := func(w *world, change ...any) m {
		body := w.poolBody("ng2", 1, 1)
		body["cluster"] = demo
		for i := 0; i < len(change); i += 2 {
			body[change[i].(string)] = change[i+1]
		}
		return body
	}
	taints := func(key, text string) func(*world) m {
		return func(*world) m { return m{"cluster": demo, "workerpool": ng1, "taints": m{key: text}} }
	}
	zone := func(of, subnet int, change ...string) func(*world) m {
		return func(w *world) m {
			body := m{"cluster": demo, "workerpool": ng1, "id": w.subnet(of).Zone, "subnetID": w.subnet(subnet).ID}
			for i := 0; i < len(change); i += 2 {
				body[change[i]] = change[i+1]
			}
			return body
		}
	}
	tests := map[string]struct {
		setup        func(*testing.T, *world)
		method, path string
		body         func(*world) m
		want         string
	}{
		"pool-of-no-cluster":      {nil, "POST", "/v2/vpc/createWorkerPool", func(w *world) m { return newPool(w, "cluster", "none") }, "404 G0004"},
		"pool-without-cluster":    {nil, "POST", "/v2/vpc/createWorkerPool", func(w *world) m { return newPool(w, "cluster", "") }, "400 E0020"},
		"pool-without-name":       {nil, "POST", "/v2/vpc/createWorkerPool", func(w *world) m { return newPool(w, "name", "") }, "400 E0020"},
		"pool-name-taken":         {nil, "POST", "/v2/vpc/createWorkerPool", func(w *world) m { return newPool(w, "name", ng1) }, "409 E0d39"},
		"pool-on-host-pool":       {nil, "POST", "/v2/vpc/createWorkerPool", func(w *world) m { return newPool(w, "hostPool", "x") }, "501 NotSimulated"},
		"pool-in-another-vpc":     {nil, "POST", "/v2/vpc/createWorkerPool", func(w *world) m { return newPool(w, "vpcID", w.resources.VPCs[1].ID) }, "400 E0020"},
		"pool-while-creating":     {forced(profile.Creating), "POST", "/v2/vpc/createWorkerPool", func(w *world) m { return newPool(w) }, "201 "},
		"pool-while-updating":     {forced(profile.Updating), "POST", "/v2/vpc/createWorkerPool", func(w *world) m { return newPool(w) }, "201 "},
		"pool-while-deleting":     {forced(profile.Deleting), "POST", "/v2/vpc/createWorkerPool", func(w *world) m { return newPool(w) }, "409 E0d61"},
		"pool-of-a-failure":       {forced(profile.CreateFailed), "POST", "/v2/vpc/createWorkerPool", func(w *world) m { return newPool(w) }, "409 E0d61"},
		"pool-unsupported":        {shows(Shown{State: "unsupported"}), "POST", "/v2/vpc/createWorkerPool", func(w *world) m { return newPool(w) }, "409 E0d61"},
		"pool-beyond-quota":       {nil, "POST", "/v2/vpc/createWorkerPool", func(w *world) m { return newPool(w, "workerCount", 499) }, "403 E60b6"},
		"resize-of-no-pool":       {nil, "POST", "/v2/resizeWorkerPool", func(*world) m { return m{"cluster": demo, "workerpool": "none", "size": 1} }, "404 E0d30"},
		"resize-to-nothing":       {nil, "POST", "/v2/resizeWorkerPool", func(*world) m { return m{"cluster": demo, "workerpool": ng1, "size": 0} }, "400 E0020"},
		"resize-without-size":     {nil, "POST", "/v2/resizeWorkerPool", func(*world) m { return m{"cluster": demo, "workerpool": ng1} }, "400 E0020"},
		"resize-without-pool":     {nil, "POST", "/v2/resizeWorkerPool", func(*world) m { return m{"cluster": demo, "size": 2} }, "400 E0020"},
		"resize-beyond-quota":     {nil, "POST", "/v2/resizeWorkerPool", func(*world) m { return m{"cluster": demo, "workerpool": ng1, "size": 501} }, "403 E60b6"},
		"resize-while-scaled":     {auto, "POST", "/v2/resizeWorkerPool", func(*world) m { return m{"cluster": "auto", "workerpool": ng1, "size": 3} }, "409 E0d61"},
		"resize-master-away":      {forced(profile.Degraded), "POST", "/v2/resizeWorkerPool", func(*world) m { return m{"cluster": demo, "workerpool": ng1, "size": 3} }, "409 E0d61"},
		"resize-older-form":       {nil, "PATCH", "/v1/clusters/demo/workerpools/ng1", func(*world) m { return m{"state": "resizing", "sizePerZone": 3} }, "202 "},
		"resize-older-other":      {nil, "PATCH", "/v1/clusters/demo/workerpools/ng1", func(*world) m { return m{"state": "rebalancing"} }, "501 NotSimulated"},
		"labels-older-form":       {nil, "PATCH", "/v1/clusters/demo/workerpools/ng1", func(*world) m { return m{"state": "labels", "labels": m{"a": "b"}} }, "202 "},
		"labels-older-none":       {nil, "PATCH", "/v1/clusters/demo/workerpools/ng1", func(*world) m { return m{"state": "labels"} }, "400 E0020"},
		"remove-last":             {nil, "POST", "/v2/removeWorkerPool", func(*world) m { return m{"cluster": demo, "workerpool": ng1} }, "400 E1437"},
		"remove-last-older":       {nil, "DELETE", "/v1/clusters/demo/workerpools/ng1", nil, "400 E1437"},
		"remove-no-pool":          {nil, "POST", "/v2/removeWorkerPool", func(*world) m { return m{"cluster": demo, "workerpool": "none"} }, "404 E0d30"},
		"remove-while-deleting":   {forced(profile.Deleting), "POST", "/v2/removeWorkerPool", func(*world) m { return m{"cluster": demo, "workerpool": ng1} }, "404 E0d30"},
		"labels-none":             {nil, "POST", "/v2/setWorkerPoolLabels", func(*world) m { return m{"cluster": demo, "workerpool": ng1} }, "400 E0020"},
		"labels-bad":              {nil, "POST", "/v2/setWorkerPoolLabels", func(*world) m { return m{"cluster": demo, "workerpool": ng1, "labels": m{"a": "b c"}} }, "400 E0020"},
		"labels":                  {nil, "POST", "/v2/setWorkerPoolLabels", func(*world) m { return m{"cluster": demo, "workerpool": ng1, "labels": m{"a/b": "c"}} }, "204 "},
		"labels-reserved":         {nil, "POST", "/v2/setWorkerPoolLabels", func(*world) m { return m{"cluster": demo, "workerpool": ng1, "labels": m{ownLabels + "x": "c"}} }, "400 E0020"},
		"labels-while-scaled":     {auto, "POST", "/v2/setWorkerPoolLabels", func(*world) m { return m{"cluster": "auto", "workerpool": ng1, "labels": m{}} }, "204 "},
		"labels-while-deleting":   {forced(profile.Deleting), "POST", "/v2/setWorkerPoolLabels", func(*world) m { return m{"cluster": demo, "workerpool": ng1, "labels": m{}} }, "409 E0d61"},
		"taints":                  {nil, "POST", "/v2/setWorkerPoolTaints", taints("a/b", "c:NoExecute"), "204 "},
		"taints-without-value":    {nil, "POST", "/v2/setWorkerPoolTaints", taints("a", ":PreferNoSchedule"), "204 "},
		"taints-none":             {nil, "POST", "/v2/setWorkerPoolTaints", func(*world) m { return m{"cluster": demo, "workerpool": ng1} }, "400 E0020"},
		"taints-of-no-pool":       {nil, "POST", "/v2/setWorkerPoolTaints", func(*world) m { return m{"cluster": demo, "workerpool": "none", "taints": m{}} }, "404 E0d30"},
		"taints-while-scaled":     {auto, "POST", "/v2/setWorkerPoolTaints", func(*world) m { return m{"cluster": "auto", "workerpool": ng1, "taints": m{}} }, "204 "},
		"taints-while-deleting":   {forced(profile.Deleting), "POST", "/v2/setWorkerPoolTaints", taints("a", "b:NoExecute"), "409 E0d61"},
		"taint-effect":            {nil, "POST", "/v2/setWorkerPoolTaints", taints("a", "b:NO_EXECUTE"), "400 E0020"},
		"taint-without-effect":    {nil, "POST", "/v2/setWorkerPoolTaints", taints("a", "b"), "400 E0020"},
		"taint-key":               {nil, "POST", "/v2/setWorkerPoolTaints", taints("a b", "c:NoExecute"), "400 E0020"},
		"taint-value":             {nil, "POST", "/v2/setWorkerPoolTaints", taints("a", "c d:NoExecute"), "400 E0020"},
		"zone":                    {nil, "POST", "/v2/vpc/createWorkerPoolZone", zone(1, 1), "201 "},
		"zone-taken":              {nil, "POST", "/v2/vpc/createWorkerPoolZone", zone(0, 0), "409 Ede7d"},
		"zone-of-no-subnet":       {nil, "POST", "/v2/vpc/createWorkerPoolZone", zone(1, 1, "subnetID", "none"), "400 E0020"},
		"zone-of-another-subnet":  {nil, "POST", "/v2/vpc/createWorkerPoolZone", zone(1, 2), "400 E0020"},
		"zone-of-another-region":  {nil, "POST", "/v2/vpc/createWorkerPoolZone", zone(1, 1, "id", "eu-de-1"), "400 E0020"},
		"zone-of-no-pool":         {nil, "POST", "/v2/vpc/createWorkerPoolZone", zone(1, 1, "workerpool", "none"), "404 E0d30"},
		"zone-of-two-pools":       {nil, "POST", "/v2/vpc/createWorkerPoolZone", zone(1, 1, "workerPoolID", "other"), "400 E0020"},
		"zone-without-pool":       {nil, "POST", "/v2/vpc/createWorkerPoolZone", zone(1, 1, "workerpool", ""), "400 E0020"},
		"zone-while-deleting":     {forced(profile.Deleting), "POST", "/v2/vpc/createWorkerPoolZone", zone(1, 1), "404 E0d30"},
		"zone-unsupported":        {shows(Shown{State: "unsupported"}), "POST", "/v2/vpc/createWorkerPoolZone", zone(1, 1), "409 E0d61"},
		"zone-off-unknown":        {nil, "POST", "/v2/removeWorkerPoolZone", func(*world) m { return m{"cluster": demo, "workerpool": ng1, "zone": "us-south-2"} }, "400 E0020"},
		"zone-off-last":           {nil, "POST", "/v2/removeWorkerPoolZone", func(*world) m { return m{"cluster": demo, "workerpool": ng1, "zone": "us-south-1"} }, "400 E1437"},
		"endpoint-off":            {nil, "POST", "/v2/disablePublicServiceEndpoint", func(*world) m { return m{"cluster": demo} }, "204 "},
		"endpoint-on":             {nil, "POST", "/v2/enablePublicServiceEndpoint", func(*world) m { return m{"cluster": demo} }, "204 "},
		"endpoint-of-no-cluster":  {nil, "POST", "/v2/enablePublicServiceEndpoint", func(*world) m { return m{"cluster": "none"} }, "404 G0004"},
		"endpoint-while-updating": {forced(profile.Updating), "POST", "/v2/disablePublicServiceEndpoint", func(*world) m { return m{"cluster": demo} }, "400 Ef9cc"},
		"refresh":                 {nil, "POST", "/v2/refreshMaster", func(*world) m { return m{"cluster": demo} }, "204 "},
		"refresh-older-form":      {nil, "PUT", "/v1/clusters/demo/masters", func(*world) m { return m{"action": "refresh"} }, "204 "},
		"refresh-older-other":     {nil, "PUT", "/v1/clusters/demo/masters", func(*world) m { return m{"action": "rotate"} }, "501 NotSimulated"},
		"refresh-while-updating":  {forced(profile.Updating), "POST", "/v2/refreshMaster", func(*world) m { return m{"cluster": demo} }, "400 Ef9cc"},
		"refresh-without-master":  {forced(profile.Degraded), "POST", "/v2/refreshMaster", func(*world) m { return m{"cluster": demo} }, "400 Ef9cc"},
		"acl":                     {nil, "GET", "/v1/acl/demo", nil, "501 NotSimulated"},
		"replace-no-worker":       {nil, "POST", "/v2/vpc/replaceWorker", func(*world) m { return m{"cluster": demo, "workerID": "none"} }, "404 E0011"},
		"update-same":             {nil, "POST", "/v2/updateMaster", func(*world) m { return m{"cluster": demo, "version": "1.34"} }, "409 E0120"},
		"update-lower":            {nil, "POST", "/v2/updateMaster", func(*world) m { return m{"cluster": demo, "version": "1.33"} }, "400 E0147"},
		"update-far":              {nil, "POST", "/v2/updateMaster", func(*world) m { return m{"cluster": demo, "version": "1.36"} }, "400 E0148"},
		"update-unknown":          {nil, "POST", "/v2/updateMaster", func(*world) m { return m{"cluster": demo, "version": "1.99"} }, "400 E0149"},
		"update-nothing":          {nil, "POST", "/v2/updateMaster", func(*world) m { return m{"cluster": demo} }, "400 E0020"},
		"update-while-updating":   {forced(profile.Updating), "POST", "/v2/updateMaster", func(*world) m { return m{"cluster": demo, "version": "1.35"} }, "400 Ef9cc"},
		"update-while-deleting":   {forced(profile.Deleting), "POST", "/v2/updateMaster", func(*world) m { return m{"cluster": demo, "version": "1.35"} }, "400 Ef9cc"},
		"update-without-master":   {forced(profile.Degraded), "POST", "/v2/updateMaster", func(*world) m { return m{"cluster": demo, "version": "1.35"} }, "400 Ef9cc"},
		"update-after-a-failure":  {forced(profile.UpdateFailed), "POST", "/v2/updateMaster", func(*world) m { return m{"cluster": demo, "version": "1.35"} }, "204 "},
		"update-unsupported":      {shows(Shown{State: "unsupported"}), "POST", "/v2/updateMaster", func(*world) m { return m{"cluster": demo, "version": "1.35"} }, "204 "},
		"update-older-form":       {nil, "PUT", "/v1/clusters/demo", func(*world) m { return m{"action": "update", "version": "1.35.3", "force": true} }, "204 "},
		"update-older-other":      {nil, "PUT", "/v1/clusters/demo", func(*world) m { return m{"action": "refresh"} }, "501 NotSimulated"},
		"addon-early":             {forced(profile.Creating), "PATCH", "/v1/clusters/demo/addons", func(*world) m { return addon() }, "400 E7b85"},
		"addon-while-deleting":    {forced(profile.Deleting), "PATCH", "/v1/clusters/demo/addons", func(*world) m { return addon() }, "409 E0d61"},
		"addon-neither":           {nil, "PATCH", "/v1/clusters/demo/addons", func(*world) m { return addon("enable", nil) }, "400 E0020"},
		"addon-both":              {nil, "PATCH", "/v1/clusters/demo/addons", func(*world) m { return addon("update", true) }, "400 E0020"},
		"addon-none":              {nil, "PATCH", "/v1/clusters/demo/addons", func(*world) m { return addon("addons", []m{}) }, "400 E0020"},
		"addon-update-of-none":    {nil, "PATCH", "/v1/clusters/demo/addons", func(*world) m { return addon("enable", nil, "update", true) }, "400 E0020"},
		"addon-unknown":           {nil, "PATCH", "/v1/clusters/demo/addons", func(*world) m { return addon("addons", []m{{"name": "x"}}) }, "400 E0020"},
		"addon-of-other-versions": {nil, "PATCH", "/v1/clusters/demo/addons", func(*world) m { return addon("addons", []m{{"name": autoscaler, "version": "2.1.0"}}) }, "400 E0020"},
		"addon-off":               {nil, "PATCH", "/v1/clusters/demo/addons", func(*world) m { return addon("enable", false) }, "400 E0020"},
		"addon-twice":             {auto, "PATCH", "/v1/clusters/auto/addons", func(*world) m { return addon() }, "409 E7b86"},
		"kubeconfig-early":        {forced(profile.CreateFailed), "GET", "/v2/getKubeconfig?cluster=demo&format=yaml", nil, "400 E06a0"},
		"kubeconfig-zip":          {nil, "GET", "/v2/getKubeconfig?cluster=demo&format=zip", nil, "501 NotSimulated"},
		"kubeconfig-endpoint":     {nil, "POST", "/v2/applyRBACAndGetKubeconfig", func(*world) m { return m{"cluster": demo, "format": "yaml", "endpointType": "moon"} }, "400 E0020"},
		"workers-of-no-pool":      {nil, "GET", "/v2/vpc/getWorkers?cluster=demo&pool=none", nil, "404 E0d30"},
		"worker-none":             {nil, "GET", "/v2/vpc/getWorker?cluster=demo&worker=none", nil, "404 E0011"},
		"workers-shown":           {nil, "GET", "/v2/vpc/getWorkers?cluster=demo&showDeleted=yes", nil, "400 E0020"},
		"flavors-without-zone":    {nil, "GET", "/v2/getFlavors", nil, "400 E0020"},
		"flavors-of-no-zone":      {nil, "GET", "/v2/getFlavors?zone=mars-1", nil, "400 E0020"},
		"flavors-of-classic":      {nil, "GET", "/v2/getFlavors?zone=us-south-1&provider=classic", nil, "501 NotSimulated"},
		"subnets-of-no-vpc":       {nil, "GET", "/v2/vpc/getSubnets?provider=vpc-gen2&vpc=none&zone=us-south-1", nil, "400 E0020"},
		"vpc-none":                {nil, "GET", "/v2/vpc/getVPC?provider=vpc-gen2&vpcID=none", nil, "400 E0020"},
		"unknown-query":           {nil, "GET", "/v2/vpc/getCluster?cluster=demo&fields=all", nil, "501 NotSimulated"},
		"query-twice":             {nil, "GET", "/v2/vpc/getCluster?cluster=demo&cluster=demo", nil, "400 E0020"},
		"no-query":                {nil, "GET", "/v2/vpc/getCluster", nil, "400 E0020"},
		"delete-flag":             {nil, "DELETE", "/v1/clusters/demo?deleteResources=maybe", nil, "400 E0020"},
		"not-simulated":           {nil, "POST", "/v2/rebalanceWorkerPool", func(*world) m { return m{} }, "501 NotSimulated"},
		"no-route":                {nil, "GET", "/v2/vpc/getClusterz", nil, "404 404 page not found"},
		"no-method":               {nil, "PATCH", "/v2/vpc/getClusters", nil, "405 Method Not Allowed"},
		"body-of-a-get":           {nil, "GET", "/v2/vpc/getClusters", func(*world) m { return m{} }, "400 E0020"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			wiretest.Must(t, w.Put(seeded(demo)))
			if test.setup != nil {
				test.setup(t, w)
			}
			var body any
			if test.body != nil {
				body = test.body(w)
			}
			if got := w.call(t, test.method, test.path, body).refusal(); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

// TestServer_whose: who sees which clusters, and under which resource group.
func TestServer_whose(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) {
		o.APIKeys = map[string]APIKey{DefaultAPIKey: {}, "stranger": {Account: "ffffffffffffffffffffffffffffffff"}, "locked": {Locked: true}}
	})
	for _, seed := range []core.Seed{
		seeded("plain"),
		{Name: "far", Attr: map[string]string{AttrRegion: "eu-de"}},
		{Name: "grouped", Attr: map[string]string{AttrResourceGroup: OtherResourceGroup}},
		{Name: "shift", Attr: map[string]string{AttrType: typeOpenShift}},
		{Name: "orbit", Attr: map[string]string{AttrType: typeOpenShift, AttrProvider: "satellite"}},
	} {
		wiretest.Must(t, w.Put(seed))
	}
	list := func(query string) string {
		var out []clusterSummary
		w.get(t, "/v2/vpc/getClusters"+query).into(t, 200, &out)
		var names []string
		for _, c := range out {
			names = append(names, c.Name+":"+c.Region+":"+c.Type)
		}
		return strings.Join(names, " ")
	}
	const ours = "plain:us-south:kubernetes far:eu-de:kubernetes grouped:us-south:kubernetes shift:us-south:openshift"
	if got := list("?provider=vpc-gen2"); got != ours {
		t.Errorf("the list holds %s", got)
	}
	if got := list(""); got != ours+" orbit:us-south:openshift" {
		t.Errorf("the list of all providers holds %s", got)
	}
	under := func(group, method, path string) string {
		r := w.request(t, method, path, nil)
		r.Header.Set(groupHeader, group)
		return w.send(t, r).refusal()
	}
	for _, test := range []struct{ got, want string }{
		{under(OtherResourceGroup, "GET", "/v2/vpc/getCluster?cluster=plain"), "404 A0006"},
		{under("cccccccccccccccccccccccccccccccc", "GET", "/v2/vpc/getCluster?cluster=plain"), "404 A0006"},
		{w.get(t, "/v2/vpc/getCluster?cluster=orbit").refusal(), "404 E0008"},
		{under(DefaultResourceGroup, "DELETE", "/v1/clusters/grouped"), "404 A0006"},
		{w.call(t, "DELETE", "/v1/clusters/grouped", nil).refusal(), "404 A0006"},
		{under(OtherResourceGroup, "DELETE", "/v1/clusters/grouped"), "204 "},
		{w.call(t, "DELETE", "/v1/clusters/plain", nil).refusal(), "204 "},
	} {
		if test.got != test.want {
			t.Errorf("got %s, want %s", test.got, test.want)
		}
	}
	w.loginAs(t, "stranger")
	if got := list(""); got != "" {
		t.Errorf("another account sees %s", got)
	}
	for _, path := range []string{"/v2/vpc/getCluster?cluster=far", vpcHost + "/v1/subnets/" + w.subnet(0).ID + "?version=2026-04-07&generation=2"} {
		w.get(t, path).want(t, http.StatusNotFound)
	}
}

// TestServer_fresh: a new cluster answers 404 for a while, but is in the list.
func TestServer_fresh(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.Fresh, o.Linger = 60e9, 60e9 })
	id := w.create(t, "demo")
	if got := w.get(t, "/v2/vpc/getWorkerPools?cluster="+id).refusal(); got != "404 A0006" {
		t.Errorf("at once: %s", got)
	}
	count := func() string {
		var out []clusterSummary
		w.get(t, "/v2/vpc/getClusters").into(t, 200, &out)
		states := fmt.Sprint(len(out))
		for _, c := range out {
			states += " " + c.State
		}
		return states
	}
	if got := count(); got != "1 requested" {
		t.Errorf("the list holds %s", got)
	}
	w.clock.Add(60e9)
	w.call(t, "DELETE", "/v1/clusters/"+id, nil).want(t, 204)
	if got := count(); got != "1 aborted" {
		t.Errorf("the list holds %s", got)
	}
	w.finish()
	if got := count(); got != "1 deleted" {
		t.Errorf("the list holds %s", got)
	}
	if got := w.post(t, "/v2/vpc/createCluster", w.clusterBody("demo")).refusal(); got != "409 E0007" {
		t.Errorf("the name is free: %s", got)
	}
	w.clock.Add(60e9)
	if got := count(); got != "0" {
		t.Errorf("the list holds %s", got)
	}
}
