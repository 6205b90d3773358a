# SPDX-License-Identifier: Apache-2.0
"""Checks the simulator of ACK against the vendor's SDKs for Python, clients that pmks did
not write.

A cluster is taken through its life, every body that comes back is held against the models
that the SDKs ship, every member of every request is sent once, and so is every operation
there is. The last line says how many faults there were. See README.md.
"""
import json
import os
import pathlib
import re
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import wire
from wire import oraclekit
from oraclekit import expect, fault

oraclekit.prepare(*wire.PACKAGES.values(), "pyyaml")
import yaml
from alibabacloud_cs20151215 import models as cs
from alibabacloud_cs20151215.client import Client as CS
from alibabacloud_ecs20140526 import models as ecs
from alibabacloud_ecs20140526.client import Client as ECS
from alibabacloud_sts20150401 import models as sts
from alibabacloud_sts20150401.client import Client as STS
from alibabacloud_tea_openapi import utils_models as openapi
from alibabacloud_vpc20160428 import models as vpc
from alibabacloud_vpc20160428.client import Client as VPC
from darabonba.runtime import RuntimeOptions

REGION = "ap-northeast-1"
RETIRED = {"CancelClusterUpgrade", "DescribeClusters", "DescribeClustersV1", "GetUpgradeStatus", "PauseClusterUpgrade", "ResumeUpgradeCluster"}
TYPES = {"string": str, "integer": int, "boolean": bool, "number": (int, float), "structure": dict, "map": dict, "list": list}
ANSWERS = {}
TABLE = wire.Table()


def check(where, shape, value, path=""):
    """Holds a decoded value against a shape of the models."""
    shape = TABLE.shapes[shape]
    kind = shape["type"]
    if value is None or kind == "any":
        return
    if not isinstance(value, TYPES[kind]) or isinstance(value, bool) != (kind == "boolean"):
        fault(where, f"{path} must be {kind}: {value!r}")
    elif kind == "structure":
        for key, inner in value.items():
            if key in shape["members"]:
                check(where, shape["members"][key], inner, f"{path}.{key}")
            else:
                fault(where, f"{path}.{key} is not in the model")
    elif kind == "map":
        for key, inner in value.items():
            check(where, shape["of"], inner, f"{path}.{key}")
    elif kind == "list":
        for inner in value:
            check(where, shape["of"], inner, f"{path}[]")


def watch(service, client):
    """Lets every answer to a client be checked before the SDK makes models of it."""
    through = client.call_api

    def call_api(params, request, runtime):
        name = params.action if service == "cs" else f"{service}.{params.action}"
        ANSWERS[name] = ANSWERS.get(name, 0) + 1
        answer = through(params, request, runtime)
        if name not in TABLE.operations:
            TABLE.add(name)
        body, shape = answer.get("body"), TABLE.operations[name].get("output")
        expect(answer["headers"].get("x-acs-request-id"), "there is no x-acs-request-id", name)
        if shape and not isinstance(body, (str, bytes)):
            check(name, shape, body)
        return answer

    client.call_api = call_api
    return client


def connect(kind, service, address, **more):
    options = {"access_key_id": os.environ["ALIBABA_CLOUD_ACCESS_KEY_ID"], "access_key_secret": os.environ["ALIBABA_CLOUD_ACCESS_KEY_SECRET"], **more}
    return watch(service, kind(openapi.Config(region_id=REGION, endpoint=address.removeprefix("http://"), protocol="http", **options)))


def refused(where, call, status, code):
    try:
        call()
        fault(where, "is not refused")
    except Exception as error:  # each SDK has classes of its own
        status_got, code_got = getattr(error, "status_code", None), getattr(error, "code", None)
        expect((status_got, code_got) == (status, code), f"is refused with {status_got} {code_got}: {error}", where)
        expect(re.search(r"request id: [0-9A-F-]{36}", str(getattr(error, "message", ""))), f"names no request: {error}", where)


def wait(what, look, want):
    for _ in range(600):
        if (got := look()) == want:
            return
        time.sleep(0.05)
    fault("life", f"{what} is {got}, and never {want}")


def ended(client, task):
    wait(f"the task {task}", lambda: client.describe_task_info(task).body.state, "success")
    return client.describe_task_info(task).body


