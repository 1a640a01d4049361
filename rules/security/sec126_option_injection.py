"""SEC126."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import security
from argolint.context import Context
from argolint.model.workflow import Template
from argolint.rule import Finding, rule

_COMMANDS = frozenset(
    {"git", "curl", "wget", "tar", "kubectl", "helm", "rsync", "ssh", "find", "aws", "gcloud"}
)


@rule("SEC126", "option-injection", on="template", severity="warning", cross_file=True)
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """A whole argument of a command comes from somebody else, and may begin with a dash."""
    for _, container in template.containers:
        words = [word for key in ("command", "args") for word in container.sequence(key)]
        name = next((word.rpartition("/")[2] for word in words if isinstance(word, str)), "")
        if name not in _COMMANDS:
            continue
        seen: set[str] = set()
        for key in ("command", "args"):
            for index, word in enumerate(container.sequence(key)):
                if isinstance(word, str) and word.startswith("{{") and "--" not in seen:
                    scalar = ctx.scalar(container, key, index)
                    found = (
                        security.dangers(scalar, template.spec, template, ctx) if scalar is not None else []
                    )
                    if scalar is not None and found:
                        yield Finding(
                            scalar.part(found[0].use.start, found[0].use.end),
                            f"`{found[0].use.text}` may begin with `-`: {found[0].who()} can then give `{name}` options",
                            help="put `--` in front of it",
                            related=found[0].taint.path,
                        )
                seen.add(word if isinstance(word, str) else "")
