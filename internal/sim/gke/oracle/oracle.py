# SPDX-License-Identifier: Apache-2.0
"""Checks the simulator of GKE against clients that pmks did not write.

A cluster is taken through its life with google-cloud-container, over gRPC and over
REST, and with the discovery client of google-api-python-client; every body of the
latter is held against the schemas of the discovery documents, and every method and
member of those is sent once. Ends with status 1 if there was a fault. See README.md.
"""
import atexit
import contextlib
import json
import os
import pathlib
import re
import sys
import time
from urllib.parse import urlparse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "simkit"))
import oraclekit
from oraclekit import expect, fault

oraclekit.prepare("google-cloud-container", "google-api-python-client")
# httplib2 looks for the certificate when it is imported.
RUNNING = contextlib.ExitStack()
atexit.register(RUNNING.close)
ENDPOINT = RUNNING.enter_context(oraclekit.simulator("gcp", "-speed", "1000x", "-tls"))

import google.auth
import google_auth_httplib2
import httplib2
from google.api_core import exceptions
from google.api_core.client_options import ClientOptions
from google.cloud import container_v1
from googleapiclient import discovery, errors

PROJECT = os.environ["GOOGLE_CLOUD_PROJECT"]
REGION = "asia-northeast3"
ZONE = REGION + "-a"
PARENT = f"projects/{PROJECT}/locations/{ZONE}"
SCOPES = ["https://www.googleapis.com/auth/cloud-platform"]
BODIES, SENT = {}, 0


# The schemas of a discovery document.

FORMATS = {"int64": r"-?\d+", "uint64": r"\d+", "google-datetime": r"\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)", "byte": r"[A-Za-z0-9+/_-]*={0,2}"}


def check(document, where, schema, value, path):
    """Holds a value against a schema: members, types, formats and enumerations."""
    if "$ref" in schema:
        schema = document["schemas"][schema["$ref"]]
    kind = schema.get("type", "any")
    types = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int, "number": (int, float), "any": object}
    if not isinstance(value, types[kind]) or kind in ("integer", "number") and isinstance(value, bool):
        return fault(where, f"{path} must be {kind}: {value!r}")
    if kind == "object":
        members, others = schema.get("properties", {}), schema.get("additionalProperties")
        for key, inner in value.items():
            if key in members:
                check(document, where, members[key], inner, f"{path}.{key}")
            elif others:
                check(document, where, others, inner, f"{path}.*")
            else:
                fault(where, f"{path}.{key} is not in the document")
    elif kind == "array":
        for inner in value:
            check(document, where, schema["items"], inner, f"{path}[]")
    elif kind == "string":
        if "enum" in schema and value not in schema["enum"]:
            fault(where, f"{path} is none of its enumeration: {value!r}")
        form = FORMATS.get(schema.get("format", ""))
        if form and not re.fullmatch(form, value):
            fault(where, f"{path} is no {schema['format']}: {value!r}")


class Recorder(httplib2.Http):
    """Keeps the last answer as it came over the wire."""

    def request(self, *args, **kwargs):
        response, content = super().request(*args, **kwargs)
        self.last = response, content
        return response, content


class Discovery:
    """A discovery client, with each answer held against its document."""

    def __init__(self, name, version, endpoint):
        credentials, _ = google.auth.default(scopes=SCOPES)
        self.http = Recorder()
        self.api = discovery.build(name, version, static_discovery=True, client_options={"api_endpoint": endpoint},
                                   http=google_auth_httplib2.AuthorizedHttp(credentials, http=self.http))
        self.document = self.api._rootDesc  # noqa: SLF001: the document itself has no other name

    def run(self, request):
        """Sends a request and returns its answer, checked."""
        where = request.methodId
        out = request.execute(num_retries=0)
        method = find(self.document, where)
        body = json.loads(self.http.last[1] or b"{}")
        BODIES[where] = BODIES.get(where, 0) + 1
        check(self.document, where, method.get("response", {}), body, "")
        return out

    def refused(self, request, status, word):
        """Sends a request that must be refused."""
        try:
            request.execute(num_retries=0)
            fault(request.methodId, f"it was not refused with {word}")
        except errors.HttpError as e:
            body = json.loads(e.content).get("error", {})
            if e.resp.status != status or word not in (body.get("status"), body.get("errors", [{}])[0].get("reason")):
                fault(request.methodId, f"refused with {e.resp.status} {body}, want {status} {word}")
            if not body.get("message") or body.get("code") != status or not body.get("errors"):
                fault(request.methodId, f"the error has not all that it must have: {body}")


