# SPDX-License-Identifier: Apache-2.0
"""Writes the table of Alibaba Cloud's messages that the tests in Go hold the simulator
against.

It takes names, types and what is required out of the models of the vendor's SDK for
Python, for the operations named on the command line, and prints them as JSON. One of ACK
is named alone, one of another service as in vpc.DescribeVSwitches. With -operations it
prints every operation of ACK with its method and path instead. See README.md.
"""
import importlib
import inspect
import json
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "simkit"))
import oraclekit

PACKAGES = {"cs": "alibabacloud_cs20151215", "ecs": "alibabacloud_ecs20140526", "sts": "alibabacloud_sts20150401", "vpc": "alibabacloud_vpc20160428"}
SCALARS = {"str": "string", "int": "integer", "bool": "boolean", "float": "number", "Any": "any"}
FIELD = re.compile(r"((?:^ +#.*\n)*)^ +self\.(\w+) = \w+", re.M)
# The path is the only place that says which parameter of a method is which part of it.
PARTS = {"cluster_id": "cluster", "clusterid": "cluster", "nodepool_id": "nodepool"}


def members(cls):
    """The members of a model: what they are called on the wire, their type, and whether
    they are required."""
    init, wire = inspect.getsource(cls.__init__), inspect.getsource(cls.to_map)
    types = dict(re.findall(r"^\s+(\w+): (.+?) = None,$", init, re.M))
    names = {attribute: name for name, attribute in re.findall(r"result\['([^']+)'\] = \[\]\s+if self\.(\w+) is not None", wire)}
    for attribute, name in re.findall(r"if self\.(\w+) is not None:\s+result\['([^']+)'\] = ", wire):
        names.setdefault(attribute, name)
    for comment, attribute in FIELD.findall(init):
        if attribute in types:
            yield names.get(attribute, attribute), types[attribute], "This parameter is required" in comment


class Table:
    def __init__(self):
        self.shapes, self.operations = {}, {}

    def scalar(self, kind):
        self.shapes.setdefault(kind, {"type": kind})
        return kind

    def shape(self, service, models, text):
        """The name of the shape of a type as the SDK writes it."""
        text = text.replace("main_models.", "")
        if text in SCALARS:
            return self.scalar(SCALARS[text])
        if found := re.fullmatch(r"(List|Dict)\[(?:str, )?(.+)\]", text):
            of = self.shape(service, models, found[2])
            name = ("list of " if found[1] == "List" else "map of ") + of
            self.shapes[name] = {"type": "list" if found[1] == "List" else "map", "of": of}
            return name
        return self.model(service, models, text)

    def model(self, service, models, name):
        full = name if service == "cs" else f"{service}.{name}"
        if full not in self.shapes:
            out = self.shapes[full] = {"type": "structure", "members": {}}
            required = []
            for wire, kind, must in members(getattr(models, name)):
                out["members"][wire] = self.shape(service, models, kind)
                required += [wire] * must
            if required and "Response" not in name:  # in answers the marks are copies
                out["required"] = required
        return full

    def add(self, operation):
        service, _, action = operation.rpartition(".")
        service = service or "cs"
        package = PACKAGES[service]
        models, client = importlib.import_module(package + ".models"), importlib.import_module(package + ".client")
        entry = self.operations[operation] = {}
        body = re.search(r"^\s+body: (.+?) = None,$", inspect.getsource(getattr(models, action + "Response").__init__), re.M)
        if body and body[1] != "str":
            entry["output"] = self.shape(service, models, body[1])
        if service != "cs":
            return
        method = method_of(client, action)
        request = next((name for name in (action + "ShrinkRequest", action + "Request") if hasattr(models, name)), None)
        if request:
            entry["input"] = self.model(service, models, request)
            query = sorted(re.findall(r"query\['([^']+)'\] = ", method))
            if query:
                self.shapes[entry["input"]]["elsewhere"] = query


def method_of(client, action):
    """The source of the method of an action."""
    for found in re.findall(r"    def \w+_with_options\(.*?(?=\n    def |\n    async def |\Z)", inspect.getsource(client), re.S):
        if f"action = '{action}'" in found:
            return found
    raise SystemExit(f"there is no {action}")


def operations():
    source = inspect.getsource(importlib.import_module(PACKAGES["cs"] + ".client"))
    call = r"action = '(\w+)',\s*version = '[^']*',\s*protocol = '\w+',\s*pathname = f?'(.*?)',\s*method = '(\w+)'"
    found = {}
    for action, path, method in re.findall(call, source):
        path = re.sub(r"\{DaraURL\.percent_encode\((\w+)\)\}", lambda part: "{" + PARTS.get(part[1], part[1]) + "}", path)
        found[action] = f"{method} {path} {action}"
    return sorted(found.values(), key=lambda line: line.split()[1::-1])


if __name__ == "__main__":
    oraclekit.prepare(*PACKAGES.values())
    if sys.argv[1:] == ["-operations"]:
        print("\n".join(operations()))
        sys.exit()
    table = Table()
    for name in sys.argv[1:]:
        table.add(name)
    version = importlib.import_module("importlib.metadata").version(PACKAGES["cs"])
    json.dump({"source": f"{PACKAGES['cs']} {version}", "operations": table.operations, "shapes": table.shapes}, sys.stdout, indent=1, sort_keys=True)
    print()
