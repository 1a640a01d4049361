"""REL136."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.view import View
from argolint.model.workflow import Template, WorkflowSpec
from argolint.project.index import did_you_mean
from argolint.rule import Finding, rule
from argolint.yaml.nodes import Map

OWN = ("main", "wait", "init", "supervisor")


@rule("REL136", "invalid-pod-spec-patch", on="spec", severity="error", keys=("podSpecPatch",))
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """A `podSpecPatch` that is no YAML, or patches a container that the pod does not have."""
    if not ctx.source.mentions("podSpecPatch"):
        return
    for holder in [spec, *spec.all_templates]:
        patch = ctx.scalar(holder, "podSpecPatch") if "podSpecPatch" in holder else None
        if patch is None or "{{" in patch.value or not patch.value.strip():
            continue
        documents = ctx.embedded(patch)
        problem = next(
            (one for document in documents for one in document.problems if one.kind == "syntax"), None
        )
        root = documents[0].root if documents else None
        if problem is not None or not isinstance(root, Map):
            yield Finding(
                patch.part(problem.start, problem.end) if problem is not None else patch.span,
                "the patch is no YAML or JSON mapping: every pod it is for fails",
                help='write a part of a pod\'s spec, such as `{"containers": [{"name": "main", …}]}`',
            )
            continue
        templates = [holder] if isinstance(holder, Template) else list(spec.all_templates)
        known = {*OWN, *(view.text("name") for template in templates for _, view in template.containers)}
        for view in View(root).items("containers"):
            name = view.text("name")
            # A container with an image is an additional one.
            if name and name not in known and "image" not in view:
                at = view.value_span("name")
                yield Finding(
                    patch.part(at.start, at.end),
                    f"no container is called `{name}`: the patch adds one without an image, and the pod is refused",
                    help=did_you_mean(name, ["main", *sorted(known - {"", "main"})])
                    or "the template's own container is `main`",
                )
