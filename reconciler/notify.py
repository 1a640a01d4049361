"""Telling others: Slack-compatible and plain JSON webhooks, and the status of commits, from a queue that never blocks a round."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from argolint.errors import UserError
from reconciler.context import Outcome
from reconciler.forge import Forge, ForgeError, send_json, set_status
from reconciler.opsconfig import CommitStatus, Notifier
from reconciler.text import clean

QUEUE = 200
TRIES = 4
LONGEST_WAIT = 60.0

Log = Callable[..., None]


class Message(NamedTuple):
    """One thing to send; `name` says what for in the log."""

    name: str
    send: Callable[[], None]


class Sender:
    """A thread that sends messages one after the other; a full queue drops the oldest."""

    def __init__(
        self,
        log: Log,
        dropped: Callable[[], None] = lambda: None,
        sleep: Callable[[float], Any] | None = None,
    ) -> None:
        self._queue: queue.Queue[Message | None] = queue.Queue(QUEUE)
        self._log, self._dropped = log, dropped
        self._stop = threading.Event()
        self._sleep = sleep or self._stop.wait
        self._thread = threading.Thread(target=self._work, name="notify", daemon=True)
        self._thread.start()

    def put(self, message: Message) -> None:
        """Queue a message."""
        while True:
            try:
                self._queue.put_nowait(message)
                return
            except queue.Full:
                try:
                    self._queue.get_nowait()
                    self._dropped()
                except queue.Empty:
                    continue

    def close(self, timeout: float = 5.0) -> None:
        """Send what is queued, as far as that goes within `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while not self._queue.empty() and time.monotonic() < deadline:
            time.sleep(0.02)
        self._stop.set()
        self.put(Message("", lambda: None))
        self._thread.join(max(0.1, deadline - time.monotonic()))

    def _work(self) -> None:
        while True:
            message = self._queue.get()
            if message is None or (self._stop.is_set() and not message.name):
                return
            self._send(message)

    def _send(self, message: Message) -> None:
        wait = 1.0
        for attempt in range(TRIES):
            try:
                message.send()
                return
            except ForgeError as error:
                lasting = error.status not in (0, 408, 429) and error.status < 500
                if lasting or attempt == TRIES - 1 or self._stop.is_set():
                    self._dropped()
                    self._log("notify-failed", to=message.name, message=error.message)
                    return
                self._sleep(min(error.retry_after or wait, LONGEST_WAIT))
                wait *= 3
            except UserError as error:
                self._dropped()
                self._log("notify-failed", to=message.name, message=error.message)
                return
            except Exception as error:
                self._dropped()
                self._log("notify-failed", to=message.name, message=f"{type(error).__name__}: {error}")
                return


class Announcer:
    """Tells each change of a target's state once: to the notifiers, and as the status of the commit."""

    def __init__(self, sender: Sender, notifiers: tuple[Notifier, ...], status: CommitStatus | None) -> None:
        self._sender, self._notifiers, self._status = sender, notifiers, status
        self._was: bool | None = None
        self._told: tuple[Any, ...] = ()
        self._posted: tuple[str, str] = ("", "")

    def outcome(self, outcome: Outcome) -> None:
        """A round has ended; one that waiting may cure is not yet news."""
        if outcome.transient:
            return
        mark = (outcome.ok, outcome.reason, outcome.commit if not outcome.ok else "", outcome.problems)
        happened = self._event(outcome)
        if happened and mark != self._told:
            for notifier in self._notifiers:
                if happened in notifier.events:
                    self._sender.put(Message(notifier.name, _delivery(notifier, outcome, happened)))
        self._told, self._was = mark, outcome.ok and not outcome.problems
        self._post_status(outcome)

    def _event(self, outcome: Outcome) -> str:
        if not outcome.ok:
            return "failed"
        if outcome.problems:
            return "unhealthy"
        if self._was is False:
            return "recovered"
        return "applied" if outcome.writes else ""

    def _post_status(self, outcome: Outcome) -> None:
        config = self._status
        if config is None or len(outcome.commit) != 40:
            return
        state = "success" if outcome.ok else "failure"
        if self._posted == (outcome.commit, state):
            return
        self._posted = (outcome.commit, state)
        text = summary(outcome)

        def send() -> None:
            forge = Forge(config.type, config.api, config.project, config.token.read())
            set_status(forge, outcome.commit, state, f"argosync/{outcome.target}", text)

        self._sender.put(Message("commit status", send))


def summary(outcome: Outcome) -> str:
    """One line about an outcome."""
    if not outcome.ok:
        return clean(f"{outcome.reason}: {outcome.message}", limit=300)
    if outcome.problems:
        problem = outcome.problems[0]
        return clean(f"{problem.reason}: {problem.object}: {problem.message}", limit=300)
    return f"{outcome.writes} written" if outcome.writes else "in step"


def _delivery(notifier: Notifier, outcome: Outcome, happened: str) -> Callable[[], None]:
    body = slack(outcome, happened) if notifier.type == "slack" else as_json(outcome, happened)

    def send() -> None:
        url = notifier.url.read()
        headers = {"Content-Type": "application/json", "User-Agent": "argosync"}
        try:
            send_json("POST", url, body, headers, secret=url)
        except ForgeError as error:
            if "Expecting value" not in error.message:  # Slack answers `ok`, which is no JSON.
                # The address is the secret of such a webhook.
                message = error.message.replace(url, f"{notifier.name} [address hidden]")
                raise ForgeError(
                    f"{notifier.name}: {message.split(': ', 1)[-1]}",
                    error.remedy,
                    error.status,
                    error.retry_after,
                ) from None

    return send


def slack(outcome: Outcome, happened: str) -> dict[str, Any]:
    """A message as Slack's incoming webhooks take it; nothing in it can mention or link."""

    def inert(text: str) -> str:
        return clean(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

    revision = f" at {outcome.commit[:12]}" if outcome.commit else ""
    lines = [f"*argosync {inert(outcome.target)}*: {happened}{revision}: {inert(summary(outcome))}"]
    lines += [f"• {inert(f.path)}:{f.line} {inert(f.message)}" for f in outcome.findings if f.severity == "error"][:10]  # fmt: skip
    return {"text": "\n".join(lines)}


def as_json(outcome: Outcome, happened: str) -> dict[str, Any]:
    """The generic form; keys are only ever added."""
    return {
        "version": 1,
        "event": happened,
        "target": outcome.target,
        "ok": outcome.ok,
        "reason": outcome.reason,
        "message": summary(outcome),
        "commit": outcome.commit,
        "ref": clean(outcome.ref),
        "writes": outcome.writes,
        "findings": [f.as_dict() for f in outcome.findings if f.severity == "error"][:50],
        "problems": [p._asdict() for p in outcome.problems][:50],
    }
