"""A run as one HTML file: outcome, timeline, every node with its inputs, outputs, message and the end of its logs.

Everything that comes from a workflow is escaped, secrets are masked by whoever gives it, and the file loads nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from html import escape as quoted
from typing import Any

from executor.local import graph, tree

Object = Mapping[str, Any]
LOG_LINES = 200
LOG_BYTES = 64 * 1024
_STYLE = """
body { font: 14px/1.45 system-ui, sans-serif; margin: 2em auto; max-width: 70em; padding: 0 1em; color: #222; background: #fff }
h1 { font-size: 1.4em } h2 { font-size: 1.1em; margin-top: 2em }
table { border-collapse: collapse; width: 100% } td, th { text-align: left; padding: .15em .6em .15em 0; vertical-align: top }
.bar { position: relative; height: 1em; background: #f4f4f4; min-width: 20em } .bar i { position: absolute; top: 0; bottom: 0; min-width: 2px; border-radius: 2px }
details { border-top: 1px solid #ddd; padding: .3em 0 } summary { cursor: pointer } code, pre { font: 12px/1.4 ui-monospace, monospace }
pre { background: #f6f6f6; padding: .6em; overflow: auto; max-height: 30em; white-space: pre-wrap; overflow-wrap: anywhere }
.phase { display: inline-block; min-width: 6em } .Succeeded { color: #176b1f } .Failed, .Error { color: #b00020 } .Running { color: #0a58a6 }
.Pending { color: #8a6d00 } .Skipped, .Omitted { color: #777 }
@media (prefers-color-scheme: dark) { body { background: #1b1b1b; color: #ddd } pre, .bar { background: #2a2a2a } }
""".strip()
_FILL = {
    "Succeeded": "#5fb765",
    "Failed": "#e5566b",
    "Error": "#e5566b",
    "Running": "#5a9bd8",
    "Pending": "#d8b84a",
}


def escape(text: str) -> str:
    """Text for the page: no markup, and control characters shown, not obeyed."""
    return quoted(tree.printable(text))


def html(workflows: Sequence[Object], info: Object, logs: Mapping[str, Sequence[tuple[str, str]]]) -> str:
    """The page. `info` is run.json; `logs` are (container, text) of a node's pod, by the node's id."""
    name = str((workflows[0].get("metadata") or {}).get("name") or "run") if workflows else "run"
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">',
        f"<title>{escape(name)}</title><style>{_STYLE}</style></head><body>",
    ]
    for workflow in workflows:
        parts += _workflow(workflow, logs)
    facts = [
        ("started", info.get("startedAt")),
        ("ended", info.get("endedAt")),
        ("exit code", info.get("exitCode")),
    ]
    shown = " · ".join(f"{word} {escape(str(value))}" for word, value in facts if value is not None)
    fidelity = str(info.get("fidelity") or "")
    parts += [f"<p>{shown}</p>", f"<p>{escape(fidelity)}</p>" if fidelity else "", "</body></html>"]
    return "\n".join(part for part in parts if part) + "\n"


def _workflow(workflow: Object, logs: Mapping[str, Sequence[tuple[str, str]]]) -> Iterator[str]:
    status = workflow.get("status") or {}
    name = str((workflow.get("metadata") or {}).get("name") or "workflow")
    phase = str(status.get("phase") or "Pending")
    yield f'<h1>{escape(name)} <span class="{escape(phase)}">{escape(phase)}</span></h1>'
    if status.get("message"):
        yield f"<p>{escape(str(status['message']))}</p>"
    yield from _values("outputs", (status.get("outputs") or {}).get("parameters"))
    nodes: Mapping[str, Object] = status.get("nodes") or {}
    yield "<h2>Timeline</h2><table>"
    yield from _timeline(nodes)
    yield "</table><h2>Nodes</h2>"
    depths = graph.depth(nodes)
    for identity in _in_order(nodes):
        yield from _node(nodes[identity], depths[identity], logs.get(identity) or ())


def _in_order(nodes: Mapping[str, Object]) -> list[str]:
    below = tree.children(nodes)
    found: list[str] = []
    todo = list(reversed(below.get("", [])))
    while todo:
        identity = todo.pop()
        found.append(identity)
        todo += reversed(below.get(identity, []))
    return found


def _moment(value: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(str(value).replace("Z", "+00:00")) if value else None
    except ValueError:
        return None


def _timeline(nodes: Mapping[str, Object]) -> Iterator[str]:
    spans = {}
    for identity in _in_order(nodes):
        start = _moment(nodes[identity].get("startedAt"))
        if start is not None:
            spans[identity] = (start, _moment(nodes[identity].get("finishedAt")) or datetime.now(UTC))
    if not spans:
        return
    first = min(start for start, _ in spans.values())
    whole = max((max(end for _, end in spans.values()) - first).total_seconds(), 1.0)
    depths = graph.depth(nodes)
    for identity, (start, end) in spans.items():
        node = nodes[identity]
        left = 100 * (start - first).total_seconds() / whole
        width = 100 * max(0.0, (end - start).total_seconds()) / whole
        colour = _FILL.get(str(node.get("phase")), "#bbb")
        label = escape(tree.one_line(str(node.get("displayName") or node.get("name"))))
        pad = f"padding-left:{depths[identity]}em"
        yield (
            f'<tr><td style="{pad}">{label}</td><td>{tree.duration(node, end)}</td>'
            f'<td><div class="bar"><i style="left:{left:.2f}%;width:{width:.2f}%;background:{colour}"></i></div></td></tr>'
        )


def _node(node: Object, depth: int, logs: Sequence[tuple[str, str]]) -> Iterator[str]:
    phase = str(node.get("phase") or "Pending")
    message = str(node.get("message") or "")
    is_open = " open" if phase in ("Failed", "Error") and logs else ""
    head = escape(tree.one_line(str(node.get("displayName") or node.get("name"))))
    yield (
        f'<details style="margin-left:{depth}em"{is_open}><summary><span class="phase {escape(phase)}">'
        f"{tree.icon(phase, False)} {escape(phase)}</span> {head} <small>{escape(str(node.get('templateName') or ''))} "
        f"{escape(tree.one_line(message))}</small></summary>"
    )
    yield f"<p><code>{escape(str(node.get('name')))}</code> {escape(str(node.get('type')))}</p>"
    if "\n" in message.strip():
        yield f"<pre>{escape(message)}</pre>"
    for side in ("inputs", "outputs"):
        yield from _values(side, (node.get(side) or {}).get("parameters"))
    result = (node.get("outputs") or {}).get("result")
    if result is not None:
        yield from _values("outputs", [{"name": "result", "value": result}])
    for container, text in logs:
        yield f"<p>log of {escape(container)}</p><pre>{escape(text)}</pre>"
    yield "</details>"


def _values(what: str, parameters: Any) -> Iterator[str]:
    rows = [p for p in parameters or [] if isinstance(p, Mapping)]
    if rows:
        yield "<table>"
        for row in rows:
            value = str(row.get("value", ""))
            yield f"<tr><td>{what}</td><td><code>{escape(str(row.get('name')))}</code></td><td><code>{escape(value)}</code></td></tr>"
        yield "</table>"


def last_lines(data: bytes) -> str:
    """The end of a log, safe to show: at most LOG_LINES lines of the last LOG_BYTES bytes."""
    text = data[-LOG_BYTES:].decode("utf-8", "replace")
    lines = [tree.printable(line) for line in text.splitlines()]
    left_out = len(lines) > LOG_LINES or len(data) > LOG_BYTES
    return "\n".join([*(["…"] if left_out else []), *lines[-LOG_LINES:]])
