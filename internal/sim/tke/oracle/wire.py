# SPDX-License-Identifier: Apache-2.0
"""Writes the table of Tencent Cloud's messages that the tests in Go hold the simulator
against.

It takes names, types, what is required and what is always shown out of the metadata that
the vendor's command line tool ships, for the actions named on the command line, and prints
them as JSON. One of TKE is named alone, one of another service as in vpc.DescribeVpcs. With
-actions it prints every action of TKE instead. See README.md.
"""
import importlib.metadata
import importlib.util
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "simkit"))
import oraclekit

# Pinned, so that the table is made of the same facts tomorrow.
TCCLI = "tccli==3.1.189.1"
SERVICES = {"tke": "tke/v20180525", "as": "autoscaling/v20180419", "vpc": "vpc/v20170312", "cvm": "cvm/v20170312", "sts": "sts/v20180813"}
KINDS = {"string": "string", "int": "integer", "bool": "boolean", "float": "number", "list": "list", "object": "structure", "binary": "string"}
PAGE = {"max": 100}
NODE_STATES = ["running", "initializing", "failed"]
ROLES = ["WORKER", "MASTER", "ETCD", "MASTER_ETCD", "ALL"]
ACTIVITY_STATES = ["INIT", "RUNNING", "SUCCESSFUL", "FAILED"]
TASK_STATES = ["process", "pause", "pausing", "paused", "done", "abort", "aborted", "resume"]
# What the metadata says in sentences only, which a program cannot read.
SAID = {
    "Addon.Phase": {"enum": ["Installing", "Upgrading", "Terminating", "Succeeded", "InstallFailed", "UpgradFailed"]},
    "CheckInstancesUpgradeAbleRequest.Limit": PAGE,
    "CheckInstancesUpgradeAbleRequest.UpgradeType": {"enum": ["reset", "hot", "major"]},
    "Cluster.ClusterStatus": {"enum": [
        "Trading", "Creating", "Running", "Deleting", "Idling", "Recovering", "Scaling", "Upgrading", "WaittingForConnect", "Isolated", "Pause", "NodeUpgrading",
        "RuntimeUpgrading", "MasterScaling", "ClusterLevelUpgrading", "ResourceIsolate", "ResourceIsolated", "ResourceReverse", "Abnormal"]},
    "Cluster.ClusterType": {"enum": ["MANAGED_CLUSTER", "INDEPENDENT_CLUSTER"]},
    "ClusterAdvancedSettings.ContainerRuntime": {"enum": ["docker", "containerd"]},
    "ClusterAdvancedSettings.NetworkType": {"enum": ["GR", "VPC-CNI", "CiliumOverlay"]},
    "ClusterAdvancedSettings.NodeNameType": {"enum": ["hostname", "lan-ip"]},
    "ClusterAdvancedSettings.VpcCniType": {"enum": ["tke-route-eni", "tke-direct-eni"]},
    "ClusterAsGroup.Status": {"enum": ["enabled", "enabling", "disabled", "disabling", "updating", "deleting", "scaleDownEnabling", "scaleDownDisabling"]},
    "ClusterBasicSettings.OsCustomizeType": {"enum": ["DOCKER_CUSTOMIZE", "GENERAL"]},
    "ClusterCIDRSettings.ClaimExpiredSeconds": {"min": 300, "max": 15767999},
    "ClusterCIDRSettings.MaxClusterServiceNum": {"min": 32, "max": 32768},
    "ClusterCIDRSettings.MaxNodePodNum": {"min": 16, "max": 256},
    "ClusterStatus.ClusterInstanceState": {"enum": ["AllNormal", "AllAbnormal", "PartialAbnormal"]},
    "CreateClusterNodePoolRequest.OsCustomizeType": {"enum": ["DOCKER_CUSTOMIZE", "GENERAL"]},
    "CreateClusterRequest.ClusterType": {"enum": ["MANAGED_CLUSTER", "INDEPENDENT_CLUSTER"]},
    "DeleteClusterInstancesRequest.InstanceDeleteMode": {"enum": ["terminate", "retain"]},
    "DeleteClusterRequest.InstanceDeleteMode": {"enum": ["terminate", "retain"]},
    "DescribeBatchModifyTagsStatusResponse.Status": {"enum": ["running", "failed", "done"]},
    "DescribeClusterAsGroupsRequest.Limit": PAGE,
    "DescribeClusterEndpointStatusResponse.Status": {"enum": ["Created", "Creating", "NotFound", "CreateFailed", "Deleting", "Deleted", "DeletedFailed"]},
    "DescribeClusterInstancesRequest.InstanceRole": {"enum": ROLES},
    "DescribeClusterInstancesRequest.Limit": PAGE,
    "DescribeClustersRequest.Limit": PAGE,
    "GetUpgradeInstanceProgressResponse.LifeState": {"enum": ["pending", "process", "paused", "pauing", "done", "timeout", "aborted", "running"]},
    "Instance.InstanceRole": {"enum": ROLES},
    "Instance.InstanceState": {"enum": NODE_STATES},
    "ModifyClusterNodePoolRequest.Name": {"max": 63},
    "NodePool.AutoscalingGroupStatus": {"enum": ["enabled", "enabling", "disabled", "disabling"]},
    "NodePool.LifeState": {"enum": ["creating", "normal", "updating", "deleting", "deleted"]},
    "NodePool.OsCustomizeType": {"enum": ["DOCKER_CUSTOMIZE", "GENERAL"]},
    "OSImage.OsCustomizeType": {"enum": ["DOCKER_CUSTOMIZE", "GENERAL"]},
    "OSImage.Status": {"enum": ["online", "offline"]},
    "ResourceDeleteOption.DeleteMode": {"enum": ["terminate", "retain"]},
    "RuntimeConfig.RuntimeType": {"enum": ["docker", "containerd"]},
    "Taint.Effect": {"enum": ["NoSchedule", "PreferNoSchedule", "NoExecute"]},
    "Task.LifeState": {"enum": TASK_STATES},
    "UpgradeClusterInstancesRequest.Concurrent": {"max": 15},
    "UpgradeClusterInstancesRequest.MaxNotReadyPercent": {"max": 100},
    "UpgradeClusterInstancesRequest.Operation": {"enum": ["create", "pause", "resume", "abort"]},
    "UpgradeClusterInstancesRequest.UpgradeType": {"enum": ["reset", "hot", "major"]},
    "as.Activity.StatusCode": {"enum": ACTIVITY_STATES + ["PARTIALLY_SUCCESSFUL", "CANCELLED"]},
    "as.AutoScalingGroup.EnabledStatus": {"enum": ["ENABLED", "DISABLED"]},
    "as.CreateAutoScalingGroupRequest.DefaultCooldown": {"max": 3600},
    "as.CreateAutoScalingGroupRequest.DesiredCapacity": {"max": 2000},
    "as.CreateAutoScalingGroupRequest.InstanceAllocationPolicy": {"enum": ["LAUNCH_CONFIGURATION", "SPOT_MIXED"]},
    "as.CreateAutoScalingGroupRequest.MaxSize": {"max": 2000},
    "as.CreateAutoScalingGroupRequest.MinSize": {"max": 2000},
    "as.CreateAutoScalingGroupRequest.MultiZoneSubnetPolicy": {"enum": ["PRIORITY", "EQUALITY"]},
    "as.CreateAutoScalingGroupRequest.RetryPolicy": {"enum": ["IMMEDIATE_RETRY", "INCREMENTAL_INTERVALS", "NO_RETRY"]},
    "as.CreateAutoScalingGroupRequest.ZonesCheckPolicy": {"enum": ["ALL", "ANY"]},
    "as.CreateLaunchConfigurationRequest.InstanceChargeType": {"enum": ["POSTPAID_BY_HOUR", "SPOTPAID", "PREPAID", "CDCPAID"]},
    "as.DescribeAutoScalingActivitiesRequest.ActivityIds": PAGE,
    "as.DescribeAutoScalingActivitiesRequest.Limit": PAGE,
    "as.DescribeAutoScalingGroupsRequest.AutoScalingGroupIds": PAGE,
    "as.DescribeAutoScalingGroupsRequest.Limit": PAGE,
    "as.DescribeLaunchConfigurationsRequest.LaunchConfigurationIds": PAGE,
    "as.DescribeLaunchConfigurationsRequest.Limit": PAGE,
    "as.ModifyAutoScalingGroupRequest.DesiredCapacity": {"max": 2000},
    "as.ModifyAutoScalingGroupRequest.MaxSize": {"max": 2000},
    "as.ModifyAutoScalingGroupRequest.MinSize": {"max": 2000},
    "as.InstanceMarketOptionsRequest.MarketType": {"enum": ["spot"]},
    "as.RelatedInstance.InstanceStatus": {"enum": ACTIVITY_STATES},
    "as.SpotMarketOptions.SpotInstanceType": {"enum": ["one-time"]},
    "as.SpotMixedAllocationPolicy.OnDemandPercentageAboveBaseCapacity": {"max": 100},
    "as.SpotMixedAllocationPolicy.SpotAllocationStrategy": {"enum": ["COST_OPTIMIZED", "CAPACITY_OPTIMIZED"]},
    "as.SystemDisk.DiskType": {"enum": ["CLOUD_BASIC", "CLOUD_PREMIUM", "CLOUD_SSD", "CLOUD_BSSD", "CLOUD_HSSD", "CLOUD_TSSD", "LOCAL_BASIC", "LOCAL_SSD"]},
    "cvm.DescribeInstancesRequest.InstanceIds": PAGE,
    "cvm.DescribeInstancesRequest.Limit": PAGE,
    "cvm.DescribeKeyPairsRequest.Limit": PAGE,
}


