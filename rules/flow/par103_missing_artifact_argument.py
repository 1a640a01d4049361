"""PAR103."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import flow
from argolint.context import Context
from argolint.model.view import View
from argolint.model.workflow import Ports, WorkflowSpec
from argolint.rule import Elsewhere, Finding, rule
from argolint.yaml.nodes import Map

# location -> a field without which it is none
NEEDED = {"s3": "key", "gcs": "key", "oss": "key", "azure": "blob", "http": "url", "artifactory": "url", "git": "repo", "plugin": "key"}  # fmt: skip


@rule("PAR103", "missing-artifact-argument", on="spec", severity="error", cross_file=True)
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """A template is called without an artifact that it needs, or with one that comes from nowhere."""
    for call in flow.calls(spec, ctx.index, ctx.namespace):
        given = {item.name for item in call.arguments.artifacts}
        missing = [
            port for port in call.callee.artifacts.values() if port.required and port.name not in given
        ]
        for port in missing:
            yield Finding(
                call.at,
                f"{call.what} does not give the artifact `{port.name}`, which {call.callee.label} needs",
                help="add it under `arguments.artifacts`, give the input a location, or set `optional: true`",
                related=[(Elsewhere(call.callee.path or ctx.path, port.start, port.end), "declared here")],
                severity="warning" if call.how == "hook" else None,
            )
    for ports in arguments(spec):
        for artifact in ports.artifacts:
            if not any(
                artifact.get(key) not in (None, "") for key in ("from", "fromExpression")
            ) and not located(artifact):
                yield Finding(
                    artifact.name_span if artifact.name else artifact.head,
                    f"artifact `{artifact.name}` comes from nowhere",
                    help="say where with `from`, or give it a location such as `s3` or `raw`",
                )
    yield from own(spec, ctx)


def arguments(spec: WorkflowSpec) -> Iterator[Ports]:
    """The arguments of the spec and of its steps."""
    yield spec.arguments
    for template in spec.all_templates:
        for step in template.children:
            yield step.arguments


def located(artifact: View) -> bool:
    """Whether an artifact has a location that is one, or may go without."""
    if artifact.get("optional") is True:
        return True
    for kind in flow.LOCATIONS:
        if isinstance(artifact.get(kind), Map):
            needed = NEEDED.get(kind, "")
            return not needed or artifact.mapping(kind).get(needed) not in (None, "")
    return False


def own(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """What the entrypoint and the exit handler need of the workflow's own arguments."""
    if spec.workflow_template_ref is not None:
        return
    given = {item.name for item in spec.arguments.artifacts}
    for ref in spec.references():
        if ref.step is None and ref.how in ("entrypoint", "onExit"):
            if ref.how == "entrypoint" and spec.kind not in ("Workflow", "CronWorkflow"):
                continue
            callee = flow.target_of(ref, spec, ctx.index, ctx.namespace)
            for port in callee.artifacts.values() if callee else ():
                if port.required and port.name not in given:
                    yield Finding(
                        ref.name_span,
                        f"the workflow does not give the artifact `{port.name}`, which {callee.label if callee else ''} needs",
                        help="add it under `spec.arguments.artifacts`, give the input a location, or set `optional: true`",
                        related=[((port.start, port.end), "declared here")],
                    )