def pool_request(name, desired, vswitches):
    group = cs.CreateClusterNodePoolRequestScalingGroup(
        vswitch_ids=vswitches, instance_types=["ecs.g7.large"], system_disk_category="cloud_essd", system_disk_size=120, key_pair="keypair-01",
        image_type="AliyunLinux3ContainerOptimized", desired_size=desired, tags=[cs.CreateClusterNodePoolRequestScalingGroupTags(key="a", value="b")])
    return cs.CreateClusterNodePoolRequest(
        nodepool_info=cs.CreateClusterNodePoolRequestNodepoolInfo(name=name, type="ess"), scaling_group=group,
        auto_scaling=cs.CreateClusterNodePoolRequestAutoScaling(enable=False))


def network_life(address):
    """Reads the network, and returns what a cluster is put into."""
    client = connect(VPC, "vpc", address)
    vswitches = client.describe_vswitches(vpc.DescribeVSwitchesRequest(region_id=REGION, page_size=50)).body
    first = vswitches.v_switches.v_switch[0]
    found = client.describe_vpc_attribute(vpc.DescribeVpcAttributeRequest(region_id=REGION, vpc_id=first.vpc_id)).body
    expect(found.cidr_block == "10.0.0.0/16" and len(vswitches.v_switches.v_switch) == 3, "the network")
    named = client.describe_vpcs(vpc.DescribeVpcsRequest(region_id=REGION, vpc_name=found.vpc_name)).body
    expect([v.vpc_id for v in named.vpcs.vpc] == [first.vpc_id] and named.total_count == 1, "the VPC by its name")
    refused("vpc.DescribeVpcAttribute", lambda: client.describe_vpc_attribute(vpc.DescribeVpcAttributeRequest(region_id=REGION, vpc_id="vpc-none")), 404, "InvalidVpcId.NotFound")
    machines = connect(ECS, "ecs", address)
    keys = machines.describe_key_pairs(ecs.DescribeKeyPairsRequest(region_id=REGION, key_pair_name="keypair-*")).body
    groups = machines.describe_security_groups(ecs.DescribeSecurityGroupsRequest(region_id=REGION, vpc_id=first.vpc_id)).body
    expect(keys.total_count == 2 and groups.total_count == 2, "key pairs and security groups")
    one = groups.security_groups.security_group[1]
    named = machines.describe_security_groups(ecs.DescribeSecurityGroupsRequest(region_id=REGION, vpc_id=first.vpc_id, security_group_name=one.security_group_name)).body
    expect([g.security_group_id for g in named.security_groups.security_group] == [one.security_group_id], "the security group by its name")
    who = connect(STS, "sts", address).get_caller_identity().body
    expect(who.arn == "acs:ram::1234567890123456:user/pmks", f"the caller is {who.arn}")
    return first.vpc_id, [v.v_switch_id for v in vswitches.v_switches.v_switch[:2]], groups.security_groups.security_group[0].security_group_id


