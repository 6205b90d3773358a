# SPDX-License-Identifier: Apache-2.0
"""Checks the simulator of EKS against boto3 and the aws command, clients that pmks did
not write.

A cluster is taken through its life with each, every body that comes back to boto3 is
held against the service models that botocore ships, and every parameter of those
models is sent once. The last line says how many faults there were. See README.md.
"""
import base64
import datetime
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "simkit"))
import oraclekit
from oraclekit import expect, fault

oraclekit.prepare("boto3", "awscli")
import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, WaiterError

# Errors that any operation may answer and no model lists.
COMMON = {
    "AccessDenied", "AuthFailure", "IncompleteSignature", "IncompleteSignatureException", "InvalidClientTokenId", "InvalidSignatureException",
    "MissingAuthenticationToken", "NotSimulated", "SignatureDoesNotMatch", "UnrecognizedClientException", "ValidationError",
}
UNKNOWN = re.compile(r"UnknownOperation|InvalidAction|UnknownParameter|unknown (query )?parameter|not recognized", re.I)
ANSWERS = {}
JSON_TYPES = {"structure": dict, "map": dict, "list": list, "string": str, "boolean": bool, "integer": int, "long": int,
              "timestamp": (int, float), "double": (int, float), "float": (int, float)}


def wire(shape):
    return {m.serialization.get("name", n): (n, m) for n, m in shape.members.items()}


def check_text(where, meta, value, path):
    if meta.get("enum") and value not in meta["enum"]:
        fault(where, f"{path} is none of its enumeration: {value!r}")
    if not meta.get("min", 0) <= len(value) <= meta.get("max", len(value)):
        fault(where, f"{path} has {len(value)} characters, model {meta}")


def check_json(where, shape, value, path):
    kind = shape.type_name
    if value is None:
        return
    if not isinstance(value, JSON_TYPES[kind]) or isinstance(value, bool) != (kind == "boolean"):
        fault(where, f"{path} must be {kind}: {value!r}")
    elif kind == "structure":
        for key in value.keys() - wire(shape).keys():
            fault(where, f"{path}.{key} is not in the model of {shape.name}")
        for key, (name, member) in wire(shape).items():
            if name in shape.required_members and value.get(key) is None:
                fault(where, f"{path}.{key} is required")
            check_json(where, member, value.get(key), f"{path}.{key}")
    elif kind == "map":
        for key, inner in value.items():
            check_text(where, shape.key.metadata, key, f"{path} key")
            check_json(where, shape.value, inner, f"{path}[]")
    elif kind == "list":
        for inner in value:
            check_json(where, shape.member, inner, f"{path}[]")
    elif kind == "string":
        check_text(where, shape.metadata, value, path)


def local(node):
    return node.tag.rsplit("}", 1)[-1]


def check_xml(where, shape, node, path):
    kind, text = shape.type_name, node.text or ""
    if kind == "structure":
        there = [local(child) for child in node]
        for child in node:
            if local(child) not in wire(shape):
                fault(where, f"{path}.{local(child)} is not in the model of {shape.name}")
            else:
                check_xml(where, wire(shape)[local(child)][1], child, f"{path}.{local(child)}")
        for key, (name, _) in wire(shape).items():
            if there.count(key) > 1 or name in shape.required_members and key not in there:
                fault(where, f"{path}.{key} is there {there.count(key)} times")
    elif kind == "list":
        for child in node:
            if local(child) != shape.member.serialization.get("name", "member"):
                fault(where, f"{path} holds <{local(child)}>")
            check_xml(where, shape.member, child, f"{path}[]")
    elif kind == "timestamp":
        if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", text):
            fault(where, f"{path} is no ISO 8601 time: {text!r}")
    elif kind in ("integer", "long") and not re.fullmatch(r"-?\d+", text) or kind == "boolean" and text not in ("true", "false"):
        fault(where, f"{path} is no {kind}: {text!r}")
    elif kind == "string":
        check_text(where, shape.metadata, text, path)


