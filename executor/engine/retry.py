"""Where a retry is decided (upstream: operator.go processNodeRetries)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from executor.durations import in_words
from executor.engine import phases, rules
from executor.engine.clock import ZERO, later, parse_duration, parse_time, seconds_between
from executor.engine.faults import TemplateFault
from executor.engine.run import Node, Run
from executor.engine.scope import is_hook
from executor.engine.substitute import evaluate_bool

DONE, CONTINUE, NEW, WAIT = "done", "continue", "new", "wait"

_TRANSIENT = re.compile(
    r"exceeded quota|too many requests|Operation cannot be fulfilled on resourcequotas|i/o timeout|"
    r"TLS handshake timeout|connection timed out|connection reset by peer|connection refused|"
    r"http2: client connection lost|use of closed network connection|unexpected EOF|"
    r"etcdserver: request timed out|etcdserver: leader changed|the server is currently unable to handle the request|"
    r"the server was unable to return a response in the time allotted|context deadline exceeded|no such host|"
    r"failed to take action; service temporarily unavailable",
    re.IGNORECASE,
)


def attempts(run: Run, parent: Mapping[str, Any]) -> list[Node]:
    """The attempts of a Retry node, first to last. Hooks among its children are none."""
    return [child for child in run.children(parent) if not is_hook(child)]


def policy(run: Run, strategy: Mapping[str, Any]) -> str:
    """The retry policy in effect: Always if there is an expression and no policy, else OnFailure."""
    given = strategy.get("retryPolicy")
    if given:
        return str(given)
    return "Always" if strategy.get("expression") and rules.expressions_retry_always(run) else "OnFailure"


def is_transient(message: str) -> bool:
    """Whether a message reads like an error that may pass (upstream: util/errors IsTransientErr)."""
    return bool(_TRANSIENT.search(message))


def decide(run: Run, parent: Mapping[str, Any], strategy: Mapping[str, Any]) -> str:
    """What to do with a Retry node: DONE (it is in its last phase), CONTINUE the last attempt, a NEW one, or WAIT.

    Writes the parent's phase, message and outputs. TemplateFault if the strategy cannot be read.
    """
    identity = parent["id"]
    tried = attempts(run, parent)
    if phases.phase_fulfilled(parent):
        return DONE
    if not tried:
        return NEW
    last = tried[-1]
    if not phases.phase_fulfilled(last):
        if last.get("daemoned") and not parent.get("daemoned"):
            run.put(identity, daemoned=True)
        return CONTINUE
    run.put(identity, daemoned=None)
    if not phases.failed(last):
        run.put(identity, outputs=last.get("outputs"))
        run.mark(identity, phases.SUCCEEDED, "")
        return DONE
    reason = _stop_reason(run, tried, strategy)
    if reason is None:
        wait = _backoff(run, parent, tried, strategy)
        if wait == WAIT:
            return WAIT
        reason = wait or _exhausted(run, tried, strategy)
    if reason is None:
        return NEW
    run.put(identity, outputs=last.get("outputs"))
    run.mark(identity, last["phase"], reason)
    return DONE


def _stop_reason(run: Run, tried: list[Node], strategy: Mapping[str, Any]) -> str | None:
    if run.shutdown:
        return f"Stopped with strategy '{run.shutdown}'"
    if run.deadline is not None and run.now > run.deadline:
        return f"retry exceeded workflow deadline {run.deadline:%Y-%m-%d %H:%M:%S} +0000 UTC"
    return None


def _limit(strategy: Mapping[str, Any]) -> int | None:
    value = strategy.get("limit")
    if value in (None, ""):
        return None
    try:
        return int(str(value))
    except ValueError:
        raise TemplateFault(f"retryStrategy.limit must be a whole number, not {value!r}") from None


def _seconds(strategy: Mapping[str, Any], field: str) -> float | None:
    value = (strategy.get("backoff") or {}).get(field)
    if value in (None, ""):
        return None
    try:
        return parse_duration(value)
    except ValueError as error:
        raise TemplateFault(f"retryStrategy.backoff.{field}: {error}") from None


def _backoff(
    run: Run, parent: Mapping[str, Any], tried: list[Node], strategy: Mapping[str, Any]
) -> str | None:
    """WAIT, the reason why there is no further attempt, or None."""
    backoff = strategy.get("backoff")
    if backoff is None:
        return None
    end = max_duration_deadline(run, tried, strategy)
    if end is not None and run.now > end:
        return "Max duration limit exceeded"
    base = _seconds(strategy, "duration")
    if base is None:
        raise TemplateFault("no base duration specified for retryStrategy")
    wait = backoff_seconds(base, backoff.get("factor"), len(tried))
    cap = _seconds(strategy, "cap")
    if cap is not None:
        wait = min(wait, cap)
    finished = parse_time(tried[-1].get("finishedAt")) or run.now
    until = later(finished, wait)
    if end is not None and until > end:
        return "Backoff would exceed max duration limit"
    limit = _limit(strategy)
    # Without a limit upstream does not wait at all.
    if run.now < until and limit is not None and len(tried) <= limit:
        run.wake(until)
        run.restless = True
        run.mark(parent["id"], str(parent["phase"]), f"Backoff for {in_words(wait)}")
        return WAIT
    run.mark(parent["id"], str(parent["phase"]), "")
    return None


def backoff_seconds(base: float, factor: Any, tried: int) -> float:
    """The wait after `tried` attempts: base x factor^(tried-1); constant without a factor."""
    try:
        multiplier = int(str(factor)) if factor not in (None, "") else 0
    except ValueError:
        raise TemplateFault(f"retryStrategy.backoff.factor must be a whole number, not {factor!r}") from None
    if multiplier <= 0:
        return base
    try:
        return base * float(multiplier ** min(tried - 1, 256))
    except OverflowError:
        return 1e15


def max_duration_deadline(run: Run, tried: list[Node], strategy: Mapping[str, Any]) -> datetime | None:
    """When retrying must have ended: maxDuration after the first attempt's start."""
    duration = _seconds(strategy, "maxDuration")
    if duration is None:
        return None
    started = parse_time(tried[0].get("startedAt")) if tried else run.now
    return later(started or run.now, duration)


