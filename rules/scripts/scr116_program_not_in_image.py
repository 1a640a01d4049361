"""SCR116."""

from __future__ import annotations

import re
from collections.abc import Iterator

from argolint.analysis import scripts
from argolint.context import Context
from argolint.model.workflow import Template
from argolint.patterns import lazy
from argolint.rule import Finding, rule

_LACKS: tuple[tuple[re.Pattern[str], frozenset[str]], ...] = (
    (
        lazy(r"^(?:docker\.io/)?(?:library/)?alpine(?::[\w.-]+)?$"),
        frozenset({"bash", "git", "curl", "jq", "python", "python3", "pip", "node", "npm", "go", "make", "gcc", "kubectl", "helm", "aws",
                   "gcloud", "docker", "ssh", "rsync", "zip", "perl", "ruby", "java", "argo"}),
    ),
    (
        lazy(r"^(?:docker\.io/)?(?:library/)?busybox(?::[\w.-]+)?$"),
        frozenset({"bash", "git", "curl", "jq", "python", "python3", "pip", "node", "npm", "go", "make", "gcc", "kubectl", "helm", "aws",
                   "gcloud", "docker", "ssh", "rsync", "zip", "perl", "ruby", "java", "argo", "apk", "apt-get"}),
    ),
    (
        lazy(r"^(?:docker\.io/)?(?:library/)?(?:debian|ubuntu)(?::[\w.-]+)?$"),
        frozenset({"git", "curl", "wget", "jq", "python", "python3", "pip", "node", "npm", "go", "make", "gcc", "kubectl", "helm", "aws",
                   "gcloud", "docker", "rsync", "zip", "ruby", "java", "argo"}),
    ),
    (
        lazy(r"^(?:docker\.io/)?(?:library/)?python:[\w.-]*-slim[\w.-]*$"),
        frozenset({"git", "curl", "wget", "jq", "node", "npm", "go", "make", "gcc", "kubectl", "helm", "aws", "gcloud", "docker", "java"}),
    ),
)  # fmt: skip
_INSTALLS = lazy(
    r"\b(?:apk|apt-get|apt|dnf|yum|pip|npm|wget|curl|cp|mv|ln|export PATH|PATH=)\b.*(?:add|install|-O|-o|PATH|/bin)"
)
_WORD = lazy(r"^[ \t]*(?:if |then |else |! |exec |time )?([a-z][\w-]*)(?=\s|$)", re.MULTILINE)
_AFTER = lazy(r"(?:\||&&|;|\$\()\s*([a-z][\w-]*)(?=\s|$|\))")


@rule("SCR116", "program-not-in-image", on="template", severity="warning")
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """A command or a script uses a program that its image does not have."""
    if any("/bin/" in artifact.text("path") for artifact in template.inputs.artifacts):
        return  # the program comes in as an artifact
    for _, container in template.containers:
        image = container.text("image")
        lacks = next((names for pattern, names in _LACKS if pattern.match(image)), None)
        if lacks is None or container.items("volumeMounts"):
            continue
        command = container.sequence("command")
        program = command[0] if command and isinstance(command[0], str) else ""
        if program in lacks:
            yield Finding(
                container.item_span("command", 0),
                f"image `{image}` has no `{program}`",
                help="use an image that has it, or `sh`" if program == "bash" else "use an image that has it",
                severity="error" if program in ("bash", "git", "curl", "kubectl", "python") else None,
            )
    for code in scripts.codes(template, ctx):
        image = code.container.text("image")
        lacks = next((names for pattern, names in _LACKS if pattern.match(image)), None)
        text = code.scalar.value
        if (
            lacks is None
            or code.language != "sh"
            or _INSTALLS.search(text)
            or code.container.items("volumeMounts")
            or "<<" in text
        ):
            continue
        found = min(
            (m for p in (_WORD, _AFTER) for m in p.finditer(text) if m[1] in lacks),
            key=lambda m: m.start(1),
            default=None,
        )
        if found is not None and not re.search(
            rf"command -v {found[1]}|which {found[1]}|{found[1]}\s*\(\)", text
        ):
            yield Finding(
                code.scalar.part(*found.span(1)),
                f"image `{image}` has no `{found[1]}`",
                help="use an image that has it, or install it first",
            )
