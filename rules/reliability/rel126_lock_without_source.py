"""REL126."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule


@rule("REL126", "lock-without-source", on="spec", severity="error")
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """A semaphore without exactly one source, or a mutex without a name."""
    for holder in [spec, *spec.all_templates]:
        if "synchronization" not in holder:
            continue
        sync = holder.mapping("synchronization")
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
