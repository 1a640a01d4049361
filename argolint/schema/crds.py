"""The CustomResourceDefinitions of Argo Workflows and Argo Events, as objects to create in an API server."""

from __future__ import annotations

import json
from typing import Any

from argolint._data import read_data

Json = dict[str, Any]


def custom_resource_definitions(*, full: bool = False) -> list[Json]:
    """Every CRD: eight of Argo Workflows, three of Argo Events.

    With `full` the Workflows kinds carry upstream's structural schemas, CEL rules included; otherwise `spec` and
    `status` take anything. Equal subtrees of full schemas are the same object: treat the result as read-only.
    """
    items: list[Json] = json.loads(read_data("schemas", "crds.json"))["items"]
    if full:
        schemas = _full_schemas()
        for item in items:
            schema = schemas.get(item["spec"]["names"]["plural"])
            if schema is not None:
                item["spec"]["versions"][0]["schema"]["openAPIV3Schema"] = schema
    return items


def _full_schemas() -> dict[str, Json]:
    data = json.loads(read_data("schemas", "crds-full.json"))
    definitions: dict[str, Json] = data["definitions"]
    expanded: dict[str, Json] = {}

    def expand(node: Json) -> Json:
        name = node.get("$ref")
        if name is not None:
            if name not in expanded:
                expanded[name] = expand(definitions[name])
            return expanded[name]
        if "properties" in node:
            node["properties"] = {key: expand(child) for key, child in node["properties"].items()}
        for key in ("items", "additionalProperties"):
            if isinstance(node.get(key), dict):
                node[key] = expand(node[key])
        return node

    return {plural: expand(schema) for plural, schema in data["schemas"].items()}
