"""What kustomize and Helm print, linted as it reaches the cluster, and findings taken back to the files it came from.

Helm writes `# Source: chart/templates/x.yaml` above each document; kustomize, with `buildMetadata: [originAnnotations]`, an annotation
`config.kubernetes.io/origin` with a `path`. Where neither is there, findings stay in the output.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from argolint.api import Report
from argolint.batch import Input, read_bytes
from argolint.context import read
from argolint.diagnostic import Diagnostic
from argolint.errors import UserError
from argolint.model.k8s import Object
from argolint.patterns import lazy
from argolint.text import SourceText, decode
from argolint.yaml.nodes import Map, Seq

ORIGIN = "config.kubernetes.io/origin"
_SOURCE = lazy(r"^# Source: (\S[^\r\n]*?)[ \t]*$", re.MULTILINE)
_SECONDS = 120


class Stretch(NamedTuple):
    """A part of rendered text that came from a file, as the tool names it; `object` is the kustomize object, if any."""

    start: int
    end: int
    path: str
    object: Object | None


def run_commands(commands: Iterable[str], root: str) -> list[Input]:
    """The output of each command as an input that goes by the command's name.

    The command is split into words and run without a shell, in the folder of the configuration. Raises UserError when it fails.
    """
    import subprocess

    found = []
    for command in commands:
        try:
            words = shlex.split(command)
            done = subprocess.run(
                words,
                cwd=root or None,
                capture_output=True,
                check=False,
                timeout=_SECONDS,
                stdin=subprocess.DEVNULL,
            )
        except (OSError, ValueError, IndexError) as error:
            raise UserError(
                f"render: `{command}` cannot be run: {error}", "correct `render:` in the configuration"
            ) from error
        except subprocess.TimeoutExpired as error:
            raise UserError(
                f"render: `{command}` took more than {_SECONDS} s", "run it by hand to see why"
            ) from error
        if done.returncode != 0:
            said = done.stderr.decode("utf-8", "replace").strip().splitlines()[-3:]
            raise UserError(
                f"render: `{command}` failed with exit code {done.returncode}: {' / '.join(said)}",
                "run it by hand to see why",
            )
        found.append(Input(f"<{command}>", done.stdout, True, stdin=True))
    return found


def stretches(text: str) -> list[Stretch]:
    """The parts of a text that say which file they came from."""
    if ORIGIN not in text and "# Source: " not in text:
        return []
    file = read("", text)
    found: list[Stretch] = []
    for document, objects in zip(file.documents, file.objects):
        head = objects[0] if objects else None
        path = ""
        if head is not None:
            origin = head.annotations.text(ORIGIN)
            match = re.search(r"^path: *(.+?) *$", origin, re.MULTILINE)
            path = match.group(1) if match else ""
        if path:
            found.append(Stretch(document.start, document.end, path, head))
            continue
        # Helm's comment stands between the document's marker and its first key.
        first = head.map.span[0] if head is not None else document.end
        sources = list(_SOURCE.finditer(text, document.start, first))
        if sources:
            found.append(Stretch(document.start, max(document.end, first), sources[-1].group(1), None))
    return found


def take_back(report: Report, inputs: Iterable[Input], folders: Iterable[str]) -> Report:
    """The report with findings in rendered text moved to the files it was rendered from, where those are found.

    A file is looked for below each of `folders`, and below their subfolders' charts (Helm names files by the chart's name).
    """
    rendered = {item.path: item for item in inputs if item.stdin}
    if not any(item.path in rendered for item in report.findings):
        return report
    folders = list(folders)
    parts = {path: stretches(decode(item.data)[0]) for path, item in rendered.items()}
    texts = dict(report.texts)
    found: list[Diagnostic] = []
    for item in report.findings:
        stretch = next(
            (part for part in parts.get(item.path, ()) if part.start <= item.start <= part.end), None
        )
        moved = None
        if stretch is not None:
            path = _locate(stretch.path, folders)
            if path:
                moved = _moved(item, stretch, path, report.texts[item.path], texts)
        found.append(moved or item)
    found.sort(key=lambda item: (item.path, item.start, item.end, item.code))
    return report._replace(findings=found, texts=texts)


def _locate(named: str, folders: list[str]) -> str:
    """The file that a tool names: relative to a folder, to a folder above it, or with the chart's name cut off."""
    tails = [named, named.partition("/")[2]]
    for folder in folders:
        current = os.path.abspath(folder)
        for _ in range(6):
            for tail in tails:
                path = os.path.join(current, tail)
                if tail and os.path.isfile(path):
                    return os.path.relpath(path)
            for sub in ("charts", "helm", "chart", "deploy"):
                path = os.path.join(current, sub, named)
                if os.path.isfile(path):
                    return os.path.relpath(path)
            parent = os.path.dirname(current)
            if parent == current or os.path.exists(os.path.join(current, ".git")):
                break
            current = parent
    return ""


def _moved(
    item: Diagnostic, stretch: Stretch, path: str, rendered: SourceText, texts: dict[str, SourceText]
) -> Diagnostic | None:
    source = texts.get(path)
    if source is None:
        source = SourceText(decode(read_bytes(path, lenient=True))[0])
    place = (_same_field(item, stretch.object, source) if stretch.object is not None else None) or _same_line(
        item, rendered, source
    )
    if place is None:
        return None
    texts[path] = source
    note = f"found in what is rendered from this file ({item.path})"
    return item._replace(
        path=path,
        start=place[0],
        end=place[1],
        related=(),
        fix=None,
        help=f"{item.help}; {note}" if item.help else note,
    )


_STEP = lazy(r"\[(\d+)\]|([^.\[\]]+)")


def _same_field(item: Diagnostic, obj: Object, source: SourceText) -> tuple[int, int] | None:
    """The place of the finding's field in the object of the same kind in the file."""
    file = read("", source.text)
    candidates = [other for group in file.objects for other in group if other.kind == obj.kind]
    exact = [other for other in candidates if other.name and other.name in obj.name]
    chosen = (exact or candidates)[:1]
    if not chosen:
        return None
    node: Any = chosen[0].map
    place: tuple[int, int] | None = None
    for index, key in _STEP.findall(item.where):
        step: Any = int(index) if index else key
        if not isinstance(node, (Map, Seq)):
            break
        places: Any = node.at
        if (isinstance(node, Map) and step not in node) or (
            isinstance(node, Seq) and (index == "" or step >= len(node))
        ):
            break
        at = places[step]
        place = (at[-2], at[-1]) if at[-1] > at[-2] else (at[0], at[1])
        node = node[step]
    if place is not None and isinstance(node, (Map, Seq)):
        place = (place[0], min(place[1], source.line_span(source.line_col(place[0])[0])[1]))
    return place


def _same_line(item: Diagnostic, rendered: SourceText, source: SourceText) -> tuple[int, int] | None:
    """The line that reads the same, if there is just one; else the one line with the same key."""
    line = rendered.line_text(rendered.line_col(item.start)[0])
    wanted = line.strip()
    tests: list[Callable[[str], bool]] = [lambda text: text.strip() == wanted]
    key = re.match(r"\s*(?:- )*([\w.-]+:)", line)
    if key is not None:
        start = key.group(1)
        tests.append(lambda text: re.match(rf"\s*(?:- )*{re.escape(start)}", text) is not None)
    for test in tests:
        numbers = [n for n in range(1, source.line_count + 1) if test(source.line_text(n))]
        if len(numbers) == 1:
            begin, stop = source.line_span(numbers[0])
            text = source.text[begin:stop]
            return begin + len(text) - len(text.lstrip()), stop
    return (0, source.line_span(1)[1]) if source.text else None
