"""`argosync run`: one thread a target, each polling, synchronising, and waiting; a failure of one delays no other."""

from __future__ import annotations

import contextlib
import random
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

from argolint.errors import UserError
from reconciler import requests
from reconciler.cluster import ClusterError
from reconciler.config import Config, TargetConfig
from reconciler.context import Context, Outcome
from reconciler.cycle import synchronise
from reconciler.events import Log, logger
from reconciler.gate import refuses
from reconciler.kubevents import Poster
from reconciler.metrics import Metrics
from reconciler.notify import Announcer, Sender
from reconciler.render import counts
from reconciler.session import open_context, secrets_of, writing

JITTER = 0.1
FIRST_RETRY = 1.0
LONGEST_RETRY = 300.0
LOOK_AGAIN = (0.0, 3.0, 15.0)
"""Seconds after a webhook at which to look: a mirror may not have the commit yet that it tells of."""


class Stopped(ClusterError):
    """We were asked to stop between two writes; the journal knows the rest."""

    def __init__(self) -> None:
        super().__init__(
            "Stopping", "stopped between two writes", "it goes on when argosync runs again", transient=True
        )


class Follower:
    """The thread of one target."""

    def __init__(self, config: Config, target: TargetConfig, form: str, services: Services) -> None:
        self.target = target
        self.source = config.source(target.source)
        self.stop, self.wake = threading.Event(), threading.Event()
        log = logger(target.name, form, secrets=lambda: secrets_of(config))
        self.thread = threading.Thread(
            target=follow,
            args=(config, target, log, self.stop, self.wake, services),
            name=target.name,
            daemon=True,
        )
        self.thread.start()

    def ask_to_stop(self) -> None:
        """End after the object in hand."""
        self.stop.set()
        self.wake.set()


class Services:
    """What the threads share: metrics, the queue of notifications, and who is told."""

    def __init__(self, config: Config, log: Log) -> None:
        self.config = config
        self.metrics = Metrics() if config.operation.metrics else None
        dropped = self.metrics.dropped.inc if self.metrics else lambda: None
        self.sender = Sender(log, dropped)

    def announcer(self, target: TargetConfig) -> Announcer:
        """Who is told about a target."""
        status = self.config.source(target.source).commit_status
        return Announcer(self.sender, self.config.operation.notifiers, status)

    def count_hook(self, receiver: str, result: str) -> None:
        """A webhook has been answered."""
        if self.metrics:
            self.metrics.webhooks.labels(receiver, result).inc()


class Crew:
    """All followers, arranged as the configuration says."""

    def __init__(self, form: str, services: Services) -> None:
        self._form, self._services = form, services
        self.followers: dict[str, Follower] = {}
        self._leaving: list[Follower] = []

    def arrange(self, config: Config) -> None:
        """Stop followers whose target or source has changed or gone, and start those that are missing."""
        wanted = {t.name: t for t in config.targets}
        for name, follower in list(self.followers.items()):
            target = wanted.get(name)
            if target != follower.target or config.source(target.source) != follower.source:
                follower.ask_to_stop()
                self._leaving.append(self.followers.pop(name))
        for follower in self._leaving:
            follower.thread.join(timeout=25.0)
        self._leaving = [f for f in self._leaving if f.thread.is_alive()]
        for name, target in wanted.items():
            if name not in self.followers:
                self.followers[name] = Follower(config, target, self._form, self._services)

    def wake(self, sources: tuple[str, ...] = ()) -> None:
        """Let the followers of these sources look now; of all for an empty tuple."""
        for follower in list(self.followers.values()):
            if not sources or follower.source.name in sources:
                follower.wake.set()

    def stop(self) -> None:
        """Stop them all, each after the object in hand."""
        for follower in self.followers.values():
            follower.ask_to_stop()
        for follower in (*self.followers.values(), *self._leaving):
            follower.thread.join(timeout=25.0)

    @property
    def working(self) -> bool:
        """Whether any thread lives."""
        return any(f.thread.is_alive() for f in self.followers.values())


def run_forever(config: Config, log_format: str, reload: Callable[[], Config] | None = None) -> int:
    """Run until SIGTERM or SIGINT; SIGUSR1 means: look now; SIGHUP: read the configuration again with `reload`.

    0 after a clean stop. Raises UserError when an address to listen on cannot be had.
    """
    stop, wake, again = threading.Event(), threading.Event(), threading.Event()
    main_log = logger("-", log_format, secrets=lambda: secrets_of(config))
    _on_signals(stop, wake, again)
    services = Services(config, main_log)
    crew = Crew(log_format, services)
    servers = _listen(config, services, crew, main_log)
    try:
        crew.arrange(config)
        main_log("started", targets=[t.name for t in config.targets], state=str(config.state))
        while crew.working:
            if wake.wait(1.0):
                wake.clear()
                if again.is_set() and not stop.is_set():
                    again.clear()
                    config = _reload(config, reload, crew, services, main_log)
                elif not stop.is_set():
                    crew.wake()
            if stop.is_set():
                break
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()
        crew.stop()
        services.sender.close()
    main_log("stopped")
    return 0


