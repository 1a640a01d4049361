"""What the judges of variables say: one problem, and the words they share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from argolint.analysis.variables import Use
from argolint.model.view import Span
from argolint.project.index import did_you_mean, suggest


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


def missing(
    kind: str, span: Span, message: str, use: Use, name: str, known: Iterable[str], otherwise: str = ""
) -> Problem:
    """A name that is not among those that there are, with the nearest of them; `otherwise` is the help when none is near.

    In an expression the name may stand in quotes or brackets, so nothing is put in its place.
    """
    names = list(known)
    near = suggest(name, names)
    replacement = near if near and not use.in_expr else None
    return Problem(kind, span, message, did_you_mean(name, names) or otherwise, replacement)