def _exhausted(run: Run, tried: list[Node], strategy: Mapping[str, Any]) -> str | None:
    last = tried[-1]
    chosen = policy(run, strategy)
    if chosen == "OnTransientError":
        allowed = is_transient(str(last.get("message") or ""))
    elif chosen in ("Always", "OnFailure", "OnError"):
        allowed = chosen == "Always" or (last["phase"] == phases.FAILED) == (chosen == "OnFailure")
    else:
        raise TemplateFault(f"{chosen} is not a valid RetryPolicy")
    if not allowed:
        return str(last.get("message") or "")
    limit = _limit(strategy)
    if limit is not None and len(tried) > limit:
        return "No more retries left"
    expression = strategy.get("expression")
    if expression and not evaluate_bool(str(expression), _expression_variables(run, tried)):
        return "retryStrategy.expression evaluated to false"
    return None


def _expression_variables(run: Run, tried: list[Node]) -> dict[str, Any]:
    last = tried[-1]
    exit_code = (last.get("outputs") or {}).get("exitCode")
    seconds = seconds_between(last.get("startedAt"), last.get("finishedAt"), run.now)
    return {
        "retries": str(len(tried) - 1),
        "lastRetry.exitCode": str(exit_code) if exit_code is not None else "-1",
        "lastRetry.status": str(last.get("phase") or ""),
        "lastRetry.duration": str(int(seconds)),
        **(
            {"lastRetry.message": str(last.get("message") or "")} if rules.has_last_retry_message(run) else {}
        ),
    }


def last_retry_variables(run: Run, parent: Mapping[str, Any], before: str) -> dict[str, str]:
    """`lastRetry.*` for the attempt called `before`; what upstream says where there was none."""
    previous = [node for node in attempts(run, parent) if node["name"] != before]
    if not previous:
        none = {"lastRetry.exitCode": "0", "lastRetry.duration": "0", "lastRetry.status": ""}
        return {**none, "lastRetry.message": ""} if rules.has_last_retry_message(run) else none
    found = _expression_variables(run, previous)
    return {k: v for k, v in found.items() if k.startswith("lastRetry.")}


def attempt_deadline(run: Run, parent: Mapping[str, Any], strategy: Mapping[str, Any]) -> str:
    """The maxDuration deadline as text for ARGO_DEADLINE; Go's zero time if there is none."""
    end = max_duration_deadline(run, attempts(run, parent), strategy)
    return ZERO if end is None else end.strftime("%Y-%m-%dT%H:%M:%SZ")
