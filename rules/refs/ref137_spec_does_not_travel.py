"""REF137."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.resolved import resolved
from argolint.context import Context
from argolint.model.view import View
from argolint.model.workflow import Template, WorkflowSpec
from argolint.rule import Elsewhere, Finding, rule


@rule(
    "REF137",
    "spec-does-not-travel",
    on="spec",
    severity="error",
    cross_file=True,
    kinds=("Workflow", "CronWorkflow"),
    keys=("templateRef", "workflowTemplateRef"),
)
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """A called template needs what only the spec around it has, and that spec does not come along."""
    merged = resolved(spec, ctx)
    if merged is None:
        return
    here = set().union(*(volumes(one) | volumes(one.mapping("templateDefaults")) for one in merged.specs))
    for ref, at in merged.references():
        if not ref.template_name:
            continue
        found = ctx.index.template(ref, ctx.namespace)
        owner = ctx.index.load(found[0]) if found is not None else None
        for there in owner.workflow_specs if owner is not None else ():
            template = there.template_named(ref.template_name)
            if found is not None and template is not None:
                for what, remedy in needs(template, there, merged.specs, here):
                    yield Finding(
                        at,
                        f"template `{ref.template_name}` needs {what} of {found[0].kind} `{found[0].name}`, which does not come along",
                        help=remedy,
                        related=[(Elsewhere(found[0].path, found[1].start, found[1].end), "the template")],
                    )


def volumes(view: View) -> set[str]:
    """The names of the volumes that a spec or template defines."""
    claims = {one.mapping("metadata").text("name") for one in view.items("volumeClaimTemplates")}
    return claims | {one.text("name") for one in view.items("volumes")}


def needs(
    template: Template, there: WorkflowSpec, specs: tuple[WorkflowSpec, ...], here: set[str]
) -> Iterator[tuple[str, str]]:
    """(what is missing, what to do) for a template of another spec that is run in this one."""
    own, around = volumes(template), volumes(there)
    mounts = {mount.text("name") for _, one in template.containers for mount in one.items("volumeMounts")}
    for name in sorted(mounts - own - here):
        if name in around:
            yield f"the volume `{name}`", "define the volume in the template, or in the spec of this workflow"
    for key in ("container", "script"):
        body = template.mapping(key)
        if template.type == key and not body.get("image"):
            default = there.mapping("templateDefaults").mapping(key).get("image")
            if default and not any(
                one.mapping("templateDefaults").mapping(key).get("image") for one in specs
            ):
                yield "the default image", "give the template an image of its own"
