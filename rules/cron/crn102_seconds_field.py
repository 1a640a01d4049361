"""CRN102."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.cron import ScheduleError, parse
from argolint.analysis.cron.written import part
from argolint.context import Context, Schedule
from argolint.diagnostic import Edit
from argolint.model.view import Span
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace, scalar


@rule("CRN102", "seconds-field", on="schedule", severity="error", fix="safe")
def check(schedule: Schedule, ctx: Context) -> Iterator[Finding]:
    """A schedule with a field for seconds or years."""
    text = schedule.text
    try:
        parse(text)
    except ScheduleError as error:
        if error.fields not in (6, 7):
            return
        fields = text[error.start : error.end].split()
        rest = " ".join(fields[1:6])
        lossless = error.fields == 6 and fields[0] == "0" and parses(rest)
        at = part(ctx.source, schedule.span, text, error.start, error.end)
        yield Finding(
            at,
            f"a schedule has five fields, this has {error.fields}: the controller reads no seconds and no years",
            help=f"write `{rest}`" if lossless else "drop the field for seconds (the first)",
            fix=rewritten(ctx, schedule, at, rest) if lossless else None,
        )


def rewritten(ctx: Context, schedule: Schedule, at: Span, text: str) -> list[Edit]:
    """The edit that puts `text` in a place of a schedule; a plain scalar cannot begin with `*`."""
    if (at.start, at.end) == schedule.span[:2] and ctx.source.slice(at.start, at.start + 1) not in ("'", '"'):
        return replace(at, scalar(text))
    return replace(at, text)


def parses(text: str) -> bool:
    """Whether it is a schedule."""
    try:
        parse(text)
    except ScheduleError:
        return False
    return True
