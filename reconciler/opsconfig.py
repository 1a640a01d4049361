"""The parts of the configuration about trust and operation: signatures, windows, receivers, notifications."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from argolint.errors import UserError
from reconciler.secret import Secret

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def is_duration(text: str) -> bool:
    """Whether the whole text is a duration."""
    return re.fullmatch(f"(?:{_DURATION.pattern})+", text) is not None


def seconds(text: str) -> float:
    """A duration such as 1h30m in seconds."""
    return sum(float(number) * _SECONDS[unit] for number, unit in _DURATION.findall(text))


@dataclass(frozen=True)
class Verify:
    """Whose signatures are trusted: `mode` is commit or tag; an allowed_signers file of ssh, a keyring of OpenPGP keys."""

    mode: str = ""
    allowed_signers: str = ""
    keyring: str = ""


@dataclass(frozen=True)
class CommitStatus:
    """Where the result of a revision is posted."""

    type: str
    project: str
    api: str
    token: Secret


@dataclass(frozen=True)
class Window:
    """A time in which nothing is written: a schedule and a length in seconds, or `start` and `end`."""

    reason: str
    cron: str = ""
    length: float = 0.0
    timezone: str = ""
    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True)
class Receiver:
    """A webhook: requests to /hook/NAME, proven by `secret`, wake the targets of `sources` (none: all)."""

    name: str
    type: str
    secret: Secret
    sources: tuple[str, ...] = ()


@dataclass(frozen=True)
class Notifier:
    """Where changes of state are told: `type` is slack (or what understands its messages) or json."""

    name: str
    type: str
    url: Secret
    events: tuple[str, ...] = ("failed", "recovered")


@dataclass(frozen=True)
class Operation:
    """What `argosync run` serves and tells."""

    metrics: str = ""
    webhooks: str = ""
    receivers: tuple[Receiver, ...] = ()
    notifiers: tuple[Notifier, ...] = ()


Resolve = Callable[[str | None], str]


def verify_of(value: dict[str, Any] | None, file: Resolve) -> Verify:
    """The `verify` section of a source. Raises UserError."""
    if not value:
        return Verify()
    if not value.get("allowed_signers") and not value.get("keyring"):
        raise UserError(
            "verify names no keys, so no revision would ever be accepted",
            "give allowed_signers (ssh) or keyring (OpenPGP)",
        )
    return Verify(value.get("mode", "commit"), file(value.get("allowed_signers")), file(value.get("keyring")))


def status_of(value: dict[str, Any] | None, secret: Callable[[Any], Secret | None]) -> CommitStatus | None:
    """The `commit_status` section of a source."""
    if not value:
        return None
    token = secret(value["token"])
    assert token is not None
    api = value.get("api") or {"github": "https://api.github.com", "gitlab": "https://gitlab.com/api/v4"}[value["type"]]  # fmt: skip
    return CommitStatus(value["type"], value["project"], api.rstrip("/"), token)


def window_of(value: dict[str, Any]) -> Window:
    """One entry of `freeze`. Raises UserError when it can never be open or does not parse."""
    reason = value["reason"]
    if "cron" in value:
        from argolint.analysis.cron import ScheduleError, parse_all

        zone = value.get("timezone", "UTC")
        try:
            parse_all([value["cron"]], zone)
        except (ScheduleError, ValueError) as error:
            raise UserError(
                f"freeze cron {value['cron']!r}: {error}", "write five fields, as in crontab"
            ) from error
        return Window(reason, value["cron"], seconds(value["for"]), zone)
    start, end = _moment(value["from"]), _moment(value["until"])
    if end <= start:
        raise UserError("freeze ends before it begins", "exchange from and until")
    return Window(reason, start=start, end=end)


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError as error:
        raise UserError(f"freeze: {text!r} is not a time", "write 2026-12-24T00:00:00Z, or a date") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def operation_of(
    value: dict[str, Any], secret: Callable[[Any], Secret | None], sources: list[str]
) -> Operation:
    """The top-level sections metrics, webhooks and notify. Raises UserError."""
    hooks = value.get("webhooks") or {}
    receivers = []
    for entry in hooks.get("receivers", ()):
        unknown = [s for s in entry.get("sources", ()) if s not in sources]
        if unknown:
            raise UserError(
                f"webhooks: receiver {entry['name']}: there is no source {unknown[0]}",
                f"known: {', '.join(sources)}",
            )
        proof = secret(entry["secret"])
        assert proof is not None
        receivers.append(Receiver(entry["name"], entry["type"], proof, tuple(entry.get("sources", ()))))
    notifiers = []
    for entry in value.get("notify", ()):
        url = secret(entry["url"])
        assert url is not None
        notifiers.append(Notifier(entry["name"], entry["type"], url, tuple(entry.get("on", Notifier.events))))
    return Operation(
        value.get("metrics", {}).get("listen", ""),
        hooks.get("listen", ""),
        tuple(receivers),
        tuple(notifiers),
    )


def address(text: str) -> tuple[str, int]:
    """(host, port) of `HOST:PORT` or `:PORT`. Raises UserError."""
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdigit() or int(port) > 65535:
        raise UserError(f"{text!r} is not an address to listen on", "write 127.0.0.1:9464 or :9464")
    return host.strip("[]") or "0.0.0.0", int(port)
