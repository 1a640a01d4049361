"""What to do about a CronWorkflow: pure decisions from its state, its children and the time.

Nothing here reads a clock or an API. The driver (`executor.cron.controller`) carries the decisions out.
The rules are upstream's: cron/operator.go (fire, missed execution, active reconciliation, history limits).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

Obj = dict[str, Any]
Object = Mapping[str, Any]

LAST_USED_SCHEDULE = "cronworkflows.argoproj.io/last-used-schedule"
COMPLETED_LABEL = "cronworkflows.argoproj.io/completed"
CRON_LABEL = "workflows.argoproj.io/cron-workflow"
SCHEDULED_TIME = "workflows.argoproj.io/scheduled-time"
INSTANCE_LABEL = "workflows.argoproj.io/controller-instanceid"

FINISHED = ("Succeeded", "Failed", "Error")
POLICIES = ("Allow", "Forbid", "Replace")
NAME_LIMIT = 52


class Conditions(NamedTuple):
    """How the two conditions of a CronWorkflow are evaluated: text and variables in, verdict out.

    They raise ValueError with a message for people when the text cannot be evaluated.
    """

    when: Callable[[str, Mapping[str, Any]], bool]
    stop: Callable[[str, Mapping[str, Any]], bool]


class Schedules(NamedTuple):
    """The clockwork: `next(schedule, after)` and `last(schedule, after, before)` give fire times strictly inside.

    `schedule` is a text of `schedule_texts`; both raise ValueError when it cannot be parsed, and give None when there is no such time.
    """

    next: Callable[[str, datetime], datetime | None]
    last: Callable[[str, datetime, datetime], datetime | None]


class Fire(NamedTuple):
    """The outcome of one tick. `workflow` is the child to create (None: `reason` says why not).

    `terminate` names the active children to shut down first. `patch` is the merge patch of the CronWorkflow when the
    child was created (or none was wanted); `patch_failed(message)` is the one for a submission that the API refused.
    """

    workflow: Obj | None
    terminate: tuple[str, ...]
    reason: str
    patch: Obj

    def patch_failed(self, cron: Object, message: str) -> Obj:
        """The merge patch after the child could not be created: SubmissionError, and one more failure."""
        status = status_of(cron)
        failed = int(status.get("failed") or 0) + 1
        out = copy.deepcopy(self.patch)
        base = {**cron, "status": {**status, **(out.get("status") or {})}}
        out["status"] = {
            **{
                k: v for k, v in (out.get("status") or {}).items() if k not in ("active", "lastScheduledTime")
            },
            "failed": failed,
            "conditions": upsert_condition(base, "SubmissionError", message),
        }
        return out


class Sync(NamedTuple):
    """The outcome of a periodic look: children to delete (history limits), and the status patch (None: no change)."""

    delete: tuple[str, ...]
    patch: Obj | None


# --- reading ----------------------------------------------------------------------------------------


def status_of(cron: Object) -> Object:
    """`status`, or an empty one."""
    value = cron.get("status")
    return value if isinstance(value, Mapping) else {}


def spec_of(cron: Object) -> Object:
    """`spec`, or an empty one."""
    value = cron.get("spec")
    return value if isinstance(value, Mapping) else {}


def schedule_texts(cron: Object, *, rules_version: str = "4.1") -> tuple[str, ...]:
    """The schedules, each with `CRON_TZ=<zone> ` in front when a timezone is set.

    The single `schedule` of Argo 3.x counts only for rules before 4.0: later releases do not know the field.
    """
    spec = spec_of(cron)
    texts = [text for text in spec.get("schedules") or [] if isinstance(text, str)]
    if not texts and _major(rules_version) < 4 and isinstance(spec.get("schedule"), str):
        texts = [spec["schedule"]]
    zone = spec.get("timezone")
    return tuple(f"CRON_TZ={zone} {text}" if zone else text for text in texts)


def parse_time(text: Any) -> datetime | None:
    """An RFC 3339 time as an aware datetime in UTC, or None."""
    if not isinstance(text, str) or not text:
        return None
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def format_time(moment: datetime) -> str:
    """RFC 3339 in UTC with the precision of seconds, as Kubernetes writes times."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def spec_error(cron: Object, schedules: Schedules, now: datetime, *, rules_version: str = "4.1") -> str:
    """Why this CronWorkflow cannot run, with the remedy; "" when it can."""
    spec = spec_of(cron)
    name = str((cron.get("metadata") or {}).get("name", ""))
    if len(name) > NAME_LIMIT:
        return f"cron workflow name {name!r} must not be more than {NAME_LIMIT} characters long (currently {len(name)})"
    if not spec.get("schedules") and spec.get("schedule") and _major(rules_version) >= 4:
        return (
            "spec.schedule was removed in Argo Workflows 4.0: "
            f"write `schedules: [{_quoted(str(spec['schedule']))}]` instead"
        )
    texts = schedule_texts(cron, rules_version=rules_version)
    if not texts:
        return "cron workflow must have at least one schedule"
    for text in texts:
        try:
            schedules.next(text, now)
        except ValueError as error:
            return f"cron schedule {text!r} is malformed: {error}"
    policy = spec.get("concurrencyPolicy") or "Allow"
    if policy not in POLICIES:
        return f"'{policy}' is not a valid concurrencyPolicy: use Allow, Forbid or Replace"
    deadline = spec.get("startingDeadlineSeconds")
    if deadline is not None and (not isinstance(deadline, int) or isinstance(deadline, bool) or deadline < 0):
        return "startingDeadlineSeconds must be zero or a positive whole number"
    if not isinstance(spec.get("workflowSpec"), Mapping):
        return "spec.workflowSpec is required"
    return ""