def check_error(where, model, status, code, body):
    named = {s.metadata.get("error", {}).get("code", s.name): s for s in model.service_model.error_shapes}
    own = [s.name for s in model.error_shapes]
    # EC2 models no errors; CreateNodegroup of an unknown cluster answers one that its model lacks.
    known = code in COMMON or code in named and named[code].name in own or (model.name, code) == ("CreateNodegroup", "ResourceNotFoundException")
    if not known and model.service_model.protocol != "ec2":
        fault(where, f"{code} is no error of the operation: {body}")
    if code in named and status != named[code].metadata.get("error", {}).get("httpStatusCode", status):
        fault(where, f"{code} has status {status}")
    if code in named and body is not None:
        check_json(where, named[code], {k: v for k, v in body.items() if v is not None}, code)


def check(operation_model, response_dict, **_):
    """Holds one answer against its model; botocore calls it before it parses."""
    service, status, headers = operation_model.service_model, response_dict["status_code"], response_dict["headers"]
    where, shape = f"{service.service_name}:{operation_model.name}", operation_model.output_shape
    ANSWERS[where] = ANSWERS.get(where, 0) + 1
    if not headers.get("x-amzn-requestid"):
        fault(where, "no request id in the headers")
    if service.protocol == "rest-json":
        value = json.loads(response_dict["body"])
        if headers.get("content-type") != "application/json":
            fault(where, f"content type {headers.get('content-type')}")
        if status < 300:
            return check_json(where, shape, value, "")
        return check_error(where, operation_model, status, headers.get("x-amzn-errortype", ""), value)
    root = ET.fromstring(response_dict["body"])
    ec2_style = service.protocol == "ec2"
    if status >= 300:
        parts = {local(n): n.text for n in root.iter()}
        if not {"Error", "Code", "Message", "RequestID" if ec2_style else "RequestId"} <= parts.keys():
            fault(where, f"the error has only {sorted(parts)}")
        return check_error(where, operation_model, status, parts.get("Code"), None)
    # EC2 itself puts a slash behind its namespace.
    if root.tag.replace("/}", "}") != "{%s}%sResponse" % (service.metadata["xmlNamespace"].rstrip("/"), operation_model.name):
        fault(where, f"the root is {root.tag}")
    found = [n for n in root.iter() if local(n) == ("requestId" if ec2_style else "RequestId") and n.text]
    if len(found) != 1:
        fault(where, f"{len(found)} request ids")
    envelope = {local(n): n for n in root}
    envelope.pop("requestId" if ec2_style else "ResponseMetadata", None)
    if shape is not None:
        body = ET.Element("body")
        body.extend(envelope.values() if ec2_style else envelope.pop(shape.serialization["resultWrapper"]))
        check_xml(where, shape, body, "")
    if envelope and not ec2_style:
        fault(where, f"unknown elements {sorted(envelope)}")


def sample(shape):
    """Makes the least value of a shape that botocore lets through."""
    kind, meta = shape.type_name, shape.metadata
    if kind == "structure":
        chosen = list(shape.members)[:1] if getattr(shape, "is_tagged_union", False) else shape.required_members
        return {n: sample(shape.members[n]) for n in chosen}
    if kind == "list":
        return [sample(shape.member)] * max(1, meta.get("min", 0))
    if kind == "map":
        return {sample(shape.key): sample(shape.value)}
    if kind == "string":
        return meta.get("enum", ["x" * max(1, meta.get("min", 1))])[0]
    return {"boolean": False, "timestamp": datetime.datetime(2026, 1, 1), "blob": b"x"}.get(kind, max(meta.get("min", 1), 1))


def members(shape, depth=0):
    for name, member in shape.members.items():
        yield name, {name: sample(member)}
        inside = member.member if member.type_name == "list" else member
        if inside.type_name == "structure" and depth < 3:
            for path, inner in members(inside, depth + 1):
                value = sample(inside) | inner
                yield f"{name}.{path}", {name: value if inside is member else [value]}


