"""A Workflow object as text, in the style of `argo get`: a header, then the tree of nodes.

Pure: the same object, clock and options give the same lines. Used by `argorun get`, `submit --watch` and
`argorun run`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from executor.durations import in_words

Object = Mapping[str, Any]

SYMBOLS = {
    "Pending": "◷",
    "Running": "●",
    "Succeeded": "✔",
    "Skipped": "○",
    "Omitted": "○",
    "Failed": "✖",
    "Error": "⚠",
}
ASCII_SYMBOLS = {
    "Pending": "-",
    "Running": "*",
    "Succeeded": "+",
    "Skipped": "o",
    "Omitted": "o",
    "Failed": "x",
    "Error": "!",
}
COLORS = {"Pending": "33", "Running": "36", "Succeeded": "32", "Failed": "31", "Error": "31"}
SUSPENDED, ASCII_SUSPENDED = "ǁ", "="
LINES = {"last": "└─", "item": "├─", "bar": "│ ", "fork": "┬─", "single": "──"}
ASCII_LINES = {"last": "`-", "item": "|-", "bar": "| ", "fork": "+-", "single": "--"}
ESCAPES = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class Row(NamedTuple):
    """One line of the tree: what leads up to the symbol, and the node it shows."""

    prefix: str
    node: Object


def can_unicode(encoding: str | None) -> bool:
    """Whether text of `encoding` can show the symbols of the tree."""
    return (encoding or "").lower().replace("-", "").replace("_", "") in ("utf8", "utf16", "utf32")


def parse_time(text: Any) -> datetime | None:
    """An RFC 3339 time of an object as an aware datetime; None when there is none or it is malformed."""
    if isinstance(text, datetime):
        return text if text.tzinfo else text.replace(tzinfo=UTC)
    if not isinstance(text, str) or not text:
        return None
    try:
        parsed = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def duration_text(seconds: float) -> str:
    """Seconds as `argo` prints them in a tree: 7s, 2m, 1h, 3d (the largest unit, rounded down)."""
    whole = int(max(seconds, 0))
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if whole >= size:
            return f"{whole // size}{unit}"
    return f"{whole}s"


def render_workflow(
    wf: Object, *, now: datetime, unicode: bool = True, wide: bool = False, color: bool = False
) -> list[str]:
    """Header and tree of a Workflow, as `argo get` prints them, without line ends."""
    lines = render_header(wf, now=now)
    tree = render_tree(wf, now=now, unicode=unicode, wide=wide, color=color)
    return [*lines, "", *tree] if tree else lines


def render_header(wf: Object, *, now: datetime) -> list[str]:
    """The `Name: … Status: …` block."""
    meta, spec, status = _map(wf, "metadata"), _map(wf, "spec"), _map(wf, "status")
    rows: list[tuple[str, str]] = [
        ("Name", _clean(meta.get("name") or f"{meta.get('generateName', '')}")),
        ("Namespace", _clean(meta.get("namespace", ""))),
        (
            "ServiceAccount",
            _clean(spec.get("serviceAccountName") or "unset (will run with the default ServiceAccount)"),
        ),
        ("Status", workflow_status_text(wf)),
    ]
    if status.get("message"):
        rows.append(("Message", _clean(status["message"])))
    conditions = [c for c in status.get("conditions") or [] if isinstance(c, Mapping)]
    if conditions:
        rows.append(("Conditions", ""))
        for condition in conditions:
            text = condition.get("message") or condition.get("status", "")
            rows.append((f" {_clean(condition.get('type', ''))}", _clean(text)))
    for label, value in (
        ("Created", meta.get("creationTimestamp")),
        ("Started", status.get("startedAt")),
        ("Finished", status.get("finishedAt")),
    ):
        moment = parse_time(value)
        if moment is not None:
            rows.append((label, f"{moment:%a %b %d %H:%M:%S %z} ({_ago(moment, now)})"))
    started = parse_time(status.get("startedAt"))
    if started is not None:
        ended = parse_time(status.get("finishedAt")) or now
        rows.append(("Duration", in_words((ended - started).total_seconds())))
    if status.get("progress"):
        rows.append(("Progress", _clean(status["progress"])))
    resources = status.get("resourcesDuration")
    if isinstance(resources, Mapping) and resources:
        rows.append(("ResourcesDuration", resources_text(resources)))
    rows.extend(_parameter_rows("Parameters", _map(spec, "arguments")))
    rows.extend(_parameter_rows("Output Parameters", _map(status, "outputs")))
    out: list[str] = []
    for label, value in rows:
        head = label if label.startswith(" ") and value and not label.startswith("  ") else f"{label}:"
        out.append(f"{head:<20} {value}".rstrip())
    return out


def workflow_status_text(wf: Object) -> str:
    """The phase as `argo` says it: adds `(Suspended)`, and Pending for a workflow that no controller has seen."""
    spec, status = _map(wf, "spec"), _map(wf, "status")
    phase = str(status.get("phase") or "Pending")
    if phase == "Running" and is_suspended(wf):
        return "Running (Suspended)"
    if spec.get("shutdown") and phase == "Running":
        return f"Running (Shutdown: {_clean(spec['shutdown'])})"
    return phase


def is_suspended(wf: Object) -> bool:
    """Whether the workflow waits for a person: `spec.suspend`, or a suspend node without a duration that is running."""
    if _map(wf, "spec").get("suspend") is True:
        return True
    return any(
        node.get("type") == "Suspend" and node.get("phase") == "Running" for node in nodes_of(wf).values()
    )


def resources_text(resources: Mapping[str, Any]) -> str:
    """`status.resourcesDuration` as `3s*(1 cpu),5s*(100Mi memory)`."""
    bases = {"cpu": "1", "memory": "100Mi", "storage": "10Gi", "ephemeral-storage": "10Gi"}
    parts = []
    for name in sorted(resources):
        value = resources[name]
        seconds = duration_text(value) if isinstance(value, int | float) else _clean(value)
        parts.append(f"{seconds}*({bases.get(name, '1')} {_clean(name)})")
    return ",".join(parts)


def nodes_of(wf: Object) -> dict[str, Object]:
    """`status.nodes` by node id, without entries that are not objects."""
    nodes = _map(wf, "status").get("nodes")
    if not isinstance(nodes, Mapping):
        return {}
    return {key: node for key, node in nodes.items() if isinstance(node, Mapping)}


def render_tree(
    wf: Object, *, now: datetime, unicode: bool = True, wide: bool = False, color: bool = False
) -> list[str]:
    """The node tree with its column titles; empty when there are no nodes yet."""
    rows = tree_rows(wf, unicode=unicode)
    if not rows:
        return []
    symbols = SYMBOLS if unicode else ASCII_SYMBOLS
    pod_names = _pod_namer(wf)
    titles = ["STEP", "TEMPLATE", "PODNAME", "DURATION", "MESSAGE"]
    if wide:
        titles[4:4] = ["ARTIFACTS", "RESOURCESDURATION", "NODENAME"]
    table: list[list[str]] = [titles]
    marks: list[tuple[str, str]] = [("", "")]
    for row in rows:
        node = row.node
        phase = str(node.get("phase") or "Pending")
        symbol = symbols.get(phase, "?")
        if node.get("type") == "Suspend" and phase == "Running":
            symbol = SUSPENDED if unicode else ASCII_SUSPENDED
        name = _clean(node.get("displayName") or node.get("name") or node.get("id") or "?")
        cells = [
            f"{row.prefix}{symbol} {name}",
            _template_text(node),
            pod_names(node),
            _node_duration(node, now),
            _clean(node.get("message", "")),
        ]
        if wide:
            cells[4:4] = [_artifact_text(node), _node_resources(node), _clean(node.get("hostNodeName", ""))]
        table.append(cells)
        marks.append((symbol, COLORS.get(phase, "")))
    return _columns(table, marks if color else None)


def tree_rows(wf: Object, *, unicode: bool = True) -> list[Row]:
    """The lines of the tree in order: the root with what it contains, then exit handler and workflow hooks."""
    nodes = nodes_of(wf)
    if not nodes:
        return []
    lines = LINES if unicode else ASCII_LINES
    name = str(_map(wf, "metadata").get("name", ""))
    shown: set[str] = set()
    rows: list[Row] = []
    order = _graph_order(nodes, name)
    nested = _nested_ids(nodes)
    roots = [key for key in order if key == name]
    roots += [
        key
        for key in order
        if key != name and not nodes[key].get("boundaryID") and key not in nested and _is_shown(nodes[key])
    ]
    for key in roots:
        if key not in shown:
            rows.extend(_subtree(key, nodes, order, nested, " ", " ", lines, shown))
    return rows


def _is_shown(node: Object) -> bool:
    return node.get("type") != "StepGroup"


def _nested_ids(nodes: Mapping[str, Object]) -> set[str]:
    """Ids of the nodes that are shown below a Retry or TaskGroup instead of directly in their boundary."""
    out: set[str] = set()
    for node in nodes.values():
        if node.get("type") in ("Retry", "TaskGroup"):
            out.update(child for child in _children(node) if child in nodes)
    return out


def _graph_order(nodes: Mapping[str, Object], root: str) -> dict[str, int]:
    """A rank for each node: when it started, then breadth-first in the execution graph."""
    rank: dict[str, int] = {}
    queue = [root] if root in nodes else []
    while queue:
        following: list[str] = []
        for key in queue:
            if key in rank:
                continue
            rank[key] = len(rank)
            following.extend(child for child in _children(nodes[key]) if child in nodes)
        queue = following
    for key in nodes:
        rank.setdefault(key, len(rank))
    ordered = sorted(nodes, key=lambda key: (str(nodes[key].get("startedAt") or "~"), rank[key]))
    return {key: index for index, key in enumerate(ordered)}


def _children(node: Object) -> list[str]:
    children = node.get("children")
    return [str(child) for child in children] if isinstance(children, list) else []


def _groups(
    key: str, nodes: Mapping[str, Object], order: Mapping[str, int], nested: set[str]
) -> list[list[str]]:
    """What is shown directly below a node, as groups that run side by side (one node a group except in Steps)."""
    node = nodes[key]
    kind = node.get("type")
    if kind in ("Retry", "TaskGroup"):
        below = [child for child in _children(node) if child in nodes and _is_shown(nodes[child])]
        if kind == "TaskGroup":
            return [[child] for child in sorted(below, key=lambda child: _loop_index(nodes[child]))]
        return [[child] for child in below]
    inside = [other for other, item in nodes.items() if item.get("boundaryID") == key]
    if kind == "Steps":
        step_groups = sorted(
            (other for other in inside if nodes[other].get("type") == "StepGroup"),
            key=lambda other: _group_index(nodes[other]),
        )
        groups = []
        for group in step_groups:
            members = [
                child
                for child in _children(nodes[group])
                if child in nodes and _is_shown(nodes[child]) and nodes[child].get("boundaryID") == key
            ]
            hooks = [
                child
                for member in members
                for child in _children(nodes[member])
                if child in nodes and nodes[child].get("boundaryID") == key and _is_hook(nodes[child])
            ]
            groups.append(members + [hook for hook in hooks if hook not in members and hook not in nested])
        return [group for group in groups if group]
    direct = [other for other in inside if other not in nested and _is_shown(nodes[other])]
    return [[child] for child in sorted(direct, key=lambda child: order[child])]


def _is_hook(node: Object) -> bool:
    flag = node.get("nodeFlag")
    return isinstance(flag, Mapping) and flag.get("hooked") is True


def _group_index(node: Object) -> tuple[int, str]:
    match = re.search(r"\[(\d+)\]$", str(node.get("name", "")))
    return (int(match[1]) if match else 0, str(node.get("name", "")))


def _loop_index(node: Object) -> tuple[int, str]:
    match = re.search(r"\((\d+):[^)]*\)[^()]*$", str(node.get("name", "")))
    return (int(match[1]) if match else 0, str(node.get("name", "")))


def _subtree(
    key: str,
    nodes: Mapping[str, Object],
    order: Mapping[str, int],
    nested: set[str],
    prefix: str,
    below: str,
    lines: Mapping[str, str],
    shown: set[str],
) -> Iterable[Row]:
    """Rows of one node and everything in it. An explicit stack: a manifest may nest a hundred deep."""
    stack: list[tuple[str, str, str]] = [(key, prefix, below)]
    while stack:
        current, lead, rest = stack.pop()
        if current in shown:
            continue
        shown.add(current)
        yield Row(lead, nodes[current])
        following: list[tuple[str, str, str]] = []
        groups = _groups(current, nodes, order, nested)
        steps = nodes[current].get("type") == "Steps"
        for group_number, group in enumerate(groups):
            last_group = group_number == len(groups) - 1
            corner = lines["last"] if last_group else lines["item"]
            bar = "  " if last_group else lines["bar"]
            for number, child in enumerate(group):
                if not steps:
                    following.append((child, rest + corner, rest + bar))
                    continue
                last = number == len(group) - 1
                if number == 0:
                    middle = lines["single"] if last else lines["fork"]
                    start = rest + corner + middle
                else:
                    start = rest + bar + (lines["last"] if last else lines["item"])
                following.append((child, start, rest + bar + ("  " if last else lines["bar"])))
        stack.extend(reversed(following))


def _template_text(node: Object) -> str:
    reference = node.get("templateRef")
    if isinstance(reference, Mapping):
        return _clean(f"{reference.get('name', '')}/{reference.get('template', '')}")
    return _clean(node.get("templateName", ""))


def _pod_namer(wf: Object) -> Any:
    """A function from a node to its pod's name ("" for nodes without a pod), by upstream's naming rules."""
    meta = _map(wf, "metadata")
    name = str(meta.get("name", ""))
    version = _map(meta, "annotations").get("workflows.argoproj.io/pod-name-format", "v2")

    def pod_name(node: Object) -> str:
        if node.get("type") != "Pod":
            return ""
        node_name = str(node.get("name", ""))
        if node_name == name:
            return name
        if version == "v1":
            return str(node.get("id", ""))
        reference = node.get("templateRef")
        template = str(
            reference.get("template", "")
            if isinstance(reference, Mapping)
            else (node.get("templateName") or "")
        )
        prefix = (f"{name}-{template}" if template else name)[:242]
        return f"{prefix}-{fnv1a(node_name)}"

    return pod_name


def pod_name_of(wf: Object, node: Object) -> str:
    """The name of a node's pod (upstream's pod name format of this workflow), "" when the node has none."""
    return str(_pod_namer(wf)(node))


def fnv1a(text: str) -> int:
    """32-bit FNV-1a of the UTF-8 bytes, as upstream hashes node names."""
    value = 0x811C9DC5
    for byte in text.encode():
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return value


def _node_duration(node: Object, now: datetime) -> str:
    if node.get("type") not in ("Pod", "Container", "Suspend", "HTTP", "Plugin"):
        return ""
    started = parse_time(node.get("startedAt"))
    if started is None:
        return ""
    ended = parse_time(node.get("finishedAt")) or now
    return duration_text((ended - started).total_seconds())


def _artifact_text(node: Object) -> str:
    outputs = node.get("outputs")
    artifacts = outputs.get("artifacts") if isinstance(outputs, Mapping) else None
    if not isinstance(artifacts, list):
        return ""
    return ",".join(_clean(item.get("name", "")) for item in artifacts if isinstance(item, Mapping))


def _node_resources(node: Object) -> str:
    resources = node.get("resourcesDuration")
    return resources_text(resources) if isinstance(resources, Mapping) else ""


def _parameter_rows(title: str, holder: Object) -> list[tuple[str, str]]:
    parameters = holder.get("parameters")
    if not isinstance(parameters, list) or not parameters:
        return []
    rows = [(title, "")]
    for item in parameters:
        if isinstance(item, Mapping):
            value = item.get("value", item.get("default", ""))
            rows.append((f"  {_clean(item.get('name', ''))}", _clean(value)))
    return rows


def _columns(table: Sequence[Sequence[str]], marks: Sequence[tuple[str, str]] | None) -> list[str]:
    """Left-aligned columns two blanks apart; with `marks`, the symbol of each row in its color."""
    widths = [max(len(row[index]) for row in table) for index in range(len(table[0]))]
    out = []
    for number, row in enumerate(table):
        text = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        if marks is not None and marks[number][1]:
            symbol, color = marks[number]
            text = text.replace(symbol, f"\x1b[{color}m{symbol}\x1b[0m", 1)
        out.append(text)
    return out


def _ago(moment: datetime, now: datetime) -> str:
    seconds = (now - moment).total_seconds()
    return "now" if 0 <= seconds < 1 else f"{in_words(seconds, 1)} ago"


def _map(obj: Object, key: str) -> Object:
    value = obj.get(key)
    return value if isinstance(value, Mapping) else {}


def _clean(value: Any) -> str:
    """Text that cannot steer the terminal: control characters become blanks."""
    return ESCAPES.sub(" ", value if isinstance(value, str) else str(value))