def metadata(service, name):
    """What the command line tool ships of a service; it is not imported, which takes long."""
    home = pathlib.Path(importlib.util.find_spec("tccli").origin).parent
    return json.loads((home / "services" / SERVICES[service] / (name + ".json")).read_text(encoding="utf-8"))


class Service:
    def __init__(self, service):
        api = metadata(service, "api")
        self.actions, self.objects = api["actions"], api["objects"]
        self.left_out = set()
        for action, samples in metadata(service, "examples")["actions"].items():
            for sample in samples:
                try:
                    answer = json.loads(sample["output"])["Response"]
                except (ValueError, KeyError, TypeError):
                    continue
                if action in self.actions:
                    self.look(self.actions[action]["output"], answer)

    def look(self, shape, value):
        """Notes which members the vendor's own samples leave out."""
        for member in self.objects[shape]["members"]:
            if member["name"] not in value:
                self.left_out.add((shape, member["name"]))
                continue
            inner = value[member["name"]]
            for one in inner if isinstance(inner, list) else [inner]:
                if isinstance(one, dict) and member["member"] in self.objects:
                    self.look(member["member"], one)

    def shown(self, shape, member):
        """Whether an answer always has the member, and never as null."""
        return member.get("output_required") and not member.get("value_allowed_null") and (shape, member["name"]) not in self.left_out


