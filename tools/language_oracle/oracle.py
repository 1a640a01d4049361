"""The Go program that asks the real libraries: building it, asking it, and how its answers compare with ours."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

from argolint.language.errors import LanguageError
from argolint.language.gotime import Duration, Time, format_time

HERE = Path(__file__).resolve().parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "argolint" / "language-oracle"
SOURCES = ("go.mod", "go.sum", "main.go", "languages.go", "values.go")
MEMORY = 3 << 30
_TIME = "2006-01-02T15:04:05.999999999 -0700 MST"


class Question(NamedTuple):
    """One thing to ask: `fields` as the Go program reads them, `ours` gives our answer or raises LanguageError.

    `unordered` says that Go's answer depends on the order of a map.
    """

    area: str
    fields: dict[str, Any]
    ours: Callable[[], Any]
    unordered: bool = False


class Outcome(NamedTuple):
    """What both sides said: a value in tagged form, or an error's stage and message."""

    question: Question
    theirs: tuple[str, Any]
    ours: tuple[str, Any]
    equal: bool


def build() -> Path:
    """The oracle's binary, made when its sources changed. Exits with Go's messages when that fails."""
    digest = hashlib.sha256(b"".join((HERE / name).read_bytes() for name in SOURCES)).hexdigest()[:16]
    binary = CACHE / f"oracle-{digest}"
    if binary.is_file():
        return binary
    go = shutil.which("go")
    if go is None:
        sys.exit("the language oracle needs Go 1.24 or later on PATH")
    CACHE.mkdir(parents=True, exist_ok=True)
    making = binary.with_suffix(f".{os.getpid()}")
    done = subprocess.run([go, "build", "-o", making, "."], cwd=HERE, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"go build failed:\n{done.stderr}")
    making.replace(binary)
    return binary


def ask(fields: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The answers to questions, in their order. One that the program does not survive is an error of stage "run"."""
    binary = build()
    lines = [json.dumps(one) + "\n" for one in fields]
    answers: list[dict[str, Any]] = []
    while len(answers) < len(lines):
        done = subprocess.run(
            [binary],
            input="".join(lines[len(answers) :]).encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            preexec_fn=_limited,
            env={**os.environ, "GOMAXPROCS": "2"},
        )
        answers += [json.loads(line) for line in done.stdout.decode().splitlines()]
        if done.returncode not in (0, 3):
            answers.append(
                {"stage": "run", "value": None, "message": "the program ended", "start": 0, "end": 0}
            )
    return answers


def _limited() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def encode(value: Any) -> Any:
    """One of our values in the form in which the oracle shows its own."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return {"i": str(int(value))}
    if isinstance(value, float):
        return {"f": "NaN" if math.isnan(value) else repr(value)}
    if isinstance(value, bytes):
        return {"bytes": base64.b64encode(value).decode()}
    if isinstance(value, str):
        return {"s": str(value)}
    if isinstance(value, (list, tuple)):
        return {"l": [encode(item) for item in value]}
    if isinstance(value, dict):
        return {"m": [[encode(key), encode(item)] for key, item in value.items()]}
    if isinstance(value, Time):
        return {"t": format_time(value, _TIME)}
    if isinstance(value, Duration):
        return {"d": str(value.ns)}
    return {"func": True} if callable(value) else {"z": str(value)}


def same(ours: Any, theirs: Any, unordered: bool = False) -> bool:
    """Whether two tagged values are equal; maps have no order, and with `unordered` lists have none either."""
    if not isinstance(ours, dict) or not isinstance(theirs, dict):
        return ours is theirs or (type(ours) is type(theirs) and bool(ours == theirs))
    if "f" in ours and "f" in theirs:
        left, right = float(ours["f"]), float(theirs["f"])
        signs = math.copysign(1, left) == math.copysign(1, right)
        return (math.isnan(left) and math.isnan(right)) or (left == right and signs)
    if "s" in ours and "b" in theirs:
        # Bytes that are no UTF-8: what JSON would make of them.
        return bool(ours["s"] == base64.b64decode(theirs["b"]).decode("utf-8", "replace"))
    for tag in ("l", "m"):
        if tag in ours and tag in theirs:
            return _same_items(ours[tag] or [], theirs[tag] or [], unordered, tag == "m")
    if "t" in ours and "t" in theirs:
        return bool(ours["t"] == theirs["t"])
    return ours == theirs


def _same_items(ours: list[Any], theirs: list[Any], unordered: bool, is_map: bool) -> bool:
    if len(ours) != len(theirs):
        return False
    if is_map:
        ours, theirs = ([{"l": pair} for pair in side] for side in (ours, theirs))
    if not (unordered or is_map):
        return all(same(left, right) for left, right in zip(ours, theirs))
    rest = list(theirs)
    for item in ours:
        match = next((one for one in rest if same(item, one, unordered)), None)
        if match is None and not any(one is None for one in rest if item is None):
            return False
        rest.remove(match)
    return True


def compare(questions: Iterable[Question]) -> list[Outcome]:
    """Both sides' answers to each question. An exception of ours other than LanguageError counts as different."""
    listed = list(questions)
    found: list[Outcome] = []
    for question, answer in zip(listed, ask(one.fields for one in listed)):
        theirs = (answer["stage"], answer["value"] if answer["stage"] == "value" else answer.get("message"))
        try:
            ours: tuple[str, Any] = ("value", encode(question.ours()))
        except LanguageError as error:
            ours = ("error", f"{error.message} @{error.start}-{error.end}")
        except Exception as error:
            ours = ("crash", repr(error))
        if ours[0] == "value":
            equal = theirs[0] == "value" and same(ours[1], theirs[1], question.unordered)
        else:
            equal = ours[0] == "error" and theirs[0] != "value"
        found.append(Outcome(question, theirs, ours, equal))
    return found