def life(client, address, name="library"):
    network, vswitches, group = network_life(address)
    versions = client.describe_kubernetes_version_metadata(cs.DescribeKubernetesVersionMetadataRequest(
        region=REGION, cluster_type="ManagedKubernetes", query_upgradable_version=True)).body
    old = next(v for v in versions if v.creatable and v.upgradable_versions)
    roles = client.check_service_role(cs.CheckServiceRoleRequest(roles=[cs.CheckServiceRoleRequestRoles(name="AliyunCSDefaultRole")])).body
    expect(roles.roles[0].granted, "the role is not granted")
    expect(client.describe_user_quota().body.amk_cluster_quota == 20, "the quota")
    request = cs.CreateClusterRequest(
        name=name, region_id=REGION, cluster_type="ManagedKubernetes", cluster_spec="ack.pro.small", vpcid=network, vswitch_ids=vswitches, security_group_id=group,
        kubernetes_version=old.version, service_cidr="172.19.0.0/20", container_cidr="172.20.0.0/16", endpoint_public_access=True, snat_entry=True,
        addons=[cs.Addon(name="flannel")], controlplane_log_components=["apiserver"], tags=[cs.Tag(key="CB-SPIDER:PMKS:CLUSTER", value="owned")])
    made = client.create_cluster(request).body
    cluster = made.cluster_id
    refused("CreateCluster", lambda: client.create_cluster(request), 400, "InvalidParameter.CIDRConflict")
    refused("CreateClusterNodePool", lambda: client.create_cluster_node_pool(cluster, pool_request("early", 1, vswitches)), 400, "ErrorClusterState")
    wait("the cluster", lambda: client.describe_cluster_detail(cluster).body.state, "running")
    expect(ended(client, made.task_id).target.id == cluster, "the task is about another thing")
    listed = client.describe_clusters_for_region(REGION, cs.DescribeClustersForRegionRequest(name=name[:4], page_size=100)).body
    expect([c.cluster_id for c in listed.clusters] == [cluster] and listed.page_info.total_count == 1, "it is not listed")
    urls = json.loads(client.describe_cluster_detail(cluster).body.master_url)
    config = client.describe_cluster_user_kubeconfig(cluster, cs.DescribeClusterUserKubeconfigRequest(temporary_duration_minutes=15)).body
    expect(yaml.safe_load(config.config)["clusters"][0]["cluster"]["server"] == urls["api_server_endpoint"], "the kubeconfig is of another server")

    pool = client.create_cluster_node_pool(cluster, pool_request("ng1", 2, vswitches)).body.nodepool_id
    state = lambda: client.describe_cluster_node_pool_detail(cluster, pool).body.status.state
    wait("the pool", state, "active")
    nodes = client.describe_cluster_nodes(cluster, cs.DescribeClusterNodesRequest(nodepool_id=pool, page_size="100")).body
    expect(len(nodes.nodes) == 2 and all(n.node_status == "Ready" for n in nodes.nodes), "the nodes")
    instances = connect(ECS, "ecs", address).describe_instances(ecs.DescribeInstancesRequest(region_id=REGION, instance_ids=json.dumps([n.instance_id for n in nodes.nodes]))).body
    expect(instances.total_count == 2, "ECS has not the nodes")

    def modify(**blocks):
        answer = client.modify_cluster_node_pool(cluster, pool, cs.ModifyClusterNodePoolRequest(**blocks)).body
        ended(client, answer.task_id)
        wait("the pool", state, "active")
        return client.describe_cluster_node_pools(cluster, cs.DescribeClusterNodePoolsRequest(nodepool_name="ng1")).body.nodepools[0]

    size, scaling = cs.ModifyClusterNodePoolRequestScalingGroup, cs.ModifyClusterNodePoolRequestAutoScaling
    expect(modify(scaling_group=size(desired_size=3)).status.total_nodes == 3, "it does not grow")
    config = cs.CreateAutoscalingConfigRequest(scaler_type="goatscaler", expander="least-waste", scan_interval="30s", scale_down_enabled=True)
    ended(client, client.create_autoscaling_config(cluster, config).body.task_id)
    expect("ack-goatscaler" in [a.name for a in client.list_cluster_addon_instances(cluster).body.addons], "the autoscaler is not installed")
    client.get_cluster_addon_instance(cluster, "ack-goatscaler")
    refused("GetClusterAddonInstance", lambda: client.get_cluster_addon_instance(cluster, "none"), 404, "AddonNotFound")
    on = modify(auto_scaling=scaling(enable=True, min_instances=1, max_instances=4, type="cpu"))
    expect(on.auto_scaling.enable and on.auto_scaling.max_instances == 4 and on.scaling_group.desired_size is None, "autoscaling is not on")
    both = cs.ModifyClusterNodePoolRequest(auto_scaling=scaling(enable=False), scaling_group=size(desired_size=1))
    refused("ModifyClusterNodePool", lambda: client.modify_cluster_node_pool(cluster, pool, both), 400, "InvalidDesiredSizeOrCount.NotNull")
    modify(auto_scaling=scaling(enable=False))
    expect(modify(scaling_group=size(desired_size=1)).status.total_nodes == 1, "it does not shrink")
    ended(client, client.scale_cluster_node_pool(cluster, pool, cs.ScaleClusterNodePoolRequest(count=1)).body.task_id)
    gone = client.describe_cluster_nodes(cluster, cs.DescribeClusterNodesRequest()).body.nodes[0].instance_id
    removal = cs.RemoveNodePoolNodesRequest(release_node=True, drain_node=True, instance_ids=[gone])
    ended(client, client.remove_node_pool_nodes(cluster, pool, removal).body.task_id)
    expect(gone not in [n.instance_id for n in client.describe_cluster_nodes(cluster, cs.DescribeClusterNodesRequest()).body.nodes], "the node is still there")

    kubernetes = modify(kubernetes_config=cs.ModifyClusterNodePoolRequestKubernetesConfig(
        labels=[cs.Tag(key="team", value="a")], taints=[cs.Taint(key="only", value="", effect="NoSchedule")]), update_nodes=True).kubernetes_config
    expect([(l.key, l.value) for l in kubernetes.labels] == [("team", "a")] and kubernetes.taints[0].effect == "NoSchedule", "the labels and taints")
    limit = cs.ModifyClusterNodePoolRequestScalingGroupSpotPriceLimit(instance_type="ecs.g7.large", price_limit="0.39")
    spot = modify(scaling_group=size(spot_strategy="SpotWithPriceLimit", spot_price_limit=[limit]))
    expect(spot.scaling_group.spot_price_limit[0].price_limit == "0.39" and spot.kubernetes_config.labels[0].key == "team", "it is not spot")
    modify(scaling_group=size(spot_strategy="NoSpot"))

    ended(client, client.modify_cluster(cluster, cs.ModifyClusterRequest(api_server_eip=False)).body.task_id)
    expect(json.loads(client.describe_cluster_detail(cluster).body.master_url)["api_server_endpoint"] == "", "the public endpoint is still there")
    ended(client, client.modify_cluster(cluster, cs.ModifyClusterRequest(api_server_eip=True)).body.task_id)
    expect(client.check_control_plane_log_enable(cluster).body.components == ["apiserver"], "the logs of the control plane")

    check = client.run_cluster_check(cluster, cs.RunClusterCheckRequest(type="MasterUpgrade")).body.check_id
    wait("the check", lambda: client.get_cluster_check(cluster, check).body.status, "Succeeded")
    items = client.get_cluster_check(cluster, check).body.check_items
    expect(all("Level" in item for found in items.values() for item in found), f"the check found {items}")
    expect([c.check_id for c in client.list_cluster_checks(cluster, cs.ListClusterChecksRequest(type="MasterUpgrade")).body.checks] == [check], "the checks")
    offered = client.list_addons(cs.ListAddonsRequest(cluster_id=cluster)).body.addons
    expect("coredns" in [a.name for a in offered], "the add-ons that there are")
    expect(client.describe_addon("coredns", cs.DescribeAddonRequest(cluster_id=cluster, version="v1.0.0")).body.newer_versions[0].upgradable, "an old add-on")

    target = old.upgradable_versions[0]
    ended(client, client.upgrade_cluster(cluster, cs.UpgradeClusterRequest(next_version=target, master_only=True)).body.task_id)
    expect(client.describe_cluster_detail(cluster).body.current_version == target, "the control plane is not upgraded")
    policy = cs.UpgradeClusterNodepoolRequestRollingPolicy(max_parallelism=1, pause_policy="NotPause")
    up = client.upgrade_cluster_nodepool(cluster, pool, cs.UpgradeClusterNodepoolRequest(kubernetes_version=target, rolling_policy=policy)).body
    expect(ended(client, up.task_id).target.id == pool, "the task is about another thing")

    where = dict(region_id=REGION, resource_ids=[cluster], resource_type="CLUSTER")
    client.tag_resources(cs.TagResourcesRequest(**where, tags=[cs.Tag(key="team", value="a")]))
    client.untag_resources(cs.UntagResourcesRequest(**where, tag_keys=["CB-SPIDER:PMKS:CLUSTER"]))
    client.modify_cluster_tags(cluster, cs.ModifyClusterTagsRequest(body=[cs.Tag(key="team", value="b")]))
    tags = client.list_tag_resources(cs.ListTagResourcesRequest(**where)).body.tag_resources.tag_resource
    expect([(t.tag_key, t.tag_value) for t in tags] == [("team", "b")], "the tags")
    tasks = client.describe_cluster_tasks(cluster, cs.DescribeClusterTasksRequest(page_size=50)).body
    events = client.describe_cluster_events(cluster, cs.DescribeClusterEventsRequest(task_id=up.task_id)).body
    expect(tasks.page_info.total_count == len(tasks.tasks) and events.events[0].subject == pool, "tasks and events")
    refused("CancelTask", lambda: client.cancel_task(up.task_id), 400, "TaskOperationNotSupported")
    kinds = [r.resource_type for r in client.describe_cluster_resources(cluster, cs.DescribeClusterResourcesRequest(with_addon_resources=True)).body]
    expect("ScalingGroup" in kinds and "NatGateway" in kinds, "the resources")
    client.describe_resources_delete_protection(cluster, "namespaces", cs.DescribeResourcesDeleteProtectionRequest())
    every_member(client, cluster, pool)
    every_operation(client)

    protect = lambda on: ended(client, client.modify_cluster(cluster, cs.ModifyClusterRequest(deletion_protection=on)).body.task_id)
    wait("the pool", state, "active")
    protect(True)
    refused("DeleteCluster", lambda: client.delete_cluster(cluster, cs.DeleteClusterRequest()), 400, "ErrorDeletionProtection")
    protect(False)
    refused("DeleteClusterNodepool", lambda: client.delete_cluster_nodepool(cluster, pool, cs.DeleteClusterNodepoolRequest()), 400, "DependencyResourceExist")
    ended(client, client.delete_cluster_nodepool(cluster, pool, cs.DeleteClusterNodepoolRequest(force=True)).body.task_id)
    refused("DescribeClusterNodePoolDetail", lambda: client.describe_cluster_node_pool_detail(cluster, pool), 404, "ErrorNodePoolNotFound")
    options = [cs.DeleteClusterRequestDeleteOptions(delete_mode="delete", resource_type="SLS_Data")]
    ended(client, client.delete_cluster(cluster, cs.DeleteClusterRequest(delete_options=options)).body.task_id)
    refused("DescribeClusterDetail", lambda: client.describe_cluster_detail(cluster), 404, "ErrorClusterNotFound")


