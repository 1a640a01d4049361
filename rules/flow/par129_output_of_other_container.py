"""PAR129."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.view import View
from argolint.model.workflow import Template
from argolint.rule import Finding, rule


@rule("PAR129", "output-of-other-container", on="template", severity="warning", types=("containerSet",))
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """An output of a container set is written by a container whose files nobody collects."""
    containers = template.body.items("containers")
    main = next((one for one in containers if one.text("name") == "main"), None)
    if main is None or len(containers) < 2 or "podSpecPatch" in template:
        return
    shared = [
        mount.text("mountPath")
        for mount in [*template.body.items("volumeMounts"), *main.items("volumeMounts")]
    ]
    for view, key, name in outputs(template):
        path = view.text(key)
        if not path.startswith("/") or "{{" in path or any(below(path, folder) for folder in shared):
            continue
        writers = [one.text("name") for one in containers if path in said(one)]
        if writers and "main" not in writers:
            yield Finding(
                view.value_span(key),
                f"{name} is collected from container `main`, and it is container `{writers[0]}` that writes `{path}`",
                help="put a volume under the path: under `volumeMounts` of the `containerSet` all containers share it",
            )


def outputs(template: Template) -> Iterator[tuple[View, str, str]]:
    """(where the path stands, its key, what to call it) for each output that is a file."""
    for parameter in template.outputs.parameters:
        yield parameter.mapping("valueFrom"), "path", f"output parameter `{parameter.name}`"
    for artifact in template.outputs.artifacts:
        yield artifact, "path", f"output artifact `{artifact.name}`"


def below(path: str, folder: str) -> bool:
    """Whether a path is in a folder, or the folder in it."""
    own, other = path.rstrip("/") + "/", folder.rstrip("/") + "/"
    return bool(folder) and (own.startswith(other) or other.startswith(own))


def said(container: View) -> str:
    """The command line of a container."""
    words = [*container.sequence("command"), *container.sequence("args")]
    return " ".join(word for word in words if isinstance(word, str))
