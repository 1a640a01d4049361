"""A workflow as it runs: its own spec over that of the WorkflowTemplate that it is made from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from argolint.context import Context
from argolint.model.view import Span
from argolint.model.workflow import Reference, WorkflowSpec


class Resolved(NamedTuple):
    """The specs that a workflow is merged from, its own first. `path` is the file of the other, "" when there is none."""

    specs: tuple[WorkflowSpec, ...]
    path: str

    @property
    def running(self) -> WorkflowSpec:
        """The spec whose templates run."""
        return self.specs[-1]

    def references(self) -> Iterator[tuple[Reference, Span]]:
        """What the running templates refer to in other objects, and where that shows in the workflow's own file."""
        made_from = self.specs[0].workflow_template_ref
        for ref in self.running.references():
            if ref.how == "templateRef":
                yield ref, ref.template_span if made_from is None else made_from.name_span


def resolved(spec: WorkflowSpec, ctx: Context) -> Resolved | None:
    """A spec with what it is made from; None when it is made from an object that the tree does not have."""
    ref = spec.workflow_template_ref
    if ref is None:
        return Resolved((spec,), "")
    for fact in ctx.index.referred(ref, ctx.namespace)[:1]:
        owner = ctx.index.load(fact)
        for other in owner.workflow_specs if owner is not None else ():
            return Resolved((spec, other), fact.path)
    return None
