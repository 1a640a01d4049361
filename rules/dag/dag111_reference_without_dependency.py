"""DAG111."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.dag import waiting_for
from argolint.analysis.steps import reads_of, waits
from argolint.context import Context
from argolint.model.workflow import Dag
from argolint.rule import Finding, rule


@rule("DAG111", "reference-without-dependency", on="dag", severity="error", fix="unsafe")
def check(dag: Dag, ctx: Context) -> Iterator[Finding]:
    """A task reads an output of a task that it does not wait for."""
    reach = waits(dag.template)[1]
    for read in reads_of(dag.template, ctx):
        reader, target = read.reader, read.target
        if target is None or not reader.name or (target is reader and read.own_hook):
            continue
        if reach.leads(reader.name, target.name):
            continue
        # Some releases pass the text of an inline artifact on as it is written: useless, but the task runs.
        severity = "warning" if read.scalar.where.endswith(".raw.data") else None
        if target is reader:
            message = f"{reader.label} reads its own `{read.use.text}`, which exists only when it has ended"
            yield Finding(read.span, message, help="only its own hooks may read that", severity=severity)
            continue
        yield Finding(
            read.span,
            f"{reader.label} reads `{read.use.text}` but does not wait for `{target.name}`",
            help=f"add `{target.name}` to its `{'dependencies' if 'dependencies' in reader else 'depends'}`",
            related=[(target.name_span, f"`{target.name}` is here")],
            fix=waiting_for(reader, target.name, dag, ctx) or None,
            severity=severity,
        )
