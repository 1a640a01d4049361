"""CFG102."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.controller_config import is_controller_config
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule("CFG102", "config-beside-settings", on="object", severity="error", kinds=("ConfigMap",))
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """The key `config` holds all settings, so no other may stand beside it."""
    data = obj.mapping("data")
    if is_controller_config(obj) and "config" in data and len(data.map) > 1:
        other = next(str(key) for key in data.map if key != "config")
        yield Finding(
            data.key_span(other),
            f"`{other}` stands beside `config`, which must be alone: the controller reads neither",
            help="move it into `config`",
            related=[(data.key_span("config"), "all settings are in here")],
        )