def find(node, name):
    for method in node.get("methods", {}).values():
        if method["id"] == name:
            return method
    for inner in node.get("resources", {}).values():
        if method := find(inner, name):
            return method
    return None


def methods(node):
    yield from node.get("methods", {}).values()
    for inner in node.get("resources", {}).values():
        yield from methods(inner)


def wait(read, done, what):
    for _ in range(600):
        out = read()
        if done(out):
            return out
        time.sleep(0.05)
    fault("life", f"{what} never ends")
    return read()


def cluster_body(name):
    return {"name": name, "network": "vpc-01", "subnetwork": "subnet-01", "locations": [ZONE], "resourceLabels": {"env": "test"},
            "ipAllocationPolicy": {"useIpAliases": True, "stackType": "IPV4"},
            "nodePools": [pool_body("ng1")]}


def pool_body(name):
    return {"name": name, "initialNodeCount": 2, "config": {"machineType": "e2-standard-4", "diskSizeGb": 50, "tags": ["sg-01"], "labels": {"team": "a"},
                                                            "taints": [{"key": "gpu", "value": "x", "effect": "NO_SCHEDULE"}]}}


def discovery_life(c, vm):
    """The whole life of a cluster with the discovery client."""
    where = "discovery"
    locations = c.api.projects().locations()
    clusters, pools, operations = locations.clusters(), locations.clusters().nodePools(), locations.operations()

    def finish(op):
        name = f"{PARENT}/operations/{op['name']}"
        end = wait(lambda: c.run(operations.get(name=name)), lambda o: o["status"] == "DONE", op["operationType"])
        expect("error" not in end and "endTime" in end, f"{op['operationType']} ends as {end}", where)
        return end

    name = f"{PARENT}/clusters/oracle-discovery"
    config = c.run(locations.getServerConfig(name=PARENT))
    expect(config["defaultClusterVersion"] in config["validMasterVersions"], "the default version is none of the valid ones", where)
    c.refused(clusters.get(name=name), 404, "notFound")
    c.refused(clusters.create(parent=PARENT, body={"cluster": {**cluster_body("Bad_Name")}}), 400, "badRequest")
    c.refused(clusters.list(parent="projects/none-of-ours/locations/-"), 403, "PERMISSION_DENIED")
    op = c.run(clusters.create(parent=PARENT, body={"cluster": cluster_body("oracle-discovery")}))
    c.refused(clusters.create(parent=PARENT, body={"cluster": cluster_body("oracle-discovery")}), 409, "alreadyExists")
    finish(op)
    got = c.run(clusters.get(name=name))
    expect(got["status"] == "RUNNING" and got["endpoint"] and got["masterAuth"]["clusterCaCertificate"], f"the cluster is {got}", where)
    listed = c.run(clusters.list(parent=f"projects/{PROJECT}/locations/-"))
    expect([x["name"] for x in listed["clusters"]].count("oracle-discovery") == 1, "the list has not the cluster once", where)
    pool = f"{name}/nodePools/ng2"
    finish(c.run(pools.create(parent=name, body={"nodePool": pool_body("ng2")})))
    finish(c.run(pools.setAutoscaling(name=pool, body={"autoscaling": {"enabled": True, "minNodeCount": 1, "maxNodeCount": 5}})))
    finish(c.run(pools.setSize(name=pool, body={"nodeCount": 4})))
    shown = c.run(pools.get(name=pool))
    expect(shown["autoscaling"]["maxNodeCount"] == 5 and shown["initialNodeCount"] == 4, f"the pool is {shown}", where)
    expect(len(c.run(pools.list(parent=name))["nodePools"]) == 2, "there are not two pools", where)
    finish(c.run(pools.update(name=pool, body={"labels": {"labels": {"team": "b"}}, "etag": shown["etag"]})))
    finish(c.run(pools.update(name=pool, body={"taints": {"taints": [{"key": "gpu", "effect": "NO_EXECUTE"}]}})))
    shown = c.run(pools.get(name=pool))
    expect(shown["config"]["labels"] == {"team": "b"} and [x["effect"] for x in shown["config"]["taints"]] == ["NO_EXECUTE"], f"the pool is {shown}", where)
    c.refused(pools.update(name=pool, body={"labels": {"labels": {"team": "c"}}, "etag": "stale"}), 409, "ABORTED")
    finish(c.run(clusters.update(name=name, body={"update": {"desiredControlPlaneEndpointsConfig": {"ipEndpointsConfig": {
        "enablePublicEndpoint": False, "authorizedNetworksConfig": {"enabled": True, "cidrBlocks": [{"cidrBlock": "10.0.0.0/8", "displayName": "home"}]}}}}})))
    reached = c.run(clusters.get(name=name))
    expect(reached["endpoint"] == reached["controlPlaneEndpointsConfig"]["ipEndpointsConfig"]["privateEndpoint"] and reached["privateClusterConfig"]["enablePrivateEndpoint"],
           f"the cluster is reached by {reached}", where)
    c.run(clusters.fetchClusterUpgradeInfo(name=name))
    c.run(pools.fetchNodePoolUpgradeInfo(name=pool))
    zone, group = re.search(r"zones/([^/]+)/instanceGroupManagers/([^/]+)$", shown["instanceGroupUrls"][0]).groups()
    groups = vm.api.instanceGroupManagers()
    nodes = vm.run(groups.listManagedInstances(project=PROJECT, zone=zone, instanceGroupManager=group))
    expect(len(nodes["managedInstances"]) == 4, f"the group has {len(nodes['managedInstances'])} instances", where)
    expect(vm.run(groups.get(project=PROJECT, zone=zone, instanceGroupManager=group))["targetSize"] == 4, "the target size is not 4", where)
    counted, request = 0, vm.api.instances().aggregatedList(project=PROJECT, filter="labels.goog-k8s-cluster-name=oracle-discovery", maxResults=4)
    while request is not None:
        page = vm.run(request)
        counted += sum(len(scope.get("instances", [])) for scope in page["items"].values())
        request = vm.api.instances().aggregatedList_next(request, page)
    expect(counted == 6, f"the list over all zones has {counted} instances", where)
    vm.run(groups.aggregatedList(project=PROJECT, filter="name:gke-*"))
    for request in (vm.api.networks().get(project=PROJECT, network="vpc-01"), vm.api.networks().list(project=PROJECT),
                    vm.api.subnetworks().get(project=PROJECT, region=REGION, subnetwork="subnet-01"), vm.api.zones().list(project=PROJECT),
                    vm.api.machineTypes().get(project=PROJECT, zone=ZONE, machineType="e2-standard-4"), vm.api.regions().get(project=PROJECT, region=REGION)):
        vm.run(request)
    finish(c.run(clusters.setResourceLabels(name=name, body={"resourceLabels": {"env": "prod"}, "labelFingerprint": got["labelFingerprint"]})))
    target = next(v for ch in config["channels"] if ch["channel"] == "RAPID" for v in ch["validVersions"][:1])
    expect(target > got["currentMasterVersion"], f"{target} is not newer than {got['currentMasterVersion']}", where)
    newer = next(v for ch in config["channels"] if ch["channel"] == "REGULAR" for v in ch["validVersions"] if v > got["currentMasterVersion"])
    finish(c.run(clusters.updateMaster(name=name, body={"masterVersion": newer})))
    for each in ("ng1", "ng2"):
        finish(c.run(pools.update(name=f"{name}/nodePools/{each}", body={"nodeVersion": newer, "imageType": "COS_CONTAINERD"})))
    done = c.run(clusters.get(name=name))
    expect(done["currentMasterVersion"] == newer and {p["version"] for p in done["nodePools"]} == {newer} and done["resourceLabels"] == {"env": "prod"}, f"after the upgrade it is {done}", where)
    c.run(operations.list(parent=PARENT))
    c.run(c.api.projects().aggregated().usableSubnetworks().list(parent=f"projects/{PROJECT}", pageSize=2))
    finish(c.run(pools.delete(name=pool)))
    finish(c.run(clusters.delete(name=name)))
    c.refused(clusters.get(name=name), 404, "notFound")


