"""What people ask of a target between rounds: suspend it, resume it, roll it back, approve deletions.

Requests are a file beside the state, so that they reach an `argosync run` that holds the state's lock.
"""

from __future__ import annotations

import getpass
import json
import os
from collections.abc import Callable
from datetime import datetime
from typing import Any

from argolint.errors import UserError
from reconciler.model import Obj
from reconciler.state import Store, write_json

FILE = "requests.json"
_NAMES = ("suspended", "pin", "approve", "holds")


def ask(store: Store, name: str, value: Any) -> None:
    """Leave a request: `suspended`, `pin` or `approve` with its value, or None to end it."""
    write_json(store.folder / FILE, {**_pending(store), name: value})


def take(store: Store, log: Callable[..., None] = lambda *_, **__: None) -> None:
    """Make pending requests part of the state, and tell the log; the caller holds the lock."""
    pending = _pending(store)
    if not pending:
        return
    for name, value in pending.items():
        log("asked", request=name, value=json.dumps(value, sort_keys=True))
    merge(store.data, pending)
    store.save()
    (store.folder / FILE).unlink(missing_ok=True)


def with_pending(store: Store) -> Obj:
    """The state as it will be once the pending requests are taken."""
    data = dict(store.data)
    merge(data, _pending(store))
    return data


def merge(data: Obj, pending: Obj) -> None:
    """Put requests into a state."""
    for name in _NAMES:
        if name in pending:
            if pending[name] is None:
                data.pop(name, None)
            else:
                data[name] = pending[name]


def suspension(data: Obj, now: datetime) -> dict[str, str] | None:
    """Who suspended the target and why, or None; one that has run out counts no more."""
    found: dict[str, str] | None = data.get("suspended")
    if found and found.get("until") and now >= datetime.fromisoformat(found["until"]):
        return None
    return found


def author() -> str:
    """Who is asking: the login name, or the number of the user where it has none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def _pending(store: Store) -> Obj:
    try:
        found = json.loads((store.folder / FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise UserError(
            f"{store.folder / FILE}: cannot be read", "remove it and ask again", exit_code=1
        ) from error
    return found if isinstance(found, dict) else {}