def is_stopped(cron: Object) -> bool:
    """Whether `stopStrategy` has ended this CronWorkflow for good."""
    labels = (cron.get("metadata") or {}).get("labels") or {}
    return labels.get(COMPLETED_LABEL) == "true" or status_of(cron).get("phase") == "Stopped"


def variables(cron: Object) -> dict[str, Any]:
    """The variables of `when` and `stopStrategy.expression`, nested: `{"cronworkflow": {...}}`.

    `lastScheduledTime` is a datetime, or None before the first run.
    """
    meta, status = cron.get("metadata") or {}, status_of(cron)
    return {
        "cronworkflow": {
            "name": meta.get("name", ""),
            "namespace": meta.get("namespace", ""),
            "labels": dict(meta.get("labels") or {}),
            "annotations": dict(meta.get("annotations") or {}),
            "failed": int(status.get("failed") or 0),
            "succeeded": int(status.get("succeeded") or 0),
            "lastScheduledTime": parse_time(status.get("lastScheduledTime")),
        }
    }


# --- catching up ------------------------------------------------------------------------------------


def missed_run(
    cron: Object, schedules: Schedules, now: datetime, *, rules_version: str = "4.1"
) -> datetime | None:
    """The tick to catch up on now, if any (upstream: shouldOutstandingWorkflowsBeRun).

    Nothing is caught up without `startingDeadlineSeconds`, before the first run, or when the schedule is not
    the one that ran last.
    """
    texts = schedule_texts(cron, rules_version=rules_version)
    annotations = (cron.get("metadata") or {}).get("annotations") or {}
    if annotations.get(LAST_USED_SCHEDULE) != ",".join(texts):
        return None
    last = parse_time(status_of(cron).get("lastScheduledTime"))
    deadline = spec_of(cron).get("startingDeadlineSeconds")
    if last is None or not isinstance(deadline, int) or isinstance(deadline, bool):
        return None
    for text in texts:
        try:
            tick = schedules.last(text, last, now)
        except ValueError:
            continue
        if tick is not None and now < tick + timedelta(seconds=deadline):
            return tick
    return None


# --- firing -----------------------------------------------------------------------------------------