def gapic_life(transport):
    """The same with google-cloud-container over one of its transports."""
    where = f"google-cloud-container, {transport}"
    client = container_v1.ClusterManagerClient(transport=transport, client_options=ClientOptions(api_endpoint=urlparse(ENDPOINT).netloc))
    v = container_v1

    def finish(op):
        name = f"{PARENT}/operations/{op.name}"
        end = wait(lambda: client.get_operation(name=name), lambda o: o.status == v.Operation.Status.DONE, op.operation_type.name)
        expect(not end.error.code and not end.status_message, f"{op.operation_type.name} ends as {end}", where)

    def refused(kind, call, *args, **kwargs):
        try:
            call(*args, **kwargs)
            fault(where, f"{call.__name__} was not refused with {kind.__name__}")
        except exceptions.GoogleAPICallError as e:
            expect(isinstance(e, kind), f"{call.__name__} was refused with {e!r}, want {kind.__name__}", where)

    short = f"oracle-{transport}"
    name = f"{PARENT}/clusters/{short}"
    config = client.get_server_config(name=PARENT)
    refused(exceptions.NotFound, client.get_cluster, name=name)
    refused(exceptions.Forbidden, client.list_clusters, parent="projects/none-of-ours/locations/-")
    refused(exceptions.BadRequest, client.create_cluster, parent=PARENT, cluster=v.Cluster(name=short))
    request = v.Cluster(name=short, network="vpc-01", subnetwork="subnet-01", locations=[ZONE], node_pools=[
        v.NodePool(name="ng1", initial_node_count=2, config=v.NodeConfig(machine_type="e2-standard-4"))])
    op = client.create_cluster(parent=PARENT, cluster=request)
    refused((exceptions.Conflict), client.create_cluster, parent=PARENT, cluster=request)
    finish(op)
    got = client.get_cluster(name=name)
    expect(got.status == v.Cluster.Status.RUNNING and got.endpoint and got.node_pools[0].instance_group_urls, f"the cluster is {got}", where)
    expect(short in [c.name for c in client.list_clusters(parent=f"projects/{PROJECT}/locations/-").clusters], "the list has not the cluster", where)
    pool = f"{name}/nodePools/ng2"
    finish(client.create_node_pool(parent=name, node_pool=v.NodePool(name="ng2", initial_node_count=1, config=v.NodeConfig(machine_type="e2-medium", spot=True))))
    finish(client.set_node_pool_autoscaling(request=v.SetNodePoolAutoscalingRequest(
        name=pool, autoscaling=v.NodePoolAutoscaling(enabled=True, min_node_count=1, max_node_count=3))))
    finish(client.set_node_pool_size(request=v.SetNodePoolSizeRequest(name=pool, node_count=2)))
    shown = client.get_node_pool(name=pool)
    expect(shown.initial_node_count == 2 and shown.autoscaling.max_node_count == 3 and shown.config.spot, f"the pool is {shown}", where)
    finish(client.update_node_pool(request=v.UpdateNodePoolRequest(name=pool, taints=v.NodeTaints(taints=[
        v.NodeTaint(key="gpu", value="x", effect=v.NodeTaint.Effect.NO_SCHEDULE)]))))
    finish(client.update_node_pool(request=v.UpdateNodePoolRequest(name=pool, labels=v.NodeLabels(labels={"team": "a"}))))
    shown = client.get_node_pool(name=pool)
    expect(shown.config.labels["team"] == "a" and [x.key for x in shown.config.taints] == ["gpu"], f"the pool is {shown}", where)
    ends = v.ControlPlaneEndpointsConfig(ip_endpoints_config=v.ControlPlaneEndpointsConfig.IPEndpointsConfig(
        authorized_networks_config=v.MasterAuthorizedNetworksConfig(enabled=True, cidr_blocks=[v.MasterAuthorizedNetworksConfig.CidrBlock(cidr_block="8.8.8.0/24")])))
    finish(client.update_cluster(request=v.UpdateClusterRequest(name=name, update=v.ClusterUpdate(desired_control_plane_endpoints_config=ends))))
    reached = client.get_cluster(name=name).control_plane_endpoints_config.ip_endpoints_config
    expect(reached.public_endpoint and reached.authorized_networks_config.cidr_blocks[0].cidr_block == "8.8.8.0/24", f"the cluster is reached by {reached}", where)
    expect(client.fetch_cluster_upgrade_info(request=v.FetchClusterUpgradeInfoRequest(name=name)).auto_upgrade_status, "nothing is said of automatic upgrades", where)
    client.fetch_node_pool_upgrade_info(request=v.FetchNodePoolUpgradeInfoRequest(name=pool))
    finish(client.set_labels(request=v.SetLabelsRequest(name=name, resource_labels={"env": "prod"}, label_fingerprint=got.label_fingerprint)))
    newer = next(x for ch in config.channels if ch.channel == v.ReleaseChannel.Channel.REGULAR for x in ch.valid_versions if x > got.current_master_version)
    finish(client.update_master(request=v.UpdateMasterRequest(name=name, master_version=newer)))
    for each in ("ng1", "ng2"):
        finish(client.update_node_pool(request=v.UpdateNodePoolRequest(name=f"{name}/nodePools/{each}", node_version="-", image_type="COS_CONTAINERD")))
    done = client.get_cluster(name=name)
    expect(done.current_master_version == newer and {p.version for p in done.node_pools} == {newer}, f"after the upgrade it is {done}", where)
    expect(len(client.list_operations(parent=PARENT).operations) > 5, "the operations are not listed", where)
    seen = [s.subnetwork for s in client.list_usable_subnetworks(request=v.ListUsableSubnetworksRequest(parent=f"projects/{PROJECT}", page_size=1))]
    expect(len(seen) == len(set(seen)) > 1, f"the pages of subnetworks have {seen}", where)
    finish(client.delete_node_pool(name=pool))
    finish(client.delete_cluster(name=name))
    refused(exceptions.NotFound, client.get_cluster, name=name)


