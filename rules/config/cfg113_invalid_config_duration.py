"""CFG113."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.controller_config import is_controller_config, settings_of
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule
from argolint.schema.duration import nanoseconds

DURATIONS = ("podGCDeleteDelayDuration", "initialDelay")


@rule("CFG113", "invalid-config-duration", on="object", severity="error", kinds=("ConfigMap",))
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A duration of the controller's settings that Go does not read."""
    if not is_controller_config(obj):
        return
    for found in settings_of(obj, ctx)[0]:
        if found.name not in DURATIONS or found.value is None:
            continue
        try:
            if not isinstance(found.value, str):
                raise ValueError(f"`{found.value}` has no unit")
            nanoseconds(found.value)
        except ValueError as error:
            yield Finding(
                found.key,
                f"`{found.name}`: {error}: the controller does not start",
                help="write a duration such as `30s` or `5m`",
            )