class Table:
    def __init__(self):
        self.shapes, self.operations, self.services = {}, {}, {}

    def service(self, name):
        if name not in self.services:
            self.services[name] = Service(name)
        return self.services[name]

    def scalar(self, member, where):
        """The name of the shape of a member that is no object."""
        kind = "timestamp" if member["member"] == "datetime_iso" else KINDS[member["type"] if member["type"] != "list" else {"string": "string"}.get(member["member"], "int")]
        said = dict(SAID.get(where, {}))
        if "uint64" in member["member"]:
            said.setdefault("min", 0)
        name = where if where in SAID else ("natural" if "uint64" in member["member"] else kind)
        self.shapes.setdefault(name, {"type": kind, **said})
        return name

    def member(self, service, full, member, answer):
        where = f"{full}.{member['name']}"
        if member["type"] == "object":
            return self.structure(service, member["member"], answer)
        if member["type"] != "list":
            return self.scalar(member, where)
        if member["member"] in self.service(service).objects:
            of = self.structure(service, member["member"], answer)
        else:
            of = self.scalar(member, "")
        name = where if where in SAID else "list of " + of
        self.shapes.setdefault(name, {"type": "list", "of": of, **SAID.get(where, {})})
        return name

    def structure(self, service, name, answer):
        """The name of the shape of an object. What is in requests and answers alike has two,
        as other members are required."""
        described = self.service(service)
        full = name if service == "tke" else f"{service}.{name}"
        key = full + " in an answer" if answer and described.objects[name].get("usage") == "both" else full
        if key not in self.shapes:
            out = self.shapes[key] = {"type": "structure", "members": {}}
            required = []
            for member in described.objects[name]["members"]:
                out["members"][member["name"]] = self.member(service, full, member, answer)
                # That a request must have what an answer may show as null is a copy of the answer's mark.
                must = described.shown(name, member) if answer else member.get("required") and not member.get("value_allowed_null")
                if must or answer and member["name"] == "RequestId":
                    required.append(member["name"])
            if required:
                out["required"] = sorted(required)
        return key

    def nullable(self, service, name):
        """The members of an object of an answer that may be null."""
        return {m["name"] for m in self.service(service).objects[name]["members"] if m.get("value_allowed_null")}

    def add(self, operation):
        service, _, action = operation.rpartition(".")
        service = service or "tke"
        described = self.service(service).actions[action]
        self.operations[operation] = {
            "input": self.structure(service, described["input"], False),
            "output": self.structure(service, described["output"], True),
        }


if __name__ == "__main__":
    oraclekit.prepare(TCCLI)
    if sys.argv[1:] == ["-actions"]:
        print("\n".join(sorted(metadata("tke", "api")["actions"])))
        sys.exit()
    table = Table()
    for name in sys.argv[1:]:
        table.add(name)
    source = "tccli " + importlib.metadata.version("tccli")
    json.dump({"source": source, "operations": table.operations, "shapes": table.shapes}, sys.stdout, indent=1, sort_keys=True)
    print()
