# SPDX-License-Identifier: Apache-2.0
"""Writes the table of AWS's messages that the tests in Go hold the simulator against.

It takes names, types, enumerations and bounds out of the service models that botocore
ships, for the operations named on the command line, and prints them as JSON. One of
EKS is named alone, one of another service as in ec2.DescribeSubnets. See README.md.
"""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "simkit"))
import oraclekit

oraclekit.prepare("boto3", "awscli")
import botocore
import botocore.session

TYPES = {"long": "integer", "double": "number", "float": "number", "blob": "string"}
session = botocore.session.get_session()
shapes, operations = {}, {}


def add(service, shape):
    if shape is None:
        return ""
    name = shape.name if service == "eks" else f"{service}.{shape.name}"
    if name in shapes:
        return name
    out = shapes[name] = {"type": TYPES.get(shape.type_name, shape.type_name)}
    out |= {k: shape.metadata[k] for k in ("min", "max") if k in shape.metadata}
    if 0 < len(shape.metadata.get("enum", ())) <= 100:  # longer ones grow by the week
        out["enum"] = shape.metadata["enum"]
    if shape.type_name == "structure":
        wire = {n: m.serialization.get("name", n) for n, m in shape.members.items()}
        out["members"] = {wire[n]: add(service, m) for n, m in shape.members.items()}
        out["required"] = [wire[n] for n in shape.required_members]
        out["elsewhere"] = [wire[n] for n, m in shape.members.items() if "location" in m.serialization]
    elif shape.type_name in ("list", "map"):
        out["of"] = add(service, shape.member if shape.type_name == "list" else shape.value)
    for key in ("required", "elsewhere"):
        if not out.get(key):
            out.pop(key, None)
    return name


for name in sys.argv[1:]:
    service, _, operation = name.rpartition(".")
    model = session.get_service_model(service or "eks").operation_model(operation)
    operations[name] = {"output": add(service or "eks", model.output_shape)}
    if not service:  # forms have no types
        operations[name]["input"] = add("eks", model.input_shape)
table = {"source": f"botocore {botocore.__version__}", "operations": operations, "shapes": shapes}
json.dump(table, sys.stdout, indent=1, sort_keys=True)
print()