def sweep(client, operations, base):
    """Sends every parameter, one at a time. The simulator may refuse the value, or
    say that it does not simulate the parameter, but must know it."""
    methods = {v: k for k, v in client.meta.method_to_api_mapping.items()}
    for op in operations:
        shape = client.meta.service_model.operation_model(op).input_shape
        given = {k: v for k, v in base.items() if shape and k in shape.required_members} | base.get(op, {})
        least = (sample(shape) if shape else {}) | given
        for path, extra in [("operation", {})] + list(members(shape) if shape else []):
            if path in least:
                continue
            try:
                getattr(client, methods[op])(**least | extra)
            except ClientError as e:
                if UNKNOWN.search(str(e)):
                    fault(f"{client.meta.service_model.service_name}:{op}", f"{path} is in the model and unknown here: {e}")


def connect():
    """Makes the clients, when the environment says where the simulator is."""
    global eks, ec2, iam, sts, asg
    session = boto3.session.Session()
    session._session.register("before-parse", check)
    eks, ec2, iam, sts, asg = (session.client(n, config=Config(retries={"total_max_attempts": 1})) for n in ("eks", "ec2", "iam", "sts", "autoscaling"))


def refused(code, call, /, **args):
    try:
        call(**args)
        expect(False, f"{call.__name__} was not refused with {code}")
    except ClientError as e:
        expect(e.response["Error"]["Code"] == code and type(e) is call.__self__.exceptions.from_code(code), f"{call.__name__}: {e}, not {code}")


def wait(waiter, /, **args):
    try:
        eks.get_waiter(waiter).wait(WaiterConfig={"Delay": 1, "MaxAttempts": 60}, **args)
    except WaiterError as e:
        expect(False, f"{waiter}: {e}")


def pages(client, method, key, size, /, **args):
    return [x for p in client.get_paginator(method).paginate(PaginationConfig={"PageSize": size}, **args) for x in p[key]]


def role(name, service, *policies):
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}]}
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(document), Description="a b", Tags=[{"Key": "a", "Value": "b"}])["Role"]
    for policy in policies:
        iam.attach_role_policy(RoleName=name, PolicyArn="arn:aws:iam::aws:policy/" + policy)
    expect(made["AssumeRolePolicyDocument"] == document and made.get("Description") == "a b" and iam.get_role(RoleName=name)["Role"] == made, f"the role came back as {made}")
    return made["Arn"]


def until_spread(call, **args):
    for _ in range(9):
        try:
            return call(**args)
        except ClientError as e:
            expect("could not be assumed" in str(e), f"{call.__name__}: {e}")
    return call(**args)


