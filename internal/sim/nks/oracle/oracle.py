# SPDX-License-Identifier: Apache-2.0
"""Checks the simulator of NKS against keystoneauth1, python-magnumclient and openstacksdk,
clients that pmks did not write.

A cluster is taken through what NKS shares with OpenStack Magnum, and the other services
through what a client of NKS asks them. Every body is held against the table of the
vendor's members, and against what the clients make of it. The last line says how many
faults there were. See README.md.
"""
import json
import os
import pathlib
import sys
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "simkit"))
import oraclekit
from oraclekit import expect, fault

oraclekit.prepare("python-magnumclient", "keystoneauth1", "openstacksdk")
import magnumclient
import openstack
from keystoneauth1 import exceptions as ks
from keystoneauth1 import session as sessions
from keystoneauth1.identity import v2
from magnumclient import exceptions as mx
from magnumclient.v1 import client as magnum

TABLE = json.loads((pathlib.Path(__file__).resolve().parents[1] / "testdata" / "wire.json").read_text())
TYPES = {"structure": dict, "map": dict, "list": list, "string": str, "boolean": bool, "integer": int}
ANSWERS = {}
# What the vendor's table calls an answer, by the method and what is left of the path when
# ids and names are taken out.
OPERATIONS = {
    "GET clusters": "clusters.list", "POST clusters": "clusters.create", "GET clusters/*": "clusters.get", "POST clusters/*/actions/resize": "clusters.resize",
    "GET clusters/*/config": "clusters.config", "GET clusters/*/events": "events.list", "GET clusters/*/nodegroups": "nodegroups.list",
    "POST clusters/*/nodegroups": "nodegroups.create", "GET clusters/*/nodegroups/*": "nodegroups.get", "GET clusters/*/nodegroups/*/autoscale": "autoscale.get",
    "POST clusters/*/nodegroups/*/autoscale": "autoscale.set", "POST clusters/*/nodegroups/*/upgrade": "nodegroups.upgrade", "PATCH certificates/*": "certificates.renew",
    "GET clusters/*/api_ep_ipacl": "ipacl.get", "POST clusters/*/api_ep_ipacl": "ipacl.set", "PATCH clusters/*/nodegroups/*": "nodegroups.update",
    "GET supports": "supports.get", "GET addons": "addons.list", "GET flavors/detail": "flavors.list", "GET servers/detail": "servers.list", "GET vpcsubnets/*": "vpcsubnets.get",
}
WORDS = {"clusters", "nodegroups", "actions", "resize", "config", "events", "autoscale", "upgrade", "certificates", "api_ep_ipacl", "supports", "addons", "flavors", "servers", "detail", "vpcsubnets"}
# The member that every error of a service is in.
ERRORS = {"v1": {"errors"}, "v2.0": {"error"}, "compute": set(), "network": {"NeutronError"}, "volume": set(), "image": None}


def check(where, shape, value, path=""):
    """Holds one value against the table."""
    s = TABLE["shapes"][shape]
    if value is None or s["type"] == "any":
        return
    if not isinstance(value, TYPES[s["type"]]) or isinstance(value, bool) != (s["type"] == "boolean"):
        return fault(where, f"{path} must be a {s['type']}: {value!r}")
    if s["type"] == "structure":
        for key in value.keys() - s["members"].keys():
            fault(where, f"{path}.{key} is not in the table")
        for key in s.get("required", ()):
            expect(value.get(key) is not None, f"{path}.{key} is missing", where)
        for key in value.keys() & s["members"].keys():
            check(where, s["members"][key], value[key], f"{path}.{key}")
    elif s["type"] in ("map", "list"):
        for inner in value.values() if s["type"] == "map" else value:
            check(where, s["of"], inner, path + "[]")
    elif s.get("enum") and value not in s["enum"]:
        fault(where, f"{path} is none of its enumeration: {value!r}")


def answered(response, *_, **__):
    """Looks at every answer; requests calls it."""
    parts = [p for p in urllib.parse.urlparse(response.url).path.split("/") if p]
    service, names = parts[0], [p if p in WORDS else "*" for p in parts[1:]]
    while names and names[0] == "*":  # versions and tenants
        names = names[1:]
    where = f"{response.request.method} {service} {'/'.join(names)}"
    ANSWERS[where] = ANSWERS.get(where, 0) + 1
    expect(response.headers.get("x-openstack-request-id", "").startswith("req-"), "there is no request id", where)
    if not response.content:
        return expect(response.status_code == 204, f"{response.status_code} without a body", where)
    if service not in ERRORS or ERRORS[service] is None and response.status_code >= 300 and response.status_code != 401:
        return expect(response.headers["Content-Type"].startswith("text/html"), f"{response.headers['Content-Type']}", where)
    expect(response.headers["Content-Type"] == "application/json", f"{response.headers['Content-Type']}", where)
    body = response.json()
    if response.status_code < 300:
        operation = OPERATIONS.get(f"{response.request.method} {'/'.join(names)}")
        return operation and check(where, TABLE["operations"][operation]["output"], body)
    expected = ERRORS[service] if response.status_code != 401 else {"error"}
    expect(body.keys() == expected or not expected and len(body) == 1, f"the error is {sorted(body)}", where)
    for e in body.get("errors", ()):
        expect({"request_id", "code", "status", "title", "detail", "links"} <= e.keys() and e["status"] == response.status_code, f"the error is {e}", where)


