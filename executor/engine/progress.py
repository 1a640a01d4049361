"""progress and resourcesDuration (upstream: workflow/progress, util/resource)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from executor.engine.run import Run


def resources(run: Run, identity: str, pod: Mapping[str, Any]) -> None:
    """Set a node's resourcesDuration from its pod."""


def update(run: Run) -> None:
    """Bring progress up to date."""
