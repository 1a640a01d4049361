"""REL139."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import structure_manifests as manifests
from argolint.analysis.reliability import strategy_of
from argolint.context import Context
from argolint.model.workflow import Template, WorkflowSpec
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace


@rule("REL139", "create-of-fixed-name", on="spec", severity="warning", fix="unsafe")
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """A workflow that runs again creates an object of a fixed name: the second run finds it there."""
    if spec.kind == "Workflow" and spec.owner.name:
        return  # runs once itself
    creating = [one for one in spec.all_templates if one.mapping("resource").text("action") == "create"]
    for template in creating:
        if strategy_of(template).map or template.body.get("setOwnerReference") is True:
            continue  # REL104 says it of retries; an owned object goes with its workflow
        for found in manifests.objects_in(template, ctx):
            metadata = found.view.mapping("metadata")
            name, at = metadata.text("name"), metadata.value_span("name")
            if name and found.is_literal(at) and not deleted(name, spec):
                body = template.body
                yield Finding(
                    found.span(at),
                    f"{template.label} creates `{name}`, which the next run finds there: it fails with AlreadyExists",
                    help="use `action: apply`, `generateName` instead of `name`, or delete it at the end",
                    fix=None if body.is_alias("action") else replace(body.value_span("action"), "apply"),
                )


def deleted(name: str, spec: WorkflowSpec) -> bool:
    """Whether some template deletes what has that name, or may: its manifest, flags or code name it beside a `delete`."""
    return any(_deletes(one, name) for one in spec.all_templates)


def _deletes(template: Template, name: str) -> bool:
    body = template.mapping("resource")
    if body.text("action") == "delete":
        flags = [flag for flag in body.sequence("flags") if isinstance(flag, str)]
        several = any(flag.startswith(("-l", "--selector", "--all", "--field-selector")) for flag in flags)
        return several or name in body.text("manifest") or any(name in flag for flag in flags)
    for _, container in template.containers:
        words = [*container.sequence("command"), *container.sequence("args"), container.text("source")]
        text = " ".join(word for word in words if isinstance(word, str))
        if "delete" in text:
            return True
    return False
