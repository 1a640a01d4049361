"""DAG202."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.dag import bare_conjunction, continued
from argolint.context import Context
from argolint.model.workflow import Dag
from argolint.patterns import lazy
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace

_TEST = lazy(
    r"""tasks(?:\.|\[['"])(?P<name>[\w-]+)(?:['"]\])?\.status\s*(?:\}\})?["']?\s*==\s*["']?(?P<phase>Failed|Error)\b"""
)


@rule("DAG202", "dead-failure-task", on="dag", severity="warning", fix="unsafe", keys=("when",))
def check(dag: Dag, ctx: Context) -> Iterator[Finding]:
    """A task's `when` asks whether another has failed, but its dependency holds only when that has succeeded."""
    passes = continued(dag)
    for task in dag.tasks:
        if ".status" not in task.when or "||" in task.when:
            continue
        for match in _TEST.finditer(task.when):
            name, result = match["name"], "Failed" if match["phase"] == "Failed" else "Errored"
            if name not in bare_conjunction(task) or result in passes.get(name, ()):
                continue
            alone = task.depends.strip() == name
            yield Finding(
                ctx.part(task, "when", match.start(), match.end()),
                f"{task.label} is for the case that `{name}` ends as {match['phase']}, but it starts only when `{name}` has succeeded",
                help=f"write `depends: {name}.{result}`",
                fix=replace(ctx.part(task, "depends", 0, len(task.depends)), f"{name}.{result}")
                if alone
                else None,
            )
