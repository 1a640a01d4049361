"""SCR121."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.scripts import language_of
from argolint.context import Context
from argolint.model.workflow import Template
from argolint.patterns import lazy
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace, scalar

_PROGRAMS = frozenset(
    {"aws", "az", "bash", "cat", "cd", "chmod", "cp", "curl", "date", "docker", "echo", "env", "export", "gcloud",
     "git", "go", "gsutil", "helm", "java", "jq", "kubectl", "ls", "make", "mkdir", "mv", "node", "npm", "npx",
     "php", "pip", "printf", "psql", "python", "python3", "rm", "ruby", "sed", "sh", "sleep", "tar", "terraform",
     "touch", "wget"}
)  # fmt: skip

# What only a shell, or quotes that it takes away, make sense of.
_SHELL = lazy(r"[\"'\\\\|&;<>$`*?(){}~#]")


@rule("SCR121", "command-with-arguments", on="template", severity="error", fix="unsafe")
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """A command is one text with its arguments in it: no program has that name."""
    for _, container in template.containers:
        words = container.sequence("command")
        first = words[0] if words else None
        if not isinstance(first, str) or " " not in first.strip() or "{{" in first or "\n" in first:
            continue
        parts = first.split()
        if parts[0] not in _PROGRAMS and not language_of(parts[0]):
            continue
        span = container.item_span("command", 0)
        yield Finding(
            span,
            f"`command` starts a program that is called `{first.strip()}`, blanks included",
            help=f"write the words one by one, `[{', '.join(parts)}]`, or `[sh, -c, …]` for what a shell is to read",
            fix=replace(span, ", ".join(scalar(part) for part in parts))
            if words.flow and not _SHELL.search(first)
            else None,
        )