def _on_signals(stop: threading.Event, wake: threading.Event, again: threading.Event) -> None:
    def set_both(event: threading.Event) -> Callable[[int, Any], None]:
        def handler(*_: Any) -> None:
            event.set()
            wake.set()

        return handler

    signal.signal(signal.SIGTERM, set_both(stop))
    signal.signal(signal.SIGINT, set_both(stop))
    if hasattr(signal, "SIGUSR1"):
        signal.signal(signal.SIGUSR1, set_both(wake))
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, set_both(again))


def _listen(config: Config, services: Services, crew: Crew, log: Log) -> list[Any]:
    servers: list[Any] = []
    operation = config.operation
    if services.metrics is not None:
        from reconciler.metrics import serve as serve_metrics

        servers.append(serve_metrics(operation.metrics, services.metrics))
    if operation.webhooks:
        from reconciler.webhooks import Desk
        from reconciler.webhooks import serve as serve_webhooks

        def wake(sources: tuple[str, ...]) -> None:
            for delay in LOOK_AGAIN:
                timer = threading.Timer(delay, crew.wake, (sources,))
                timer.daemon = True
                timer.start()

        servers.append(
            serve_webhooks(operation.webhooks, Desk(operation.receivers, wake, log, services.count_hook))
        )
    return servers


def _reload(
    config: Config, reload: Callable[[], Config] | None, crew: Crew, services: Services, log: Log
) -> Config:
    """The new configuration, or the old one when the new one cannot be used."""
    if reload is None:
        log("reload-refused", message="there is no configuration file to read again")
        return config
    try:
        new = reload()
    except UserError as error:
        log("reload-refused", message=error.message, remedy=error.remedy or None)
        return config
    if new.state != config.state or new.operation != config.operation:
        log(
            "reload-refused",
            message="state, metrics, webhooks and notify are read at the start only",
            remedy="restart argosync",
        )
        return config
    services.config = new
    crew.arrange(new)
    log("reloaded", targets=[t.name for t in new.targets])
    return new


def follow(
    config: Config,
    target: TargetConfig,
    log: Log,
    stop: threading.Event,
    wake: threading.Event,
    services: Services,
) -> None:
    """Keep one target in step until `stop`; whatever happens is logged, and tried again."""
    delays = Delays(config.source(target.source).interval)
    announcer = services.announcer(target)
    while not stop.is_set():
        try:
            with _session(config, target, log, stop) as context:
                _set(services, "leader", target.name, 1)
                poster = Poster(context.client, context.namespace) if target.events else None
                watch = Watch(services.metrics, announcer, poster)
                _rounds(context, context.log, stop, wake, delays, watch)
        except UserError as error:
            reason = getattr(error, "reason", "Error")
            log("error", reason=reason, message=error.message, remedy=error.remedy or None)
        except Exception as error:
            log("error", reason="Internal", message=f"{type(error).__name__}: {error}")
        _set(services, "leader", target.name, 0)
        if not stop.is_set():
            wake.wait(delays.after(ok=False, transient=True))
            wake.clear()


def _set(services: Services, name: str, target: str, value: int) -> None:
    if services.metrics:
        getattr(services.metrics, name).labels(target).set(value)


class Watch:
    """Those who are told of each round besides the log."""

    def __init__(self, metrics: Metrics | None, announcer: Announcer, poster: Poster | None) -> None:
        self._metrics, self._announcer, self._poster = metrics, announcer, poster

    def outcome(self, context: Context, outcome: Outcome, seconds: float) -> None:
        """A round has ended."""
        if self._metrics:
            pending = context.store.journal.unfinished() is not None
            self._metrics.round(outcome, context.store.inventory, seconds, context.now(), pending)
            holds = len(context.store.data.get("holds") or {})
            self._metrics.holds.labels(outcome.target).set(holds)
        self._announcer.outcome(outcome)
        if self._poster:
            self._poster.outcome(outcome)

    def suspended(self, target: str) -> None:
        """A round was left out."""
        if self._metrics:
            self._metrics.suspended.labels(target).set(1)


def _session(
    config: Config, target: TargetConfig, log: Log, stop: threading.Event
) -> contextlib.AbstractContextManager[Context]:
    return writing(open_context(config, target, log), keep_lease=True, sleep=stop.wait)


def _rounds(
    context: Context,
    log: Log,
    stop: threading.Event,
    wake: threading.Event,
    delays: Delays,
    watch: Watch,
) -> None:
    base = context.may_write

    def may_write() -> None:
        if stop.is_set():
            raise Stopped
        base()

    context.may_write = may_write
    told = Teller(log, context)
    requests.take(context.store, context.log)
    while not stop.is_set():
        suspended = requests.suspension(context.store.data, context.now())
        if suspended:
            told.suspended(suspended)
            watch.suspended(context.target.name)
            pause = delays.after(ok=True, transient=False)
        else:
            started = time.monotonic()
            outcome = synchronise(context)
            told.outcome(outcome)
            watch.outcome(context, outcome, time.monotonic() - started)
            if outcome.reason in ("LeaseLost", "LeaseHeld", "Unauthorized"):
                raise ClusterError(outcome.reason, outcome.message, outcome.remedy, transient=True)
            pause = delays.after(ok=outcome.ok, transient=outcome.transient)
        wake.wait(pause)
        wake.clear()
        if not stop.is_set():
            requests.take(context.store, context.log)


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
