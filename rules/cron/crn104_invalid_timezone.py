"""CRN104."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.cron import nearest_zones, zone_exists
from argolint.analysis.cron.written import part
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.model.view import Span
from argolint.project.index import is_placeholder
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace


@rule("CRN104", "invalid-timezone", on="object", severity="error", kinds=("CronWorkflow",), fix="unsafe")
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A time zone that the IANA database does not have."""
    spec = obj.spec
    zone = spec.text("timezone")
    if zone and not zone_exists(zone) and not is_placeholder(zone):
        yield finding(zone, part(ctx.source, spec.value_span("timezone"), zone, 0, len(zone)))
    for i, text in enumerate(spec.sequence("schedules")):
        if isinstance(text, str) and text.startswith(("TZ=", "CRON_TZ=")) and " " in text:
            start, end = text.index("=") + 1, text.index(" ")
            if not zone_exists(text[start:end]):
                at = part(ctx.source, spec.item_span("schedules", i), text, start, end)
                yield finding(text[start:end], at)


def finding(zone: str, at: Span) -> Finding:
    """The finding, with the zones that may have been meant."""
    near = nearest_zones(zone)
    return Finding(
        at,
        f"no time zone is called `{zone}`",
        help=f"did you mean {' or '.join(f'`{name}`' for name in near)}?"
        if near
        else "use an IANA name: `Europe/Paris`",
        fix=replace(at, near[0]) if len(near) == 1 else None,
    )
