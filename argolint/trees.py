"""What a run keeps of the files that it has parsed: from the first pass, which takes their facts, to the second.

A tree takes some fifteen times the room of its text, so only a first part is kept as it is. More is kept packed, at a
fifth of the room and for a quarter of the time that parsing again takes; what exceeds that, too, is read again.
"""

from __future__ import annotations

from collections.abc import Callable

from argolint.context import File
from argolint.text import SourceText
from argolint.yaml.loader import Stream

# How much text a process keeps the trees of.
KEEP_CHARS = 600_000
# How many bytes of packed trees it keeps beside that.
PACKED_BYTES = 24_000_000
# How much text it keeps trees of that were asked for lately: files that others refer to are asked for again and again.
RECENT_CHARS = 250_000


class Trees:
    """Files by number. `load` reads and parses the file of a number, `source` gives its path and its text."""

    __slots__ = (
        "_kept",
        "_kept_chars",
        "_load",
        "_packed",
        "_packed_bytes",
        "_recent",
        "_recent_chars",
        "_source",
    )

    def __init__(self, load: Callable[[int], File], source: Callable[[int], tuple[str, str]]) -> None:
        self._load = load
        self._source = source
        self._kept: dict[int, File] = {}
        self._kept_chars = 0
        self._packed: dict[int, bytes] = {}
        self._packed_bytes = 0
        self._recent: dict[int, File] = {}
        self._recent_chars = 0

    def keep(self, number: int, file: File) -> None:
        """Keep a file for the second pass, as far as there is room."""
        if self._kept_chars < KEEP_CHARS:
            self._kept_chars += len(file.text)
            self._kept[number] = file
            return
        if self._packed_bytes < PACKED_BYTES:
            data = _pack(file)
            self._packed_bytes += len(data)
            if data:
                self._packed[number] = data
        file.release()

    def get(self, number: int) -> File:
        """A file, from wherever it is to be had."""
        file = self._kept.get(number)
        if file is not None:
            return file
        file = self._recent.pop(number, None)
        if file is None:
            packed = self._packed.get(number)
            file = self._load(number) if packed is None else _unpack(packed, *self._source(number))
            self._recent_chars += len(file.text)
        return self._remember(number, file)

    def done(self, number: int) -> None:
        """Keep a file no longer, now that its second pass is over; it is at hand for a while."""
        self._packed.pop(number, None)
        file = self._kept.pop(number, None)
        if file is not None:
            self._recent_chars += len(file.text)
            self._remember(number, file)

    def _remember(self, number: int, file: File) -> File:
        self._recent[number] = file  # the youngest
        while self._recent_chars > RECENT_CHARS and len(self._recent) > 1:
            oldest = self._recent.pop(next(iter(self._recent)))
            self._recent_chars -= len(oldest.text)
            oldest.release()
        return file


def _pack(file: File) -> bytes:
    """A file's documents as bytes; none when they are nested too deeply for that."""
    from pickle import dumps

    try:
        return dumps((file.documents, file.problems, file.encoding_problem, file.unrendered), 4)
    except RecursionError:
        return b""


def _unpack(packed: bytes, path: str, text: str) -> File:
    from pickle import loads

    documents, problems, encoding_problem, unrendered = loads(packed)
    return File(path, SourceText(text), Stream(documents, problems), encoding_problem, unrendered)
