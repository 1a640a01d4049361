"""PAR135."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import Template
from argolint.rule import Finding, rule
from argolint.yaml.edit import add_key


@rule("PAR135", "branch-not-fetched", on="template", severity="warning", fix="unsafe")
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """A Git artifact names a `branch`, which is read only with `singleBranch`."""
    for artifact in template.inputs.artifacts:
        git = artifact.mapping("git")
        if not git.text("branch") or git.get("singleBranch") is True or git.get("revision"):
            continue
        yield Finding(
            git.key_span("branch"),
            "`branch` alone is not read: the repository's default branch is checked out",
            help="write `revision`, or add `singleBranch: true`",
            fix=add_key(ctx.source, git.map, "singleBranch", "true", after="branch")
            if not artifact.is_alias("git")
            else None,
        )
