"""What kustomize and Helm print, linted as it reaches the cluster, and findings taken back to the files it came from.

Helm writes `# Source: chart/templates/x.yaml` above each document; kustomize, with `buildMetadata: [originAnnotations]`, an annotation
`config.kubernetes.io/origin` with a `path`. Where neither is there, findings stay in the output.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

from argolint.api import Report, summarise
from argolint.batch import Input, read_bytes
from argolint.context import read
from argolint.diagnostic import Diagnostic
from argolint.errors import UserError
from argolint.model.k8s import Object
from argolint.patterns import lazy
from argolint.redact import places_in, texts_at
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

    A file is looked for below each of `folders`, below their subfolders' charts (Helm names files by the chart's name), below the
    folders that a command names, and among the inputs. What is found in the file itself, too, is said once.
    """
    inputs = list(inputs)
    rendered = {item.path: item for item in inputs if item.stdin}
    if not any(item.path in rendered for item in report.findings):
        return report
    folders = list(folders)
    known = [os.path.abspath(item.path) for item in inputs if not item.stdin]
    parts = {path: stretches(decode(item.data)[0]) for path, item in rendered.items()}
    texts = dict(report.texts)
    said = {_what(item, texts) for item in report.findings if item.path not in rendered}
    found: list[Diagnostic] = []
    for item in report.findings:
        stretch = next(
            (part for part in parts.get(item.path, ()) if part.start <= item.start <= part.end), None
        )
        moved = None
        if stretch is not None:
            path = _locate(stretch.path, [*_folders_of(item.path), *folders], known)
            if path:
                moved = _moved(item, stretch, path, report.texts[item.path], texts)
        if moved is not None:
            if _what(moved, texts) in said:
                continue
            said.add(_what(moved, texts))
        found.append(moved or item)
    found.sort(key=lambda item: (item.path, item.start, item.end, item.code))
    summary = summarise(found, report.summary["files"], report.summary["objects"])
    secrets = dict(report.secrets)
    words = [
        word
        for path in rendered
        if path in report.texts
        for word in texts_at(report.texts[path], secrets.get(path, ()))
    ]
    for path in texts.keys() - rendered.keys() if words else ():
        secrets[path] = tuple(sorted({*secrets.get(path, ()), *places_in(texts[path], words)}))
    return report._replace(findings=found, texts=texts, summary=summary, secrets=secrets)


def _what(item: Diagnostic, texts: dict[str, SourceText]) -> tuple[str, str, int, str]:
    line = texts[item.path].line_col(item.start)[0] if item.path in texts else 0
    return os.path.abspath(item.path), item.code, line, item.message


def _folders_of(name: str) -> list[str]:
    """The folders that a command names: kustomize's origins are relative to the one that it builds."""
    if not name.startswith("<"):
        return []
    return [word for word in name[1:-1].split() if os.path.isdir(word)]


def _locate(named: str, folders: list[str], known: list[str]) -> str:
    """The file that a tool names: relative to a folder, to a folder above it, with the chart's name cut off, or, when it
    is relative to a folder that is not known, the one file that ends in its name.
    """
    tail = named
    while tail.startswith("../"):
        tail = tail[3:]
    tails = dict.fromkeys([named, tail, named.partition("/")[2]] if tail == named else [named])
    for folder in folders:
        current = os.path.abspath(folder)
        for _ in range(6):
            for one in tails:
                path = os.path.join(current, one)
                if one and os.path.isfile(path):
                    return os.path.relpath(path)
            for sub in ("charts", "helm", "chart", "deploy"):
                path = os.path.join(current, sub, named)
                if os.path.isfile(path):
                    return os.path.relpath(path)
            parent = os.path.dirname(current)
            if parent == current or os.path.exists(os.path.join(current, ".git")):
                break
            current = parent
    ends = [path for path in known if path.endswith(os.sep + tail.replace("/", os.sep))]
    return os.path.relpath(ends[0]) if len(ends) == 1 else ""


def _moved(
    item: Diagnostic, stretch: Stretch, path: str, rendered: SourceText, texts: dict[str, SourceText]
) -> Diagnostic | None:
    source = texts.get(path)
    if source is None:
        source = SourceText(decode(read_bytes(path, lenient=True))[0])
    place = _same_field(item, stretch.object, rendered, source) if stretch.object is not None else None
    place = place or _same_line(item, stretch, rendered, source)
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


