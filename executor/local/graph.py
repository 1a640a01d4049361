"""A workflow's nodes as a graph: Mermaid, DOT or SVG. Pure; what comes from a workflow is quoted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from executor.local.tree import ICONS, duration, one_line, parents, printable

Node = Mapping[str, Any]
GROUPS = frozenset({"DAG", "Steps", "StepGroup", "TaskGroup", "Retry"})
COLOURS = {
    "Succeeded": "#d8f5d0", "Failed": "#ffd6d6", "Error": "#ffd6d6", "Running": "#d6eaff", "Pending": "#fff3c4",
    "Skipped": "#eeeeee", "Omitted": "#eeeeee",
}  # fmt: skip


def edges(nodes: Mapping[str, Node]) -> list[tuple[str, str]]:
    """(from, to) between nodes that are shown, in order; step groups are passed through."""
    found: dict[tuple[str, str], None] = {}
    for identity, node in nodes.items():
        if node.get("type") == "StepGroup":
            continue
        todo = list(reversed(node.get("children") or []))
        seen: set[str] = set()
        while todo:
            child = todo.pop()
            if child not in nodes or child in seen:
                continue
            seen.add(child)
            if nodes[child].get("type") == "StepGroup":
                todo += reversed(nodes[child].get("children") or [])
            else:
                found.setdefault((identity, child))
    return list(found)


def _label(node: Node, moment: Any) -> str:
    name = one_line(str(node.get("displayName") or node.get("name") or ""))
    phase = str(node.get("phase") or "")
    parts = [f"{ICONS[phase]} {name}" if phase in ICONS and phase else name]
    template = str(node.get("templateName") or "")
    took = duration(node, moment) if node.get("startedAt") else ""
    parts += [printable(text) for text in (template if template != name else "", took) if text]
    return "\n".join(parts)


def _shown(workflow: Mapping[str, Any]) -> dict[str, Node]:
    return dict((workflow.get("status") or {}).get("nodes") or {})


def mermaid(workflow: Mapping[str, Any], moment: Any) -> Iterator[str]:
    """The lines of a Mermaid flowchart."""
    nodes = _shown(workflow)
    ids = {identity: f"n{index}" for index, identity in enumerate(nodes)}
    yield "flowchart TD"
    for identity, node in nodes.items():
        if node.get("type") == "StepGroup":
            continue
        text = _mermaid_text(_label(node, moment))
        opening, closing = ("([", "])") if node.get("type") in GROUPS else ("[", "]")
        phase = str(node.get("phase") or "")
        style = f":::{phase}" if phase in COLOURS else ""
        yield f'  {ids[identity]}{opening}"{text}"{closing}{style}'
    for start, end in edges(nodes):
        yield f"  {ids[start]} --> {ids[end]}"
    for phase, colour in COLOURS.items():
        if any(node.get("phase") == phase for node in nodes.values()):
            yield f"  classDef {phase} fill:{colour},stroke:#888,color:#222"


def _mermaid_text(text: str) -> str:
    escaped = re.sub(r"[^\w .,:+/=@()\n✔✖⚠●◷○-]", lambda m: f"#{ord(m.group())};", text)
    return escaped.replace("\n", "<br/>")


def dot(workflow: Mapping[str, Any], moment: Any) -> Iterator[str]:
    """The lines of a Graphviz graph."""
    nodes = _shown(workflow)
    yield f"digraph {_quoted(str((workflow.get('metadata') or {}).get('name') or 'workflow'))} {{"
    yield '  node [shape=box, style="rounded,filled", fillcolor=white, fontname="sans-serif"];'
    for identity, node in nodes.items():
        if node.get("type") == "StepGroup":
            continue
        colour = COLOURS.get(str(node.get("phase") or ""))
        more = f', fillcolor="{colour}"' if colour else ""
        shape = ", shape=ellipse" if node.get("type") in GROUPS else ""
        yield f"  {_quoted(identity)} [label={_quoted(_label(node, moment))}{more}{shape}];"
    for start, end in edges(nodes):
        yield f"  {_quoted(start)} -> {_quoted(end)};"
    yield "}"


def svg(workflow: Mapping[str, Any], moment: Any) -> Iterator[str]:
    """The lines of an SVG drawing: who starts what from above to below."""
    from argolint.graph import model
    from argolint.graph.svg import svg as drawn

    nodes = {identity: n for identity, n in _shown(workflow).items() if n.get("type") != "StepGroup"}
    ids = {identity: f"n{index}" for index, identity in enumerate(nodes)}
    boxes = []
    for identity, node in nodes.items():
        label, *more = _label(node, moment).split("\n")
        colour = COLOURS.get(str(node.get("phase") or ""), "#ffffff")
        boxes.append(model.Box(ids[identity], " · ".join(more), label, "", fill=colour))
    flow = [model.Edge(ids[a], ids[b], "flow") for a, b in edges(_shown(workflow)) if a in ids and b in ids]
    yield from drawn(model.Graph(tuple(boxes), tuple(flow))).splitlines()


def _quoted(text: str) -> str:
    return '"' + printable(text).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def depth(nodes: Mapping[str, Node]) -> dict[str, int]:
    """How many groups a node stands in."""
    above = parents(nodes)
    found: dict[str, int] = {}
    for identity in nodes:
        steps, here = 0, identity
        while here in above and steps < 200:
            here, steps = above[here], steps + 1
        found[identity] = steps
    return found
