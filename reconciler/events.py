"""One line an event: for people, or JSON for machines."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, TextIO

from reconciler.text import clean, redact

Log = Callable[..., None]
_LOCK = threading.Lock()


def logger(
    target: str,
    form: str = "text",
    stream: TextIO | None = None,
    secrets: Callable[[], Iterable[str]] = tuple,
) -> Log:
    """A function `log(event, **fields)`; fields that are None are left out, secrets are taken out of every value."""

    def log(event: str, **fields: Any) -> None:
        out = stream or sys.stderr
        known = [s for s in secrets() if s]
        values = {k: _safe(v, known) for k, v in fields.items() if v is not None}
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
        if form == "json":
            line = json.dumps({"time": now, "target": target, "event": event, **values}, ensure_ascii=False)
        else:
            line = " ".join([now, target, event, *(f"{k}={_word(v)}" for k, v in values.items())])
        with _LOCK:
            try:
                out.write(line + "\n")
                out.flush()
            except (OSError, ValueError):
                pass  # A closed pipe must not stop the work.

    return log


def _safe(value: Any, secrets: list[str]) -> Any:
    if isinstance(value, str):
        return redact(clean(value, limit=2000), secrets)
    if isinstance(value, (list, tuple)):
        return [_safe(v, secrets) for v in value]
    return value


def _word(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if text and not any(c in text for c in ' "=') else json.dumps(text, ensure_ascii=False)