def life(name="oracle"):
    subnets = [s["SubnetId"] for s in pages(ec2, "describe_subnets", "Subnets", 5)]
    groups = [g["GroupId"] for g in pages(ec2, "describe_security_groups", "SecurityGroups", 5)]
    refused("InvalidSubnetID.NotFound", ec2.describe_subnets, SubnetIds=["subnet-0123456789abcdef0"])
    refused("NoSuchEntity", iam.get_role, RoleName="none")
    versions = [v["clusterVersion"] for v in pages(eks, "describe_cluster_versions", "clusterVersions", 2)]
    new = dict(name=name, version=versions[1], tags={"team": "a b"}, resourcesVpcConfig={"subnetIds": subnets, "securityGroupIds": groups[:1]},
               roleArn=role("oracle-control", "eks.amazonaws.com", "AmazonEKSClusterPolicy"))
    refused("InvalidParameterException", eks.create_cluster, **new | {"version": "1.1"})
    refused("ResourceNotFoundException", eks.describe_cluster, name=name)
    until_spread(eks.create_cluster, **new)
    refused("ResourceInUseException", eks.create_cluster, **new)
    wait("cluster_active", name=name)
    cluster = eks.describe_cluster(name=name)["cluster"]
    expect(base64.b64decode(cluster["certificateAuthority"]["data"]).startswith(b"-----BEGIN CERTIFICATE"), f"{cluster}")
    group = dict(clusterName=name, nodegroupName="n1")
    more = dict(subnets=subnets, scalingConfig={"minSize": 1, "maxSize": 3, "desiredSize": 2}, labels={"a": "b"}, tags={"t": "1"},
                nodeRole=role("oracle-nodes", "ec2.amazonaws.com", "AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly", "AmazonEKS_CNI_Policy"),
                taints=[{"key": "k", "value": "v", "effect": "NO_SCHEDULE"}], remoteAccess={"ec2SshKey": ec2.describe_key_pairs()["KeyPairs"][0]["KeyName"]})
    refused("ResourceNotFoundException", eks.create_nodegroup, **group | more | {"clusterName": "none"})
    until_spread(eks.create_nodegroup, **group | more)
    refused("ResourceInUseException", eks.update_nodegroup_config, **group, scalingConfig={"maxSize": 4})
    wait("nodegroup_active", **group)
    made = eks.describe_nodegroup(**group)["nodegroup"]
    found = pages(asg, "describe_auto_scaling_groups", "AutoScalingGroups", 1, Filters=[{"Name": "tag:eks:cluster-name", "Values": [name]}])
    expect([g["AutoScalingGroupName"] for g in found] == [g["name"] for g in made["resources"]["autoScalingGroups"]] and len(found[0]["Instances"]) == 2, f"{found}")
    eks.tag_resource(resourceArn=made["nodegroupArn"], tags={"x": "y"})
    eks.untag_resource(resourceArn=made["nodegroupArn"], tagKeys=["t"])
    expect(eks.list_tags_for_resource(resourceArn=made["nodegroupArn"])["tags"] == {"x": "y"}, "tags")
    update = eks.update_nodegroup_config(**group, scalingConfig={"minSize": 0, "maxSize": 4, "desiredSize": 3})["update"]
    wait("nodegroup_active", **group)
    expect(pages(eks, "list_updates", "updateIds", 1, name=name, nodegroupName="n1") == [update["id"]], "the update is not listed")
    beyond(cluster, group)
    update = eks.update_cluster_version(name=name, version=versions[0])["update"]
    wait("cluster_active", name=name)
    expect(eks.describe_update(name=name, updateId=update["id"])["update"]["status"] == "Successful", "the upgrade")
    until_spread(eks.update_nodegroup_version, **group)
    wait("nodegroup_active", **group)
    # Everything that the models know, while there is something to send it to.
    arn = {"resourceArn": cluster["arn"]}
    sweep(eks, eks.meta.service_model.operation_names, group | arn | {"name": name, "CreateCluster": {"name": "-"}, "DeleteCluster": {"name": "none"}, "CreateNodegroup": {"nodegroupName": "-"}, "DeleteNodegroup": {"nodegroupName": "none"}})
    kinds = ("Vpcs", "Subnets", "SecurityGroups", "InstanceTypes", "KeyPairs", "LaunchTemplates")
    sweep(ec2, ["Describe" + kind for kind in kinds] + ["CreateLaunchTemplate", "DeleteLaunchTemplate"], {})
    sweep(iam, ["GetRole", "CreateRole", "AttachRolePolicy"], {})
    sweep(sts, ["GetCallerIdentity", "AssumeRole", "AssumeRoleWithWebIdentity"], {})
    sweep(asg, ["DescribeAutoScalingGroups", "CreateOrUpdateTags", "DeleteTags"], {})
    wait("nodegroup_active", **group)
    refused("ResourceInUseException", eks.delete_cluster, name=name)
    eks.delete_nodegroup(**group)
    wait("nodegroup_deleted", **group)
    eks.delete_cluster(name=name)
    wait("cluster_deleted", name=name)
    refused("NotFoundException", eks.list_tags_for_resource, **arn)


