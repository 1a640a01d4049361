"""CST112."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule


@rule("CST112", "negative-lifetime", on="spec", severity="warning", keys=("ttlStrategy",))
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """A `ttlStrategy` with a negative number of seconds."""
    lifetime = spec.mapping("ttlStrategy")
    for key in lifetime.map:
        value = lifetime.get(key)
        if isinstance(value, int) and not isinstance(value, bool) and value < 0:
            yield Finding(
                lifetime.value_span(key),
                f"`{key}: {value}`: runs are deleted the moment they end",
                help="give the number of seconds that a finished run is kept",
            )
