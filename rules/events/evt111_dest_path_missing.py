"""EVT111."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import events
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule
from argolint.suggest import nearest
from argolint.yaml.edit import replace

_APART = ("labels", "annotations", "data", "stringData")


def _complaint(parts: list[str], found: events.Gap, others: set[str]) -> tuple[str, str, str]:
    """(severity, message, what the segment was meant to be); no message when creating the place is fine."""
    part = parts[found.at]
    dest = ".".join(parts)
    if found.why == "scalar":
        return "warning", f"`{dest}` leads into `{'.'.join(parts[: found.at])}`, which is a plain value", ""
    if found.why == "key" and not any(part in _APART for part in parts[: found.at]):
        near = nearest(part, list(found.holder))
        if near:
            return "warning", f"there is no `{part}` at `{'.'.join(parts[: found.at]) or 'the top'}`", near
    at = next((i for i in range(2, len(parts)) if parts[i - 2 : i] == ["arguments", "parameters"]), 0)
    if at and at >= found.at and parts[at:] == [parts[at], "value"] and parts[at].isdigit():
        if ".".join((*parts[: at + 1], "name")) in others:
            return "", "", ""
        count = len(found.holder) if found.why == "index" else 0
        return "error", f"there is no parameter {parts[at]} to fill: the resource lists {count}", ""
    if found.why == "index" and not (
        part.isdigit() and int(part) == len(found.holder)
    ):  # one behind the end appends
        return (
            "warning",
            f"the list at `{'.'.join(parts[: found.at])}` has {len(found.holder)} items, no number `{part}`",
            "",
        )
    return "", "", ""


@rule("EVT111", "dest-path-missing", on="object", severity="warning", fix="unsafe", kinds=("Sensor",))
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A trigger parameter writes to a place that the trigger's resource does not have."""
    all_feeds = list(events.feeds(obj))
    for feed in all_feeds:
        parts = events.segments(feed.dest)
        resource = feed.trigger.resource
        if resource is None or not feed.dest or "{{" in feed.dest:
            continue
        span = feed.view.value_span("dest")
        if feed.level == "body" and parts[0] in (feed.trigger.type, "source", "resource"):
            yield Finding(span, f"`dest` counts from the resource here: `{parts[0]}` is no part of it")
            continue
        if feed.level == "template" and parts[0] in ("spec", "metadata"):
            yield Finding(
                span,
                f"`dest` counts from the trigger's template here: `{parts[0]}` is no part of it",
                help=f"move the parameter below `{feed.trigger.type}`, or begin with `{feed.trigger.type}.source.resource.`",
            )
            continue
        path = events.resource_path(feed)
        if path is None:
            continue
        parts = events.segments(path)
        found = events.gap(resource.map, parts)
        if found is None:
            continue
        others = {
            other.dest
            for other in all_feeds
            if other.trigger.map is feed.trigger.map and other.level == feed.level
        }
        severity, message, near = _complaint(parts, found, others)
        if not message:
            continue
        fixed = ".".join((*parts[: found.at], near, *parts[found.at + 1 :]))
        yield Finding(
            span,
            message,
            severity=severity,
            help=f"did you mean `{fixed}`?" if near else "",
            fix=replace(span, fixed) if near and path == feed.dest else None,
        )
