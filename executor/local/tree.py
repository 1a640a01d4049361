"""A workflow's nodes as a tree of lines, as `argo get` shows them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

Node = Mapping[str, Any]
ICONS = {
    "Succeeded": "✔",
    "Failed": "✖",
    "Error": "⚠",
    "Running": "●",
    "Pending": "◷",
    "Skipped": "○",
    "Omitted": "○",
    "": "◷",
}
COLOURS = {"Succeeded": "32", "Failed": "31", "Error": "31", "Running": "36", "Pending": "33"}
_NUMBER = re.compile(r"(\d+)")


def _natural(text: str) -> list[Any]:
    return [(1, int(part), "") if part.isdigit() else (0, 0, part) for part in _NUMBER.split(text)]


def parents(nodes: Mapping[str, Node]) -> dict[str, str]:
    """node id -> the id of the node that it is shown below: its retry or loop node, else its boundary."""
    above: dict[str, str] = {}
    for identity, node in nodes.items():
        if node.get("type") in ("Retry", "TaskGroup"):
            for child in node.get("children") or []:
                other = nodes.get(child)
                if other is not None and str(other.get("name", "")).startswith(f"{node.get('name')}("):
                    above[child] = identity
    for identity, node in nodes.items():
        boundary = node.get("boundaryID")
        if identity not in above and boundary in nodes and boundary != identity:
            above[identity] = str(boundary)
    return above


def children(nodes: Mapping[str, Node]) -> dict[str, list[str]]:
    """node id -> the nodes shown below it, in order; "" has the roots. Step groups are left out."""
    above = parents(nodes)
    below: dict[str, list[str]] = {}
    for identity, node in nodes.items():
        if node.get("type") != "StepGroup":
            below.setdefault(above.get(identity, ""), []).append(identity)
    for identity, found in below.items():
        steps = nodes.get(identity, {}).get("type") == "Steps"
        if steps:
            found.sort(key=lambda i: _natural(str(nodes[i].get("name", ""))))
        else:
            found.sort(
                key=lambda i: (str(nodes[i].get("startedAt") or "~"), _natural(str(nodes[i].get("name", ""))))
            )
    return below


def duration(node: Node, now: datetime) -> str:
    """How long a node ran, as `3s`, `2m5s`; empty when it has not started."""
    start = _time(node.get("startedAt"))
    if start is None:
        return ""
    seconds = int(((_time(node.get("finishedAt")) or now) - start).total_seconds())
    if seconds < 60:
        return f"{max(0, seconds)}s"
    minutes, seconds = divmod(seconds, 60)
    return f"{minutes}m{seconds}s" if minutes < 60 else f"{minutes // 60}h{minutes % 60}m"


def _time(text: Any) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    except ValueError:
        return None


def icon(phase: str, colour: bool) -> str:
    """The sign of a phase."""
    sign = ICONS.get(phase, "?")
    return f"\x1b[{COLOURS[phase]}m{sign}\x1b[0m" if colour and phase in COLOURS else sign


def not_started(workflow: Mapping[str, Any], node: Node, below: Iterable[Node]) -> list[str]:
    """The steps or tasks of a group under way that have no node yet, in the order of the template."""
    if node.get("type") not in ("DAG", "Steps") or node.get("phase") not in ("Running", "Pending"):
        return []
    status = workflow.get("status") or {}
    spec = status.get("storedWorkflowTemplateSpec") or workflow.get("spec") or {}
    candidates = [*(spec.get("templates") or []), *(status.get("storedTemplates") or {}).values()]
    name = node.get("templateName") or (node.get("templateRef") or {}).get("template")
    template = next((t for t in candidates if isinstance(t, Mapping) and t.get("name") == name), {})
    groups = (
        [(template.get("dag") or {}).get("tasks") or []]
        if node.get("type") == "DAG"
        else template.get("steps") or []
    )
    there = {str(n.get("displayName") or "").split("(", 1)[0] for n in below}
    flat = [
        s
        for group in groups
        for s in (group if isinstance(group, list) else [group])
        if isinstance(s, Mapping)
    ]
    return [str(s.get("name")) for s in flat if str(s.get("name")) not in there]


def lines(
    workflow: Mapping[str, Any], *, colour: bool = False, now: datetime | None = None, pending: bool = False
) -> Iterator[str]:
    """The tree: sign, name, template, duration, message; with `pending`, also what has not started."""
    status = workflow.get("status") or {}
    nodes: Mapping[str, Node] = status.get("nodes") or {}
    moment = now or datetime.now(UTC)
    below = children(nodes)

    def walk(identity: str, prefix: str, joint: str, child_prefix: str) -> Iterator[str]:
        node = nodes[identity]
        name = str(node.get("displayName") or node.get("name") or identity)
        extra = [name if identity in below.get("", []) else "", str(node.get("templateName") or "")]
        parts = [
            f"{prefix}{joint}{icon(str(node.get('phase') or ''), colour)} {name}",
            extra[1],
            duration(node, moment),
        ]
        message = one_line(str(node.get("message") or ""))
        yield "  ".join(part for part in [*parts, message] if part)
        kids = below.get(identity, [])
        ahead = not_started(workflow, node, [nodes[kid] for kid in kids]) if pending else []
        for index, kid in enumerate(kids):
            last = index == len(kids) - 1 and not ahead
            yield from walk(kid, prefix + child_prefix, "└─" if last else "├─", "  " if last else "│ ")
        for index, name in enumerate(ahead):
            yield f"{prefix}{child_prefix}{'└─' if index == len(ahead) - 1 else '├─'}{icon('', colour)} {name}"

    for root in below.get("", []):
        yield from walk(root, "", "", "")


_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def one_line(text: str) -> str:
    """The first line of a message, safe for a terminal; an ellipsis stands for the rest."""
    first, newline, rest = text.strip().partition("\n")
    return printable(first) + (" …" if newline and rest.strip() else "")


def printable(text: str) -> str:
    """Text from a step, safe for a terminal: control characters and direction overrides shown, not obeyed."""
    return _CONTROL.sub(lambda m: f"\\x{ord(m.group()):02x}", text.replace("\r", ""))
