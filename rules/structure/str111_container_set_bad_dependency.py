"""STR111."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.reach import Reach, circle
from argolint.context import Context
from argolint.model.workflow import Template
from argolint.project.index import did_you_mean
from argolint.rule import Finding, rule


@rule("STR111", "container-set-bad-dependency", on="template", severity="error", types=("containerSet",))
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """A container of a set waits for one that does not exist, or for itself."""
    containers = {one.text("name"): one for one in template.body.items("containers") if one.text("name")}
    waits: dict[str, list[str]] = {}
    for name, one in containers.items():
        entries = one.sequence("dependencies")
        waits[name] = [entry for entry in entries if isinstance(entry, str)]
        for index, entry in enumerate(entries):
            if isinstance(entry, str) and entry not in containers:
                yield Finding(
                    one.item_span("dependencies", index),
                    f"container `{name}` depends on `{entry}`, which is not in the container set",
                    help=did_you_mean(entry, containers),
                )
    reach = Reach(waits)
    reported: set[str] = set()
    for name in sorted(waits):
        trail = circle(name, waits, reach) if name not in reported else []
        reported.update(trail)
        if trail:
            yield Finding(
                containers[name].key_span("dependencies"),
                f"containers wait for each other: {' -> '.join([*trail, name])}",
                help="remove one of the dependencies",
            )
