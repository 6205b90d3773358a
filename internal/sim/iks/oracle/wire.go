// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"

	v1 "github.com/IBM-Cloud/bluemix-go/api/container/containerv1"
	v2 "github.com/IBM-Cloud/bluemix-go/api/container/containerv2"
	ks "github.com/IBM-Cloud/container-services-go-sdk/kubernetesserviceapiv1"
)

// models are what the two clients exchange, by operation: the body of a request and
// the answer. Neither client knows every member, so they count together.
var models = map[string]struct{ in, out []any }{
	"versions":                     {nil, []any{map[string][]ks.KubeVersion{}}},
	"getFlavors":                   {nil, []any{[]ks.Flavor{}}},
	"getQuota":                     {nil, []any{[]ks.GetQuotaResource{}}},
	"getVPCs":                      {nil, []any{[]ks.VirtualPrivateCloudResponse{}, []v2.VPCConfig{}}},
	"getVPC":                       {nil, []any{ks.GetVPCResponse{}, v2.VPCConfig{}}},
	"getSubnets":                   {nil, []any{[]ks.Subnet{}, []v2.SubnetConfig{}}},
	"createCluster":                {[]any{ks.VpcCreateClusterOptions{}, v2.ClusterCreateRequest{}}, []any{ks.CreateClusterResponse{}, v2.ClusterCreateResponse{}}},
	"getClusters":                  {nil, []any{[]ks.GetClustersResponse{}, []v2.ClusterInfo{}}},
	"getCluster":                   {nil, []any{ks.GetClusterResponse{}, v2.ClusterInfo{}}},
	"updateMaster":                 {[]any{ks.V2UpdateMasterOptions{}}, nil},
	"updateCluster":                {[]any{ks.UpdateClusterOptions{}, v1.ClusterUpdateParam{}}, nil},
	"enablePublicServiceEndpoint":  {[]any{ks.V2EnablePublicServiceEndpointOptions{}}, nil},
	"disablePublicServiceEndpoint": {[]any{ks.V2DisablePublicServiceEndpointOptions{}}, nil},
	"refreshMaster":                {[]any{ks.VpcRefreshMasterOptions{}}, nil},
	"refreshMasters":               {[]any{v1.MasterAPIServer{}}, nil},
	"createWorkerPool":             {[]any{ks.VpcCreateWorkerPoolOptions{}, v2.WorkerPoolRequest{}}, []any{ks.CreateWorkerpoolResponse{}, v2.WorkerPoolResponse{}}},
	"getWorkerPools":               {nil, []any{[]ks.GetWorkerPoolResponse{}, []v2.GetWorkerPoolResponse{}}},
	"getWorkerPool":                {nil, []any{ks.GetWorkerPoolResponse{}, v2.GetWorkerPoolResponse{}}},
	"resizeWorkerPool":             {[]any{ks.V2ResizeWorkerPoolOptions{}, v2.ResizeWorkerPoolReq{}}, nil},
	"removeWorkerPool":             {[]any{ks.RemoveWorkerPool1Options{}}, nil},
	"setWorkerPoolLabels":          {[]any{ks.V2SetWorkerPoolLabelsOptions{}, v2.SetWorkerPoolLabelsRequest{}}, nil},
	"setWorkerPoolTaints":          {[]any{ks.V2SetWorkerPoolTaintsOptions{}, v2.WorkerPoolTaintRequest{}}, nil},
	"createWorkerPoolZone":         {[]any{ks.VpcCreateWorkerPoolZoneOptions{}, v2.WorkerPoolZone{}}, nil},
	"removeWorkerPoolZone":         {[]any{ks.RemoveWorkerPoolZone1Options{}}, nil},
	"patchWorkerPool":              {[]any{v1.WorkerPoolPatchRequest{}}, nil},
	"getWorkers":                   {nil, []any{[]ks.GetWorkerResponse{}, []v2.Worker{}}},
	"getWorker":                    {nil, []any{ks.GetWorkerResponse{}, v2.Worker{}}},
	"replaceWorker":                {[]any{ks.VpcReplaceWorkerOptions{}, v2.ReplaceWorker{}}, nil},
	"getAddons":                    {nil, []any{[]ks.AddonCommon{}, []v1.AddOn{}}},
	"getClusterAddons":             {nil, []any{[]ks.ClusterAddon{}, []v1.AddOn{}}},
	"patchClusterAddons":           {[]any{ks.ManageClusterAddonsOptions{}, v1.ConfigureAddOns{}}, []any{ks.AddonResponse{}, v1.AddOnsResponse{}}},
}

// extra are members of answers that IBM's documentation has and neither client.
var extra = map[string]string{"getWorkers": "lifecycle.desiredOperatingSystem", "getWorker": "lifecycle.desiredOperatingSystem"}