def beyond(cluster, group):
    """Labels, taints, access to the endpoint, and what is in the way of an upgrade."""
    name = cluster["name"]
    eks.update_nodegroup_config(**group, labels={"addOrUpdateLabels": {"c": "d"}, "removeLabels": ["a"]})
    wait("nodegroup_active", **group)
    eks.update_nodegroup_config(**group, taints={"addOrUpdateTaints": [{"key": "k", "value": "w", "effect": "NO_SCHEDULE"}]})
    wait("nodegroup_active", **group)
    now = eks.describe_nodegroup(**group)["nodegroup"]
    expect(now["labels"] == {"c": "d"} and now["taints"] == [{"key": "k", "value": "w", "effect": "NO_SCHEDULE"}], f"labels {now['labels']}, taints {now['taints']}")
    refused("InvalidParameterException", eks.update_nodegroup_config, **group, labels={"addOrUpdateLabels": {"kubernetes.io/a": "b"}})
    access = {"endpointPublicAccess": True, "endpointPrivateAccess": True, "publicAccessCidrs": ["203.0.113.0/24"]}
    eks.update_cluster_config(name=name, resourcesVpcConfig=access)
    wait("cluster_active", name=name)
    shown = eks.describe_cluster(name=name)["cluster"]["resourcesVpcConfig"]
    expect(all(shown[k] == v for k, v in access.items()), f"the endpoint is {shown}")
    refused("InvalidParameterException", eks.update_cluster_config, name=name, resourcesVpcConfig=access)
    insights = pages(eks, "list_insights", "insights", 1, clusterName=name, filter={"categories": ["UPGRADE_READINESS"]})
    expect(insights and eks.describe_insight(clusterName=name, id=insights[0]["id"])["insight"]["name"] == insights[0]["name"], f"the insights are {insights}")
    refused("ResourceNotFoundException", eks.describe_insight, clusterName=name, id="none")
    expect({a["addonName"] for a in pages(eks, "describe_addon_versions", "addons", 1)} >= {"coredns", "vpc-cni"}, "describe_addon_versions")


def aws(*args, fails=None, **environment):
    """Runs the aws command, unmodified, and returns what it prints, read as JSON."""
    env = {k: v for k, v in (os.environ | environment).items() if v is not None}
    run = subprocess.run([oraclekit.tool("aws"), *args, "--output", "json"], env=env, capture_output=True, text=True)
    ANSWERS["aws " + " ".join(args[:2])] = ANSWERS.get("aws " + " ".join(args[:2]), 0) + 1
    if fails:
        expect(run.returncode and fails in run.stderr, f"{args[:2]}: {run.stderr.strip() or run.stdout}, not {fails}", "aws")
    elif run.returncode:
        fault("aws", f"{' '.join(args)}: {run.stderr.strip()}")
    return json.loads(run.stdout) if run.stdout.lstrip().startswith("{") else {}


def rest(name, group=None):
    """Waits until a cluster or a node group rests; the waiters of the command look every
    30 seconds, which is long for a simulated cloud."""
    what = ("describe-nodegroup", "--cluster-name", name, "--nodegroup-name", group) if group else ("describe-cluster", "--name", name)
    for _ in range(60):
        status = aws("eks", *what).get("nodegroup" if group else "cluster", {}).get("status")
        if status not in ("CREATING", "UPDATING"):
            expect(status == "ACTIVE", f"{what} is {status}", "aws")
            return
        time.sleep(0.2)
    fault("aws", f"{what} never rests")


