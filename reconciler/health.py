"""Whether what is in the cluster works: references that broke later, and CronWorkflows that do not tick.

Upstream's cron controller keeps the old schedule when an update is invalid, and stays silent when a template is missing, so
none of this can be read from conditions alone (argo-workflows: workflow/cron/controller.go, processNextCronItem).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from argolint.kube import ApiError, KubeClient, resource_for
from reconciler.cluster import Live, explain, owned
from reconciler.model import MANAGER, Key, Obj
from reconciler.predict import latest_due
from reconciler.references import missing
from reconciler.state import Record
from reconciler.text import clean

GRACE = timedelta(seconds=90)


class Problem(NamedTuple):
    """Something that does not work although it is applied; `path` and `line` are where Git has the object."""

    reason: str
    object: str
    message: str
    path: str = ""
    line: int = 0


def examine(
    live: Live,
    inventory: Mapping[Key, Record],
    target: str,
    now: datetime,
    lines: Mapping[tuple[Key, str], int] | None = None,
) -> list[Problem]:
    """Problems of the target's objects as they are live, sorted by object.

    `lines` tells where a reference stands in the repository.
    """
    out: list[Problem] = []
    for key, obj in sorted(live.objects.items()):
        if not owned(obj, target):
            continue
        record = inventory.get(key)
        path, line = (record.path, record.line) if record else ("", 0)
        for ref, problem in missing(obj, live.objects.get):
            if ref.key.kind in live.hidden:
                continue
            spot = (lines or {}).get((key, ref.where), line)
            out.append(
                Problem("BrokenReference", str(key), f"{ref.where}: {clean(problem, limit=300)}", path, spot)
            )
        if key.kind == "CronWorkflow":
            out += [
                Problem(reason, str(key), message, path, line)
                for reason, message in cron_problems(obj, _as_it_is_since(obj, now), now)
            ]
    return out


def cron_problems(cron: Obj, since: datetime, now: datetime) -> Iterable[tuple[str, str]]:
    """(reason, message) for each thing that keeps a CronWorkflow from running as its schedule says."""
    status, spec = cron.get("status") or {}, cron.get("spec") or {}
    for condition in status.get("conditions") or []:
        if condition.get("status") == "True" and condition.get("type") in ("SpecError", "SubmissionError"):
            yield condition["type"], clean(str(condition.get("message", "")), limit=300)
    # Stopped by its own stop strategy, suspended, or busy under Forbid: it is silent by design.
    if spec.get("suspend") is True or status.get("phase") == "Stopped" or spec.get("when"):
        return
    if spec.get("concurrencyPolicy") == "Forbid" and status.get("active"):
        return
    last = _time(status.get("lastScheduledTime"))
    start = max(last, since) if last else since
    due = latest_due(cron, start, now - GRACE)
    if due is not None:
        seen = f"the last run was scheduled at {status['lastScheduledTime']}" if last else "it has never run"
        yield (
            "CronNotFiring",
            f"it should have run at {due:%Y-%m-%dT%H:%M:%SZ}, but {seen}; is the workflow controller running?",
        )


def run_problems(
    client: KubeClient,
    live: Live,
    inventory: Mapping[Key, Record],
    target: str,
    namespaces: Iterable[str],
    number: int,
) -> list[Problem]:
    """CronWorkflows and templates whose newest `number` runs since they were last changed have all failed.

    Runs are found by upstream's labels. Where Workflows may not be listed nothing is said.
    """
    if number <= 0:
        return []
    runs: list[Obj] = []
    try:
        for namespace in ("",) if live.whole_cluster else tuple(namespaces):
            runs += client.list(resource_for("Workflow"), namespace, label_selector=_ENDED).items
    except ApiError as error:
        if error.status in (403, 404):
            return []
        raise explain(error, client, "Workflow") from error
    by_user: dict[Key, list[Obj]] = {}
    for run in runs:
        for key in _started_by(run):
            by_user.setdefault(key, []).append(run)
    out = []
    for key, obj in sorted(live.objects.items()):
        if not owned(obj, target) or key not in by_user:
            continue
        since = _as_it_is_since(obj, datetime.max.replace(tzinfo=UTC))
        newest = sorted(
            (r for r in by_user[key] if (_time(r["metadata"].get("creationTimestamp")) or since) > since),
            key=lambda r: str(r["metadata"].get("creationTimestamp")),
        )[-number:]
        if len(newest) == number and all((r.get("status") or {}).get("phase") in _BAD for r in newest):
            record = inventory.get(key)
            path, line = (record.path, record.line) if record else ("", 0)
            last = newest[-1]
            told = clean(str((last.get("status") or {}).get("message", "")), limit=200)
            message = f"the last {number} runs since it was changed have failed; {last['metadata']['name']}: {told or 'no message'}"
            out.append(Problem("RunsFail", str(key), message, path, line))
    return out


_ENDED = "workflows.argoproj.io/completed=true"
_BAD = ("Failed", "Error")
_LABELS = {
    "workflows.argoproj.io/cron-workflow": "CronWorkflow",
    "workflows.argoproj.io/workflow-template": "WorkflowTemplate",
    "workflows.argoproj.io/cluster-workflow-template": "ClusterWorkflowTemplate",
}


def _started_by(run: Obj) -> Iterable[Key]:
    labels = run["metadata"].get("labels") or {}
    if (run.get("status") or {}).get("phase") not in (*_BAD, "Succeeded"):
        return
    for label, kind in _LABELS.items():
        if label in labels:
            space = "" if kind == "ClusterWorkflowTemplate" else str(run["metadata"].get("namespace") or "")
            yield Key(kind, space, str(labels[label]))


def _as_it_is_since(obj: Obj, now: datetime) -> datetime:
    """When we last changed the object: ticks of its schedule before that were not due."""
    meta = obj["metadata"]
    ours = [_time(e.get("time")) for e in meta.get("managedFields") or [] if e.get("manager") == MANAGER]
    return max((t for t in (*ours, _time(meta.get("creationTimestamp"))) if t is not None), default=now)


def _time(text: object) -> datetime | None:
    if not isinstance(text, str):
        return None
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