// shape is a type of the table.
type shape struct {
	Type    string            `json:"type"`
	Members map[string]string `json:"members,omitempty"`
	Of      string            `json:"of,omitempty"`
}

// table collects shapes out of the clients' structs.
type table struct {
	Source     string                       `json:"source"`
	Operations map[string]map[string]string `json:"operations"`
	Shapes     map[string]shape             `json:"shapes"`
}

// writeTable writes the table that the simulator's own tests read.
func writeTable(w io.Writer) error {
	out := table{"bluemix-go 576d2f801297, container-services-go-sdk 454a2ae23113", map[string]map[string]string{}, map[string]shape{}}
	for _, op := range slices.Sorted(maps.Keys(models)) {
		out.Operations[op] = map[string]string{}
		for key, of := range map[string][]any{"input": models[op].in, "output": models[op].out} {
			var types []reflect.Type
			for _, v := range of {
				types = append(types, reflect.TypeOf(v))
			}
			if len(types) > 0 {
				out.Operations[op][key] = out.add(op+"."+key, types)
			}
		}
		if at, ok := extra[op]; ok {
			object, member, _ := strings.Cut(at, ".")
			name := op + ".output[]." + object
			if op == "getWorker" {
				name = op + ".output." + object
			}
			out.Shapes[name].Members[member] = "string"
		}
	}
	data, err := json.MarshalIndent(out, "", " ")
	if err == nil {
		_, err = fmt.Fprintln(w, string(data))
	}
	return err
}

// kinds are the words of the table for what is no object.
var kinds = map[reflect.Kind]string{
	reflect.String: "string", reflect.Bool: "boolean", reflect.Int: "integer", reflect.Int64: "integer", reflect.Int32: "integer",
	reflect.Float64: "number", reflect.Float32: "number", reflect.Interface: "any",
}

// add makes one shape of what several clients know of it, under a name.
func (t *table) add(name string, types []reflect.Type) string {
	var structs, elems []reflect.Type
	kind := ""
	for _, typ := range types {
		for typ.Kind() == reflect.Pointer {
			typ = typ.Elem()
		}
		switch typ.Kind() {
		case reflect.Struct:
			kind, structs = "structure", append(structs, typ)
		case reflect.Slice:
			kind, elems = "list", append(elems, typ.Elem())
		case reflect.Map:
			kind, elems = "map", append(elems, typ.Elem())
		default:
			kind = kinds[typ.Kind()]
			t.Shapes[kind] = shape{Type: kind}
			return kind
		}
	}
	out := shape{Type: kind}
	t.Shapes[name] = out // so that what refers to itself ends
	if kind != "structure" {
		out.Of = t.add(name+"[]", elems)
		t.Shapes[name] = out
		return name
	}
	members := map[string][]reflect.Type{}
	for _, typ := range structs {
		if typ == reflect.TypeFor[ks.Zone]() && len(structs) > 1 {
			continue // of an answer, although VpcCreateWorkerPool asks for it
		}
		for member, field := range membersOf(typ) {
			members[member] = append(members[member], field)
		}
	}
	out.Members = map[string]string{}
	for member, of := range members {
		out.Members[member] = t.add(name+"."+member, of)
	}
	t.Shapes[name] = out
	return name
}

// wrongCase are names that a client has in another case than the service; encoding/json
// reads them all the same.
var wrongCase = map[string]string{"masterEos": "masterEOS", "dataCenter": "datacenter", "clusterId": "clusterID", "iD": "id"}

// membersOf returns the members of a struct by their names on the wire. Options of the
// generated client have no tags; what of them goes into a header or the path is left
// out.
func membersOf(typ reflect.Type) map[string]reflect.Type {
	out := map[string]reflect.Type{}
	for _, field := range reflect.VisibleFields(typ) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case name == "-" || field.Anonymous && name == "" || strings.HasPrefix(field.Name, "XAuth") || field.Name == "Headers" || field.Name == "IdOrName" || !field.IsExported():
			continue
		case len(field.Index) > 1 && promoted(typ, field):
			continue
		case name == "":
			name = strings.ToLower(field.Name[:1]) + field.Name[1:]
		}
		if right, ok := wrongCase[name]; ok {
			name = right
		}
		out[name] = field.Type
	}
	return out
}

// promoted reports whether a field belongs to an embedded struct that has a name on the
// wire, and so is a member of that.
func promoted(typ reflect.Type, field reflect.StructField) bool {
	for i := 1; i < len(field.Index); i++ {
		if of := typ.FieldByIndex(field.Index[:i]); of.Tag.Get("json") != "" {
			return true
		}
	}
	return false
}
