"""DAG110."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import Dag
from argolint.patterns import lazy
from argolint.project.index import did_you_mean, suggest
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace


@rule("DAG110", "undefined-target", on="dag", severity="error", fix="unsafe", keys=("target",))
def check(dag: Dag, ctx: Context) -> Iterator[Finding]:
    """`target` names a task that the DAG does not have."""
    target = dag.target
    if not target.strip() or "{{" in target:
        return
    names = [task.name for task in dag.tasks if task.name]
    for match in _WORD.finditer(target):
        name = match.group().rstrip(",")
        if name in names and name == match.group():
            continue
        near = suggest(name, names) or (name if name in names else "")
        span = ctx.part(dag, "target", match.start(), match.end())
        yield Finding(
            span,
            f"`target` names `{match.group()}`, which is no task of this DAG",
            help="several targets are separated by spaces"
            if "," in match.group()
            else did_you_mean(name, names),
            fix=replace(span, near) if near else None,
        )


_WORD = lazy(r"\S+")
