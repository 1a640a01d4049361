"""What must hold after every step, over random histories of commits, hand edits, faults and crashes.

The cluster is the one in a file (tests/reconciler/fakecluster.py) for volume; `HISTORIES` more of them run with ARGOSYNC_FAULTS=full.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from argolint.kube import ApiError
from reconciler.audit import teeing, verify
from reconciler.context import Outcome
from reconciler.model import TARGET_LABEL, digest
from reconciler.references import missing, references
from reconciler.state import Store
from tests.reconciler.world import World, caller, cron, template

FULL = os.environ.get("ARGOSYNC_FAULTS") == "full"
NAMES = ("a", "b", "c")
WORDS = ("hi", "ciao", "hola")


class Killed(BaseException):
    """Stands for kill -9: nothing between the step and the end of the process runs."""


def ours(objects: dict[str, Any]) -> dict[str, Any]:
    """The objects that carry our label."""
    return {
        k: o for k, o in objects.items() if (o["metadata"].get("labels") or {}).get(TARGET_LABEL) == "prod"
    }


class Histories(RuleBasedStateMachine):
    """Commits, hand edits, faults and crashes in any order; `_wanted` is what Git says now, file by file."""

    @initialize()
    def begin(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="argosync-history-"))
        self.world = World(self.root)
        self.world.set(prune=self.world.target.prune.__class__(True, 100.0, 1000, 60.0), settle=0.0)
        self.valid = True
        self.deleted: list[tuple[str, str | None]] = []
        self.foreign = self.world.cluster.put(
            {
                "kind": "WorkflowTemplate",
                "metadata": {"name": "foreign"},
                "spec": {"entrypoint": "main", "templates": [{"name": "main", "suspend": {}}]},
            }
        )
        self.foreign_version = self.foreign["metadata"]["resourceVersion"]
        self._watch()
        plain = self.world.context

        def audited() -> Any:
            context = plain()
            context.log = teeing(context.log, context.store.audit, context.now)
            return context

        self.world.context = audited

    def teardown(self) -> None:
        shutil.rmtree(self.root, ignore_errors=True)

    def _watch(self) -> None:
        """Check each write as it happens: invariants that a look afterwards would miss."""
        cluster = self.world.cluster
        remove, apply = cluster.delete, cluster.apply

        def delete(resource: Any, name: str, namespace: str = "", **options: Any) -> Any:
            assert options.get("uid"), "a deletion without a uid as its precondition"
            assert options.get("propagation") == "Orphan"
            users = [
                key
                for key, obj in cluster.objects().items()
                if any(r.key.name == name and r.key.kind == resource.kind for r in references(obj))
            ]
            assert not users or resource.kind == "CronWorkflow", f"{name} is deleted while {users} use it"
            return remove(resource, name, namespace, **options)

        def applied(resource: Any, obj: Any, namespace: str = "", **options: Any) -> Any:
            if not options.get("dry_run"):
                assert resource.kind in self.world.target.kinds
                assert namespace in ("argo", "")
                if resource.kind == "CronWorkflow":
                    live = {tuple(k.split("/")): o for k, o in cluster.objects().items()}
                    lost = missing(obj, lambda key: live.get((key.kind, key.name)))
                    assert lost == [], "a CronWorkflow is written before its template"
            return apply(resource, obj, namespace, **options)

        cluster.delete, cluster.apply = delete, applied

    def _commit(self, files: dict[str, str | None]) -> None:
        present = {
            p.relative_to(self.world.repo.path).as_posix() for p in self.world.repo.path.rglob("*.yaml")
        }
        self.world.repo.commit({n: t for n, t in files.items() if t is not None or n in present})

    # --- what may happen ---

    @rule(name=st.sampled_from(NAMES), word=st.sampled_from(WORDS))
    def commit_template(self, name: str, word: str) -> None:
        self._commit({f"{name}.yaml": template(name, word)})

    @rule(name=st.sampled_from(NAMES), callee=st.sampled_from((*NAMES, "hello", "foreign", "nowhere")))
    def commit_caller(self, name: str, callee: str) -> None:
        self._commit({f"{name}.yaml": caller(name, callee)})

    @rule(name=st.sampled_from(NAMES), used=st.sampled_from((*NAMES, "hello", "foreign")))
    def commit_cron(self, name: str, used: str) -> None:
        self._commit({f"cron/{name}.yaml": cron(f"cron-{name}", used)})

    @rule(name=st.sampled_from((*NAMES, "cron/a", "cron/b", "cron/c", "cron/nightly")))
    def commit_removal(self, name: str) -> None:
        self._commit({f"{name}.yaml": None})

    @rule()
    def commit_garbage(self) -> None:
        self._commit({"broken.yaml": "kind: [unclosed"})

    @rule()
    def repair(self) -> None:
        self._commit({"broken.yaml": None})

    @rule(number=st.integers(0, 20))
    def hand_edit(self, number: int) -> None:
        mine = sorted(ours(self.world.cluster.objects()))
        if mine:
            self.world.cluster.edit(mine[number % len(mine)], ("spec", "serviceAccountName"), "someone")

    @rule(number=st.integers(0, 20))
    def hand_deletion(self, number: int) -> None:
        mine = sorted(ours(self.world.cluster.objects()))
        if mine:
            self.world.cluster.remove(mine[number % len(mine)])

    @rule()
    def hand_suspension(self) -> None:
        if "CronWorkflow/nightly" in self.world.cluster.objects():
            self.world.cluster.edit("CronWorkflow/nightly", ("spec", "suspend"), True, "argo")

    @rule(minutes=st.integers(1, 20))
    def time_passes(self, minutes: int) -> None:
        self.world.later(minutes=minutes)

    @rule(at=st.integers(1, 40), status=st.sampled_from((0, 409, 429, 500, 503)))
    def sync_with_a_fault(self, at: int, status: int) -> None:
        cluster = self.world.cluster
        first = len(cluster.calls)
        cluster.before = lambda n, *_: ApiError(status, "Injected", "injected") if n - first == at else None
        try:
            self._sync()
        finally:
            cluster.before = lambda *_: None

    @rule(at=st.integers(1, 25))
    def sync_with_a_lost_answer(self, at: int) -> None:
        cluster = self.world.cluster
        first = len(cluster.calls)
        cluster.after = lambda n, *_: ApiError(0, "ConnectionError", "lost") if n - first >= at else None
        try:
            self._sync()
        finally:
            cluster.after = lambda *_: None

    @rule(at=st.integers(1, 30))
    def sync_is_killed(self, at: int) -> None:
        left = [at]

        def hook(_: str) -> None:
            left[0] -= 1
            if left[0] == 0:
                raise Killed

        context = self.world.context()
        context.hook = hook
        context.store.lock()
        try:
            from reconciler.cycle import synchronise

            synchronise(context)
        except Killed:
            pass
        finally:
            context.store.unlock()

    @rule()
    def sync_without_git(self) -> None:
        away = self.root / "elsewhere"
        self.world.repo.path.rename(away)
        before = set(self.world.cluster.objects())
        outcome = self._sync()
        away.rename(self.world.repo.path)
        assert outcome.ok is False
        assert before <= set(self.world.cluster.objects()), "something is deleted although Git is gone"

    @rule()
    def converge(self) -> None:
        """All faults clear: it converges within a bound, and then writes nothing at all."""
        for _ in range(4):
            outcome = self._sync()
            if outcome.ok and outcome.writes == 0:
                break
        if not outcome.ok:
            assert outcome.reason in ("Refused",), (outcome.reason, outcome.message)
            return
        versions = self.world.cluster.versions()
        assert outcome.writes == 0
        assert self._sync().writes == 0
        assert self.world.cluster.versions() == versions
        wanted = {d.key: d.object for d in self._applied_revision().objects}
        live = {(o["kind"], o["metadata"]["name"]): o for o in self.world.cluster.objects().values()}
        for key, obj in wanted.items():
            spec = {k: v for k, v in live[(key.kind, key.name)]["spec"].items() if k != "suspend"}
            assert {k: spec.get(k) for k in obj["spec"]} == obj["spec"], str(key)

    def _sync(self) -> Outcome:
        outcome = self.world.sync()
        if outcome.ok and outcome.reason in ("Applied", "UpToDate"):
            head = self.world.repo.git("rev-parse", "HEAD")
            applied = self.world.state()["applied"]["commit"]
            assert applied == outcome.commit == head, "ready for a revision that is not applied"
        return outcome

    def _applied_revision(self) -> Any:
        store = Store(self.world.root / "state", "prod")
        found = store.revision(store.data["applied"]["commit"])
        assert found is not None
        return found

    # --- what must hold after each of them ---

    @invariant()
    def objects_of_others_are_untouched(self) -> None:
        live = self.world.cluster.objects()["WorkflowTemplate/foreign"]
        assert live["metadata"]["resourceVersion"] == self.foreign_version

    @invariant()
    def nothing_of_ours_is_forgotten(self) -> None:
        store = Store(self.world.root / "state", "prod")
        known = {f"{k.kind}/{k.name}" for k in store.inventory}
        left = store.journal.unfinished()
        known |= {f"{i.key.kind}/{i.key.name}" for i in left.intents} if left else set()
        assert set(ours(self.world.cluster.objects())) <= known

    @invariant()
    def no_file_is_made_outside_the_state_directory(self) -> None:
        assert {p.name for p in self.root.iterdir()} <= {"repo", "state", "cluster.json"}

    @invariant()
    def what_was_last_good_is_closed_under_references(self) -> None:
        store = Store(self.world.root / "state", "prod")
        commit = (store.data.get("applied") or {}).get("commit")
        stored = store.revision(commit) if commit else None
        if stored is None:
            return
        objects = {d.key: d.object for d in stored.objects}
        for key, obj in objects.items():
            for ref in references(obj):
                assert ref.key in objects or ref.key.name == "foreign", f"{key} needs {ref.key}"

    @invariant()
    def the_audit_chain_holds(self) -> None:
        store = Store(self.world.root / "state", "prod")
        known = store.data.get("audit")
        found = verify(store.audit.path, (known[0], known[1]) if known else None)
        assert (found.problem, found.torn) == ("", False)

    @invariant()
    def the_state_file_is_whole(self) -> None:
        store = Store(self.world.root / "state", "prod")
        assert store.notes == []
        assert digest(store.data)


@pytest.mark.slow
def test_invariants_hold_over_random_histories() -> None:
    profile = settings(
        max_examples=150 if FULL else 8,
        stateful_step_count=30 if FULL else 12,
        deadline=None,
        derandomize=True,
        database=None,
        phases=(Phase.generate, Phase.shrink) if FULL else (Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Histories, settings=profile)
