"""What a synchronisation works with, and how it ended."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from argolint.kube import KubeClient
from reconciler.artifact import Saved
from reconciler.config import TargetConfig
from reconciler.health import Problem
from reconciler.impact import User
from reconciler.model import Finding
from reconciler.plan import Item, Plan, utc_now
from reconciler.source import Source
from reconciler.state import Store


def _nothing(*_: Any, **__: Any) -> None:
    return None


@dataclass
class Context:
    """What a synchronisation works with. `hook` is called at every step, for tests that cut it short there."""

    target: TargetConfig
    source: Source
    client: KubeClient
    store: Store
    now: Callable[[], datetime] = utc_now
    sleep: Callable[[float], Any] = time.sleep
    log: Callable[..., None] = _nothing
    hook: Callable[[str], None] = _nothing
    may_write: Callable[[], None] = _nothing
    approve: str = ""
    cluster: str = ""
    saved: Saved | None = None
    override_freeze: str = ""

    @property
    def namespace(self) -> str:
        """The namespace of objects that name none."""
        return self.target.namespace or self.client.default_namespace

    @property
    def namespaces(self) -> tuple[str, ...]:
        """The namespaces to look into where the whole cluster may not be listed."""
        return tuple(n for n in self.target.namespaces if n != "*") or (self.namespace,)


@dataclass
class Outcome:
    """How a synchronisation ended. `reason` is one CamelCase word; `ok` is what the exit code says."""

    target: str
    ok: bool
    reason: str
    message: str = ""
    remedy: str = ""
    transient: bool = False
    commit: str = ""
    ref: str = ""
    about: dict[str, str] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    plan: Plan | None = None
    waiting: tuple[Item, ...] = ()
    problems: tuple[Problem, ...] = ()
    writes: int = 0
    held: tuple[str, ...] = ()
    radius: tuple[User, ...] = ()
    inputs: dict[str, str] = field(default_factory=dict)
