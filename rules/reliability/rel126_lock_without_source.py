"""REL126."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule


@rule("REL126", "lock-without-source", on="spec", severity="error", keys=("synchronization",))
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """A semaphore without exactly one source, a mutex without a name, or one of each where only one is taken."""
    for holder in [spec, *spec.all_templates]:
        if "synchronization" not in holder:
            continue
        sync = holder.mapping("synchronization")
        if ctx.argo_version < (3, 6) and sync.mapping("semaphore").map and sync.mapping("mutex").map:
            yield Finding(
                sync.key_span("mutex"),
                "before Argo 3.6 a `synchronization` is a `semaphore` or a `mutex`, not both",
                help="take one of them here, and the other around or inside the template",
            )
        single = [sync.mapping("semaphore")] if sync.mapping("semaphore").map else []
        for semaphore in [*sync.items("semaphores"), *single]:
            given = [key for key in ("configMapKeyRef", "database") if semaphore.get(key) is not None]
            if len(given) != 1:
                said = "both `configMapKeyRef` and" if given else "neither `configMapKeyRef` nor"
                yield Finding(
                    semaphore.key_span("database"),
                    f"a semaphore has {said} `database`",
                    help="say where its number is kept: one of the two",
                )
        lone = [sync.mapping("mutex")] if sync.mapping("mutex").map else []
        for mutex in [*sync.items("mutexes"), *lone]:
            if mutex.get("name") in (None, ""):
                yield Finding(
                    mutex.key_span("name"),
                    "a mutex without a name: all such mutexes of the namespace are one",
                    help="give it a `name`",
                    severity="warning",
                )
