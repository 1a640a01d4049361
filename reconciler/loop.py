"""`argosync run`: one thread a target, each polling, synchronising, and waiting; a failure of one delays no other."""

from __future__ import annotations

import contextlib
import random
import signal
import threading
from collections.abc import Callable
from typing import Any

from argolint.errors import UserError
from reconciler import requests
from reconciler.cluster import ClusterError
from reconciler.config import Config, TargetConfig
from reconciler.cycle import Context, Outcome, synchronise
from reconciler.events import Log, logger
from reconciler.gate import refuses
from reconciler.render import counts
from reconciler.session import open_context, secrets_of, writing

JITTER = 0.1
FIRST_RETRY = 1.0
LONGEST_RETRY = 300.0


class Stopped(ClusterError):
    """We were asked to stop between two writes; the journal knows the rest."""

    def __init__(self) -> None:
        super().__init__(
            "Stopping", "stopped between two writes", "it goes on when argosync runs again", transient=True
        )


def run_forever(config: Config, log_format: str) -> int:
    """Run until SIGTERM or SIGINT; SIGUSR1 means: look now. 0 after a clean stop."""
    stop, wake = threading.Event(), threading.Event()
    main_log = logger("-", log_format)

    def on_stop(number: int, _: Any) -> None:
        stop.set()
        wake.set()

    signal.signal(signal.SIGTERM, on_stop)
    signal.signal(signal.SIGINT, on_stop)
    if hasattr(signal, "SIGUSR1"):
        signal.signal(signal.SIGUSR1, lambda *_: wake.set())
    threads = []
    wakes = []
    for target in config.targets:
        mine = threading.Event()
        wakes.append(mine)
        log = logger(target.name, log_format, secrets=lambda: secrets_of(config))
        thread = threading.Thread(
            target=follow, args=(config, target, log, stop, mine), name=target.name, daemon=True
        )
        thread.start()
        threads.append(thread)
    main_log("started", targets=[t.name for t in config.targets], state=str(config.state))
    while any(t.is_alive() for t in threads):
        if wake.wait(1.0):
            wake.clear()
            for event in wakes:
                event.set()
        if stop.is_set():
            break
    for thread in threads:
        thread.join(timeout=25.0)
    main_log("stopped")
    return 0


def follow(
    config: Config, target: TargetConfig, log: Log, stop: threading.Event, wake: threading.Event
) -> None:
    """Keep one target in step until `stop`; whatever happens is logged, and tried again."""
    delays = Delays(config.source(target.source).interval)
    while not stop.is_set():
        try:
            with _session(config, target, log, stop) as context:
                _rounds(context, log, stop, wake, delays)
        except UserError as error:
            reason = getattr(error, "reason", "Error")
            log("error", reason=reason, message=error.message, remedy=error.remedy or None)
        except Exception as error:
            log("error", reason="Internal", message=f"{type(error).__name__}: {error}")
        if not stop.is_set():
            wake.wait(delays.after(ok=False, transient=True))
            wake.clear()


def _session(
    config: Config, target: TargetConfig, log: Log, stop: threading.Event
) -> contextlib.AbstractContextManager[Context]:
    return writing(open_context(config, target, log), keep_lease=True, sleep=stop.wait)


def _rounds(context: Context, log: Log, stop: threading.Event, wake: threading.Event, delays: Delays) -> None:
    base = context.may_write

    def may_write() -> None:
        if stop.is_set():
            raise Stopped
        base()

    context.may_write = may_write
    told = Teller(log, context)
    requests.take(context.store)
    while not stop.is_set():
        suspended = requests.suspension(context.store.data, context.now())
        if suspended:
            told.suspended(suspended)
            pause = delays.after(ok=True, transient=False)
        else:
            outcome = synchronise(context)
            told.outcome(outcome)
            if outcome.reason in ("LeaseLost", "LeaseHeld", "Unauthorized"):
                raise ClusterError(outcome.reason, outcome.message, outcome.remedy, transient=True)
            pause = delays.after(ok=outcome.ok, transient=outcome.transient)
        wake.wait(pause)
        wake.clear()
        if not stop.is_set():
            requests.take(context.store)


class Delays:
    """How long to wait: the interval with some jitter, or a growing back-off while waiting may help."""

    def __init__(self, interval: float, spread: Callable[[float, float], float] = random.uniform) -> None:
        self._interval = interval
        self._spread = spread
        self._retry = FIRST_RETRY

    def after(self, *, ok: bool, transient: bool) -> float:
        """Seconds to wait after a round. Decorrelated jitter: between one second and three times the last wait."""
        if ok or not transient:
            self._retry = FIRST_RETRY
            return self._interval * self._spread(1 - JITTER, 1 + JITTER)
        self._retry = min(LONGEST_RETRY, self._spread(FIRST_RETRY, self._retry * 3))
        return self._retry


class Teller:
    """Logs outcomes: each change of state once, not each round."""

    def __init__(self, log: Log, context: Context) -> None:
        self._log = log
        self._context = context
        self._last: tuple[Any, ...] = ()

    def suspended(self, why: dict[str, str]) -> None:
        """The target is suspended."""
        if self._last != ("suspended",):
            self._last = ("suspended",)
            self._log("suspended", reason=why.get("reason"), by=why.get("by"), until=why.get("until"))

    def outcome(self, outcome: Outcome) -> None:
        """A round has ended."""
        mark = (outcome.ok, outcome.reason, outcome.commit, outcome.message, outcome.held, outcome.problems)
        news = mark != self._last or outcome.writes > 0
        self._last = mark
        if not news:
            return
        if outcome.ok:
            self._log(
                "synced" if outcome.writes else "up-to-date",
                commit=outcome.commit[:12],
                ref=outcome.ref,
                subject=outcome.about.get("subject"),
                writes=outcome.writes,
                **counts(outcome.plan),
            )
        else:
            self._log(
                "refused" if outcome.reason == "Refused" else "failed",
                reason=outcome.reason,
                message=outcome.message,
                remedy=outcome.remedy or None,
                commit=outcome.commit[:12] or None,
                writes=outcome.writes or None,
            )
        for finding in [f for f in outcome.findings if refuses(f, self._context.target)][:20]:
            self._log(
                "finding",
                rule=finding.rule,
                file=f"{finding.path}:{finding.line}",
                message=finding.message,
                remedy=finding.remedy or None,
            )
        for item in (*(outcome.plan.items if outcome.plan else ()), *outcome.waiting):
            if item.op in ("hold", "keep"):
                self._log("held" if item.op == "hold" else "kept", object=str(item.key), reason=item.reason)
        for problem in outcome.problems:
            where = f"{problem.path}:{problem.line}" if problem.path else None
            self._log(
                "unhealthy", reason=problem.reason, object=problem.object, message=problem.message, file=where
            )
