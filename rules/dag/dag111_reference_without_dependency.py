"""DAG111."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.dag import missing_waits, waiting_for
from argolint.analysis.reach import Reach
from argolint.analysis.steps import Read, reads_of, waits
from argolint.context import Context
from argolint.diagnostic import Edit
from argolint.model.workflow import Dag, Step
from argolint.rule import Finding, rule


@rule("DAG111", "reference-without-dependency", on="dag", severity="error", fix="unsafe")
def check(dag: Dag, ctx: Context) -> Iterator[Finding]:
    """A task reads an output of a task that it does not wait for."""
    reach = waits(dag.template)[1]
    unsafe: list[tuple[Read, Step]] = []
    for read in reads_of(dag.template, ctx):
        reader, target = read.reader, read.target
        if target is None or not reader.name or (target is reader and read.own_hook):
            continue
        if not reach.leads(reader.name, target.name):
            unsafe.append((read, target))
    added = missing_waits([(read.reader, target.name) for read, target in unsafe], reach) if unsafe else {}
    repairs: dict[int, list[Edit]] = {}  # by the number of the task
    for read, target in unsafe:
        reader = read.reader
        # Some releases pass the text of an inline artifact on as it is written: useless, but the task runs.
        severity = "warning" if read.scalar.where.endswith(".raw.data") else None
        if target is reader:
            message = f"{reader.label} reads its own `{read.use.text}`, which exists only when it has ended"
            yield Finding(read.span, message, help="only its own hooks may read that", severity=severity)
            continue
        # One repair adds all that a task lacks, since they are added at one place.
        if reader.name in added and reader.index not in repairs:
            repairs[reader.index] = waiting_for(reader, added[reader.name], dag, ctx)
        yield Finding(
            read.span,
            f"{reader.label} reads `{read.use.text}` but does not wait for `{target.name}`",
            help=f"add `{target.name}` to its `{'dependencies' if 'dependencies' in reader else 'depends'}`",
            related=[(target.name_span, f"`{target.name}` is here")],
            fix=(repairs.get(reader.index) if _covers(added, reader, target, reach) else None) or None,
            severity=severity,
        )


def _covers(added: dict[str, list[str]], reader: Step, target: Step, reach: Reach) -> bool:
    """Whether a task will wait for another by what is added."""
    names = added.get(reader.name, ())
    return target.name in names or any(reach.leads(name, target.name) for name in names)
