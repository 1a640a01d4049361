"""Where a tag is replaced. Everything goes by way of `argolint.language`; the engine has no evaluator of its own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import datetime
from typing import Any

from argolint.language import expr, govaluate, template
from argolint.language.errors import LanguageError, Unresolved
from argolint.language.expr.hooks import SYSTEM, Hooks, fixed
from executor.engine.faults import Missing, TemplateFault

STRICT = ("steps.", "tasks.")
_hooks: ContextVar[Hooks] = ContextVar("hooks", default=SYSTEM)


def pin(now: datetime, seed: str) -> None:
    """Give expressions the pass's clock and a seed, so that `now()` and random functions repeat."""
    _hooks.set(fixed(int(now.timestamp() * 1_000_000) * 1000, f"{seed}@{now.isoformat()}"))


def to_json(value: Any) -> str:
    """The JSON text that tags are looked for in: as compact as Go's, without escaping beyond JSON's needs."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def substitute(value: Any, env: Mapping[str, Any], *, unresolved: bool = True) -> Any:
    """`value` with its tags replaced. `unresolved` leaves what is not known yet as it stands.

    TemplateFault if a tag cannot be replaced.
    """
    text = to_json(value)
    if "{{" not in text:
        return value
    try:
        return json.loads(template.substitute(text, env, allow_unresolved=unresolved, hooks=_hooks.get()))
    except LanguageError as error:
        raise TemplateFault(error.message) from None
    except ValueError as error:
        raise TemplateFault(f"substitution does not leave valid JSON: {error}") from None


def substitute_references(value: Any, env: Mapping[str, Any]) -> Any:
    """The same for a step or task: what `steps.` and `tasks.` tags name must be there.

    Missing if it is not (the group is tried again), TemplateFault for everything else.
    """
    text = to_json(value)
    if "{{" not in text:
        return value
    try:
        return json.loads(
            template.substitute(text, env, allow_unresolved=True, strict_prefixes=STRICT, hooks=_hooks.get())
        )
    except Unresolved as error:
        raise Missing(error.message, error.name) from None
    except LanguageError as error:
        raise TemplateFault(error.message) from None
    except ValueError as error:
        raise TemplateFault(f"substitution does not leave valid JSON: {error}") from None


def substitute_text(text: str, env: Mapping[str, Any], *, unresolved: bool = True) -> str:
    """The same for one string."""
    if "{{" not in text:
        return text
    return str(substitute(text, env, unresolved=unresolved))


_HINT = "try wrapping the affected expression in quotes"


def should_execute(when: Any) -> bool:
    """The value of a `when` after substitution; an empty one is true. TemplateFault if it is not a boolean."""
    if when is None or when == "":
        return True
    try:
        return govaluate.evaluate_when(str(when))
    except LanguageError as error:
        reason = error.message.replace(_HINT, f'{_HINT} (")')
        reason = f"{reason[:1].upper()}{reason[1:]}"
        if reason.startswith("Expected boolean"):
            raise TemplateFault(reason.replace("', got ", "'. Got ")) from None
        raise TemplateFault(f"Invalid 'when' expression '{when}': {reason}") from None


def evaluate(source: str, env: Mapping[str, Any]) -> Any:
    """The value of an expr-lang expression over flat variable names. TemplateFault if it has none."""
    try:
        return expr.evaluate(source, template.expand(env), hooks=_hooks.get())
    except LanguageError as error:
        raise TemplateFault(error.message) from None


def evaluate_bool(source: str, env: Mapping[str, Any]) -> bool:
    """The value of an expression that must be a boolean."""
    value = evaluate(source, env)
    if not isinstance(value, bool):
        raise TemplateFault(f"unable to cast expression result '{value}' to bool")
    return value
