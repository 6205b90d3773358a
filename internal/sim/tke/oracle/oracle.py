# SPDX-License-Identifier: Apache-2.0
"""Checks the simulator of TKE against the vendor's SDKs for Python, clients that pmks did
not write.

A cluster is taken through its life, every body that comes back is held against what the
SDK makes of it and against the vendor's metadata, every member of every request is sent
once, and so is every action there is. The last line says how many faults there were. See
README.md.
"""
import contextlib
import json
import os
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import wire
from wire import oraclekit
from oraclekit import expect, fault

oraclekit.prepare(
    wire.TCCLI, "tencentcloud-sdk-python==3.1.195", "tencentcloud-sdk-python-common==3.1.195", "tencentcloud-sdk-python-tke==3.1.193", "tencentcloud-sdk-python-autoscaling==3.1.169",
    "tencentcloud-sdk-python-vpc==3.1.193", "tencentcloud-sdk-python-cvm==3.1.178", "tencentcloud-sdk-python-sts==3.0.1459", "pyyaml")
import yaml
from tencentcloud.autoscaling.v20180419 import autoscaling_client, models as scaling
from tencentcloud.common import abstract_client
from tencentcloud.common.credential import Credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.cvm.v20170312 import cvm_client, models as cvm
from tencentcloud.sts.v20180813 import sts_client, models as sts
from tencentcloud.tke.v20180525 import models as tke, tke_client
from tencentcloud.vpc.v20170312 import models as vpc, vpc_client

CLIENTS = {
    "tke": (tke_client.TkeClient, tke), "as": (autoscaling_client.AutoscalingClient, scaling), "vpc": (vpc_client.VpcClient, vpc),
    "cvm": (cvm_client.CvmClient, cvm), "sts": (sts_client.StsClient, sts),
}
TYPES = {"string": str, "timestamp": str, "integer": int, "boolean": bool, "number": (int, float), "structure": dict, "list": list}
ANSWERS = {}
TABLE = wire.Table()


def check(where, service, shape, value, path="", nullable=True):
    """Holds a decoded value against a shape of the metadata."""
    name, shape = shape, TABLE.shapes[shape]
    kind = shape["type"]
    if value is None:
        expect(nullable, f"{path} is null", where)
    elif not isinstance(value, TYPES[kind]) or isinstance(value, bool) != (kind == "boolean"):
        fault(where, f"{path} must be {kind}: {value!r}")
    elif kind == "structure":
        null = TABLE.nullable(service, name.removesuffix(" in an answer").rpartition(".")[2])
        for key, inner in value.items():
            if key in shape["members"]:
                check(where, service, shape["members"][key], inner, f"{path}.{key}", key in null or key not in shape.get("required", ()))
            else:
                fault(where, f"{path}.{key} is not in the metadata")
        for key in shape.get("required", ()):
            expect(key in value, f"{path}.{key} is always shown by the vendor, and is not", where)
    elif kind == "list":
        for inner in value:
            check(where, service, shape["of"], inner, f"{path}[]", False)
    elif kind == "string" and shape.get("enum"):
        expect(value in shape["enum"], f"{path} is {value!r}, which is none of {shape['enum']}", where)
    elif kind in ("integer", "number"):
        expect(shape.get("min", value) <= value <= shape.get("max", value), f"{path} is {value}", where)


def kept(where, raw, model, path=""):
    """What came over the wire must be in what the SDK made of it."""
    if isinstance(raw, dict) and isinstance(model, dict):
        for key, inner in raw.items():
            if inner is not None:
                expect(key in model, f"the SDK does not know {path}.{key}", where)
                kept(where, inner, model.get(key), f"{path}.{key}")
    elif isinstance(raw, list) and isinstance(model, list) and len(raw) == len(model):
        for a, b in zip(raw, model):
            kept(where, a, b, path + "[]")
    else:
        expect(raw == model, f"{path} is {raw!r}, and the SDK makes {model!r} of it", where)


class Watched:
    """A client of the SDK, whose answers are checked, whose methods take what is in the
    request by name, and give the model of the SDK."""

    def __init__(self, service, address, key=None, secret=None, token=None, region="", **profile):
        kind, self.models = CLIENTS[service]
        self.service = service
        http = HttpProfile(protocol="http", endpoint=address.removeprefix("http://"))
        credential = Credential(key or os.environ["TENCENTCLOUD_SECRET_ID"], secret or os.environ["TENCENTCLOUD_SECRET_KEY"], token)
        self.sdk = kind(credential, os.environ["TENCENTCLOUD_REGION"] if region == "" else region, ClientProfile(httpProfile=http, language="en-US", **profile))
        self.raw = {}
        through = self.sdk.call

        def call(action, params, options=None, headers=None):
            body = through(action, params, options, headers)
            self.raw = json.loads(body)["Response"]
            return body

        self.sdk.call = call

    def __getattr__(self, action):
        if action not in wire_actions(self.service):
            raise AttributeError(action)

        def method(**members):
            request = getattr(self.models, action + "Request")()
            request._deserialize(members)
            name = action if self.service == "tke" else f"{self.service}.{action}"
            model = getattr(self.sdk, action)(request)
            ANSWERS[name] = ANSWERS.get(name, 0) + 1
            if name not in TABLE.operations:
                TABLE.add(name)
            check(name, self.service, TABLE.operations[name]["output"], self.raw)
            kept(name, self.raw, json.loads(model.to_json_string()))
            return model

        return method


