"""shellcheck and ruff, when they are installed: scripts in, findings with offsets out."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

from argolint.external.scripts import offset_of

# What masked tags make shellcheck say: constant conditions, files it cannot follow, names that look misspelt.
_SHELLCHECK_OFF = "SC1091,SC2194,SC2050,SC2153,SC2154,SC2157,SC2043,SC2148"
# What is no mistake in the script of a template: names that other code would define, import order, style.
_RUFF_ON = "E9,F63,F7,F82,F811,F401,F841"
_LIMIT_SECONDS = 20
_LEVELS = {"error": "error", "warning": "warning", "info": "info", "style": "info"}


class Remark(NamedTuple):
    """What a tool says of a script: its code, level, sentence, and offsets into the script."""

    code: str
    severity: str
    message: str
    start: int
    end: int


@lru_cache(maxsize=4)
def tool(name: str) -> str:
    """The path of a tool beside this Python (where the extra `scripts` puts it) or on PATH; "" when there is none."""
    import shutil

    beside = os.path.join(os.path.dirname(sys.executable), name + (".exe" if os.name == "nt" else ""))
    return beside if os.path.isfile(beside) else shutil.which(name) or ""


@lru_cache(maxsize=4096)
def shellcheck(script: str, shell: str) -> tuple[Remark, ...]:
    """What shellcheck says of a script; nothing when it is not installed."""
    path = tool("shellcheck")
    if not path:
        return ()
    answer = _run(
        [path, "--norc", "-f", "json1", "-s", shell, "-e", _SHELLCHECK_OFF, "-S", "warning", "-"], script
    )
    comments = answer.get("comments", []) if isinstance(answer, dict) else []
    return tuple(
        Remark(
            f"SC{item['code']}", _LEVELS.get(item["level"], "info"), item["message"],
            offset_of(script, item["line"], item["column"], tab=8),
            offset_of(script, item["endLine"], item["endColumn"], tab=8),
        )
        for item in comments
    )  # fmt: skip


@lru_cache(maxsize=4096)
def ruff(script: str) -> tuple[Remark, ...]:
    """What ruff says of a Python script; nothing when it is not installed."""
    path = tool("ruff")
    if not path:
        return ()
    command = [
        path, "check", "--isolated", "--no-cache", "--quiet", "--output-format", "json", "--select", _RUFF_ON,
        "--stdin-filename", "script.py", "-",
    ]  # fmt: skip
    answer = _run(command, script)
    found = []
    for item in answer if isinstance(answer, list) else []:
        start, end = item["location"], item["end_location"]
        found.append(
            Remark(
                item["code"] or "syntax", "warning", item["message"],
                offset_of(script, start["row"], start["column"]), offset_of(script, end["row"], end["column"]),
            )
        )  # fmt: skip
    return tuple(found)


def _run(command: list[str], script: str) -> Any:
    import subprocess

    try:
        done = subprocess.run(
            command, input=script, capture_output=True, text=True, encoding="utf-8", errors="replace", check=False,
            timeout=_LIMIT_SECONDS,
        )  # fmt: skip
        return json.loads(done.stdout or "null")
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None


def stamp(names: Iterable[str]) -> str:
    """A text that changes when one of the tools comes, goes or is replaced, since what it said is remembered."""
    paths = [tool(name) for name in names]
    return repr([(path, os.stat(path).st_mtime_ns) if path else "" for path in paths])


def describe() -> str:
    """Which tools are there, for --show-settings."""
    lines = [
        f"#   {name}: {tool(name) or 'not installed (pip install argolint[scripts])'}"
        for name in ("shellcheck", "ruff")
    ]
    return "# tools for inline scripts:\n" + "\n".join(lines) + "\n"
