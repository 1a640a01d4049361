"""REL108."""

from __future__ import annotations

import re
from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import Template
from argolint.patterns import lazy
from argolint.rule import Finding, rule
from argolint.yaml.edit import insert

SHELLS = frozenset({"sh", "bash", "ash", "dash", "ksh", "zsh"})
_SET = lazy(r"^\s*set\s+(-[a-zA-Z]*e|-o\s+errexit)|^#!.*\s-[a-zA-Z]*e", re.MULTILINE)
# Lines that only continue or close what came before are no commands of their own.
_COMMAND = lazy(r"^\s*(?!(?:#|fi\b|done\b|esac\b|else\b|then\b|do\b|\}|\)|;;))\S")


@rule(
    "REL108",
    "shell-without-errexit",
    on="template",
    severity="info",
    default=False,
    types=("container", "script"),
    fix="unsafe",
)
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """A shell script of several commands goes on after one has failed."""
    body = template.body
    command = body.get("command")
    words = [word for word in command if isinstance(word, str)] if isinstance(command, list) else []
    if not words or words[0].rsplit("/", 1)[-1] not in SHELLS or any(_is_errexit(word) for word in words[1:]):
        return
    if template.type == "script":
        source = ctx.scalar(body, "source")
    else:
        source = None
        for key, items in (("args", body.get("args")), ("command", words)):
            if isinstance(items, list) and items and (key == "command" or "-c" in words or "-c" in items[:1]):
                source = source or ctx.scalar(body, key, len(items) - 1)
    if source is None or "\n" not in source.value.strip() or _SET.search(source.value):
        return
    text = source.value
    commands = [line for line in text.split("\n") if _COMMAND.match(line)]
    if (
        len(commands) < 2
        or ("<<" in text and len(commands) < 3)
        or commands[0].rstrip().endswith(("\\", "&&", "|", "||"))
    ):
        return
    start = text.index("\n") + 1 if text.startswith("#!") else 0
    at = source.part(start, start + 1)
    block = source.style == "|" and start == 0 and not text[0].isspace()
    indent = " " * (ctx.source.line_col(at.start)[1] - 1)
    yield Finding(
        at,
        f"the script of {template.label} goes on when a command fails: only the last one's exit code counts",
        help="begin it with `set -e`",
        fix=insert(at.start, f"set -e{ctx.source.newline()}{indent}") if block else None,
    )


def _is_errexit(word: str) -> bool:
    return word == "errexit" or (word[:1] == "-" and word[:2] != "--" and "e" in word)
