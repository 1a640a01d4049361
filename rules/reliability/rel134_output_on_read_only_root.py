"""REL134."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.view import Span
from argolint.model.workflow import Template
from argolint.rule import Finding, rule


@rule(
    "REL134",
    "output-on-read-only-root",
    on="template",
    severity="warning",
    types=("container", "script"),
    keys=("readOnlyRootFilesystem",),
)
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """An output is to be written where the container cannot write."""
    body = template.body
    if body.mapping("securityContext").get("readOnlyRootFilesystem") is not True:
        return
    writable = [
        mount.text("mountPath").rstrip("/")
        for mount in body.items("volumeMounts")
        if mount.get("readOnly") is not True
    ]
    # A mount with a tag in its path may be anywhere.
    if any("{{" in path for path in writable):
        return
    wanted: list[tuple[str, Span]] = [
        (item.mapping("valueFrom").text("path"), item.mapping("valueFrom").value_span("path"))
        for item in template.outputs.parameters
    ]
    wanted += [(item.text("path"), item.value_span("path")) for item in template.outputs.artifacts]
    for path, span in wanted:
        if (
            path.startswith("/")
            and "{{" not in path
            and not any(f"{path}/".startswith(f"{top}/") for top in writable)
        ):
            yield Finding(
                span,
                f"{template.label} cannot write `{path}`: its root file system is read-only and no volume is mounted there",
                help="mount an `emptyDir` at the folder",
                related=[(body.mapping("securityContext").key_span("readOnlyRootFilesystem"), "read-only")],
            )