def fire(
    cron: Object,
    scheduled: datetime,
    now: datetime,
    children: Sequence[Object],
    schedules: Schedules,
    conditions: Conditions,
    *,
    instance_id: str = "",
    rules_version: str = "4.1",
) -> Fire:
    """Decide about the tick `scheduled`. `children` are the Workflows that this CronWorkflow owns, as far as known."""
    texts = schedule_texts(cron, rules_version=rules_version)
    patch: Obj = {"metadata": {"annotations": {LAST_USED_SCHEDULE: ",".join(texts)}}}
    spec = spec_of(cron)
    error = spec_error(cron, schedules, now, rules_version=rules_version)
    if error:
        patch["status"] = {"conditions": upsert_condition(cron, "SpecError", error)}
        return Fire(None, (), f"invalid: {error}", patch)
    kept = drop_condition(cron, "SpecError")
    if kept is not None:
        patch["status"] = {"conditions": kept}
    cron = {**cron, "status": {**status_of(cron), **(patch.get("status") or {})}}

    def refuse(reason: str, submission_error: str = "") -> Fire:
        if submission_error:
            patch.setdefault("status", {})["conditions"] = upsert_condition(
                cron, "SubmissionError", submission_error
            )
        return Fire(None, (), reason, patch)

    try:
        stop = not is_stopped(cron) and should_stop(cron, conditions)
    except ValueError as problem:
        return refuse(f"stopStrategy: {problem}", f"failed to evaluate stop strategy: {problem}")
    if stop:
        patch.setdefault("status", {})["phase"] = "Stopped"
        patch["metadata"]["labels"] = {COMPLETED_LABEL: "true"}
        return Fire(None, (), "stopped by stopStrategy", patch)
    if spec.get("suspend") is True:
        return refuse("suspended")
    if is_stopped(cron):
        return refuse("stopped by stopStrategy")
    when = spec.get("when")
    if isinstance(when, str) and when:
        try:
            wanted = conditions.when(when, variables(cron))
        except ValueError as problem:
            return refuse(f"when: {problem}", f"failed to evaluate when condition: {problem}")
        if not wanted:
            return refuse("when evaluated false")
    running = active_children(cron, children)
    policy = spec.get("concurrencyPolicy") or "Allow"
    if policy == "Forbid" and running:
        return refuse(f"concurrencyPolicy Forbid: {', '.join(sorted(running))} still active")
    terminate = tuple(sorted(running)) if policy == "Replace" else ()
    child = child_workflow(cron, scheduled, instance_id=instance_id)
    status = patch.setdefault("status", {})
    status["lastScheduledTime"] = format_time(scheduled)
    status["phase"] = "Active"
    kept = drop_condition(cron, "SubmissionError")
    if kept is not None:
        status["conditions"] = kept
    return Fire(child, terminate, "", patch)


def with_active(cron: Object, patch: Obj, created: Object) -> Obj:
    """`patch` with a reference to the child that was just created added to `status.active`."""
    active = [dict(entry) for entry in status_of(cron).get("active") or [] if isinstance(entry, Mapping)]
    entry = reference(created)
    active = [item for item in active if item.get("uid") != entry["uid"]] + [entry]
    return {**patch, "status": {**(patch.get("status") or {}), "active": active}}


def child_workflow(cron: Object, scheduled: datetime, *, instance_id: str = "") -> Obj:
    """The Workflow of one tick, named `<cron>-<unix time>`, so that a tick can never run twice."""
    meta, spec = cron.get("metadata") or {}, spec_of(cron)
    extra = spec.get("workflowMetadata")
    extra = extra if isinstance(extra, Mapping) else {}
    labels = {CRON_LABEL: meta.get("name", "")}
    if instance_id:
        labels[INSTANCE_LABEL] = instance_id
    for key, value in (meta.get("labels") or {}).items():
        if str(key).startswith("workflows.argoproj.io/creator"):
            labels[key] = value
    labels.update(extra.get("labels") or {})
    annotations = {SCHEDULED_TIME: format_time(scheduled), **(extra.get("annotations") or {})}
    child_meta: Obj = {
        "name": f"{meta.get('name', '')}-{int(scheduled.timestamp())}",
        "namespace": meta.get("namespace", ""),
        "labels": labels,
        "annotations": annotations,
        "ownerReferences": [
            {
                "apiVersion": cron.get("apiVersion", "argoproj.io/v1alpha1"),
                "kind": "CronWorkflow",
                "name": meta.get("name", ""),
                "uid": meta.get("uid", ""),
                "controller": True,
                "blockOwnerDeletion": True,
            }
        ],
    }
    if extra.get("finalizers"):
        child_meta["finalizers"] = list(extra["finalizers"])
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": child_meta,
        "spec": copy.deepcopy(dict(spec.get("workflowSpec") or {})),
    }


def should_stop(cron: Object, conditions: Conditions) -> bool:
    """Whether `stopStrategy` says that this CronWorkflow has done its work. ValueError when it cannot be evaluated."""
    strategy = spec_of(cron).get("stopStrategy")
    if not isinstance(strategy, Mapping):
        return False
    expression = strategy.get("expression") or strategy.get("condition")
    if not isinstance(expression, str) or not expression:
        return False
    return conditions.stop(expression, variables(cron))


# --- looking after the children ---------------------------------------------------------------------


def owned_by(workflow: Object, cron: Object) -> bool:
    """Whether `workflow` is a child of this very CronWorkflow (by uid, not by name)."""
    uid = (cron.get("metadata") or {}).get("uid")
    owners = (workflow.get("metadata") or {}).get("ownerReferences") or []
    return any(isinstance(owner, Mapping) and owner.get("uid") == uid for owner in owners)