def command_life(name="command"):
    roles = {r: iam.get_role(RoleName=r)["Role"]["Arn"] for r in ("oracle-control", "oracle-nodes")}
    subnets = [s["SubnetId"] for s in aws("ec2", "describe-subnets")["Subnets"]]
    versions = [v["clusterVersion"] for v in aws("eks", "describe-cluster-versions")["clusterVersions"]]
    aws("eks", "describe-cluster", "--name", name, fails="ResourceNotFoundException")
    aws("eks", "create-cluster", "--name", name, "--role-arn", roles["oracle-control"], "--kubernetes-version", versions[1],
        "--resources-vpc-config", "subnetIds=" + ",".join(subnets), "--tags", "team=a", "--deletion-protection")
    rest(name)
    aws("eks", "wait", "cluster-active", "--name", name)
    expect(name in aws("eks", "list-clusters")["clusters"], "list-clusters", "aws")
    with tempfile.TemporaryDirectory() as scratch:
        kubeconfig = pathlib.Path(scratch) / "config"
        aws("eks", "update-kubeconfig", "--name", name, "--kubeconfig", str(kubeconfig))
        expect("certificate-authority-data" in kubeconfig.read_text(), "update-kubeconfig", "aws")
    # A token holds the address of STS, and is made without a call.
    token = aws("eks", "get-token", "--cluster-name", name, AWS_ENDPOINT_URL=None)
    expect(token.get("status", {}).get("token", "").startswith("k8s-aws-v1."), f"get-token: {token}", "aws")
    group = ("--cluster-name", name, "--nodegroup-name", "n1")
    aws("eks", "create-nodegroup", *group, "--node-role", roles["oracle-nodes"], "--subnets", *subnets, "--scaling-config", "minSize=1,maxSize=3,desiredSize=2",
        "--labels", "a=b", "--instance-types", "t3.large")
    rest(name, "n1")
    aws("eks", "wait", "nodegroup-active", *group)
    made = aws("eks", "describe-nodegroup", *group)["nodegroup"]
    groups = aws("autoscaling", "describe-auto-scaling-groups", "--auto-scaling-group-names", made["resources"]["autoScalingGroups"][0]["name"])
    expect(len(groups["AutoScalingGroups"][0]["Instances"]) == 2, f"{groups}", "aws")
    update = aws("eks", "update-nodegroup-config", *group, "--scaling-config", "minSize=1,maxSize=5,desiredSize=4")["update"]
    rest(name, "n1")
    expect(update["id"] in aws("eks", "list-updates", "--name", name, "--nodegroup-name", "n1")["updateIds"], "list-updates", "aws")
    update = aws("eks", "update-cluster-version", "--name", name, "--kubernetes-version", versions[0])["update"]
    rest(name)
    expect(aws("eks", "describe-update", "--name", name, "--update-id", update["id"])["update"]["status"] == "Successful", "describe-update", "aws")
    aws("eks", "update-nodegroup-version", *group)
    rest(name, "n1")
    aws("eks", "tag-resource", "--resource-arn", made["nodegroupArn"], "--tags", "x=y")
    expect(aws("eks", "list-tags-for-resource", "--resource-arn", made["nodegroupArn"])["tags"] == {"x": "y"}, "tags", "aws")
    aws("eks", "delete-cluster", "--name", name, fails="nodegroups attached")
    aws("eks", "delete-nodegroup", *group)
    aws("eks", "wait", "nodegroup-deleted", *group)
    aws("eks", "delete-cluster", "--name", name, fails="deletion protection")
    aws("eks", "update-cluster-config", "--name", name, "--no-deletion-protection")
    rest(name)
    aws("eks", "delete-cluster", "--name", name)
    aws("eks", "wait", "cluster-deleted", "--name", name)
    expect(name not in aws("eks", "list-clusters")["clusters"], "it is still listed", "aws")


if __name__ == "__main__":
    with oraclekit.simulator("aws", "-speed", "1000x"):
        connect()
        life()
        command_life()
    oraclekit.finish(f"in {sum(ANSWERS.values())} answers of {len(ANSWERS)} operations of boto3 {boto3.__version__} and the aws command")