@lru_cache(maxsize=16)
def _objects(text: str) -> tuple[Object, ...]:
    return tuple(item for group in read("", text).objects for item in group)


_STEP = lazy(r"\[(\d+)\]|([^.\[\]]+)")


def _same_field(
    item: Diagnostic, obj: Object, rendered: SourceText, source: SourceText
) -> tuple[int, int] | None:
    """The place of the finding's field in the object of the same kind in the file; the key around a field that is not in
    the file: a patch has set it.
    """
    candidates = [other for other in _objects(source.text) if other.kind == obj.kind]
    exact = [other for other in candidates if other.name and other.name in obj.name]
    chosen = (exact or candidates)[:1]
    if not chosen:
        return None
    node: Any = chosen[0].map
    place: tuple[int, int] | None = None
    around: tuple[int, int] | None = None
    for index, key in _STEP.findall(item.where):
        step: Any = int(index) if index else key
        if not isinstance(node, (Map, Seq)):
            break
        places: Any = node.at
        if (isinstance(node, Map) and step not in node) or (
            isinstance(node, Seq) and (index == "" or step >= len(node))
        ):
            return around
        at = places[step]
        around = (at[0], at[1]) if isinstance(node, Map) else around
        place = (at[-2], at[-1]) if at[-1] > at[-2] else (at[0], at[1])
        node = node[step]
    said = rendered.slice(item.start, item.end)
    if place is not None and said and source.slice(*place).count(said) == 1:
        start = place[0] + source.slice(*place).index(said)
        return start, start + len(said)
    if place is not None and isinstance(node, (Map, Seq)):
        place = (place[0], min(place[1], source.line_span(source.line_col(place[0])[0])[1]))
    return place


def _same_line(
    item: Diagnostic, stretch: Stretch, rendered: SourceText, source: SourceText
) -> tuple[int, int] | None:
    """The line that reads the same, if there is just one; else the one that stands where it stands, between lines that
    read the same, or has the same key.
    """
    number, column = rendered.line_col(item.start)
    line = rendered.line_text(number)
    wanted = line.strip()
    lines = [source.line_text(n).strip() for n in range(1, source.line_count + 1)]
    key = _key_of(wanted)
    same = [n for n, text in enumerate(lines, 1) if text == wanted]
    alike = [n for n, text in enumerate(lines, 1) if key and _key_of(text) == key]
    low, high = 0, len(lines) + 1
    if len(same) != 1:
        low, high = _between(number, stretch, rendered, lines)
    near = [n for n in same if low <= n <= high] or [n for n in alike if low <= n <= high] or alike
    near = near or [n for n in range(max(low, 1), len(lines) + 1) if lines[n - 1]]
    if not near:
        return None
    begin, stop = source.line_span(near[0])
    text = source.text[begin:stop]
    indent = len(text) - len(text.lstrip())
    if text.strip() != wanted:
        return begin + indent, stop
    # The very line: the place in it is the same, whatever the indentation.
    start = begin + indent + column - 1 - (len(line) - len(line.lstrip()))
    return start, min(start + max(item.end - item.start, 0), stop)


def _key_of(text: str) -> str:
    found = re.match(r"(?:- )*\{?([\w.-]+:)", text)
    return found.group(1) if found else ""


# More lines than this are not compared with each other.
_COMPARED = 4000


def _between(number: int, stretch: Stretch, rendered: SourceText, lines: list[str]) -> tuple[int, int]:
    """The lines of the source between which a line of the rendered text must come from, by the lines around it that read the same."""
    from difflib import SequenceMatcher

    first, last = rendered.line_col(stretch.start)[0], rendered.line_col(stretch.end)[0]
    if last - first > _COMPARED or len(lines) > _COMPARED:
        return 0, len(lines) + 1
    ours = [rendered.line_text(n).strip() for n in range(first, last + 1)]
    low, high = 0, len(lines) + 1
    for at, other, size in SequenceMatcher(None, ours, lines, autojunk=False).get_matching_blocks():
        if not size:
            continue
        if first + at <= number < first + at + size:
            match = other + 1 + number - first - at
            return match, match
        if first + at + size <= number:
            low = other + size + 1
        elif first + at > number:
            return low, other
    return low, high
