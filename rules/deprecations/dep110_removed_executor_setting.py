"""DEP110."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.controller_config import REMOVED, is_controller_config, settings_of
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule("DEP110", "removed-executor-setting", on="object", severity="error", kinds=("ConfigMap",))
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A setting of the controller that is gone, such as the choice of an executor."""
    if not is_controller_config(obj) or ctx.argo_version < (3, 4):
        return
    for found in settings_of(obj, ctx)[0]:
        if found.name in REMOVED:
            yield Finding(
                found.key,
                f"the controller no longer has `{found.name}`, and reads no setting when one is unknown",
                help=f"delete it: {REMOVED[found.name]}",
                severity=None if ctx.settings.release_stated else "warning",
            )
