"""The nodes of a workflow in the order in which people read them. Pure helpers for renderers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from executor.engine import names, size
from executor.engine.scope import is_hook

Node = Mapping[str, Any]


class Line(NamedTuple):
    """A node and how deep it is nested (0: the root)."""

    depth: int
    node: Node


def nodes_of(workflow: Mapping[str, Any]) -> Mapping[str, Node]:
    """The nodes by id, unpacked if they are compressed."""
    status = size.hydrate(workflow).get("status") or {}
    return status.get("nodes") or {}


def boundary_of(nodes: Mapping[str, Node], node: Node) -> Node | None:
    """The steps or DAG node that encloses a node."""
    return nodes.get(node.get("boundaryID") or "")


def nested(nodes: Mapping[str, Node]) -> dict[str, list[Node]]:
    """For each node (and "" for the top), the nodes to show below it.

    Attempts and expanded tasks go below their Retry and TaskGroup node, steps below their group, everything else
    below its boundary; each node once, in the order of creation.
    """
    owners: dict[str, str] = {}
    for node in nodes.values():
        if node.get("type") in ("Retry", "TaskGroup", "StepGroup"):
            for child in node.get("children") or ():
                if child in nodes and nodes[child].get("type") != "StepGroup":
                    owners.setdefault(child, node["id"])
        for child in node.get("children") or ():
            if (
                child in nodes
                and is_hook(nodes[child])
                and nodes[child]["name"].startswith(f"{node['name']}.")
            ):
                owners[child] = node["id"]
    below: dict[str, list[Node]] = {"": []}
    for identity, node in nodes.items():
        owner = owners.get(identity) or node.get("boundaryID") or ""
        below.setdefault(owner if owner in nodes else "", []).append(node)
    return below


def lines(workflow: Mapping[str, Any]) -> Iterator[Line]:
    """All nodes, depth first; the root before its hooks and exit handler."""
    nodes = nodes_of(workflow)
    below = nested(nodes)
    stack = [Line(0, node) for node in reversed(below[""])]
    seen: set[str] = set()
    while stack:
        line = stack.pop()
        if line.node["id"] in seen:
            continue
        seen.add(line.node["id"])
        yield line
        stack.extend(Line(line.depth + 1, child) for child in reversed(below.get(line.node["id"], [])))


def pod_name(workflow: Mapping[str, Any], node: Node) -> str:
    """The pod of a Pod node."""
    metadata = workflow.get("metadata") or {}
    version = (metadata.get("annotations") or {}).get(names.POD_NAME_ANNOTATION) or "v2"
    template = (node.get("templateRef") or {}).get("template") or node.get("templateName") or ""
    return names.pod_name(str(metadata.get("name")), node["name"], template, node["id"], version)