def raw(client, action, method, path, body=None, query=None):
    """Sends a request that the SDK signs and does not look at; returns the verdict."""
    params = openapi.Params(action=action, version="2015-12-15", protocol="HTTP", pathname=path, method=method, auth_type="AK", style="ROA",
                            req_body_type="json", body_type="string")
    try:
        client.call_api(params, openapi.OpenApiRequest(headers={}, query=query or {}, body=body), RuntimeOptions())
        return "", ""
    except Exception as error:
        return str(getattr(error, "code", "")), str(getattr(error, "message", error))


def sample(shape):
    """A value of a shape."""
    return {"string": "a", "integer": 1, "boolean": True, "number": 1.5, "any": "a", "list": [], "map": {}, "structure": {}}[TABLE.shapes[shape]["type"]]


def bodies(shape, path=()):
    """For each member of a shape, however deep, an object that holds it alone."""
    for key, member in TABLE.shapes[shape].get("members", {}).items():
        if key in TABLE.shapes[shape].get("elsewhere", ()):
            continue
        yield path + (key,), {key: sample(member)}
        inner, of = TABLE.shapes[member], TABLE.shapes[member].get("of")
        if inner["type"] == "structure":
            for deeper, value in bodies(member, path + (key,)):
                yield deeper, {key: value}
        elif inner["type"] == "list" and TABLE.shapes[of]["type"] == "structure" and of not in path:
            for deeper, value in bodies(of, path + (key,)):
                yield deeper, {key: [value]}