def wire_actions(service):
    return TABLE.service(service).actions


def verdict(call):
    """The code and the sentence of a refusal; empty if it was none."""
    try:
        call()
        return "", ""
    except TencentCloudSDKException as error:
        code, message, request = error.code, error.message, error.requestId
        if code == "ServerNetworkError":  # of another status than 200, which the SDK does not look into
            answer = json.loads(message)["Response"]
            code, message, request = answer["Error"]["Code"], answer["Error"]["Message"], answer["RequestId"]
        expect(len(request or "") == 36, f"names no request: {error}", "refusal")
        return code, message


def refused(where, call, *codes, words=""):
    code, message = verdict(call)
    expect(code in codes, f"is refused with {code!r} {message}, not {' or '.join(codes)}", where)
    expect(words in message, f"does not say {words!r}: {message}", where)


def wait(what, look, want):
    for _ in range(1200):
        if (got := look()) == want:
            return
        time.sleep(0.02)
    fault("life", f"{what} is {got}, and never {want}")


class Life:
    """A cluster, from its network to its end."""

    def __init__(self, address):
        self.address = address
        self.tke, self.scaling, self.vpc = Watched("tke", address), Watched("as", address), Watched("vpc", address)
        self.names, self.cluster, self.pool = 0, "", ""

    def network(self):
        found = self.vpc.DescribeVpcs(Limit="100").VpcSet[0]
        self.network_id, self.cidr = found.VpcId, found.CidrBlock
        subnets = self.vpc.DescribeSubnets(Filters=[{"Name": "vpc-id", "Values": [found.VpcId]}]).SubnetSet
        groups = self.vpc.DescribeSecurityGroups(Limit="100").SecurityGroupSet
        self.subnets, self.groups = [s.SubnetId for s in subnets][:2], [g.SecurityGroupId for g in groups][:2]
        self.key = Watched("cvm", self.address).DescribeKeyPairs(Limit=100).KeyPairSet[0].KeyId
        expect(self.vpc.DescribeVpcs(VpcIds=[found.VpcId]).TotalCount == 1, "the VPC is not found by its id")
        expect(Watched("sts", self.address).GetCallerIdentity().AccountId.isdigit(), "the caller has no account")

    def request(self, name, cidr, **basic):
        return dict(
            ClusterType="MANAGED_CLUSTER", ClusterCIDRSettings={"ClusterCIDR": cidr, "MaxNodePodNum": 64, "MaxClusterServiceNum": 1024, "IgnoreClusterCIDRConflict": False},
            ClusterBasicSettings={"ClusterName": name, "VpcId": self.network_id, "ClusterVersion": self.old, "ClusterLevel": "L5", "AutoUpgradeClusterLevel": {"IsAutoUpgrade": True}, **basic},
            ClusterAdvancedSettings={"ContainerRuntime": "containerd", "NetworkType": "GR", "IPVS": True, "DeletionProtection": False})

    def read(self):
        clusters = self.tke.DescribeClusters(ClusterIds=[self.cluster]).Clusters
        return clusters[0] if clusters else None

    def state(self):
        read = self.read()
        return read.ClusterStatus if read else ""

    def read_pool(self):
        pools = self.tke.DescribeClusterNodePools(ClusterId=self.cluster, Filters=[{"Name": "NodePoolsId", "Values": [self.pool]}]).NodePoolSet
        return pools[0] if pools else None

    def size(self):
        """The word of the pool, its desired size, and how many of its nodes run."""
        read = self.read_pool()
        return read and (read.LifeState, read.DesiredNodesNum, read.NodeCountSummary.AutoscalingAdded.Normal)

    def paras(self, desired, smallest=0, largest=50, **more):
        group = scaling.CreateAutoScalingGroupRequest()
        group._deserialize(dict(MinSize=smallest, MaxSize=largest, DesiredCapacity=desired, VpcId=self.network_id, SubnetIds=self.subnets, MultiZoneSubnetPolicy="EQUALITY",
                                RetryPolicy="IMMEDIATE_RETRY", ServiceSettings={"ScalingMode": "CLASSIC_SCALING"}))
        launch = scaling.CreateLaunchConfigurationRequest()
        launch._deserialize({**dict(InstanceType="S5.MEDIUM4", SecurityGroupIds=self.groups, SystemDisk={"DiskType": "CLOUD_PREMIUM", "DiskSize": 100}, LoginSettings={"KeyIds": [self.key]},
                                 InstanceChargeType="POSTPAID_BY_HOUR", InternetAccessible={"InternetChargeType": "TRAFFIC_POSTPAID_BY_HOUR", "InternetMaxBandwidthOut": 0, "PublicIpAssigned": False},
                                 EnhancedService={"SecurityService": {"Enabled": True}, "MonitorService": {"Enabled": True}}), **more})
        return dict(AutoScalingGroupPara=json.dumps(group._serialize()), LaunchConfigurePara=json.dumps(launch._serialize()))

    def pool_request(self, name, desired, **more):
        return dict(ClusterId=self.cluster, Name=name, EnableAutoscale=False, InstanceAdvancedSettings={}, DeletionProtection=False, **self.paras(desired), **more)

    def create(self):
        versions = [v.Version for v in self.tke.DescribeVersions().VersionInstanceSet]
        self.old = min(versions, key=lambda v: [int(p) for p in v.split(".")])
        images = self.tke.DescribeOSImages()
        expect(images.TotalCount == len(images.OSImageSeriesSet) and any(i.Status == "online" for i in images.OSImageSeriesSet), "the images")
        tags = [{"ResourceType": "cluster", "Tags": [{"Key": "CB-SPIDER-PMKS-SUBNET-ID", "Value": ":".join(self.subnets)}]}]
        self.cluster = self.tke.CreateCluster(**self.request("library", "172.20.0.0/16", TagSpecification=tags)).ClusterId
        for where, cidr, code in (
                ("a CIDR of another cluster", "172.20.128.0/17", "InvalidParameter.CidrConflictWithOtherCluster"), ("a public CIDR", "8.0.0.0/16", "InvalidParameter.InvalidPrivateNetworkCIDR"),
                ("the CIDR of the VPC", self.cidr, "InvalidParameter.CidrConflictWithVpcCidr"), ("a narrow CIDR", "172.21.0.0/28", "InvalidParameter.CIDRMaskSizeOutOfRange")):
            refused(where, lambda: self.tke.CreateCluster(**self.request("other", cidr)), code)
        for where, basic, code in (("a VPC that there is not", {"VpcId": "vpc-none0000"}, "FailedOperation.VpcRecodrNotFound"), ("a version that there is not", {"ClusterVersion": "1.10.5"}, "InvalidParameter.Param")):
            refused(where, lambda: self.tke.CreateCluster(**self.request("other", "172.21.0.0/16", **basic)), code)
        docker = self.request("other", "172.21.0.0/16")
        docker["ClusterAdvancedSettings"]["ContainerRuntime"] = "docker"
        refused("docker", lambda: self.tke.CreateCluster(**docker), "InvalidParameter.Param")
        refused("a pool too early", lambda: self.tke.CreateClusterNodePool(**self.pool_request("early", 1)), "ResourceUnavailable.ClusterState")
        wait("the cluster", self.state, "Running")
        expect(self.tke.DescribeClusterStatus(ClusterIds=[self.cluster]).ClusterStatusSet[0].ClusterState == "Running", "its status is another")
        by_name = self.tke.DescribeClusters(Filters=[{"Name": "ClusterName", "Values": ["library"]}], Limit=100)
        expect([c.ClusterId for c in by_name.Clusters] == [self.cluster] and by_name.TotalCount == 1, "it is not found by its name")
        none = self.tke.DescribeClusters(ClusterIds=["cls-none0000"])
        expect(none.TotalCount == 0 and none.Clusters == [], "a cluster that there is not is no empty list")
        read = self.read()
        expect(read.ClusterNetworkSettings.ClusterCIDR == "172.20.0.0/16" and read.ClusterNetworkSettings.ServiceCIDR == "172.20.252.0/22", "its addresses")
        expect(json.loads(read.Property)["NetworkType"] == "GR" and read.TagSpecification[0].Tags[0].Key == "CB-SPIDER-PMKS-SUBNET-ID", "its properties and tags")

    def open(self):
        """The endpoint, which needs a node."""
        where = dict(ClusterId=self.cluster, IsExtranet=True)
        status = lambda: self.tke.DescribeClusterEndpointStatus(**where).Status
        expect(status() == "NotFound" and self.tke.DescribeClusterEndpoints(ClusterId=self.cluster).ClusterExternalEndpoint == "", "an endpoint is open by itself")
        default = self.kubeconfig()
        expect(default["clusters"][0]["cluster"]["server"].find(self.cluster) > 0, "the default domain")
        if not self.pool:
            refused("an endpoint without a node", lambda: self.tke.CreateClusterEndpoint(SecurityGroup=self.groups[0], **where), "InvalidParameter", words="No normal node")
            return
        refused("an endpoint without a security group", lambda: self.tke.CreateClusterEndpoint(**where), "InvalidParameter")
        refused("an endpoint of another security group", lambda: self.tke.CreateClusterEndpoint(SecurityGroup="sg-none0000", **where), "InvalidParameter")
        self.tke.CreateClusterEndpoint(SecurityGroup=self.groups[0], **where)
        if status() == "Creating":
            refused("an endpoint again", lambda: self.tke.CreateClusterEndpoint(SecurityGroup=self.groups[0], **where), "FailedOperation", "OperationDenied", words="same type task")
        wait("the endpoint", status, "Created")
        seen = self.tke.DescribeClusterEndpoints(ClusterId=self.cluster)
        expect(seen.ClusterExternalEndpoint and seen.CertificationAuthority.startswith("-----BEGIN CERTIFICATE"), "the open endpoint is not shown")
        config = self.kubeconfig()
        expect(seen.ClusterExternalEndpoint.removesuffix(":443") in config["clusters"][0]["cluster"]["server"], "the kubeconfig is of another server")
        expect(isinstance(config["users"][0]["name"], int), "the name of the user is no bare number")
        private = dict(ClusterId=self.cluster, IsExtranet=False)
        self.tke.CreateClusterEndpoint(SubnetId=self.subnets[0], **private)
        wait("the private endpoint", lambda: self.tke.DescribeClusterEndpointStatus(**private).Status, "Created")
        both = self.tke.DescribeClusterEndpoints(ClusterId=self.cluster)
        expect(both.ClusterExternalEndpoint and both.ClusterIntranetEndpoint and (both.SecurityGroup, both.ClusterIntranetSubnetId) == (self.groups[0], self.subnets[0]), "both endpoints")
        for which in (private, where):
            self.tke.DeleteClusterEndpoint(**which)
            wait("the closed endpoint", lambda: self.tke.DescribeClusterEndpointStatus(**which).Status in ("NotFound", "Deleted"), True)

    def kubeconfig(self):
        return yaml.safe_load(self.tke.DescribeClusterKubeconfig(ClusterId=self.cluster, IsExtranet=True).Kubeconfig)

    def nodes(self):
        self.open()
        self.pool = self.tke.CreateClusterNodePool(**self.pool_request("ng1", 2, Tags=[{"Key": "team", "Value": "a"}])).NodePoolId
        wait("the pool", self.size, ("normal", 2, 2))
        read = self.read_pool()
        expect(self.tke.DescribeClusterNodePoolDetail(ClusterId=self.cluster, NodePoolId=self.pool).NodePool.Name == "ng1", "the detail is of another pool")
        by_name = self.tke.DescribeClusterNodePools(ClusterId=self.cluster, Filters=[{"Name": "NodePoolsName", "Values": ["ng1"]}])
        expect(by_name.TotalCount == 1 and by_name.NodePoolSet[0].NodePoolId == self.pool, "the pool is not found by its name")
        refused("a filter that there is not", lambda: self.tke.DescribeClusterNodePools(ClusterId=self.cluster, Filters=[{"Name": "name", "Values": ["ng1"]}]), "InvalidParameter.Param")
        launch = self.scaling.DescribeLaunchConfigurations(LaunchConfigurationIds=[read.LaunchConfigurationId, "asc-none0000"]).LaunchConfigurationSet
        expect([(l.InstanceType, l.SystemDisk.DiskSize, l.LoginSettings.KeyIds, l.SecurityGroupIds) for l in launch] == [("S5.MEDIUM4", 100, [self.key], self.groups)], "the launch configuration")
        done = self.activities(read.AutoscalingGroupId)
        expect(done[0].StatusCode == "SUCCESSFUL", "the scale-out is not told")
        nodes = self.tke.DescribeClusterInstances(ClusterId=self.cluster, Filters=[{"Name": "nodepool-id", "Values": [self.pool]}])
        expect(nodes.TotalCount == 2 and all(n.InstanceState == "running" and n.NodePoolId == self.pool for n in nodes.InstanceSet), "the nodes")
        machines = Watched("cvm", self.address).DescribeInstances(InstanceIds=[n.InstanceId for n in nodes.InstanceSet], Limit=100)
        expect(machines.TotalCount == 2 and sorted(m.InstanceId for m in machines.InstanceSet) == sorted(n.InstanceId for n in nodes.InstanceSet), "CVM has not the nodes")
        group = self.scaling.DescribeAutoScalingGroups(AutoScalingGroupIds=[read.AutoscalingGroupId]).AutoScalingGroupSet
        expect([(g.DesiredCapacity, g.LaunchConfigurationId, sorted(g.SubnetIdSet)) for g in group] == [(2, read.LaunchConfigurationId, sorted(self.subnets))], "the scaling group")
        listed = self.tke.DescribeClusterAsGroups(ClusterId=self.cluster)
        expect([g.AutoScalingGroupId for g in listed.ClusterAsGroupSet] == [read.AutoscalingGroupId], "the scaling groups of the cluster")
        self.open()

    def spot(self):
        """A pool of the spot market in two zones, with labels and taints, which are replaced whole."""
        labels, taints = [{"Name": "example.com/team", "Value": "a"}, {"Name": "empty", "Value": ""}], [{"Key": "spot", "Value": "yes", "Effect": "NoSchedule"}]
        market = {"MarketType": "spot", "SpotOptions": {"MaxPrice": "0.39", "SpotInstanceType": "one-time"}}
        request = dict(self.pool_request("spot", 2, Labels=labels, Taints=taints), **self.paras(2, InstanceChargeType="SPOTPAID", InstanceMarketOptions=market))
        where = dict(ClusterId=self.cluster, NodePoolId=self.tke.CreateClusterNodePool(**request).NodePoolId)
        detail = lambda: self.tke.DescribeClusterNodePoolDetail(**where).NodePool
        wait("the pool", lambda: (detail().LifeState, detail().NodeCountSummary.AutoscalingAdded.Normal), ("normal", 2))
        have = lambda: ([(l.Name, l.Value) for l in detail().Labels], [(t.Key, t.Value, t.Effect) for t in detail().Taints])
        expect(have() == ([(l["Name"], l["Value"]) for l in labels], [("spot", "yes", "NoSchedule")]), f"it has {have()}", "labels")
        launch = self.scaling.DescribeLaunchConfigurations(LaunchConfigurationIds=[detail().LaunchConfigurationId]).LaunchConfigurationSet[0]
        expect((launch.InstanceChargeType, launch.InstanceMarketOptions.SpotOptions.MaxPrice) == ("SPOTPAID", "0.39"), "the launch configuration is of no spot market")
        group = self.scaling.DescribeAutoScalingGroups(AutoScalingGroupIds=[detail().AutoscalingGroupId]).AutoScalingGroupSet[0]
        expect(len(group.ZoneSet) == 2 and sorted(group.SubnetIdSet) == sorted(self.subnets), "the scaling group is not in two zones")
        machines = Watched("cvm", self.address).DescribeInstances(Filters=[{"Name": "instance-charge-type", "Values": ["SPOTPAID"]}]).InstanceSet
        expect(sorted(m.Placement.Zone for m in machines) == sorted(group.ZoneSet), "the machines are not in both zones")
        self.tke.ModifyClusterNodePool(Labels=[{"Name": "team", "Value": "b"}], **where)
        wait("the pool", lambda: detail().LifeState, "normal")
        expect(have() == ([("team", "b")], [("spot", "yes", "NoSchedule")]), f"it has {have()}", "labels alone")
        self.tke.ModifyClusterNodePool(Labels=[], Taints=[], IgnoreExistedNode=True, **where)
        wait("the pool", lambda: detail().LifeState, "normal")
        expect(have() == ([], []), f"it has {have()}", "no labels")
        refused("a taint without an effect that there is", lambda: self.tke.ModifyClusterNodePool(Taints=[{"Key": "a", "Value": "", "Effect": "Never"}], **where), "InvalidParameter.Param")
        refused("a label that is none", lambda: self.tke.ModifyClusterNodePool(Labels=[{"Name": "a b", "Value": ""}], **where), "InvalidParameter.Param")
        for more in ({"InstanceChargeType": "SPOTPAID"}, {"InstanceMarketOptions": market}):
            refused("half of a spot market", lambda: self.tke.CreateClusterNodePool(**dict(request, **self.paras(2, **more))), "FailedOperation.AsCommon")
        mixed = json.loads(request["AutoScalingGroupPara"])
        mixed.update(InstanceAllocationPolicy="SPOT_MIXED", SpotMixedAllocationPolicy={"BaseCapacity": 1, "OnDemandPercentageAboveBaseCapacity": 0})
        other = self.tke.CreateClusterNodePool(**dict(self.pool_request("mixed", 1), AutoScalingGroupPara=json.dumps(mixed))).NodePoolId
        wait("the mixed pool", lambda: self.tke.DescribeClusterNodePoolDetail(ClusterId=self.cluster, NodePoolId=other).NodePool.LifeState, "normal")
        self.tke.DeleteClusterNodePool(ClusterId=self.cluster, NodePoolIds=[where["NodePoolId"], other], KeepInstance=False)
        wait("the pools", lambda: self.tke.DescribeClusterNodePools(ClusterId=self.cluster).TotalCount, 1)
        addons = self.tke.DescribeAddon(ClusterId=self.cluster).Addons
        expect(addons and all(a.Phase == "Succeeded" for a in addons), "the add-ons")
        expect(self.tke.DescribeAddon(ClusterId=self.cluster, AddonName=addons[0].AddonName).Addons[0].AddonVersion == addons[0].AddonVersion, "one add-on")

    def tag(self):
        """Tags are replaced whole."""
        tags = [{"Key": "CB-SPIDER-PMKS-SUBNET-ID", "Value": ":".join(self.subnets)}, {"Key": "team", "Value": "b"}]
        self.tke.ModifyClusterTags(ClusterId=self.cluster, Tags=tags, SyncSubresource=False)
        wait("the tags", lambda: self.tke.DescribeBatchModifyTagsStatus(ClusterId=self.cluster).Status, "done")
        expect([(t.Key, t.Value) for t in self.read().TagSpecification[0].Tags] == [(t["Key"], t["Value"]) for t in tags], "other tags")

    def activities(self, group):
        return self.scaling.DescribeAutoScalingActivities(Filters=[{"Name": "auto-scaling-group-id", "Values": [group]}], Limit=100).ActivitySet

    def scale(self):
        where = dict(ClusterId=self.cluster, NodePoolId=self.pool)
        desire = lambda n: self.tke.ModifyNodePoolDesiredCapacityAboutAsg(DesiredCapacity=n, **where)
        settled = lambda n: wait("the pool", self.size, ("normal", n, n))
        desire(3)
        settled(3)
        refused("a size out of its bounds", lambda: desire(51), "InvalidParameterValue.Size")
        refused("bounds without the size", lambda: self.tke.ModifyClusterNodePool(MinNodesNum=4, **where), "InvalidParameterValue.Size")
        self.tke.ModifyClusterNodePool(MinNodesNum=1, MaxNodesNum=60, **where)
        settled(3)
        for on, word in ((True, "enabled"), (False, "disabled")):
            self.tke.ModifyClusterNodePool(EnableAutoscale=on, **where)
            wait("autoscaling", lambda: self.read_pool().AutoscalingGroupStatus, word)
            settled(3)
        read = self.read_pool()
        expect((read.MinNodesNum, read.MaxNodesNum) == (1, 60), "its bounds changed")
        desire(45)
        settled(45)
        self.pages("DescribeClusterInstances", "InstanceSet", 45, ClusterId=self.cluster)
        desire(1)
        settled(1)
        group = self.read_pool().AutoscalingGroupId
        self.scaling.ModifyAutoScalingGroup(AutoScalingGroupId=group, DesiredCapacity=2, MinSize=0, MaxSize=5)
        settled(2)
        refused("sizes that do not belong together", lambda: self.scaling.ModifyAutoScalingGroup(AutoScalingGroupId=group, DesiredCapacity=6), "InvalidParameterValue.AssertDesiredCapacityFailed", "InvalidParameterValue.Size")
        desire(1)
        settled(1)

    def pages(self, action, member, want, **more):
        """Reads a list as it comes without a limit, twenty at a time and at once."""
        call, key = getattr(self.tke, action), {"InstanceSet": "InstanceId", "Clusters": "ClusterId"}[member]
        for limit in (None, 20, 100):
            seen = []
            while True:
                page = call(Offset=len(seen), **({} if limit is None else {"Limit": limit}), **more)
                expect(page.TotalCount == want, f"{page.TotalCount} in all of {want}", action)
                if not (items := getattr(page, member)):
                    break
                expect(len(items) == min(limit or 20, want - len(seen)), f"a page of {len(items)} with the limit {limit}", action)
                seen += [getattr(item, key) for item in items]
            expect(len(set(seen)) == len(seen) == want, f"{len(seen)} of {want} with the limit {limit}", action)
        refused(action, lambda: call(Limit=101, **more), "InvalidParameter.Param", "InvalidParameterValue.LimitExceeded")

    def many(self):
        """More clusters than there are on a page; they are not asked for anything else."""
        ids = [self.cluster] + [self.tke.CreateCluster(**self.request("library", f"10.{n}.0.0/16")).ClusterId for n in range(101, 125)]
        self.pages("DescribeClusters", "Clusters", 25)
        self.pages("DescribeClusters", "Clusters", 25, ClusterIds=ids)
        self.pages("DescribeClusters", "Clusters", 25, Filters=[{"Name": "ClusterName", "Values": ["library"]}])
        for cluster in ids[1:]:
            wait("the cluster", lambda: self.tke.DescribeClusters(ClusterIds=[cluster]).Clusters[0].ClusterStatus, "Running")
            self.tke.DeleteCluster(ClusterId=cluster, InstanceDeleteMode="terminate")
        wait("the clusters", lambda: self.tke.DescribeClusters().TotalCount, 1)

    def upgrade(self):
        offered = self.tke.DescribeAvailableClusterVersion(ClusterId=self.cluster)
        expect([c.Versions for c in self.tke.DescribeAvailableClusterVersion(ClusterIds=[self.cluster]).Clusters] == [offered.Versions], "other versions")
        target = offered.Versions[0]
        refused("a version that is not offered", lambda: self.tke.UpdateClusterVersion(ClusterId=self.cluster, DstVersion="1.99.0"), "InvalidParameter.Param")
        self.tke.UpdateClusterVersion(ClusterId=self.cluster, DstVersion=target, SkipPreCheck=False)
        expect(self.read().ClusterVersion == self.old or self.state() == "Running", "the version changes too early")
        wait("the cluster", self.state, "Running")
        expect(self.read().ClusterVersion == target, "it is not upgraded")
        tasks = self.tke.DescribeTasks(Filter=[{"Name": "ClusterId", "Values": [self.cluster]}, {"Name": "TaskType", "Values": ["master_upgrade"]}], Latest=True).Tasks
        expect([t.LifeState for t in tasks] == ["done"], "the upgrade left no record")
        if further := self.tke.DescribeAvailableClusterVersion(ClusterId=self.cluster).Versions:
            refused("an upgrade past the nodes", lambda: self.tke.UpdateClusterVersion(ClusterId=self.cluster, DstVersion=further[0]), "FailedOperation.ClusterUpgradeNodeVersion")
        able = self.tke.CheckInstancesUpgradeAble(ClusterId=self.cluster, UpgradeType="major", Limit=100)
        expect(able.Total == 1 and able.UpgradeAbleInstances[0].Version.lstrip("v").startswith(self.old[:4]), "the nodes that lag")
        self.tke.UpgradeClusterInstances(ClusterId=self.cluster, Operation="create", UpgradeType="major", InstanceIds=[i.InstanceId for i in able.UpgradeAbleInstances])
        wait("the nodes", lambda: self.tke.CheckInstancesUpgradeAble(ClusterId=self.cluster, UpgradeType="major").Total, 0)
        wait("the pool", self.size, ("normal", 1, 1))
        wait("the cluster", self.state, "Running")
        progress = self.tke.GetUpgradeInstanceProgress(ClusterId=self.cluster, Limit=100)
        expect((progress.LifeState, progress.Done, progress.Total) == ("done", 1, 1), "the progress of the nodes")

    def end(self):
        where = dict(ClusterId=self.cluster, InstanceDeleteMode="terminate")
        self.tke.EnableClusterDeletionProtection(ClusterId=self.cluster)
        refused("a protected cluster", lambda: self.tke.DeleteCluster(**where), "OperationDenied.ClusterInDeletionProtection")
        self.tke.DisableClusterDeletionProtection(ClusterId=self.cluster)
        refused("a pool that there is not", lambda: self.tke.DeleteClusterNodePool(ClusterId=self.cluster, NodePoolIds=["np-none0000"], KeepInstance=False), "InternalError.Param", words="Not Found")
        refused("a pool that there is not", lambda: self.tke.DescribeClusterNodePoolDetail(ClusterId=self.cluster, NodePoolId="np-none0000"), "FailedOperation.NodePoolQueryFailed")
        refused("a pool that there is not", lambda: self.tke.ModifyClusterNodePool(ClusterId=self.cluster, NodePoolId="np-none0000", MinNodesNum=1), "FailedOperation.RecordNotFound")
        self.tke.DeleteClusterNodePool(ClusterId=self.cluster, NodePoolIds=[self.pool], KeepInstance=False)
        wait("the pool", self.read_pool, None)
        self.tke.DeleteCluster(ResourceDeleteOptions=[{"ResourceType": "CBS", "DeleteMode": "terminate"}], **where)
        wait("the cluster", self.state, "")
        gone = dict(ClusterId=self.cluster)
        for action, more, code in (
                ("DescribeClusterNodePools", {}, "ResourceNotFound.ClusterNotFound"), ("DescribeClusterInstances", {}, "InvalidParameter.ClusterNotFound"),
                ("DeleteCluster", {"InstanceDeleteMode": "terminate"}, "InternalError.ClusterNotFound"), ("DescribeClusterEndpointStatus", {}, "InternalError.ClusterNotFound"),
                ("DescribeClusterKubeconfig", {}, "ResourceNotFound.ClusterNotFound"), ("DescribeClusterEndpoints", {}, "ResourceNotFound.ClusterNotFound")):
            refused(f"{action} of a cluster that is gone", lambda: getattr(self.tke, action)(**gone, **more), code)

    def run(self):
        self.network()
        self.create()
        self.nodes()
        self.spot()
        self.tag()
        self.scale()
        self.many()
        self.upgrade()
        every_member(self)
        self.end()
        every_action(self.tke)


