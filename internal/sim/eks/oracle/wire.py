# SPDX-License-Identifier: Apache-2.0
"""Writes the table of EKS's messages that the tests in Go hold the simulator against.

It takes names, types, enumerations and bounds out of the service model that botocore
ships, for the operations named on the command line, and prints them as JSON. See
README.md.
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
model = botocore.session.get_session().get_service_model("eks")
shapes, operations = {}, {}


def add(shape):
    if shape is None:
        return ""
    if shape.name in shapes:
        return shape.name
    out = shapes[shape.name] = {"type": TYPES.get(shape.type_name, shape.type_name)}
    out |= {k: shape.metadata[k] for k in ("enum", "min", "max") if k in shape.metadata}
    if shape.type_name == "structure":
        wire = {n: m.serialization.get("name", n) for n, m in shape.members.items()}
        out["members"] = {wire[n]: add(m) for n, m in shape.members.items()}
        out["required"] = [wire[n] for n in shape.required_members]
        out["elsewhere"] = [wire[n] for n, m in shape.members.items() if "location" in m.serialization]
    elif shape.type_name in ("list", "map"):
        out["of"] = add(shape.member if shape.type_name == "list" else shape.value)
    for key in ("required", "elsewhere"):
        if not out.get(key):
            out.pop(key, None)
    return shape.name


for name in sys.argv[1:]:
    operation = model.operation_model(name)
    operations[name] = {"input": add(operation.input_shape), "output": add(operation.output_shape)}
table = {"source": f"botocore {botocore.__version__}, eks {model.api_version}", "operations": operations, "shapes": shapes}
json.dump(table, sys.stdout, indent=1, sort_keys=True)
print()
