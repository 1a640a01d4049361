"""CRN117."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.cron.written import part
from argolint.context import Context, Schedule
from argolint.rule import Finding, rule
from argolint.yaml.edit import add_key, replace


@rule("CRN117", "schedule-embeds-timezone", on="schedule", severity="warning", fix="unsafe")
def check(schedule: Schedule, ctx: Context) -> Iterator[Finding]:
    """A schedule carries its time zone in a prefix."""
    text = schedule.text
    if not text.startswith(("TZ=", "CRON_TZ=")) or " " not in text:
        return
    end = text.index(" ")
    zone = text[text.index("=") + 1 : end]
    at = part(ctx.source, schedule.span, text, 0, end + 1)
    if schedule.timezone:
        yield Finding(
            at,
            f"`{text[:end]}` and `timezone` together do not parse, so it never fires",
            help="keep `timezone` and drop the prefix",
            related=[(schedule.timezone_span, "the other time zone")],
            severity="error",
        )
        return
    spec = schedule.object.spec
    alone = len(spec.sequence("schedules")) == 1
    yield Finding(
        at,
        f"`{text[:end]}` in a schedule is refused by the full CRDs, which Argo installs since 4.0",
        help=f"set `timezone: {zone}` and drop the prefix",
        fix=replace(at, "") + add_key(ctx.source, spec.map, "timezone", zone, after="schedules")
        if alone
        else None,
    )
