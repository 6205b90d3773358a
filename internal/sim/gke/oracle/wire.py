# SPDX-License-Identifier: Apache-2.0
"""Writes the table of Compute Engine's messages that the tests in Go hold the simulator
against.

It takes names, types and enumerations out of the discovery document that
google-api-python-client ships, for the methods named on the command line, such as
networks.get, and prints them as JSON. GKE needs none: its messages are the vendor's own
definition. See README.md.
"""
import importlib.metadata
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "simkit"))
import oraclekit

oraclekit.prepare("google-cloud-container", "google-api-python-client")
import googleapiclient

# Resources refer to each other without end. What lies deeper than this below an answer is
# in none of the simulator's.
DEPTH = 2
document = json.loads((pathlib.Path(googleapiclient.__file__).parent / "discovery_cache" / "documents" / "compute.v1.json").read_text())
shapes, operations, waiting = {}, {}, []


def add(schema, depth, name=""):
    """Adds the shape of a schema and returns its name. Those that are alike are one."""
    kind = schema.get("type")
    if "$ref" in schema:
        return add(document["schemas"][schema["$ref"]], depth, schema["$ref"])
    if kind == "array":
        out = {"type": "list", "of": add(schema["items"], depth)}
        name = f"[{out['of']}]"
    elif "additionalProperties" in schema:
        out = {"type": "map", "of": add(schema["additionalProperties"], depth)}
        name = "{%s}" % out["of"]
    elif kind == "object":
        name = name or " ".join(sorted(schema["properties"]))
        if name not in shapes and depth > DEPTH:
            return add({"type": "any"}, depth)
        if name not in shapes:  # its members wait, so that what is near comes first
            waiting.append((name, schema, depth + 1))
            shapes[name] = {"type": "structure"}
        return name
    elif 0 < len(schema.get("enum", [])) <= 100:  # longer ones grow by the week
        name, out = "|".join(schema["enum"]), {"type": kind, "enum": schema["enum"]}
    else:
        name, out = kind, {"type": kind}
    shapes[name] = out
    return name


for given in sys.argv[1:]:
    resource, _, verb = given.partition(".")
    method = document["resources"][resource]["methods"][verb]
    operations[given] = {"output": add(method["response"], 0)}
while waiting:
    name, schema, depth = waiting.pop(0)
    shapes[name]["members"] = {key: add(member, depth) for key, member in schema.get("properties", {}).items()}
json.dump({"source": f"compute v1 {document['revision']}", "operations": operations, "shapes": shapes}, sys.stdout, indent=1, sort_keys=True)
print()
