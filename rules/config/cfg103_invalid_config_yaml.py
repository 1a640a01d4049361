"""CFG103."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.controller_config import is_controller_config, settings_of
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule("CFG103", "invalid-config-yaml", on="object", severity="error", kinds=("ConfigMap",))
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A setting whose text is no YAML."""
    if is_controller_config(obj):
        for problem in settings_of(obj, ctx)[1]:
            yield Finding(
                problem.at,
                f"the controller cannot read this setting: {problem.message}",
                help="each value of this ConfigMap is YAML of its own",
            )
