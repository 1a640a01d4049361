"""STR113."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.resolved import resolved
from argolint.context import Context
from argolint.model.view import View
from argolint.model.workflow import WorkflowSpec
from argolint.project.index import did_you_mean, is_literal, suggest
from argolint.rule import Finding, place_in, rule
from argolint.yaml.edit import replace


@rule(
    "STR113",
    "undefined-volume-mount",
    on="spec",
    severity="error",
    fix="unsafe",
    kinds=("Workflow", "CronWorkflow"),
    keys=("volumeMounts", "workflowTemplateRef"),
    cross_file=True,
)
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """A container mounts a volume that nothing defines."""
    merged = resolved(spec, ctx)
    if merged is None:
        return
    ref = spec.workflow_template_ref
    for mount, label, here in unknown(merged.specs):
        name = mount.text("name")
        if ref is not None:
            yield Finding(
                ref.name_span,
                f"volume `{name}` is not defined in {label} of {ref.object_kind} `{ref.object_name}`, nor in its spec or in this {spec.kind}",
                help="add it to `volumes` or `volumeClaimTemplates`",
                related=[(place_in(merged.path, mount.value_span("name")), "mounted here")],
            )
            continue
        near = suggest(name, here)
        yield Finding(
            mount.value_span("name"),
            f"volume `{name}` is not defined in {label} or in this {spec.kind}",
            help=did_you_mean(name, here) or "add it to `volumes` or `volumeClaimTemplates`",
            fix=replace(mount.value_span("name"), near) if near and not mount.is_alias("name") else None,
        )


def unknown(specs: tuple[WorkflowSpec, ...]) -> Iterator[tuple[View, str, set[str]]]:
    """(mount, the template it is in, the volumes that there are) of the mounts of volumes that none of the specs defines.

    The templates are those of the last spec.
    """
    defined: set[str] = set()
    for spec in specs:
        if "volumes" in spec.text("podSpecPatch"):
            return
        defined |= {one.text("name") for one in spec.items("volumes")}
        defined |= {one.mapping("metadata").text("name") for one in spec.items("volumeClaimTemplates")}
        defined |= {one.text("name") for one in spec.mapping("templateDefaults").items("volumes")}
    if any("{{" in name for name in defined):
        return
    for template in specs[-1].all_templates:
        if "volumes" in template.text("podSpecPatch"):
            continue
        here = defined | {one.text("name") for one in template.items("volumes")}
        holders = [container for _, container in template.containers]
        if "containerSet" in template:
            holders.append(template.mapping("containerSet"))
        for holder in holders:
            for mount in holder.items("volumeMounts"):
                name = mount.text("name")
                if name and name not in here and is_literal(name):
                    yield mount, template.label, here
