"""STR112."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.view import Span
from argolint.model.workflow import Template
from argolint.rule import Finding, rule


@rule("STR112", "mount-path-collision", on="template", severity="error", keys=("volumeMounts", "artifacts"))
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """Two volumes are mounted at one path, or an artifact is put where a volume is mounted."""
    for _, container in template.containers:
        mounted: dict[str, tuple[Span, str]] = {}
        for mount in container.items("volumeMounts"):
            yield from _put(
                mounted,
                mount.text("mountPath"),
                mount.value_span("mountPath"),
                f"volume `{mount.text('name')}`",
            )
        if template.type == "container" and container.where == template.path_of("container"):
            for artifact in template.inputs.artifacts:
                yield from _put(
                    mounted, artifact.text("path"), artifact.value_span("path"), f"artifact `{artifact.name}`"
                )
    shared: dict[str, tuple[Span, str]] = {}
    for mount in template.mapping("containerSet").items("volumeMounts"):
        yield from _put(
            shared, mount.text("mountPath"), mount.value_span("mountPath"), f"volume `{mount.text('name')}`"
        )


def _put(taken: dict[str, tuple[Span, str]], path: str, span: Span, what: str) -> Iterator[Finding]:
    """Remember who takes a path; a finding when somebody has it."""
    if not path or "{{" in path:
        return
    first = taken.setdefault(path, (span, what))
    if first[0] != span:
        yield Finding(
            span,
            f"{what} goes to `{path}`, where {first[1]} is already",
            help="give them paths of their own",
            related=[(first[0], "the first")],
        )
