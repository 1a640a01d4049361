"""Blocks of output that a CI system folds away, where one runs this."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple


class Folding(NamedTuple):
    """What stands before and after a block, and a line of it that is taken for nothing else."""

    begin: Callable[[str], str]
    end: Callable[[str], str]
    safe: Callable[[str], str]


def folding(environment: Mapping[str, str]) -> Folding:
    """The blocks of the CI system that the variables are of."""
    if environment.get("GITHUB_ACTIONS") == "true":
        return GITHUB
    return GITLAB if environment.get("GITLAB_CI") == "true" else PLAIN


def no_command(line: str) -> str:
    """A line of a step's log that GitHub Actions does not take for a command: it looks behind leading blanks."""
    return f"| {line}" if line.lstrip().startswith(("::", "##[")) else line


def _section(what: str, name: str) -> str:
    word = re.sub(r"[^A-Za-z0-9_.-]", "_", name)
    return f"\x1b[0Ksection_{what}:{int(time.time())}:{word}"


PLAIN = Folding(lambda name: f"--- {name}\n", lambda name: "", lambda line: line)
GITHUB = Folding(lambda name: f"::group::{name}\n", lambda name: "::endgroup::\n", no_command)
GITLAB = Folding(
    lambda name: f"{_section('start', name)}[collapsed=true]\r\x1b[0K{name}\n",
    lambda name: f"{_section('end', name)}\r\x1b[0K\n",
    lambda line: line,
)
