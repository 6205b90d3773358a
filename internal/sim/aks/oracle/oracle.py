# SPDX-License-Identifier: Apache-2.0
"""Checks the simulator of AKS against azure-mgmt-containerservice and the az command,
clients that pmks did not write.

A cluster is taken through its life with each, both unmodified, and every body that the
simulator sends to the library is held against the models that the library ships. The
last line says how many faults there were. See README.md.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "simkit"))
import oraclekit
from oraclekit import expect, fault

oraclekit.prepare("azure-mgmt-containerservice", "azure-identity")
# The command has an environment of its own: it pins other versions of the library.
COMMAND = oraclekit.install("azure-cli") / "bin" / "az" if "--library" not in sys.argv else None
import azure.mgmt.containerservice as package
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.identity import ClientSecretCredential
from azure.mgmt.containerservice import ContainerServiceClient, models

GROUP, LOCATION, SIZE = "pmks", "koreacentral", "Standard_D4s_v5"
SUBNET = "/resourceGroups/pmks/providers/Microsoft.Network/virtualNetworks/vpc-01/subnets/subnet-01"
ANSWERS = {}


def known(model):
    """The members that a model has on the wire, by name, with their types."""
    return {field._rest_name: field for field in model._attr_to_rest_field.values()}


def check_body(where, value, path=""):
    """Walks an answer, which the library has made a model, for members that it lacks."""
    if hasattr(value, "_attr_to_rest_field"):
        for key in value.keys() - known(type(value)).keys():
            fault(where, f"{path}.{key} is not in the model {type(value).__name__}")
        for name in value._attr_to_rest_field:
            try:
                check_body(where, getattr(value, name), f"{path}.{name}")
            except (TypeError, ValueError, KeyError) as error:
                fault(where, f"{path}.{name} is not of its type: {error}")
    elif isinstance(value, dict):
        for key, inner in value.items():
            check_body(where, inner, f"{path}[{key}]")
    elif isinstance(value, (list, tuple)):
        for inner in value:
            check_body(where, inner, f"{path}[]")


def seen(where, value):
    ANSWERS[where] = ANSWERS.get(where, 0) + 1
    check_body(where, value)
    return value


def refused(where, call, status, code):
    try:
        result = call()
        result.result() if hasattr(result, "result") else list(result) if hasattr(result, "by_page") else None
        fault(where, "is not refused")
    except HttpResponseError as error:
        got = error.error.code if error.error else None
        expect((error.status_code, got) == (status, code), f"is refused with {error.status_code} {got}, not {status} {code}", where)
    ANSWERS[where] = ANSWERS.get(where, 0) + 1


def connect(address):
    scope = "https://management.core.windows.net//.default"
    credential = ClientSecretCredential(os.environ["AZURE_TENANT_ID"], os.environ["AZURE_CLIENT_ID"], os.environ["AZURE_CLIENT_SECRET"],
                                        authority=address, disable_instance_discovery=True)
    return ContainerServiceClient(credential, os.environ["AZURE_SUBSCRIPTION_ID"], base_url=address, credential_scopes=[scope], polling_interval=1)


def pool(name, **more):
    subnet = "/subscriptions/" + os.environ["AZURE_SUBSCRIPTION_ID"] + SUBNET
    return dict(name=name, count=2, vm_size=SIZE, mode="System", os_type="Linux", type="VirtualMachineScaleSets", max_pods=110, vnet_subnet_id=subnet, **more)


def library_life(client, name="library"):
    clusters, pools = client.managed_clusters, client.agent_pools
    versions = seen("list_kubernetes_versions", clusters.list_kubernetes_versions(LOCATION))
    older = sorted(v.version for v in versions.values_property if not v.is_preview and "KubernetesOfficial" in v.capabilities.support_plan)[0]
    refused("get", lambda: clusters.get(GROUP, name), 404, "ResourceNotFound")
    cluster = models.ManagedCluster(
        location=LOCATION, identity=models.ManagedClusterIdentity(type="SystemAssigned"), dns_prefix=name, kubernetes_version=older, tags={"team": "a"},
        agent_pool_profiles=[models.ManagedClusterAgentPoolProfile(**pool("n1", node_labels={"team": "a"}))],
        api_server_access_profile=models.ManagedClusterAPIServerAccessProfile(authorized_ip_ranges=["198.51.100.0/24"]),
        oidc_issuer_profile=models.ManagedClusterOIDCIssuerProfile(enabled=True), auto_scaler_profile={"expander": "random"},
        network_profile=models.ContainerServiceNetworkProfile(network_plugin="azure", network_plugin_mode="overlay", service_cidr="172.16.0.0/16", dns_service_ip="172.16.0.10"))
    made = seen("create", clusters.begin_create_or_update(GROUP, name, cluster).result())
    expect(made.provisioning_state == "Succeeded" and made.fqdn, f"the cluster is {made.provisioning_state}")
    expect(name in [c.name for c in clusters.list()], "it is not listed")
    for listed in clusters.list_by_resource_group(GROUP):
        seen("list_by_resource_group", listed)
    own = pool("n2")
    own.pop("name")
    added = seen("pool create", pools.begin_create_or_update(GROUP, name, "n2", models.AgentPool(**own)).result())
    expect(added.provisioning_state == "Succeeded", f"the pool is {added.provisioning_state}")
    added.count = 3
    seen("pool scale", pools.begin_create_or_update(GROUP, name, "n2", added).result())
    machines = [seen("machines", m) for m in client.machines.list(GROUP, name, "n2")]
    expect(len(machines) == 3 and all(m.properties.resource_id for m in machines), f"{len(machines)} machines")
    added = pools.get(GROUP, name, "n2")
    added.enable_auto_scaling, added.min_count, added.max_count = True, 1, 5
    seen("pool autoscaling", pools.begin_create_or_update(GROUP, name, "n2", added).result())
    expect({p.name for p in pools.list(GROUP, name)} == {"n1", "n2"}, "the pools are not listed")
    spot_life(clusters, pools, name)
    seen("available versions", pools.get_available_agent_pool_versions(GROUP, name))
    for kind, call in (("clusterAdmin", clusters.list_cluster_admin_credentials), ("clusterUser", clusters.list_cluster_user_credentials)):
        credentials = seen(kind, call(GROUP, name))
        expect([k.name for k in credentials.kubeconfigs] == [kind] and b"apiVersion" in bytes(credentials.kubeconfigs[0].value), f"the kubeconfig of {kind}")
    target = sorted(u.kubernetes_version for u in seen("upgrade profile", clusters.get_upgrade_profile(GROUP, name)).control_plane_profile.upgrades if not u.is_preview)[-1]
    upgrade = clusters.get(GROUP, name)
    upgrade.kubernetes_version = target
    for profile in upgrade.agent_pool_profiles:
        profile.orchestrator_version = target
    upgraded = seen("upgrade", clusters.begin_create_or_update(GROUP, name, upgrade).result())
    expect(upgraded.current_kubernetes_version == target, f"the version is {upgraded.current_kubernetes_version}, not {target}")
    seen("tags", clusters.begin_update_tags(GROUP, name, models.TagsObject(tags={"team": "b"})).result())
    clusters.begin_stop(GROUP, name).result()
    expect(seen("stopped", clusters.get(GROUP, name)).power_state.code == "Stopped", "it is not stopped")
    clusters.begin_start(GROUP, name).result()
    pools.begin_delete(GROUP, name, "n2").result()
    refused("pool get", lambda: pools.get(GROUP, name, "n2"), 404, "NotFound")
    refused("last pool", lambda: pools.begin_delete(GROUP, name, "n1"), 400, "OperationNotAllowed")
    clusters.begin_delete(GROUP, name).result()
    try:
        clusters.get(GROUP, name)
        fault("life", "it is still there")
    except ResourceNotFoundError:
        pass


def spot_life(clusters, pools, name):
    """A pool of spot machines, which is in the way of an upgrade of everything at once."""
    own = pool("spot", scale_set_priority="Spot", spot_max_price=-1, node_labels={"team": "b"}, node_taints=["team=b:NoSchedule"], availability_zones=["1"])
    own.pop("name")
    refused("spot of system", lambda: pools.begin_create_or_update(GROUP, name, "spot", models.AgentPool(**own)), 400, "InvalidParameter")
    own["mode"] = "User"
    made = seen("spot create", pools.begin_create_or_update(GROUP, name, "spot", models.AgentPool(**own)).result())
    expect(made.node_labels == {"team": "b", "kubernetes.azure.com/scalesetpriority": "spot"} and len(made.node_taints) == 2, f"the marks of spot: {made.node_labels} {made.node_taints}")
    profile = seen("pool upgrade profile", pools.get_upgrade_profile(GROUP, name, "spot"))
    expect(profile.latest_node_image_version and not profile.upgrades, "the upgrade profile of a pool")
    made.count = 1
    kept = seen("spot scale", pools.begin_create_or_update(GROUP, name, "spot", made).result())
    expect(kept.node_labels == made.node_labels and kept.node_taints == made.node_taints, "a PUT of what was read changes labels or taints")
    cluster = clusters.get(GROUP, name)
    expect(cluster.api_server_access_profile.authorized_ip_ranges == ["198.51.100.0/24"] and cluster.oidc_issuer_profile.issuer_url, "the access of the cluster")
    for profile in cluster.agent_pool_profiles:
        profile.node_labels = {"agentpool": "mine"}
    refused("reserved label", lambda: clusters.begin_create_or_update(GROUP, name, cluster), 400, "BadRequest")
    pools.begin_delete(GROUP, name, "spot").result()


class Command:
    """The az command with a configuration of its own."""

    def __init__(self, address, scratch):
        self.environment = {**os.environ, "AZURE_CONFIG_DIR": str(scratch / "azure"), "AZURE_CORE_COLLECT_TELEMETRY": "false",
                            "AZURE_CORE_INSTANCE_DISCOVERY": "false", "AZURE_CORE_NO_COLOR": "true", "AZURE_CORE_LOGIN_EXPERIENCE_V2": "false",
                            "REQUESTS_CA_BUNDLE": os.environ["SSL_CERT_FILE"]}
        self.address = address

    def __call__(self, *words, fails=None, output="json"):
        ANSWERS["az " + " ".join(words[:2])] = ANSWERS.get("az " + " ".join(words[:2]), 0) + 1
        done = subprocess.run([COMMAND, *words, "--output", output], capture_output=True, text=True, env=self.environment, timeout=300)
        if fails:
            expect(done.returncode != 0 and fails in done.stderr, f"{' '.join(words)} does not fail with {fails}: {done.stderr[-300:]}", "az")
            return None
        if done.returncode:
            fault("az", f"{' '.join(words)}: {done.stderr.strip()[-600:]}")
            return {}
        return json.loads(done.stdout) if output == "json" and done.stdout.strip() else {}


def command_life(az, scratch, name="command"):
    az("cloud", "register", "--name", "Simulated", "--endpoint-resource-manager", az.address)
    az("cloud", "set", "--name", "Simulated")
    az("login", "--service-principal", "--username", os.environ["AZURE_CLIENT_ID"], "--password", os.environ["AZURE_CLIENT_SECRET"],
       "--tenant", os.environ["AZURE_TENANT_ID"])
    expect(az("account", "show").get("id") == os.environ["AZURE_SUBSCRIPTION_ID"], "account show", "az")
    expect(GROUP in [g["name"] for g in az("group", "list")], "group list", "az")
    where = ("--resource-group", GROUP, "--name", name)
    inside = ("--resource-group", GROUP, "--cluster-name", name)
    subnet = "/subscriptions/" + os.environ["AZURE_SUBSCRIPTION_ID"] + SUBNET
    versions = az("aks", "get-versions", "--location", LOCATION).get("values", [])
    older = sorted(v["version"] for v in versions if not v.get("isPreview") and "KubernetesOfficial" in v["capabilities"]["supportPlan"])[0]
    az("aks", "show", *where, fails="ResourceNotFound")
    az("aks", "create", *where, "--location", LOCATION, "--kubernetes-version", older, "--node-count", "2", "--node-vm-size", SIZE, "--nodepool-name", "n1",
       "--network-plugin", "azure", "--network-plugin-mode", "overlay", "--service-cidr", "172.16.0.0/16", "--dns-service-ip", "172.16.0.10",
       "--vnet-subnet-id", subnet, "--skip-subnet-role-assignment", "--enable-managed-identity", "--no-ssh-key", "--tags", "team=a")
    expect(az("aks", "show", *where).get("provisioningState") == "Succeeded", "aks show", "az")
    expect(name in [c["name"] for c in az("aks", "list")], "aks list", "az")
    az("aks", "nodepool", "add", *inside, "--name", "n2", "--node-count", "1", "--node-vm-size", SIZE, "--mode", "User", "--vnet-subnet-id", subnet)
    az("aks", "nodepool", "scale", *inside, "--name", "n2", "--node-count", "3")
    expect(az("aks", "nodepool", "show", *inside, "--name", "n2").get("count") == 3, "nodepool show", "az")
    az("aks", "nodepool", "update", *inside, "--name", "n2", "--enable-cluster-autoscaler", "--min-count", "1", "--max-count", "5")
    az("aks", "scale", *where, "--nodepool-name", "n1", "--node-count", "3")
    upgrades = az("aks", "get-upgrades", *where).get("controlPlaneProfile", {}).get("upgrades") or []
    target = max((u["kubernetesVersion"] for u in upgrades if not u.get("isPreview")), default="none")
    az("aks", "upgrade", *where, "--kubernetes-version", target, "--yes")
    expect(az("aks", "show", *where).get("currentKubernetesVersion") == target, "aks upgrade", "az")
    for kind, context in ((("--admin",), name + "-admin"), ((), name)):
        config = scratch / ("kubeconfig" + context)
        az("aks", "get-credentials", *where, *kind, "--file", str(config), output="none")
        expect(config.exists() and f"current-context: {context}\n" in config.read_text(), f"get-credentials {kind}", "az")
    az("aks", "update", *where, "--tags", "team=b")
    expect(az("aks", "show", *where).get("tags") == {"team": "b"}, "aks update", "az")
    az("aks", "stop", *where)
    az("aks", "start", *where)
    az("aks", "nodepool", "delete", *inside, "--name", "n2")
    expect([p["name"] for p in az("aks", "nodepool", "list", *inside)] == ["n1"], "nodepool list", "az")
    az("aks", "delete", *where, "--yes")
    az("aks", "show", *where, fails="ResourceNotFound")


if __name__ == "__main__":
    with oraclekit.simulator("azure", "-speed", "1000x") as address, tempfile.TemporaryDirectory() as directory:
        os.environ["REQUESTS_CA_BUNDLE"] = os.environ["SSL_CERT_FILE"]
        library_life(connect(address))
        if COMMAND:
            command_life(Command(address, pathlib.Path(directory)), pathlib.Path(directory))
    clients = f"azure-mgmt-containerservice {package.__version__}" + (" and the az command" if COMMAND else "")
    oraclekit.finish(f"in {sum(ANSWERS.values())} answers of {len(ANSWERS)} kinds to {clients}")
