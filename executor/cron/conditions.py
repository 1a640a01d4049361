"""`when` and `stopStrategy.expression` of a CronWorkflow, evaluated with the language of Argo. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from argolint.language import expr, gotime, govaluate
from argolint.language.errors import LanguageError
from argolint.language.tags import ExprTag, Raw, split
from executor.cron.decide import Conditions, format_time


def evaluate_when(text: str, variables: Mapping[str, Any]) -> bool:
    """Whether a `when` holds: its tags are replaced, what remains is a govaluate condition. ValueError if it is none."""
    typed = _typed(variables)
    try:
        pieces = [
            piece.text
            if isinstance(piece, Raw)
            else _text(expr.evaluate(piece.source, typed))
            if isinstance(piece, ExprTag)
            else _simple(piece.name, variables)
            for piece in split(text)
        ]
        return govaluate.evaluate_when("".join(pieces))
    except LanguageError as error:
        raise ValueError(error.message) from error


def evaluate_stop(text: str, variables: Mapping[str, Any]) -> bool:
    """Whether a stop expression holds. ValueError when it fails or gives no bool.

    Beside `cronworkflow.failed`, the bare names `failed` and `succeeded` of Argo 3.6 are known.
    """
    typed = _typed(variables)
    env = {**typed["cronworkflow"], **typed}
    try:
        value = expr.evaluate(text, env)
    except LanguageError as error:
        raise ValueError(error.message) from error
    if not isinstance(value, bool):
        raise ValueError(f"{text!r} gives {_text(value)}, not true or false")
    return value


def _typed(variables: Mapping[str, Any]) -> dict[str, Any]:
    """The variables as expressions see them: times are Go's."""
    return {
        head: {
            name: gotime.from_datetime(value) if isinstance(value, datetime) else value
            for name, value in fields.items()
        }
        for head, fields in variables.items()
    }


def _simple(name: str, variables: Mapping[str, Any]) -> str:
    """The value of `{{cronworkflow.x}}` as text. LanguageError when there is no such variable."""
    head, _, rest = name.partition(".")
    cron = variables.get(head)
    if head != "cronworkflow" or not isinstance(cron, Mapping):
        raise LanguageError(f"failed to resolve {{{{{name}}}}}")
    for field in ("labels", "annotations"):
        if rest in (field, f"{field}.json"):
            return json.dumps(cron[field], separators=(",", ":"))
        if rest.startswith(f"{field}.") and rest[len(field) + 1 :] in cron[field]:
            return str(cron[field][rest[len(field) + 1 :]])
    if rest not in cron:
        raise LanguageError(f"failed to resolve {{{{{name}}}}}")
    return _text(cron[rest])


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, datetime):
        return format_time(value)
    if value is None:
        return "null"
    return json.dumps(value, default=str)


CONDITIONS = Conditions(when=evaluate_when, stop=evaluate_stop)
