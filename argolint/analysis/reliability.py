"""Retries, deadlines and locks: what a manifest's numbers add up to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from argolint.model.view import Span, View
from argolint.model.workflow import Template, WorkflowSpec
from argolint.project.index import is_literal
from argolint.schema.duration import nanoseconds


def seconds(value: Any) -> float | None:
    """A duration in seconds: a number of seconds, or text such as `90`, `1m30s`; None when it is neither, or has a tag."""
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return float(value)
    if not isinstance(value, str) or not value or "{{" in value:
        return None
    if value.isascii() and value.isdecimal():
        return float(value)
    try:
        return nanoseconds(value) / 1e9
    except ValueError:
        return None


def whole(value: Any) -> int | None:
    """An integer that may be written as a string (`IntOrString`); None when it is neither."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, str):
        digits = value[1:] if value[:1] in "+-" else value
        if digits.isascii() and digits.isdecimal():
            return int(value)
    return None


def shown(duration: float) -> str:
    """Seconds as one would write them: `90s`, `2m30s`, `1h5m`."""
    whole_seconds = int(duration)
    if duration != whole_seconds:
        return f"{duration:g}s"
    hours, rest = divmod(whole_seconds, 3600)
    minutes, left = divmod(rest, 60)
    parts = [f"{number}{unit}" for number, unit in ((hours, "h"), (minutes, "m"), (left, "s")) if number]
    return "".join(parts) or "0s"


def waits(backoff: View, retries: int) -> list[float] | None:
    """The waits before retry 1, 2, … in seconds; None when the backoff does not say them as constants.

    Upstream: operator.go processNodeRetries, duration * factor^n, at most `cap`.
    """
    base = seconds(backoff.get("duration"))
    if base is None or base < 0:
        return None
    factor = whole(backoff.get("factor", 0))
    if factor is None:
        return None
    cap = seconds(backoff.get("cap")) if backoff.get("cap") is not None else None
    found: list[float] = []
    wait = base
    for _ in range(min(retries, 200)):
        found.append(wait if cap is None else min(wait, cap))
        wait = min(wait * factor, 1e15) if factor > 0 else base
    return found


class Budget(NamedTuple):
    """What fits in `maxDuration`: `fit` of `limit` retries; `waits` before each retry, in seconds; `most` is maxDuration."""

    limit: int
    fit: int
    waits: list[float]
    most: float


def budget(strategy: View) -> Budget | None:
    """How many retries can start before `maxDuration` is over even if every attempt fails at once; None without numbers.

    Upstream measures from the start of the first attempt and gives up as soon as a wait would end behind that.
    """
    backoff = strategy.mapping("backoff")
    limit = whole(strategy.get("limit"))
    most = seconds(backoff.get("maxDuration"))
    if limit is None or limit <= 0 or most is None:
        return None
    pauses = waits(backoff, limit)
    if pauses is None:
        return None
    total, fit = 0.0, 0
    for pause in pauses:
        total += pause
        if total > most:
            break
        fit += 1
    return Budget(limit, fit if fit < len(pauses) else limit, pauses, most)


Strategy = tuple[View, str, Template | None]
# The last spec looked at: the rules of one spec run one after another. It keeps the tree alive, so its id stays its own.
_last: tuple[Any, list[Strategy]] = (None, [])


def strategies(spec: WorkflowSpec) -> list[Strategy]:
    """Every retryStrategy of a spec that is a mapping: (it, what has it, the template); containerSet's own are another thing."""
    global _last
    if _last[0] is spec.map:
        return _last[1]
    places: list[Strategy] = [(spec, "the workflow", None)]
    defaults = spec.template_defaults
    if defaults is not None:
        places.append((defaults, "`templateDefaults`", None))
    places.extend(
        (template, template.label, template) for template in spec.all_templates if "retryStrategy" in template
    )
    found = [
        (strategy, label, template)
        for holder, label, template in places
        if (strategy := holder.mapping("retryStrategy")).map
    ]
    _last = (spec.map, found)
    return found


def strategy_of(template: Template) -> View:
    """The retryStrategy that a template has: its own, else that of templateDefaults (empty when there is none)."""
    own = template.mapping("retryStrategy")
    if own.map or template.spec.template_defaults is None:
        return own
    return template.spec.template_defaults.mapping("retryStrategy")


class Lock(NamedTuple):
    """A lock that a template or workflow takes: `key` tells one from another, `span` is where it is written."""

    key: tuple[str, ...]
    label: str
    span: Span


def locks_of(holder: View) -> Iterator[Lock]:
    """The mutexes of `synchronization` whose names are literal, and where they are written."""
    sync = holder.mapping("synchronization")
    if not sync.map:
        return
    single = sync.mapping("mutex")
    for view in [*sync.items("mutexes"), *([single] if single.map else [])]:
        name, namespace = view.text("name"), view.text("namespace")
        if is_literal(name) and (not namespace or is_literal(namespace)):
            kind = "database" if view.get("database") is True else ""
            yield Lock(("mutex", name, namespace, kind), f"mutex `{name}`", view.value_span("name"))


def calls(template: Template) -> Iterator[tuple[Template, bool]]:
    """The templates that a template's steps run: (template, whether the step always runs it)."""
    for step in template.children:
        callee = step.inline
        if callee is None:
            target = step.target
            callee = (
                template.spec.template_named(target.local) if target is not None and target.local else None
            )
        if callee is not None:
            yield callee, not step.when and not step.depends and not step.loops


def nested_locks(spec: WorkflowSpec) -> Iterator[tuple[Lock, Lock, bool]]:
    """(held, taken, always): a lock that is taken while another is held, in the same spec, each pair of places once."""
    outer = list(locks_of(spec))
    seen: set[tuple[int, int]] = set()
    starts = [(template, outer, True) for template in spec.all_templates] if outer else []
    starts += [(template, [], True) for template in spec.all_templates if "synchronization" in template]
    for template, held, always in starts:
        for pair in _descend(template, held, always, ()):
            place = (pair[0].span.start, pair[1].span.start)
            if place not in seen:
                seen.add(place)
                yield pair


def _descend(
    template: Template, held: list[Lock], always: bool, path: tuple[int, ...]
) -> Iterator[tuple[Lock, Lock, bool]]:
    if id(template.map) in path or len(path) > 20:
        return
    own = list(locks_of(template))
    for lock in own:
        for before in held:
            yield before, lock, always
    for callee, surely in calls(template):
        yield from _descend(callee, [*held, *own], always and surely, (*path, id(template.map)))
