"""STR113."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.project.index import did_you_mean, is_literal, suggest
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace


@rule(
    "STR113",
    "undefined-volume-mount",
    on="spec",
    severity="error",
    fix="unsafe",
    kinds=("Workflow", "CronWorkflow"),
    keys=("volumeMounts",),
)
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """A container mounts a volume that nothing defines."""
    if spec.owner.embedded or spec.workflow_template_ref is not None:
        return
    defined = {one.text("name") for one in spec.items("volumes")}
    defined |= {one.mapping("metadata").text("name") for one in spec.items("volumeClaimTemplates")}
    defined |= {one.text("name") for one in spec.mapping("templateDefaults").items("volumes")}
    if "volumes" in spec.text("podSpecPatch") or any("{{" in name for name in defined):
        return
    for template in spec.all_templates:
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
                    near = suggest(name, here)
                    yield Finding(
                        mount.value_span("name"),
                        f"volume `{name}` is not defined in {template.label} or in this {spec.kind}",
                        help=did_you_mean(name, here) or "add it to `volumes` or `volumeClaimTemplates`",
                        fix=replace(mount.value_span("name"), near)
                        if near and not mount.is_alias("name")
                        else None,
                    )
