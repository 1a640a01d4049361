"""EVT133."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import events
from argolint.analysis.references_objects import surely_meant
from argolint.context import Context
from argolint.model.events import dependencies
from argolint.model.k8s import Object
from argolint.model.view import View
from argolint.project.index import suggest
from argolint.rule import Finding, rule


@rule("EVT133", "wrong-event-data-path", on="object", severity="warning", kinds=("Sensor",), cross_file=True)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A path into an event begins with a member that events of this type do not have."""
    shapes: dict[str, frozenset[str]] = {}
    sure: set[str] = set()
    for dependency in dependencies(obj):
        types = events.event_types(dependency, ctx.namespace, ctx.index)
        if dependency.get("transform") or not types or not types <= set(events.DATA_FIELDS):
            continue
        if surely_meant(events.source_of(dependency, ctx.namespace, ctx.index), ctx.path, ctx.namespace):
            sure.add(dependency.text("name"))
        shapes[dependency.text("name")] = frozenset().union(*(events.DATA_FIELDS[kind] for kind in types))
    paths: list[tuple[View, str, frozenset[str], bool]] = []
    for feed in events.feeds(obj):
        shape = shapes.get(feed.src.text("dependencyName"))
        if shape and feed.src.text("dataKey"):
            lost = feed.src.get("value") is None and not feed.src.get("dataTemplate")
            lost = lost and feed.src.text("dependencyName") in sure
            paths.append((feed.src, "dataKey", shape, lost))
    for dependency in dependencies(obj):
        shape = shapes.get(dependency.text("name"))
        filters = dependency.mapping("filters")
        if shape:
            paths += [(view, "path", shape, False) for view in filters.items("data")]
            paths += [
                (view, "path", shape, False) for one in filters.items("exprs") for view in one.items("fields")
            ]
    for view, key, shape, lost in paths:
        first = view.text(key).partition(".")[0].partition("|")[0]
        if not first or not first.replace("_", "").isalnum() or first in shape:
            continue
        near = suggest(first, shape)
        fits = "body" if "body" in shape and not near else near
        fixed = (
            f"body.{view.text(key)}"
            if fits == "body" and not near
            else f"{near}{view.text(key)[len(first) :]}"
        )
        yield Finding(
            view.value_span(key),
            f"the data of this event has no `{first}`: it has {', '.join(f'`{name}`' for name in sorted(shape))}",
            help=f"did you mean `{fixed}`?" if fits else "",
            severity="error" if lost else "warning",
        )
