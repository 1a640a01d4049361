"""STR124."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.artifact_moves import moved_to_callers
from argolint.context import Context
from argolint.model.workflow import Template
from argolint.rule import Finding, rule


@rule("STR124", "misplaced-artifact-path", on="template", severity="error", fix="unsafe", keys=("artifacts",))
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """An artifact of a pod without a path, or one of a template without a pod with a path."""
    kind = template.type
    if not kind or not ("inputs" in template or "outputs" in template):
        return
    podless = kind in ("steps", "dag", "suspend")
    for side, ports in (("input", template.inputs), ("output", template.outputs)):
        for artifact in ports.artifacts:
            has_path = artifact.get("path") not in (None, "")
            if podless and has_path:
                yield Finding(
                    artifact.key_span("path"),
                    f"{side} artifact `{artifact.name}` has a `path`, but a `{kind}` template has no files",
                    help="remove it" if side == "input" else "take it from a step with `from`",
                )
            elif not podless and not has_path:
                yield Finding(
                    artifact.name_span if artifact.name else artifact.head,
                    f"{side} artifact `{artifact.name}` has no `path`",
                    help="say where it is put" if side == "input" else "say which file or folder it is",
                )
            if side == "input" and artifact.get("from") not in (None, ""):
                yield Finding(
                    artifact.key_span("from"),
                    f"input artifact `{artifact.name}` has a `from`: it is the caller who gives it",
                    help="put `from` under `arguments.artifacts` of the step that calls this template",
                    fix=moved_to_callers(template, artifact, ctx),
                )
