"""PAR136."""

from __future__ import annotations

import re
from collections.abc import Iterator

from argolint.analysis.scripts import Code, codes
from argolint.context import Context
from argolint.model.view import View
from argolint.model.workflow import Template, WorkflowSpec
from argolint.patterns import lazy
from argolint.rule import Finding, rule

# What puts files somewhere: a template that says one of these may well make what it reads.
_MAKES = lazy(
    r"\b(?:clone|checkout|init|fetch|mkdir|cp|mv|ln|tar|unzip|curl|wget|tee|touch|install|rsync|scp|gsutil|aws|mc|rclone|"
    r"gcloud|az|run|build|pull|download|get|mktemp|dd)\b|>"
)
# What reads the path behind it, and fails without it.
_READS = r"(?:(?:^|[\n;&|(])\s*(?:cd|pushd|cat|source|\.|python3?|bash|sh)|\b(?:kubectl|helm)\b[^\n;&|]*\s-f)\s+[\"']?(%s/([\w.-]+)[^\s\"';&|)]*)(?![^\n]*\|\|)"


@rule("PAR136", "read-from-other-pod", on="spec", severity="warning", keys=("emptyDir",))
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """A step looks for the files of another in an emptyDir, which each pod has for itself."""
    names = {one.text("name") for one in spec.items("volumes") if "emptyDir" in one} - {""}
    defaults = spec.mapping("templateDefaults")
    if not names or "volumes" in spec.text("podSpecPatch") or "initContainers" in defaults:
        return
    users = [
        (template, mount)
        for template in spec.all_templates
        for mount in _mounts(template, names)
        if mount.text("mountPath").startswith("/") and "{{" not in mount.text("mountPath")
    ]
    for template, mount in users:
        folder = mount.text("mountPath").rstrip("/")
        if not folder or _given(template, folder):
            continue
        for code in _shell(template, ctx):
            for found in re.finditer(_READS % re.escape(folder), code.scalar.value):
                if _MAKES.search(code.scalar.value, 0, found.start()):
                    break
                writer = _writer(template, mount.text("name"), found.group(2), users, ctx)
                if writer is not None:
                    yield Finding(
                        code.scalar.part(found.start(1), found.end(1)),
                        f"`{found.group(1)}` is not there: template `{writer[0].name}` writes it into an emptyDir of its own pod",
                        help="pass it on as an artifact, or let the volume be a claim, as one of `volumeClaimTemplates`",
                        related=[
                            (mount.value_span("name"), "each pod gets an empty one"),
                            (writer[1].value_span("name"), "written to here"),
                        ],
                    )
                    break


def _mounts(template: Template, names: set[str]) -> list[View]:
    """The mounts of such a volume in a template with one container that mounts it."""
    if "volumes" in template.text("podSpecPatch") or "containerSet" in template:
        return []
    own = {one.text("name") for one in template.items("volumes")}
    found = [
        (role, mount)
        for role, container in template.containers
        for mount in container.items("volumeMounts")
        if mount.text("name") in names - own
    ]
    volumes = [mount.text("name") for _, mount in found]
    return [mount for role, mount in found if role == "main" and volumes.count(mount.text("name")) == 1]


def _given(template: Template, folder: str) -> bool:
    """Whether Argo puts something into the folder before the container starts."""
    return any(
        (path := artifact.text("path").rstrip("/")) == folder
        or path.startswith(folder + "/")
        or folder.startswith(path + "/")
        for artifact in template.inputs.artifacts
    )


def _shell(template: Template, ctx: Context) -> list[Code]:
    own = [container.map for role, container in template.containers if role == "main"]
    return [
        code
        for code in codes(template, ctx)
        if code.language == "sh" and any(code.container.map is one for one in own)
    ]


def _writer(
    reader: Template, volume: str, name: str, users: list[tuple[Template, View]], ctx: Context
) -> tuple[Template, View] | None:
    """Another template that writes something of this name into the volume."""
    for template, mount in users:
        if template is reader or mount.text("name") != volume:
            continue
        folder = re.escape(mount.text("mountPath").rstrip("/"))
        made = re.compile(
            rf"{folder}/{re.escape(name)}\b|\bclone\b[^\n;&|]*/{re.escape(name)}(?:\.git)?\s*$", re.M
        )
        for code in _shell(template, ctx):
            if made.search(code.scalar.value) and _MAKES.search(code.scalar.value):
                return template, mount
    return None
