"""The CronWorkflow controller: carries out what `decide` says, at the right time.

One thread. It wakes for the next fire time, for every event of a CronWorkflow or of one of its Workflows, and every
ten seconds. Nothing is kept in memory that matters: after a restart, missed runs are found from the objects.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from argolint.kube import ApiError, KubeClient, resource_for
from executor.controller.actions import EventRecorder
from executor.controller.informer import Informer, Key, key_of, wait_all_synced
from executor.controller.view import instance_selector
from executor.cron import decide
from executor.cron.clockwork import local_zone, schedules_in
from executor.cron.conditions import CONDITIONS
from executor.engine.contract import RecordEvent

Obj = dict[str, Any]

CRON = resource_for("CronWorkflow")
WORKFLOW = resource_for("Workflow")
SYNC_SECONDS = 10.0
SYNC_TIMEOUT = 60.0
COMPONENT = "workflow-controller"


@dataclass(slots=True)
class Entry:
    """The clockwork of one CronWorkflow: when each of its schedules fires next."""

    uid: str
    texts: tuple[str, ...]
    next: dict[str, datetime] = field(default_factory=dict)


class CronController:
    """Call `start`, then `stop`. `now` is the clock (UTC)."""

    def __init__(
        self,
        client: KubeClient,
        *,
        namespace: str = "",
        instance_id: str = "",
        rules_version: str = "4.1",
        log: Callable[[str], None] | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.client = client
        self.instance_id = instance_id
        self.rules_version = rules_version
        self.schedules = schedules_in(local_zone())
        self._log = log or (lambda line: print(line, file=sys.stderr, flush=True))
        self._now = now
        self._entries: dict[Key, Entry] = {}
        self._changed: set[Key] = set()
        self._children_changed: set[Key] = set()
        self._patched: dict[Key, Obj] = {}
        self._condition = threading.Condition()
        self._stopping = False
        self._thread: threading.Thread | None = None
        self.events = EventRecorder(client)
        selector = instance_selector(instance_id)
        self._crons = Informer(
            client, CRON, namespace=namespace, label_selector=selector, on_event=self._cron_event
        )
        self._workflows = Informer(
            client,
            WORKFLOW,
            namespace=namespace,
            label_selector=f"{decide.CRON_LABEL},{selector}",
            on_event=self._workflow_event,
            index=_cron_of,
        )

    # --- life -------------------------------------------------------------------------------------

    def start(self, timeout: float = SYNC_TIMEOUT) -> None:
        """Read what there is and begin. Raises ApiError when the API refuses."""
        for informer in (self._workflows, self._crons):
            informer.start()
        late = wait_all_synced((self._workflows, self._crons), timeout)
        if late:
            raise late[0].error or ApiError(
                0, "Timeout", "the Kubernetes API did not list cronworkflows in time"
            )
        self._thread = threading.Thread(target=self._run, name="cron", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Finish what is being done and stop."""
        self._crons.stop()
        self._workflows.stop()
        with self._condition:
            self._stopping = True
            self._condition.notify()
        if self._thread is not None:
            self._thread.join(5.0)
        self.events.stop()

    # --- events -----------------------------------------------------------------------------------

    def _cron_event(self, _kind: str, obj: Obj, old: Obj | None) -> None:
        with self._condition:
            self._changed.add(key_of(obj))
            self._condition.notify()

    def _workflow_event(self, _kind: str, obj: Obj, old: Obj | None) -> None:
        key = _cron_of(obj)
        before = decide.status_of(old).get("phase") if old is not None else None
        if key is None or (old is not None and before == decide.status_of(obj).get("phase")):
            return
        with self._condition:
            self._children_changed.add(key)
            self._condition.notify()

    # --- the loop ---------------------------------------------------------------------------------

    def _run(self) -> None:
        next_sync = self._now().timestamp()
        while True:
            with self._condition:
                if not self._stopping and not self._changed and not self._children_changed:
                    wake = min(
                        [
                            next_sync,
                            *(t.timestamp() for e in self._entries.values() for t in e.next.values()),
                        ]
                    )
                    self._condition.wait(max(0.0, min(wake - self._now().timestamp(), SYNC_SECONDS)))
                if self._stopping:
                    return
                changed, self._changed = self._changed, set()
                children, self._children_changed = self._children_changed, set()
            now = self._now()
            due = {key for key, entry in self._entries.items() if any(t <= now for t in entry.next.values())}
            for key in sorted(due):
                self._guard(key, self._fire_due)
            for key in sorted(changed):
                self._guard(key, self._update)
            if now.timestamp() >= next_sync:
                next_sync = now.timestamp() + SYNC_SECONDS
                children = set(self._entries)
            for key in sorted(children):
                self._guard(key, self._sync)

    def _guard(self, key: Key, action: Callable[[Key], None]) -> None:
        """One CronWorkflow's trouble must not stop the others."""
        try:
            action(key)
        except ApiError as error:
            if not error.not_found:
                self._log(f"cron {key[0]}/{key[1]}: {error}")
                with self._condition:
                    self._children_changed.add(key)
                    if error.transient:
                        self._condition.wait(0.2)
        except Exception as error:
            self._log(f"cron {key[0]}/{key[1]}: {type(error).__name__}: {error}")

    def _current(self, key: Key) -> Obj | None:
        """The newest copy known: the informer's, or the answer to our last patch."""
        cron = self._crons.get(*key)
        patched = self._patched.get(key)
        if cron is None or patched is None or patched["metadata"].get("uid") != cron["metadata"].get("uid"):
            self._patched.pop(key, None)
            return cron
        ours, theirs = (str(c["metadata"].get("resourceVersion", "")) for c in (patched, cron))
        if ours.isdigit() and theirs.isdigit() and int(ours) > int(theirs):
            return patched
        self._patched.pop(key, None)
        return cron

    def _update(self, key: Key) -> None:
        """A CronWorkflow is new or has changed: catch up, then set its clockwork."""
        cron = self._current(key)
        if cron is None or decide.is_stopped(cron):
            self._entries.pop(key, None)
            return
        now = self._now()
        error = decide.spec_error(cron, self.schedules, now, rules_version=self.rules_version)
        if error:
            self._entries.pop(key, None)
            self._say_spec_error(key, cron, error)
            return
        kept = decide.drop_condition(cron, "SpecError")
        if kept is not None:
            cron = self._patch(key, {"status": {"conditions": kept}}) or cron
        missed = decide.missed_run(cron, self.schedules, now, rules_version=self.rules_version)
        if missed is not None:
            self._fire(key, cron, missed)
            cron = self._current(key) or cron
        self._set_clock(key, cron, now)

    def _say_spec_error(self, key: Key, cron: Obj, error: str) -> None:
        conditions = decide.upsert_condition(cron, "SpecError", error)
        if conditions != decide.status_of(cron).get("conditions"):
            self.events.record(cron, RecordEvent("Warning", "CronWorkflowSpecError", error), COMPONENT)
            self._patch(key, {"status": {"conditions": conditions}})

    def _set_clock(self, key: Key, cron: Obj, now: datetime) -> None:
        """(Re)register the schedules; one that was registered before keeps its next fire time."""
        texts = decide.schedule_texts(cron, rules_version=self.rules_version)
        uid = str(cron["metadata"].get("uid"))
        old = self._entries.get(key)
        entry = Entry(uid, texts)
        for text in texts:
            tick = old.next.get(text) if old is not None and old.uid == uid else None
            tick = tick or self.schedules.next(text, now)
            if tick is not None:
                entry.next[text] = tick
        self._entries[key] = entry

    def _fire_due(self, key: Key) -> None:
        cron = self._current(key)
        entry = self._entries[key]
        if cron is None:
            self._entries.pop(key, None)
            return
        now = self._now()
        for text, tick in sorted(entry.next.items(), key=lambda item: item[1]):
            if tick > now:
                continue
            following = self.schedules.next(text, now)
            if following is None:
                del entry.next[text]
            else:
                entry.next[text] = following
            self._fire(key, self._current(key) or cron, tick)

    def _fire(self, key: Key, cron: Obj, scheduled: datetime) -> None:
        """One tick: decide, shut down what is replaced, create the child, write the outcome."""
        outcome = decide.fire(
            cron,
            scheduled,
            self._now(),
            self._children(key, cron),
            self.schedules,
            CONDITIONS,
            instance_id=self.instance_id,
            rules_version=self.rules_version,
        )
        for name in outcome.terminate:
            try:
                self.client.patch(WORKFLOW, name, {"spec": {"shutdown": "Terminate"}}, key[0])
            except ApiError as error:
                if not error.not_found:
                    raise
        if outcome.workflow is None:
            self._log(f"cron {key[0]}/{key[1]}: not run at {decide.format_time(scheduled)}: {outcome.reason}")
            self._patch(key, outcome.patch)
            return
        try:
            created = self.client.create(WORKFLOW, outcome.workflow, key[0])
        except ApiError as error:
            if error.already_exists:
                # This very tick has run before; only its record may be missing.
                found = self.client.get(WORKFLOW, outcome.workflow["metadata"]["name"], key[0])
                patch = outcome.patch
                if decide.owned_by(found, cron) and not decide.is_finished(found):
                    patch = decide.with_active(cron, patch, found)
                self._patch(key, patch)
                return
            message = f"Failed to submit Workflow: {error.message}"
            self._log(f"cron {key[0]}/{key[1]}: {message}")
            self.events.record(cron, RecordEvent("Warning", "SubmissionError", message), COMPONENT)
            self._patch(key, outcome.patch_failed(cron, message))
            return
        self._patch(key, decide.with_active(cron, outcome.patch, created))

    def _sync(self, key: Key) -> None:
        cron = self._current(key)
        if cron is None:
            return
        outcome = decide.sync(cron, self._children(key, cron, complete=True), CONDITIONS)
        if outcome.patch is not None:
            self._patch(key, outcome.patch)
        for name in outcome.delete:
            try:
                self.client.delete(WORKFLOW, name, key[0])
            except ApiError as error:
                if not error.not_found:
                    raise

    def _children(self, key: Key, cron: Obj, *, complete: bool = False) -> list[Obj]:
        """The Workflows of a CronWorkflow; with `complete`, active ones that no event has shown yet are asked for."""
        children = {
            str(wf["metadata"].get("uid")): wf
            for wf in self._workflows.indexed(key)
            if decide.owned_by(wf, cron)
        }
        if complete:
            for entry in decide.status_of(cron).get("active") or []:
                if entry.get("uid") not in children:
                    found = self.client.try_get(WORKFLOW, str(entry.get("name")), key[0])
                    if found is not None and found["metadata"].get("uid") == entry.get("uid"):
                        children[str(entry["uid"])] = found
        return list(children.values())

    def _patch(self, key: Key, patch: Obj) -> Obj | None:
        """Merge-patch a CronWorkflow; None when it is gone."""
        try:
            stored = self.client.patch(CRON, key[1], patch, key[0])
        except ApiError as error:
            if error.not_found:
                return None
            raise
        self._patched[key] = stored
        return stored


def _cron_of(workflow: Obj) -> Key | None:
    meta = workflow.get("metadata") or {}
    name = (meta.get("labels") or {}).get(decide.CRON_LABEL)
    return (str(meta.get("namespace") or ""), str(name)) if name else None
