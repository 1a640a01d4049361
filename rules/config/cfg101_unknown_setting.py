"""CFG101."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.controller_config import REMOVED, SETTINGS, is_controller_config, settings_of
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.project.index import suggest
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace


@rule("CFG101", "unknown-setting", on="object", severity="error", kinds=("ConfigMap",), fix="unsafe")
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A misspelt setting: the controller refuses its whole configuration."""
    if not is_controller_config(obj):
        return
    known = {name.lower() for name in SETTINGS}
    for found in settings_of(obj, ctx)[0]:
        if found.name.lower() in known or found.name in REMOVED:
            continue
        near = suggest(found.name, SETTINGS)
        if near:
            yield Finding(
                found.key,
                f"the controller has no setting `{found.name}`, and reads none when one is unknown",
                help=f"did you mean `{near}`?",
                fix=replace(found.key, near),
            )
