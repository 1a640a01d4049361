"""CFG107."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.controller_config import DEFAULT_REPOSITORY
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.project.index import did_you_mean, is_literal
from argolint.rule import Finding, rule


@rule("CFG107", "undefined-default-repository", on="object", severity="error", kinds=("ConfigMap",))
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """The annotation names a default repository that the ConfigMap does not have."""
    name = obj.annotations.text(DEFAULT_REPOSITORY)
    keys = [str(key) for key in obj.mapping("data").map]
    if is_literal(name) and name not in keys:
        yield Finding(
            obj.annotations.value_span(DEFAULT_REPOSITORY),
            f"there is no repository `{name}` in this ConfigMap",
            help=did_you_mean(name, keys) or "add it under `data`",
        )
