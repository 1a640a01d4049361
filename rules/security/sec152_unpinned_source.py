"""SEC152."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import Template
from argolint.patterns import lazy
from argolint.rule import Finding, rule

# A commit, or what looks like a version.
_DIGEST = lazy(r"[0-9a-f]{7,64}$|(?:refs/tags/)?v?\d+\.\d+")


@rule("SEC152", "unpinned-source", on="template", severity="info", default=False, keys=("git",))
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """A git artifact follows a branch."""
    for artifact in template.inputs.artifacts:
        git = artifact.mapping("git")
        revision = git.get("revision")
        if (
            "git" not in artifact
            or not git.map
            or (isinstance(revision, str) and ("{{" in revision or _DIGEST.match(revision)))
        ):
            continue
        name = f"`{revision}`" if revision else "the default branch"
        yield Finding(
            git.value_span("revision") if revision else git.value_span("repo"),
            f"artifact `{artifact.name}` is what {name} is today",
            help="name a tag or a commit",
        )
