# SPDX-License-Identifier: Apache-2.0
"""Writes the table of Azure's messages that the tests in Go hold the simulator against.

It takes names, types, enumerations and bounds out of the models that the vendor's
libraries ship, for the operations named on the command line, and prints them as JSON.
One of the container service is named alone, as in ManagedClusters_Get, one of another
provider as in network.Subnets_Get. See README.md.
"""
import importlib
import inspect
import json
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "simkit"))
import oraclekit

# The libraries for the versions of the API that the simulator speaks, or next above.
# Later ones are made another way, and no longer ship the bounds.
LIBRARIES = {"containerservice": "40.2.0", "network": "30.1.0", "compute": "37.0.0"}
PACKAGES = [f"azure-mgmt-{name}=={version}" for name, version in LIBRARIES.items()]
oraclekit.prepare(*PACKAGES)

TYPES = {"str": "string", "bytearray": "string", "base64": "string", "duration": "string", "date": "string", "bool": "boolean", "int": "integer",
         "long": "integer", "float": "number", "iso-8601": "timestamp", "object": "any"}
BOUNDS = {"minimum": "min", "min_length": "min", "min_items": "min", "maximum": "max", "max_length": "max", "max_items": "max"}
# The models of these refer to each other without end. What lies deeper than this below
# an answer is in none of the simulator's.
DEPTH = {"network": 5, "compute": 3}
shapes, operations = {}, {}


class Service:
    def __init__(self, name):
        self.library = importlib.import_module("azure.mgmt." + (name or "containerservice"))
        self.operations = importlib.import_module(self.library.__name__ + ".operations")
        self.prefix = name and name + "."
        self.depth = DEPTH.get(name, 1000)

    def enum(self, model, attribute):
        """The enumeration of an attribute, which only its documentation names."""
        found = re.search(rf":vartype {attribute}: (.*?)(?=\n\s*:ivar|\Z)", inspect.getdoc(model) or "", re.S)
        found = found and re.search(r"str or\s+~[\w.]*\.models\.(\w+)", found[1])
        return found[1] if found else ""

    def add(self, kind, depth, enum="", bounds={}):
        """Adds the shape of a type as the library writes it, such as "[str]", and returns
        its name. Shapes that are alike are one."""
        limits = "".join(f" {k} {v:g}" for k, v in sorted(bounds.items()))
        if kind[0] in "[{":
            of = self.add(kind[1:-1], depth, enum)
            name, shape = f"{kind[0]}{of}{kind[-1]}{limits}", {"type": "list" if kind[0] == "[" else "map", "of": of}
        elif kind not in TYPES:
            return self.add("object", depth) if depth > self.depth else self.structure(kind, depth)
        else:
            name, shape = TYPES[kind] + limits, {"type": TYPES[kind]}
            words = [member.value for member in getattr(self.library.models, enum)] if enum else []
            if 0 < len(words) <= 100:  # longer ones grow by the week
                name, shape["enum"] = self.prefix + enum, words
        shapes[name] = shape | bounds
        return name

    def structure(self, kind, depth):
        """Adds the shape of a model. Members that the library lifts out of an object, such
        as "properties.count", go back into it."""
        model, name, objects = getattr(self.library.models, kind), self.prefix + kind, {}
        if name in shapes:
            return name

        def inside(path):
            where = ".".join([name, *path])
            if where not in objects:
                shapes[where] = objects[where] = {"type": "structure", "members": {}, "required": [], "readOnly": []}
                if path:
                    inside(path[:-1])["members"][path[-1]] = where
            return objects[where]

        for attribute, field in model._attribute_map.items():
            *path, member = [part.replace("\\.", ".") for part in re.split(r"(?<!\\)\.", field["key"])]
            rules = getattr(model, "_validation", {}).get(attribute, {})
            bounds = {BOUNDS[k]: v for k, v in rules.items() if k in BOUNDS}
            shape = inside(path)
            shape["members"][member] = self.add(field["type"], depth + len(path) + 1, self.enum(model, attribute), bounds)
            for rule, key in (("required", "required"), ("readonly", "readOnly")):
                if rules.get(rule):
                    shape[key].append(member)
        for shape in objects.values():
            for key in ("required", "readOnly"):
                if not shape[key]:
                    del shape[key]
        return name

    def operation(self, name):
        """The shapes of an operation, which only the code of its method names."""
        group, _, verb = name.partition("_")
        verb = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", verb).lower()
        methods = getattr(self.operations, group + "Operations")
        text = "".join(inspect.getsource(getattr(methods, m)) for m in (verb, "begin_" + verb, f"_{verb}_initial") if hasattr(methods, m))
        found = {"input": re.search(r'_serialize\.body\(\w+, "(\w+)"', text), "output": re.search(r'deserialized = self\._deserialize\(\s*"(\w+)"', text)}
        return {key: self.add(match[1], 0) for key, match in found.items() if match}


for given in sys.argv[1:]:
    service, _, name = given.rpartition(".")
    operations[given] = Service(service).operation(name)
json.dump({"source": " ".join(PACKAGES), "operations": operations, "shapes": shapes}, sys.stdout, indent=1, sort_keys=True)
print()