# Every method and every member once.

def sample(document, schema, depth=0):
    if "$ref" in schema:
        schema = document["schemas"][schema["$ref"]]
    kind = schema.get("type", "any")
    if kind == "object":
        if "additionalProperties" in schema:
            return {"key": sample(document, schema["additionalProperties"], depth + 1)}
        return {} if depth > 1 else {k: sample(document, m, depth + 1) for k, m in list(schema.get("properties", {}).items())[:1]}
    if kind == "array":
        return [sample(document, schema["items"], depth + 1)]
    if kind == "string":
        text = {"int64": "1", "uint64": "1", "google-datetime": "2026-01-01T00:00:00Z", "google-duration": "1s", "byte": "YQ==", "google-fieldmask": "a"}
        return schema["enum"][-1] if "enum" in schema else text.get(schema.get("format", ""), "a")
    return {"boolean": True, "integer": 1, "number": 1.0}.get(kind, {})


def send(c, verb, path, body):
    global SENT
    SENT += 1
    data = None if verb in ("GET", "DELETE") else json.dumps(body)
    response, content = c.api._http.request(f"{ENDPOINT}/{path}", verb, body=data, headers={"content-type": "application/json"})  # noqa: SLF001
    try:
        return response.status, json.loads(content)
    except ValueError:
        fault(path, f"the answer is not JSON: {content[:80]!r}")
        return response.status, {}


