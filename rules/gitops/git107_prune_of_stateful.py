"""GIT107."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.revisions import OPTION, deleted
from argolint.context import Context
from argolint.project.index import Index
from argolint.rule import Elsewhere, Finding, rule

LOST = {
    "PersistentVolumeClaim": "its data may go with it",
    "PersistentVolume": "its data may go with it",
    "StatefulSet": "its pods go with it",
    "Namespace": "everything in it goes with it",
    "Secret": "what is in it may be nowhere else",
    "CustomResourceDefinition": "all objects of that kind go with it",
    "CronWorkflow": "its running workflows go with it",
}


@rule("GIT107", "prune-of-stateful", on="project", severity="warning", options={OPTION: []})
def check(index: Index, ctx: Context) -> Iterator[Finding]:
    """The change deletes an object that takes data or runs with it."""
    base = ctx.option(OPTION)
    if not base or not index.objects:
        return
    present = {(fact.kind, fact.name) for fact in index.objects}
    for kind, name, path in deleted(base, present):
        if kind not in LOST:
            continue
        # The object is gone, and often its file: the finding stands at what is left nearest to it.
        nearest = max(index.objects, key=lambda fact: common(fact.path, path))
        yield Finding(
            Elsewhere(nearest.path, nearest.start, nearest.end),
            f"{kind} `{name}` is no longer in Git: a sync that prunes deletes it, and {LOST[kind]}",
            help="keep it from being pruned first, or be sure that it may go",
        )


def common(path: str, other: str) -> int:
    """How many folders and names two paths share at their ends, or begin with."""
    one, two = path.split("/"), other.split("/")
    return sum(part in two for part in one)