def sample(shape):
    """A value of a shape."""
    shape = TABLE.shapes[shape]
    if shape.get("enum"):
        return shape["enum"][0]
    return {"string": "a", "timestamp": "2026-01-01T00:00:00Z", "integer": max(1, shape.get("min", 1)), "boolean": True, "number": 1.5, "list": [], "structure": {}}[shape["type"]]


def bodies(shape, inside=()):
    """For each member of a shape, however deep, an object that holds it alone."""
    for key, member in TABLE.shapes[shape].get("members", {}).items():
        yield (key,), {key: sample(member)}
        inner = TABLE.shapes[member]
        of = inner.get("of", "")
        if inner["type"] == "structure" and member not in inside:
            for path, value in bodies(member, inside + (member,)):
                yield (key, *path), {key: value}
        elif inner["type"] == "list" and TABLE.shapes[of]["type"] == "structure" and of not in inside:
            for path, value in bodies(of, inside + (of,)):
                yield (key, *path), {key: [value]}


def every_member(life):
    """The value may be refused, and the member may not be simulated, but it is known."""
    for name in sorted(ANSWERS):
        service, _, action = name.rpartition(".")
        client = Watched(service or "tke", life.address)
        for path, body in bodies(TABLE.operations[name]["input"]):
            code, message = verdict(lambda: client.sdk.call(action, body))
            expect(code != "UnknownParameter", f"{'.'.join(path)} is unknown: {message}", name)
        code, message = verdict(lambda: client.sdk.call(action, {"NoSuchMember": 1}))
        expect(code == "UnknownParameter", f"takes a member that there is not: {code} {message}", name)