def is_finished(workflow: Object) -> bool:
    """Whether a Workflow has reached its last phase."""
    return status_of(workflow).get("phase") in FINISHED


def active_children(cron: Object, children: Sequence[Object]) -> list[str]:
    """Names of the children that still run: those seen running, and those in `status.active` not seen finished."""
    finished = {_uid(child) for child in children if is_finished(child)}
    names = {str(child["metadata"]["name"]) for child in children if not is_finished(child)}
    for entry in status_of(cron).get("active") or []:
        if isinstance(entry, Mapping) and entry.get("uid") not in finished:
            names.add(str(entry.get("name", "")))
    return sorted(names)


def sync(cron: Object, children: Sequence[Object], conditions: Conditions) -> Sync:
    """Reconcile `status.active` and the counters with the children, and apply the history limits.

    `children` must be complete: an active entry that is not among them has been deleted.
    """
    status = status_of(cron)
    by_uid = {_uid(child): child for child in children}
    active: list[Obj] = []
    succeeded, failed = int(status.get("succeeded") or 0), int(status.get("failed") or 0)
    for entry in status.get("active") or []:
        child = by_uid.pop(entry.get("uid"), None) if isinstance(entry, Mapping) else None
        if child is None:
            continue
        if not is_finished(child):
            active.append(dict(entry))
        elif status_of(child).get("phase") == "Succeeded":
            succeeded += 1
        else:
            failed += 1
    active.extend(
        reference(child)
        for child in sorted(by_uid.values(), key=lambda item: str(item["metadata"]["name"]))
        if not is_finished(child)
    )
    change: Obj = {}
    if active != [dict(entry) for entry in status.get("active") or [] if isinstance(entry, Mapping)]:
        change["active"] = active
    if succeeded != int(status.get("succeeded") or 0):
        change["succeeded"] = succeeded
    if failed != int(status.get("failed") or 0):
        change["failed"] = failed
    patch: Obj | None = {"status": change} if change else None
    counted = {**cron, "status": {**status, **change}}
    try:
        if not is_stopped(cron) and should_stop(counted, conditions):
            patch = {
                "status": {**change, "phase": "Stopped"},
                "metadata": {"labels": {COMPLETED_LABEL: "true"}},
            }
    except ValueError:
        pass  # reported as a SubmissionError at the next tick
    return Sync(over_limit(cron, children), patch)


def over_limit(cron: Object, children: Sequence[Object]) -> tuple[str, ...]:
    """Names of the finished children beyond the history limits, oldest first."""
    spec = spec_of(cron)
    out: list[str] = []
    for field, default, phases in (
        ("successfulJobsHistoryLimit", 3, ("Succeeded",)),
        ("failedJobsHistoryLimit", 1, ("Failed", "Error")),
    ):
        value = spec.get(field)
        limit = value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else default
        done = [child for child in children if status_of(child).get("phase") in phases]
        done.sort(
            key=lambda child: (str(status_of(child).get("finishedAt") or ""), child["metadata"]["name"])
        )
        out.extend(str(child["metadata"]["name"]) for child in done[: max(len(done) - limit, 0)])
    return tuple(out)


# --- conditions -------------------------------------------------------------------------------------


def upsert_condition(cron: Object, kind: str, message: str) -> list[Obj]:
    """`status.conditions` with the condition `kind` set to True."""
    others = [dict(c) for c in _conditions(cron) if c.get("type") != kind]
    return [*others, {"type": kind, "status": "True", "message": message}]


def drop_condition(cron: Object, kind: str) -> list[Obj] | None:
    """`status.conditions` without `kind`; None when it was not there."""
    conditions = _conditions(cron)
    kept = [dict(c) for c in conditions if c.get("type") != kind]
    return kept if len(kept) != len(conditions) else None


def reference(workflow: Object) -> Obj:
    """An ObjectReference to a Workflow, as `status.active` holds it."""
    meta = workflow.get("metadata") or {}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "name": meta.get("name", ""),
        "namespace": meta.get("namespace", ""),
        "uid": meta.get("uid", ""),
        "resourceVersion": meta.get("resourceVersion", ""),
    }


def _conditions(cron: Object) -> list[Object]:
    found: Iterable[Any] = status_of(cron).get("conditions") or []
    return [c for c in found if isinstance(c, Mapping)]


def _uid(obj: Object) -> Any:
    return (obj.get("metadata") or {}).get("uid")


def _major(version: str) -> int:
    head = version.lstrip("v").split(".", 1)[0]
    return int(head) if head.isdigit() else 4


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
