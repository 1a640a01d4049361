"""GIT118."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.project.index import Index
from argolint.rule import Elsewhere, Finding, rule

LABEL = "workflows.argoproj.io/controller-instanceid"
KINDS = ("Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate", "CronWorkflow")


@rule("GIT118", "instance-id-differs", on="project", severity="warning")
def check(index: Index, ctx: Context) -> Iterator[Finding]:
    """A reference crosses from objects of one controller instance to those of another."""
    for kind in KINDS:
        for item in index.of_kind(kind):
            own = labels(item.data).get(LABEL, "")
            for reference in item.references:
                if reference.object_kind == "" or item.embedded_in:
                    continue
                for target in index.find(reference.object_kind, reference.object_name, item.namespace):
                    other = labels(target.data).get(LABEL, "")
                    if own != other and (own or other):
                        yield Finding(
                            Elsewhere(item.path, reference.start, reference.end, reference.where),
                            f"{target.kind} `{target.name}` belongs to {said(other)}, this {item.kind} to {said(own)}",
                            help=f"give both the same label `{LABEL}`: a controller sees only its own",
                            related=[(Elsewhere(target.path, target.start, target.end), "the template")],
                            object=item.ref,
                        )


def labels(data: dict[str, object]) -> dict[str, str]:
    """The labels of an object's facts."""
    found = data.get("labels")
    return found if isinstance(found, dict) else {}


def said(instance: str) -> str:
    """The name of a controller instance, for messages."""
    return f"controller instance `{instance}`" if instance else "the controller without an instance ID"