def refused(kind, call, *args, **more):
    try:
        call(*args, **more)
        fault("life", f"{getattr(call, '__name__', call)} {args} was not refused")
    except kind as e:
        return e
    except Exception as e:  # of another class than the client should make
        fault("life", f"{getattr(call, '__name__', call)} {args}: {type(e).__name__} {e}, not {kind.__name__}")


def until(what, condition):
    for _ in range(300):
        if condition():
            return
        time.sleep(0.1)
    fault("life", f"{what} never comes")


def same(where, resource, raw):
    """What a client shows is what was sent."""
    shown = resource.to_dict() if hasattr(resource, "to_dict") else dict(resource)
    for key, value in raw.items():
        expect(key not in shown or shown[key] == value, f"{key} is {shown.get(key)!r}, and was sent as {value!r}", where)


def tokens():
    def auth(**change):
        given = dict(username=os.environ["OS_USERNAME"], password=os.environ["OS_PASSWORD"], tenant_id=os.environ["OS_TENANT_ID"]) | change
        return sessions.Session(auth=v2.Password(os.environ["OS_AUTH_URL"], **given))

    refused(ks.Unauthorized, auth(password="wrong").get_token)
    refused(ks.Unauthorized, auth(tenant_id="none").get_token)
    session = auth()
    session.session = sessions._construct_session()
    session.session.hooks["response"].append(answered)
    access = session.auth.get_access(session)
    expect(access.project_id == os.environ["OS_TENANT_ID"] and access.username == os.environ["OS_USERNAME"] and not access.will_expire_soon(3600), "the token")
    expect(access.expires > access.issued, f"the token is of {access.issued} and ends at {access.expires}")
    for service, ends in (("container-infra", "/v1"), ("compute", "/" + access.project_id), ("network", "/network"), ("image", "/image"), ("volumev2", "/" + access.project_id)):
        url = session.auth.get_endpoint(session, service_type=service, region_name="KR1") or ""
        expect(url.endswith(ends), f"{service} is at {url}")
    refused(ks.EndpointNotFound, session.auth.get_endpoint, session, service_type="container-infra", region_name="JP1")
    # A token that has ended is renewed without anybody noticing.
    nks = session.auth.get_endpoint(session, service_type="container-infra", region_name="KR1")
    session.auth.auth_ref._auth_token = "ended"
    expect(session.get(nks + "/clusters").status_code == 200, "a token that has ended")
    return session