def every_action(client):
    """What is not simulated says so, and what there is not is another thing."""
    for action in sorted(wire_actions("tke")):
        if action not in ANSWERS:
            code, message = verdict(lambda: client.sdk.call(action, {}))
            expect(code != "InvalidAction" and "not simulated" in message or code == "MissingParameter", f"answers {code!r} {message}", action)
    refused("an action that there is not", lambda: client.sdk.call("DescribeNothing", {}), "InvalidAction")


@contextlib.contextmanager
def clock(seconds):
    """The clock of the client goes wrong."""
    real = abstract_client.time
    abstract_client.time = type("Clock", (), {"time": staticmethod(lambda: real.time() + seconds)})
    yield
    abstract_client.time = real


def credentials(address):
    call = lambda client: getattr(client, {"tke": "DescribeVersions", "sts": "GetCallerIdentity", "as": "DescribeLaunchConfigurations", "vpc": "DescribeVpcs", "cvm": "DescribeKeyPairs"}[client.service])()
    for service in CLIENTS:
        make = lambda **more: Watched(service, address, **more)
        refused(f"an unknown key for {service}", lambda: call(make(key="AKIDnone")), "AuthFailure.SecretIdNotFound")
        refused(f"a wrong secret for {service}", lambda: call(make(secret="none")), "AuthFailure.SignatureFailure")
        refused(f"a token that there is not for {service}", lambda: call(make(token="none")), "AuthFailure.TokenFailure")
        for seconds in (-301, 301):
            with clock(seconds):
                refused(f"a clock that is off for {service}", lambda: call(make()), "AuthFailure.SignatureExpire")
        with clock(200):
            expect(verdict(lambda: call(make())) == ("", ""), "a clock that is off a little is refused", service)
        refused(f"an unknown region for {service}", lambda: call(make(region="ap-nowhere")), "UnsupportedRegion")
        refused(f"no region for {service}", lambda: call(make(region=None)), "MissingParameter")
        other = make()
        other.sdk._apiVersion = "2001-01-01"
        refused(f"a version of {service} that there is not", lambda: call(other), "NoSuchVersion")
        other = make()
        other.sdk._service = "cbs"
        code, message = verdict(lambda: call(other))
        expect(code, f"a signature for another service is taken: {message}", service)
        changed = make()
        send = changed.sdk.request.send_request

        def change(request):
            request.data = json.dumps({"Limit": 1})
            return send(request)

        changed.sdk.request.send_request = change
        refused(f"a body that was changed for {service}", lambda: call(changed), "AuthFailure.SignatureFailure")
        code, _ = verdict(lambda: call(make(signMethod="HmacSHA256")))
        expect(code, "the older signature is taken without a look", service)
    roles = Watched("sts", address)
    role = dict(RoleArn=f"qcs::cam::uin/{roles.GetCallerIdentity().AccountId}:roleName/pmks-operator", RoleSessionName="oracle", DurationSeconds=900)
    session = roles.AssumeRole(**role).Credentials
    temporary = dict(key=session.TmpSecretId, secret=session.TmpSecretKey, token=session.Token)
    for service in CLIENTS:
        expect(verdict(lambda: call(Watched(service, address, **temporary))) == ("", ""), "temporary keys are refused", service)
        refused(f"temporary keys without their token for {service}", lambda: call(Watched(service, address, **{**temporary, "token": None})), "AuthFailure.TokenFailure")
    refused("a role that there is not", lambda: roles.AssumeRole(**{**role, "RoleArn": role["RoleArn"] + "x"}), "ResourceNotFound.RoleNotFound")


with oraclekit.simulator("tencent", "-speed", "1000x") as address:
    credentials(address)
    Life(address).run()
oraclekit.finish(f"in {sum(ANSWERS.values())} answers of {len(ANSWERS)} actions of the vendor's SDKs")
