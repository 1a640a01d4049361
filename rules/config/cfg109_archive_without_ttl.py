"""CFG109."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.controller_config import setting
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule("CFG109", "archive-without-ttl", on="object", severity="info", kinds=("ConfigMap",))
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """Archived workflows are never deleted."""
    found = setting(obj, ctx, "persistence")
    if found is None:
        return
    view = found.view()
    if view.get("archive") is True and view.get("archiveTTL") is None:
        yield Finding(
            found.at(view.key_span("archive")),
            "archived workflows stay for ever: the table only grows",
            help="set `archiveTTL: 180d`",
        )
