// SPDX-License-Identifier: Apache-2.0

package nks

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// look is what a test sees of an assumption.
type look = func(*testing.T, *world) string

// seen is the status of one call.
func seen(method, target string, body any) look {
	return func(t *testing.T, w *world) string {
		t.Helper()
		return fmt.Sprint(w.call(t, method, target, body).status)
	}
}

// made is what is seen once there is a cluster; "{c}" in a path is its path.
func made(see func(t *testing.T, w *world, path string) string) look {
	return func(t *testing.T, w *world) string {
		t.Helper()
		return see(t, w, w.create(t, "demo"))
	}
}

// status of a call on a cluster that there is.
func onCluster(method, below string, body any) look {
	return made(func(t *testing.T, w *world, path string) string {
		return fmt.Sprint(w.call(t, method, path+below, body).status)
	})
}

// TestServer_assumptions looks at both answers to each question that no source
// settles.
func TestServer_assumptions(t *testing.T) {
	t.Parallel()
	start := func(t *testing.T, a Assumptions) *world {
		t.Helper()
		return newWorld(t, func(o *Options) {
			o.Assumptions = a
			o.Users = []User{{Name: DefaultUser, Password: DefaultPassword, ID: DefaultUserID}, {Name: "reader", Password: "r", ID: "reader-id", ReadOnly: true},
				{Name: "other", Password: "o", ID: "other-id"}}
		})
	}
	const worker = "/nodegroups/default-worker"
	autoscaled := func(body object) look {
		return made(func(t *testing.T, w *world, path string) string {
			t.Helper()
			r := w.call(t, http.MethodPost, path+worker+"/autoscale", body)
			w.rest(t)
			a := w.get(t, path+worker+"/autoscale")
			return fmt.Sprintln(r.status < 300, a["ca_min_node_count"], a["ca_max_node_count"])
		})
	}
	failed := func(call look) look {
		return func(t *testing.T, w *world) string {
			t.Helper()
			wiretest.Must(t, w.Put(core.Seed{Name: "old", Version: "v1.31.4", State: profile.UpdateFailed, Reason: "a pod does not go"}))
			return call(t, w)
		}
	}
	type choice = wiretest.Choice[Assumptions, *world]
	pick := func(set func(*Assumptions), see look, zero, other string) choice {
		return choice{Set: set, Look: see, Zero: zero, Other: other}
	}
	wiretest.Choices(t, start, map[string]choice{
		"acl-shows-subnet": pick(func(a *Assumptions) { a.ACLShowsSubnet = true }, made(func(t *testing.T, w *world, path string) string {
			w.change(t, http.MethodPost, path+"/api_ep_ipacl", allowed("203.0.113.0/24"))
			w.rest(t)
			return fmt.Sprint(len(items(w.get(t, path+"/api_ep_ipacl")["ipacl_targets"])))
		}), "1", "2"),
		"addons": pick(func(a *Assumptions) { a.AddonsRequired = true }, seen("POST", "/v1/clusters", cluster("a", member("addons", nil))), "202", "400"),
		"addresses": pick(func(a *Assumptions) { a.AddressesOfAllNICs = true }, func(t *testing.T, w *world) string {
			path := w.create(t, "demo", twoCards)
			return fmt.Sprint(len(w.get(t, path)["node_addresses"].([]any)), len(w.get(t, w.worker(t, path))["node_addresses"].([]any)))
		}, "2 2", "4 4"),
		"authority": pick(func(a *Assumptions) { a.AuthorityKept = true }, made(func(t *testing.T, w *world, path string) string {
			authority := func() string {
				_, rest, _ := strings.Cut(text(w.get(t, path+"/config")["config"]), "certificate-authority-data: ")
				return rest[:strings.Index(rest, "\n")]
			}
			before := authority()
			w.change(t, http.MethodPatch, "/v1/certificates/demo", object{"term_of_validity": 1})
			w.rest(t)
			return fmt.Sprint(authority() == before)
		}), "false", "true"),
		"autoscale-image": pick(func(a *Assumptions) { a.AutoscaleImage = true }, made(func(t *testing.T, w *world, path string) string {
			image := w.get(t, path+worker+"/autoscale")["ca_image"]
			r := w.call(t, http.MethodPost, path+worker+"/autoscale", object{"ca_enable": false, "ca_image": autoscalerImage})
			return fmt.Sprint(image != nil, r.status < 300)
		}), "false false", "true true"),
		"events": pick(func(a *Assumptions) { a.EventsOldestFirst = true }, made(func(t *testing.T, w *world, path string) string {
			w.add(t, path, "ng2")
			list := items(w.get(t, path+"/events")["events"])
			return fmt.Sprint(list[0]["type"], " ", list[1]["type"])
		}), "NODEGROUP_CREATE CLUSTER_CREATE", "CLUSTER_CREATE NODEGROUP_CREATE"),
		"busy": pick(func(a *Assumptions) { a.BusyIsConflict = true }, made(func(t *testing.T, w *world, path string) string {
			w.ok(t, http.StatusAccepted, http.MethodPost, path+"/actions/resize", object{"nodegroup": "default-worker", "node_count": 3})
			return fmt.Sprint(w.call(t, http.MethodPost, path+"/nodegroups", group("ng2")).status)
		}), "400", "409"),
		"changes-from-failed": pick(func(a *Assumptions) { a.ChangesFromFailed = true }, failed(func(t *testing.T, w *world) string {
			r := w.call(t, http.MethodPost, "/v1/clusters/old/nodegroups/default-master/upgrade", object{"version": "v1.32.3"})
			return fmt.Sprint(r.status < 300)
		}), "false", "true"),
		"config-for-readers": pick(func(a *Assumptions) { a.ConfigForReaders = true }, made(func(t *testing.T, w *world, path string) string {
			return fmt.Sprint(w.as(t, "reader", "r").call(t, http.MethodGet, path+"/config", nil).status)
		}), "403", "200"),
		"creating": pick(func(a *Assumptions) { a.CreatingIsNotDeleted = true }, func(t *testing.T, w *world) string {
			w.ok(t, http.StatusAccepted, http.MethodPost, "/v1/clusters", cluster("demo"))
			return fmt.Sprint(w.call(t, http.MethodDelete, "/v1/clusters/demo", nil).status)
		}, "204", "400"),
		"default-group": pick(func(a *Assumptions) { a.DefaultGroupKept = true }, made(func(t *testing.T, w *world, path string) string {
			w.add(t, path, "ng2")
			return fmt.Sprint(w.get(t, path+worker)["is_default"], w.call(t, http.MethodDelete, path+worker, nil).status)
		}), "false 204", "true 400"),
		"discovery": pick(func(a *Assumptions) { a.Discovery = true }, func(t *testing.T, w *world) string {
			w.token = ""
			return fmt.Sprint(w.call(t, http.MethodGet, "/network/", nil).status, w.call(t, http.MethodGet, "/image/", nil).status)
		}, "401 401", "200 300"),
		"early-config": pick(func(a *Assumptions) { a.EarlyConfigStatus = 404 }, func(t *testing.T, w *world) string {
			w.ok(t, http.StatusAccepted, http.MethodPost, "/v1/clusters", cluster("demo"))
			return fmt.Sprint(w.call(t, http.MethodGet, "/v1/clusters/demo/config", nil).status)
		}, "400", "404"),
		"extra-security-groups-as-text": pick(func(a *Assumptions) { a.ExtraSecurityGroups = EchoText }, made(func(t *testing.T, w *world, path string) string {
			return fmt.Sprintf("%T %T", at(w.get(t, path), "labels", "extra_security_groups"), at(w.get(t, path+worker), "labels", "extra_security_groups"))
		}), "[]interface {} []interface {}", "string string"),
		"extra-security-groups-absent": pick(func(a *Assumptions) { a.ExtraSecurityGroups = EchoNone }, made(func(t *testing.T, w *world, path string) string {
			return fmt.Sprint(at(w.get(t, path), "labels", "extra_security_groups") == nil)
		}), "false", "true"),
		"group-labels": pick(func(a *Assumptions) { a.GroupLabelsHidden = true }, made(func(t *testing.T, w *world, path string) string {
			c := w.get(t, path)
			return fmt.Sprintln(at(c, "labels", "boot_volume_size"), at(c, "labels", "ca_enable"), at(c, "labels", "kube_tag"), at(w.get(t, path+worker), "labels", "boot_volume_size"))
		}), "50 False v1.32.3 50", "<nil> <nil> v1.32.3 50"),
		"unreadable-groups": pick(func(a *Assumptions) { a.GroupsUnreadable = true }, made(func(t *testing.T, w *world, path string) string {
			wiretest.Must(t, w.Force("demo", "", profile.CreateFailed, "no room"))
			return fmt.Sprint(w.call(t, http.MethodGet, path+"/nodegroups", nil).status)
		}), "200", "404"),
		"groups-while-creating": pick(func(a *Assumptions) { a.GroupsWhileCreating = true }, func(t *testing.T, w *world) string {
			w.ok(t, http.StatusAccepted, http.MethodPost, "/v1/clusters", cluster("demo"))
			return fmt.Sprint(len(items(w.get(t, "/v1/clusters/demo/nodegroups")["nodegroups"])))
		}, "0", "1"),
		"last-group":   pick(func(a *Assumptions) { a.LastGroupRemovable = true }, onCluster("DELETE", worker, nil), "400", "204"),
		"microversion": pick(func(a *Assumptions) { a.MicroversionEverywhere = true }, withoutVersion("/v1/clusters"), "200", "406"),
		"native-labels": pick(func(a *Assumptions) { a.NativeLabels = true }, made(func(t *testing.T, w *world, path string) string {
			l := w.get(t, path+worker)
			return fmt.Sprintf("%v %T %T", at(l, "labels", "ca_enable"), at(l, "labels", "ca_enable"), at(l, "labels", "boot_volume_size"))
		}), "False string string", "false bool float64"),
		"nested-event-types": pick(func(a *Assumptions) { a.NestedEventTypes = true }, func(t *testing.T, w *world) string {
			types := at(w.get(t, "/v1/supports"), "supported_event_type")
			return fmt.Sprint(at(types, "CLUSTER_CREATE"), " ", at(types, "cluster_events", "CLUSTER_CREATE"))
		}, "Create a cluster <nil>", "<nil> Create a cluster"),
		"node-labels-fixed-while-auto": pick(func(a *Assumptions) { a.NodeLabelsFixedWhileAuto = true }, made(func(t *testing.T, w *world, path string) string {
			w.change(t, http.MethodPost, path+worker+"/autoscale", object{"ca_enable": true, "ca_min_node_count": 1, "ca_max_node_count": 3})
			w.rest(t)
			return fmt.Sprint(w.call(t, http.MethodPatch, path+worker, object{"type": "k8s_node_labels", "k8s_node_labels": object{}}).status < 300)
		}), "true", "false"),
		"node-labels-as-object": pick(func(a *Assumptions) { a.NodeLabelsForm = FormObject }, labelForms, "202 202", "202 400"),
		"node-labels-as-text":   pick(func(a *Assumptions) { a.NodeLabelsForm = FormText }, labelForms, "202 202", "400 202"),
		"node-labels-text": pick(func(a *Assumptions) { a.NodeLabelsText = true }, func(t *testing.T, w *world) string {
			path := w.create(t, "demo", label("k8s_node_labels", object{"a": "b"}))
			return fmt.Sprint(at(w.get(t, path), "labels", "k8s_node_labels"), " ", at(w.get(t, path+worker), "labels", "k8s_node_labels"))
		}, "map[a:b] map[a:b]", `{"a":"b"} {"a":"b"}`),
		"node-labels-hidden": pick(func(a *Assumptions) { a.NodeLabelsHidden = true }, func(t *testing.T, w *world) string {
			path := w.create(t, "demo", label("k8s_node_labels", object{"a": "b"}))
			return fmt.Sprint(at(w.get(t, path+worker), "labels", "k8s_node_labels"))
		}, "map[a:b]", "<nil>"),
		"node-labels-merged": pick(func(a *Assumptions) { a.NodeLabelsMerged = true }, func(t *testing.T, w *world) string {
			path := w.create(t, "demo", label("k8s_node_labels", object{"a": "b"}))
			w.change(t, http.MethodPatch, path+worker, object{"type": "k8s_node_labels", "k8s_node_labels": object{"c": "d"}})
			w.rest(t)
			return fmt.Sprint(at(w.get(t, path+worker), "labels", "k8s_node_labels"))
		}, "map[c:d]", "map[a:b c:d]"),
		"number-labels":     pick(func(a *Assumptions) { a.NumberLabels = true }, seen("POST", "/v1/clusters", cluster("a", label("boot_volume_size", 50), label("ca_enable", false))), "400", "202"),
		"omitted-autoscale": pick(func(a *Assumptions) { a.OmittedAutoscaleKept = true }, autoscaled(object{"ca_enable": true}), "true 1 10", "true 1 3"),
		"owners-only": pick(func(a *Assumptions) { a.OwnersOnly = true }, made(func(t *testing.T, w *world, path string) string {
			return fmt.Sprint(w.as(t, "other", "o").call(t, http.MethodPost, path+"/nodegroups", group("ng2")).status)
		}), "202", "403"),
		"quota": pick(func(a *Assumptions) { a.QuotaIsBadRequest = true }, func(t *testing.T, w *world) string {
			for _, name := range []string{"a", "b", "c"} {
				w.ok(t, http.StatusAccepted, http.MethodPost, "/v1/clusters", cluster(name))
			}
			r := w.call(t, http.MethodPost, "/v1/clusters", cluster("d"))
			return fmt.Sprint(r.status, strings.Contains(r.String(), "Resource limit exceeded: "))
		}, "403 true", "400 true"),
		"resize-events": pick(func(a *Assumptions) { a.ResizeEvents = true }, made(func(t *testing.T, w *world, path string) string {
			types := ""
			for _, n := range []int{4, 2} {
				w.ok(t, http.StatusAccepted, http.MethodPost, path+"/actions/resize", object{"nodegroup": "default-worker", "node_count": n})
				w.rest(t)
				types += text(items(w.get(t, path+"/events")["events"])[0]["type"]) + " "
			}
			return types
		}), "CLUSTER_RESIZE CLUSTER_RESIZE", "NODEGROUP_SCALE_OUT NODEGROUP_SCALE_IN"),
		"size-and-bounds": pick(func(a *Assumptions) { a.SizeMayLeaveBounds = true }, autoscaled(object{"ca_enable": true, "ca_min_node_count": 4, "ca_max_node_count": 5}),
			"false 1 3", "true 4 5"),
		"text-autoscale": pick(func(a *Assumptions) { a.TextAutoscale = true }, made(func(t *testing.T, w *world, path string) string {
			a := w.get(t, path+worker+"/autoscale")
			return fmt.Sprintf("%v %T %T", a["ca_enable"], a["ca_enable"], a["ca_max_node_count"])
		}), "false bool float64", "False string string"),
		"text-versions": pick(func(a *Assumptions) { a.TextVersions = true }, func(t *testing.T, w *world) string {
			known := at(w.get(t, "/v1/supports"), "supported_k8s")
			return fmt.Sprintf("%v %T %v", at(known, "v1.32.3"), at(known, "v1.32.3"), at(known, "v1.28.3"))
		}, "true bool false", "True string False"),
		"texts-other": pick(func(a *Assumptions) { a.Texts = TextsOther }, func(t *testing.T, w *world) string {
			return fmt.Sprint(strings.Contains(string(w.call(t, http.MethodGet, "/v1/clusters/none", nil).raw), "could not be found"))
		}, "true", "false"),
		"texts-empty": pick(func(a *Assumptions) { a.Texts = TextsEmpty }, func(t *testing.T, w *world) string {
			return w.call(t, http.MethodGet, "/v1/clusters/none", nil).String()
		}, "404 Cluster none could not be found.", "404"),
		"unique-names": pick(func(a *Assumptions) { a.UniqueNames = true }, made(func(t *testing.T, w *world, _ string) string {
			return fmt.Sprint(w.call(t, http.MethodPost, "/v1/clusters", cluster("demo")).status)
		}), "202", "409"),
		"upgrade-words": pick(func(a *Assumptions) { a.UpgradeWords = true }, made(func(t *testing.T, w *world, path string) string {
			words := ""
			note := func() { words += w.status(t, path) + " " }
			w.Inject(core.Fault{Op: "nodegroups.upgrade", After: 1, Kind: core.FaultFailLater, Reason: "a pod does not go"})
			for _, which := range []string{"default-master", "default-worker"} {
				w.change(t, http.MethodPost, path+"/nodegroups/"+which+"/upgrade", object{"version": "v1.33.4"})
				note()
				w.rest(t)
				note()
			}
			return words + w.status(t, path+worker)
		}), "UPDATE_IN_PROGRESS UPDATE_COMPLETE UPDATE_IN_PROGRESS UPDATE_FAILED UPDATE_FAILED",
			"UPGRADE_IN_PROGRESS UPGRADE_COMPLETE UPGRADE_IN_PROGRESS UPGRADE_FAILED UPDATE_FAILED"),
	})
}

// labelForms sends labels of nodes as an object and as a text.
func labelForms(t *testing.T, w *world) string {
	t.Helper()
	status := func(name string, labels any) int {
		return w.call(t, http.MethodPost, "/v1/clusters", cluster(name, label("k8s_node_labels", labels))).status
	}
	return fmt.Sprint(status("a", object{"a": "b"}), status("b", `{"a":"b"}`))
}

// twoCards gives the nodes of a group a second network card.
func twoCards(in object) {
	nhn, _ := profile.Get("nhn")
	label("additional_network_id_list", nhn.SampleRequest("x").Network.VpcIID.SystemId)(in)
	label("additional_subnet_id_list", "c9174520-1466-4d84-9d21-1cdf77a71bbc")(in)
}

// withoutVersion makes a call without the microversion.
func withoutVersion(target string) look {
	return func(t *testing.T, w *world) string {
		t.Helper()
		w.header = http.Header{}
		return fmt.Sprint(w.call(t, http.MethodGet, target, nil).status)
	}
}
