"""Whether writing a CronWorkflow starts a run at once, and when it fires next.

Upstream's cron controller looks for a missed tick at every update of a CronWorkflow, labels included (argo-workflows:
workflow/cron/operator.go, shouldOutstandingWorkflowsBeRun): a write inside `startingDeadlineSeconds` after a tick that did
not run makes it run now.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from reconciler.model import Obj


class Prediction(NamedTuple):
    """`fires` are the next three times (ISO 8601, UTC); `kills` says that a running Workflow would be replaced."""

    runs_now: bool
    reason: str
    kills: bool
    fires: tuple[str, ...]
    fires_before: tuple[str, ...] = ()


def predict(live: Obj | None, desired: Obj, now: datetime) -> Prediction:
    """What writing `desired` over `live` at `now` does."""
    return Prediction(False, "", False, ())


def fires_between(cron: Obj, after: datetime, until: datetime) -> list[datetime]:
    """The first times that the CronWorkflow's schedules name in (after, until]; at most one a schedule."""
    return []
