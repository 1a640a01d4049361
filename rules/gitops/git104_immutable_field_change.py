"""GIT104."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.revisions import IMMUTABLE, OPTION, dig, was
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule
from argolint.yaml.nodes import plain


@rule("GIT104", "immutable-field-change", on="object", severity="error", options={OPTION: []})
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """The change sets a field that cannot change once the object exists."""
    base = ctx.option(OPTION)
    fields = IMMUTABLE.get((obj.group, obj.kind)) if base and not obj.embedded else None
    before = was(obj, base) if fields else None
    if before is None:
        return
    for path in fields or ():
        old, new = dig(before, path), dig(plain(obj.map), path)
        # What was not said, the cluster has filled in: the new value may be just that.
        if old is None or old == new:
            continue
        holder = obj
        for key in path[:-1]:
            holder = holder.mapping(key)  # type: ignore[assignment]
        yield Finding(
            holder.key_span(path[-1]),
            f"`{'.'.join(path)}` of {obj.kind} `{obj.name}` cannot change: the API server refuses the update",
            help="give the object another name, or delete the old one first",
        )
