"""SCH113."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.view import View
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule
from argolint.schema.duration import nanoseconds
from argolint.yaml.edit import quote, replace

# Where a bare number means seconds.
SECONDS_TOO = frozenset({"duration", "maxDuration", "cap"})


@rule(
    "SCH113",
    "invalid-duration",
    on="spec",
    severity="error",
    fix="unsafe",
    keys=("deleteDelayDuration", "timeout", "pendingTimeout", "duration", "maxAge", "maxDuration", "cap"),
)
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """A duration that Go does not read."""
    holders: list[tuple[View, tuple[str, ...]]] = [(spec.mapping("podGC"), ("deleteDelayDuration",))]
    for template in [
        *spec.all_templates,
        View(spec.get("templateDefaults"), spec.path_of("templateDefaults")),
    ]:
        backoff = template.mapping("retryStrategy").mapping("backoff")
        holders += [
            (template, ("timeout", "pendingTimeout")),
            (template.mapping("suspend"), ("duration",)),
            (template.mapping("memoize"), ("maxAge",)),
            (backoff, ("duration", "maxDuration", "cap")),
        ]
    for view, fields in holders:
        for field in fields:
            yield from read(view, field)


def read(view: View, field: str) -> Iterator[Finding]:
    """The finding about one field, if there is one."""
    text = view.text(field)
    if not text or "{{" in text or (field in SECONDS_TOO and text.isdecimal()):
        return
    try:
        nanoseconds(text)
    except ValueError as error:
        at = view.value_span(field)
        plain = text.isdecimal() and not view.is_alias(field)
        yield Finding(
            at,
            f"`{field}`: {error}",
            help="Go durations have the units h, m, s, ms; there are no days",
            fix=replace(at, quote(f"{text}s")) if plain else None,
        )
