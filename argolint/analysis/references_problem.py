"""What the judges of variables say: one problem, and the words they share."""

from __future__ import annotations

from typing import NamedTuple

from argolint.model.view import Span


class Problem(NamedTuple):
    """`kind` is that of a rule; `replacement`, if any, is text to put in place of `span`."""

    kind: str
    span: Span
    message: str
    help: str = ""
    replacement: str | None = None
    severity: str | None = None
    related: tuple[tuple[Span, str], ...] = ()


# What a step or task has, as in `steps.NAME.FIELD`.
FIELDS = ("id", "startedAt", "finishedAt", "hostNodeName", "status", "ip", "exitCode", "outputs")


def unknown(span: Span, message: str, help_: str = "", replacement: str = "") -> Problem:
    return Problem("unknown", span, message, help_, replacement or None)