def life(session, nks, sdk):
    """Takes a cluster through its life with magnumclient, and through what NKS has of its
    own with plain calls on the same session."""
    client = magnum.Client(session=session, region_name="KR1", api_version="latest")
    old = magnum.Client(session=session, region_name="KR1", api_version="1.8")
    own = dict(endpoint_filter={"service_type": "container-infra", "region_name": "KR1"}, headers={"OpenStack-API-Version": "container-infra latest"}, raise_exc=False)

    def call(method, path, status=200, **body):
        r = session.request(nks + path, method, **own, **({"json": body} if body else {}))
        expect(r.status_code == status or status == 202 and r.status_code == 200, f"{method} {path}: {r.status_code} {r.text}")
        return r.json() if r.content else None

    vpc = next(v for v in sdk.network.networks() if not v.is_router_external)
    external = next(sdk.network.networks(**{"is_router_external": True}))
    subnets = session.get(sdk.network.get_endpoint() + "/vpcsubnets?vpc_id=" + vpc.id).json()["vpcsubnets"]
    subnet = session.get(sdk.network.get_endpoint() + "/vpcsubnets/" + subnets[0]["id"]).json()["vpcsubnet"]
    expect(subnet["vpc_id"] == vpc.id and subnet["routingtable"]["gateway_id"], f"{subnet}")
    flavor = next(f for f in sdk.compute.flavors(details=True) if f.name == "m2.c4m8" and not f.is_disabled)
    image = next(i for i in sdk.image.images(nhncloud_allow_nks_cpu_flavor="true", visibility="public") if i.os_version == "22.04" and i.status == "active")
    zones = [z.name for z in sdk.compute.availability_zones()]
    versions = sorted(v for v, creatable in call("GET", "/supports")["supported_k8s"].items() if creatable)
    worker = {"availability_zone": zones[0], "boot_volume_type": "General SSD", "boot_volume_size": "50", "ca_enable": "False"}
    new = dict(name="oracle", cluster_template_id="iaas_console", node_count=2, create_timeout=60, flavor_id=flavor.id, fixed_network=vpc.id, fixed_subnet=subnet["id"],
               keypair=next(sdk.compute.keypairs()).name,
               labels=worker | {"node_image": image.id, "cert_manager_api": "True", "kube_tag": versions[1], "clusterautoscale": "nodegroupfeature",
                                "master_lb_floating_ip_enabled": "True", "external_network_id": external.id, "external_subnet_id_list": ":".join(external.subnet_ids)})
    refused(mx.BadRequest, client.clusters.create, **new | {"name": "No_Name"})
    refused(mx.NotFound, client.clusters.create, **new | {"keypair": "none"})
    refused(mx.NotFound, client.clusters.get, "oracle")
    made = client.clusters.create(**new).uuid
    until("the cluster", lambda: [c.uuid for c in client.clusters.list()] == [made])
    refused(mx.BadRequest, client.nodegroups.create, made, **dict(name="n2")) if client.clusters.get(made).status == "CREATE_COMPLETE" else None
    until("CREATE_COMPLETE", lambda: client.clusters.get(made).status == "CREATE_COMPLETE")
    cluster = client.clusters.get("oracle")
    same("get", cluster, call("GET", "/clusters/" + made))
    expect(cluster.uuid == made and cluster.api_address.endswith(":6443") and len(cluster.node_addresses) == 2, f"{cluster}")
    expect(cluster.project_id == os.environ["OS_TENANT_ID"] and cluster.labels["kube_tag"] == versions[1], f"{cluster}")
    refused(mx.HTTPClientError, old.nodegroups.list, made)
    expect([g.name for g in client.nodegroups.list(made, role="worker")] == ["default-worker"] and client.nodegroups.list(made, role="master") == [], "the roles")
    refused(mx.Forbidden, client.nodegroups.get, made, "default-master")
    group = dict(name="n2", flavor_id=flavor.id, image_id=image.id, node_count=1, labels=worker)
    refused(mx.Conflict, client.nodegroups.create, made, **group | {"name": "default-worker"})
    second = client.nodegroups.create(made, **group)
    expect(second.cluster_id == made and second.role == "worker" and not hasattr(second, "status"), f"{second}")
    until("busy", lambda: client.clusters.get(made).status == "UPDATE_IN_PROGRESS")
    rest = lambda: until("UPDATE_COMPLETE", lambda: client.clusters.get(made).status == "UPDATE_COMPLETE")
    e = refused(mx.BadRequest, client.clusters.resize, made, 3, nodegroup="n2")
    expect("UPDATE_IN_PROGRESS" in str(e), f"the refusal is {e}")
    rest()
    until("the group", lambda: client.nodegroups.get(made, "n2").status == "CREATE_COMPLETE")
    same("nodegroup", client.nodegroups.get(made, second.uuid), call("GET", f"/clusters/{made}/nodegroups/{second.uuid}"))
    refused(mx.BadRequest, client.clusters.resize, made, 0, nodegroup="n2")
    client.clusters.resize(made, 3, nodegroup="n2")
    until("three nodes", lambda: (g := client.nodegroups.get(made, "n2")).status == "UPDATE_COMPLETE" and g.node_count == 3)
    rest()
    addresses = client.nodegroups.get(made, "n2").node_addresses
    servers = {a["addr"]: s for s in sdk.compute.servers(details=True) for a in s.addresses.get("vpc-01", ())}
    expect(len(servers) == 5 and set(addresses) <= servers.keys(), f"the servers have {sorted(servers)}, the group {addresses}")
    victim = servers[addresses[0]].id
    client.clusters.resize(made, 2, nodes_to_remove=[victim], nodegroup="n2")
    until("two nodes", lambda: len(client.nodegroups.get(made, "n2").node_addresses) == 2)
    rest()
    expect(victim not in [s.id for s in sdk.compute.servers(details=True)] and sdk_pages(sdk), "the node that was named is there")
    call("POST", f"/clusters/{made}/nodegroups/n2/autoscale", 202, ca_enable=True, ca_min_node_count=1, ca_max_node_count=4)
    until("autoscaling", lambda: call("GET", f"/clusters/{made}/nodegroups/n2/autoscale")["ca_enable"] is True)
    rest()
    for step in ("default-master", "default-worker", "n2"):
        call("POST", f"/clusters/{made}/nodegroups/{step}/upgrade", 202, version=versions[2])
        until("the upgrade", lambda: call("GET", f"/clusters/{made}/events")["events"][0]["state"] == "SUCCESS")
        rest()
    expect(client.clusters.get(made).labels["kube_tag"] == versions[2] and client.nodegroups.get(made, "n2").labels["kube_tag"] == versions[2], "the upgrade")
    expect("client-certificate-data" in call("GET", f"/clusters/{made}/config")["config"], "the kubeconfig")
    call("PATCH", "/certificates/" + made, 202, term_of_validity=2)
    until("the renewal", lambda: call("GET", f"/clusters/{made}/events")["events"][0]["state"] == "SUCCESS")
    call("PATCH", f"/clusters/{made}/nodegroups/n2", 202, type="k8s_node_labels", k8s_node_labels={"team": "b"})
    until("the labels", lambda: client.nodegroups.get(made, "n2").labels.get("k8s_node_labels") == {"team": "b"})
    rest()
    expect(call("GET", f"/clusters/{made}/api_ep_ipacl") == {"cluster_uuid": made, "enable": "false"}, "an access list that is off")
    targets = [{"cidr_address": "203.0.113.7", "description": "one"}, {"cidr_address": "198.51.100.9/24"}]
    call("POST", f"/clusters/{made}/api_ep_ipacl", 202, enable="True", action="ALLOW", ipacl_targets=targets)
    until("the access list", lambda: call("GET", f"/clusters/{made}/api_ep_ipacl").get("ipacl_targets") == targets)
    rest()
    expect(all("k8s_max_version" in a for a in call("GET", f"/addons/?k8s_version={versions[2]}&image={image.id}")["addons"]), "the add-ons")
    # What Magnum has and NKS has not, or this simulator has not.
    for what in (client.cluster_templates.list, client.stats.list, client.quotas.list, client.mservices.list):
        refused(mx.HttpError, what)
    refused(mx.HttpError, client.clusters.update, made, [{"op": "replace", "path": "/node_count", "value": 3}])
    refused(mx.HttpError, client.clusters.upgrade, made, "x")
    client.nodegroups.delete(made, "n2")
    until("no group", lambda: [g.name for g in client.nodegroups.list(made)] == ["default-worker"])
    rest()
    others = []
    for name in ("page-a", "page-b"):
        others.append(client.clusters.create(**new | {"name": name}).uuid)
    until("all of them", lambda: len(client.clusters.list()) == 3)
    refused(mx.Forbidden, client.clusters.create, **new | {"name": "page-c"})
    expect([c.name for c in client.clusters.list(limit=1)] == ["oracle"] and [c.name for c in client.clusters.list(limit=2, marker=made)] == ["page-a", "page-b"], "the pages")
    expect([c.name for c in client.clusters.list(sort_key="name", sort_dir="desc")] == ["page-b", "page-a", "oracle"], "the order")
    expect([c.name for c in sdk.container_infrastructure_management.clusters(limit=1)] == ["oracle", "page-a", "page-b"], "the pages of openstacksdk")
    for uuid in [made, *others]:
        client.clusters.delete(uuid)
    until("nothing", lambda: client.clusters.list() == [])
    refused(mx.NotFound, client.clusters.get, made)
    refused(mx.NotFound, client.clusters.delete, made)


