"""Transcripts of commands: what was typed, what came back, in a file that a person can read and a test can check.

A transcript is a text file. `$ get cm -o name` is a command (of kubectl, its words as in a shell); the lines below it are what it wrote,
first its standard output, then, each behind `! `, its standard error; `[3]` is an exit code other than 0. `#` begins a comment.
`NS` stands for the namespace of the run.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import NamedTuple


class Step(NamedTuple):
    """A command and what it is to answer; `before` are comments and blank lines above it."""

    words: tuple[str, ...]
    line: str
    expected: str
    before: str = ""


def read(path: Path) -> list[Step]:
    """The steps of a transcript."""
    steps: list[Step] = []
    before: list[str] = []
    answer: list[str] = []
    for line in path.read_text().splitlines():
        if line.startswith("$ "):
            if steps:
                steps[-1] = steps[-1]._replace(expected="\n".join(answer))
            steps.append(Step(tuple(shlex.split(line[2:])), line, "", "\n".join(before)))
            before, answer = [], []
        elif line.startswith("# "):
            before.append(line)
        else:
            answer.append(line)
    if steps:
        steps[-1] = steps[-1]._replace(expected="\n".join(answer))
    return steps


def write(path: Path, steps: list[Step], answers: list[str]) -> None:
    """Put these answers into the transcript."""
    lines = []
    for step, answer in zip(steps, answers, strict=True):
        lines += [text for text in (step.before, step.line, answer) if text]
    path.write_text("\n".join(lines) + "\n")


_VARYING = (
    (r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "UID"),
    (r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "TIME"),
    (r"\b[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}", "TIME"),
    (r"\b[A-Z][a-z]{2} [A-Z][a-z]{2} +\d+ \d\d:\d\d:\d\d [A-Z]+ \d{4}", "TIME"),
    (r'("?resourceVersion"?: ?)"\d+"', r'\1"RV"'),
    (r"(Resource Version:) +\d+", r"\1 RV"),
    (r"https?://(127\.0\.0\.1|localhost|\[::1\]):\d+", "SERVER"),
    (r"/tmp/[\w./-]+(\s+\d{4}-\d\d-\d\d \d\d:\d\d:[\d.]+ [+-]\d{4})?", "TMP"),
    (r"(?m)^[WE]\d{4} [\d:.]+ +\d+ (\w+\.go):\d+", r"\1"),
    (r"(?m)^Warning: \w+ objects are stored, but nothing in this embedded cluster acts upon them\n", ""),
    (r"(?<=[ \t(])\d+(s|m|ms|m\d+s)(?=[ \t)\n]|$)", "AGE"),
    (r"<invalid>", "AGE"),
    (r"eyJ[\w-]+\.[\w-]+\.[\w-]+", "TOKEN"),
    (r" +\n", "\n"),
    (r"(?<=\S)  +", "  "),
)


def normal(text: str, namespace: str) -> str:
    """What a command wrote, without what differs from run to run: names, times, widths of columns."""
    text = text.replace(namespace, "NS")
    for pattern, instead in _VARYING:
        text = re.sub(pattern, instead, text)
    return text.rstrip("\n")


def answer(code: int, out: str, err: str, namespace: str) -> str:
    """What a command did, as a transcript has it."""
    lines = [normal(out, namespace)] if out.strip() else []
    lines += [f"! {line}" for line in normal(err, namespace).splitlines() if line]
    if code:
        lines.append(f"[{code}]")
    return "\n".join(line for line in lines if line)
