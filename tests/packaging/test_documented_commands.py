"""Every command line that the documents show is one that the three tools accept: verbs, options and values."""

from __future__ import annotations

import argparse
import importlib
import re
import shlex
from pathlib import Path

import pytest

import argolint.cli
import executor.cli
import reconciler.cli

REPO = Path(__file__).resolve().parents[2]
TOOLS = {
    "argolint": argolint.cli.COMMANDS,
    "argosync": reconciler.cli.COMMANDS,
    "argorun": executor.cli.COMMANDS,
}
# A line of a code block (indented or fenced), maybe behind another command's pipe, or code within a sentence.
_LINE = re.compile(
    r"^ {0,8}(?:\$ )?(?:[\w.-]+ [^`\n]*?(?:\||&&) )?((?:argolint|argosync|argorun) [^`\n]+)$", re.MULTILINE
)
_INLINE = re.compile(r"`((?:argolint|argosync|argorun) [^`\n]+)`")


def documented() -> list[str]:
    """The command lines, without comments; those that describe a grammar (`[-n NS]`, `a|b`) are left out."""
    found: dict[str, None] = {}
    texts = [executor.cli.EXAMPLES, reconciler.cli.EXAMPLES]
    texts += [
        path.read_text(encoding="utf-8")
        for path in [REPO / "README.md", *sorted((REPO / "docs").glob("*.md"))]
    ]
    for text in texts:
        for line in [*_LINE.findall(text), *_INLINE.findall(text)]:
            line = re.split(r"\s+#\s|\s{3,}|\s[|&><]+\s|;", line)[0].strip()
            line = re.sub(r"\b(?:SECONDS|PORT|N)\b", "5", line)
            if (
                not re.search(r"\b(?:VERB|COMMAND)\b|[\[\]|…\\]|\.\.\.|/\w+/\w+$", line)
                and len(line.split()) > 1
            ):
                found[line] = None
    return list(found)


def test_there_are_some() -> None:
    tools = [line.partition(" ")[0] for line in documented()]
    assert min(tools.count(name) for name in TOOLS) >= 5


@pytest.mark.parametrize("line", documented())
def test_it_is_accepted(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    tool, *words = shlex.split(line)
    commands = TOOLS[tool]
    words = executor.cli.redirected(words) if tool == "argorun" else words
    if tool == "argolint" and words[0] not in commands:
        words.insert(0, "check")
    if words[0].startswith("-"):
        return  # of the tool itself: --version, --help
    assert words[0] in commands, f"{tool} has no command `{words[0]}`"
    parser = argparse.ArgumentParser(prog=f"{tool} {words[0]}")
    importlib.import_module(commands[words[0]].module).add_arguments(parser)
    try:
        _, unknown = parser.parse_known_args(words[1:])
    except SystemExit:
        said = capsys.readouterr().err.splitlines()[-1]
        # A sentence may name a verb without what it needs.
        assert "arguments are required" in said, said
    else:
        assert unknown == []