def every_member(client, cluster, pool):
    """The value may be refused, and the member may not be simulated, but it is known."""
    for line in wire.operations():
        method, path, action = line.split()
        if action not in TABLE.operations or "input" not in TABLE.operations[action]:
            continue
        shape = TABLE.operations[action]["input"]
        for key in TABLE.shapes[shape].get("elsewhere", ()):
            code, message = raw(client, action, method, re.sub(r"\{\w+\}", "none", path), query={key: "1"})
            if "unknown query parameter" in message:
                fault(action, f"the query parameter {key} is unknown")
        there = path.replace("{cluster}", cluster).replace("{nodepool}", pool)
        for name, body in bodies(shape):
            code, message = raw(client, action, method, there, body=body)
            if "unknown" in message and "security_group_id" not in name:
                fault(action, f"{'.'.join(name)}: {code} {message}")


def every_operation(client):
    """What is not simulated says so, and what is retired is gone."""
    for line in wire.operations():
        method, path, action = line.split()
        code, message = raw(client, action, method, re.sub(r"\{\w+\}", "none", path))
        expect((code == "InvalidAction.NotFound") == (action in RETIRED), f"answers {code} {message}", action)


def credentials(address):
    for where, more, status, code in (
            ("an unknown key", {"access_key_id": "none"}, 404, "InvalidAccessKeyId.NotFound"), ("a wrong secret", {"access_key_secret": "none"}, 400, "SignatureDoesNotMatch"),
            ("a token that there is not", {"security_token": "none"}, 400, "InvalidSecurityToken.MismatchWithAccessKey")):
        for kind, service, call in ((CS, "cs", lambda c: c.describe_user_quota()), (STS, "sts", lambda c: c.get_caller_identity())):
            refused(f"{where} for {service}", lambda: call(connect(kind, service, address, **more)), status, code)
    role = sts.AssumeRoleRequest(role_arn="acs:ram::1234567890123456:role/pmks-operator", role_session_name="oracle", duration_seconds=900)
    session = connect(STS, "sts", address).assume_role(role).body.credentials
    connect(CS, "cs", address, access_key_id=session.access_key_id, access_key_secret=session.access_key_secret, security_token=session.security_token).describe_user_quota()


with oraclekit.simulator("alibaba", "-speed", "1000x") as address:
    credentials(address)
    life(connect(CS, "cs", address), address)
oraclekit.finish(f"in {sum(ANSWERS.values())} answers of {len(ANSWERS)} operations of the vendor's SDKs")