def sdk_pages(sdk):
    """Whether a list comes whole in pages of one."""
    return len(list(sdk.compute.servers(details=True, limit=1))) == len(list(sdk.compute.servers(details=True)))


def services(session):
    """openstacksdk on the same session, at the addresses of the catalog."""
    find = lambda service: session.auth.get_endpoint(session, service_type=service, region_name="KR1")
    sdk = openstack.connection.Connection(
        session=session, region_name="KR1", compute_api_version="2", image_api_version="2", network_api_version="2",
        compute_endpoint_override=find("compute"), image_endpoint_override=find("image") + "/v2", network_endpoint_override=find("network") + "/v2.0",
        container_infrastructure_management_endpoint_override=find("container-infra"), container_infrastructure_management_default_microversion=None,
    )
    expect(sdk.compute.find_keypair("none") is None and next(sdk.compute.keypairs()).public_key.startswith("ssh-"), "the key pairs")
    expect({g.name for g in sdk.network.security_groups()} >= {"sg-01", "default"}, "the security groups")
    expect([i.name for i in sdk.image.images(limit=1)] == [i.name for i in sdk.image.images()], "the pages of images")
    return sdk


if __name__ == "__main__":
    with oraclekit.simulator("nhn", "-speed", "1000x"):
        session = tokens()
        life(session, session.auth.get_endpoint(session, service_type="container-infra", region_name="KR1"), services(session))
    from importlib.metadata import version
    oraclekit.finish(f"in {sum(ANSWERS.values())} answers to {len(ANSWERS)} kinds of requests of " +
                     ", ".join(f"{p} {version(p)}" for p in ("python-magnumclient", "keystoneauth1", "openstacksdk")))