def every_method(c):
    """Each method is known, simulated or not, under its newer path."""
    for method in methods(c.document):
        path = method["flatPath"]
        if "zones/{zone}" in path or "{zone}" in path:
            continue  # the older way to name things in parts, which Google has deprecated
        for part, value in {"projectsId": PROJECT, "locationsId": ZONE, "clustersId": "none", "nodePoolsId": "none", "operationsId": "none"}.items():
            path = path.replace("{" + part + "}", value)
        status, body = send(c, method["httpMethod"], path, {})
        message = body.get("error", {}).get("message", "")
        if message in ("Method not found.", "Not Found") or status == 500:
            fault(method["id"], f"{status} {message}")


def every_member(c):
    """Each member of a cluster and its pools is known: it may be refused, or not be
    simulated, but is not said to be none."""
    def probe(where, body):
        status, answer = send(c, "POST", f"v1/{PARENT}/clusters", {"cluster": body})
        message = answer.get("error", {}).get("message", "")
        if status == 200:
            fault(where, "a probe was accepted")  # its name is one that is refused
        elif "Invalid JSON payload" in message or status == 500:
            fault(where, f"{status} {message}")

    schemas = c.document["schemas"]
    for key, schema in schemas["Cluster"]["properties"].items():
        key == "name" or probe(f"Cluster.{key}", {**cluster_body("Probe_"), key: sample(c.document, schema)})
    for key, schema in schemas["NodePool"]["properties"].items():
        probe(f"NodePool.{key}", {**cluster_body("Probe_"), "nodePools": [{**pool_body("ng1"), key: sample(c.document, schema)}]})
    for key, schema in schemas["NodeConfig"]["properties"].items():
        pool = pool_body("ng1")
        pool["config"][key] = sample(c.document, schema)
        probe(f"NodeConfig.{key}", {**cluster_body("Probe_"), "nodePools": [pool]})


def main():
    c, vm = Discovery("container", "v1", ENDPOINT), Discovery("compute", "v1", ENDPOINT + "/compute/v1/")
    for name, run in (("discovery", lambda: discovery_life(c, vm)), ("grpc", lambda: gapic_life("grpc")), ("rest", lambda: gapic_life("rest")),
                      ("methods", lambda: every_method(c)), ("members", lambda: every_member(c))):
        try:
            run()
        except Exception as e:  # noqa: BLE001: whatever ends a life early is a fault
            fault(name, f"ends with {e!r}")
    oraclekit.finish(f"in {sum(BODIES.values())} bodies of {len(BODIES)} methods and {SENT} methods and members sent")


if __name__ == "__main__":
    main()
