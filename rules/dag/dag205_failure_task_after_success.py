"""DAG205."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.dag import bare_conjunction, continued
from argolint.context import Context
from argolint.model.workflow import Dag
from argolint.patterns import lazy
from argolint.rule import Finding, rule

_FAILURE = lazy(r"(?:^|-)(?:on-)?(?:fail(?:ed|ure)?|errors?|rollback)(?:-|$)", 2)


@rule("DAG205", "failure-task-after-success", on="dag", severity="info")
def check(dag: Dag, ctx: Context) -> Iterator[Finding]:
    """A task that is called a failure's runs only after success."""
    passes = continued(dag)
    for task in dag.tasks:
        awaited = bare_conjunction(task)
        if not awaited or not _FAILURE.search(task.name) or "status" in task.when:
            continue
        if any(passes.get(name) for name in awaited):
            continue
        yield Finding(
            task.name_span,
            f"{task.label} starts only when `{'` and `'.join(awaited)}` has succeeded: not when it fails",
            help=f"for the case of a failure write `depends: {awaited[0]}.Failed || {awaited[0]}.Errored`",
        )
