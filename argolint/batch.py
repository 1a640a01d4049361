"""Linting files on disk: read, look up what is known of them, parse the rest (in workers when there is much), report.

There are two passes. The first parses and takes the facts of each file; the second, when the facts of all are known,
runs the rules, each file's in one walk.

A file's own findings are remembered by its content; findings that depend on other files also by a digest of the facts of all
files. When nothing changed, nothing is parsed and no rule is imported.
"""

from __future__ import annotations

import marshal
import os
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, cast

from argolint import redact, registry
from argolint._version import __version__
from argolint.analysis.patches import Kustomized, extent, kustomized
from argolint.api import Report, summarise
from argolint.context import File, read
from argolint.diagnostic import Diagnostic, Edit, Fix, ObjectRef, Related, Severity
from argolint.digest import blake2b
from argolint.errors import UserError
from argolint.model.k8s import Object
from argolint.project import cache
from argolint.project.discover import KUSTOMIZATION_FILES, Found, discover, is_manifest
from argolint.project.facts import ObjectFact, facts_of_objects, unpack
from argolint.project.index import Index
from argolint.runner import (
    Part,
    Plan,
    conclude,
    failed_imports,
    run_hooks,
    run_project,
    with_fingerprints,
)
from argolint.settings import Settings
from argolint.suppress import Suppression, suppressions_of
from argolint.text import SourceText, decode
from argolint.trees import Trees

# Below this much to parse, forking costs more than it gains.
FORK_FILES = 300
UNREADABLE_CODE = "LNT107"
FORK_BYTES = 700_000


class Input:
    """A file to lint. `target`: findings in it are reported; the others only give context.

    `stdin`: it came from standard input, and `path` is only the name it goes by. `data` is read when it is first
    asked for, if the file is known not to have changed since its `key` was computed. `name` is its path relative to the root.
    `unreadable` says why it could not be read; it is empty, then.
    """

    __slots__ = ("_data", "explicit", "key", "name", "path", "stdin", "target", "unreadable")

    def __init__(
        self, path: str, data: bytes | None, target: bool, stdin: bool = False, *, name: str = "", key: bytes = b"",
        explicit: bool = False, unreadable: str = "",
    ) -> None:  # fmt: skip
        self.path = path
        self._data = data
        self.target = target
        self.stdin = stdin
        self.name = name
        self.key = key
        self.explicit = explicit
        self.unreadable = unreadable

    @property
    def data(self) -> bytes:
        """The bytes of the file."""
        if self._data is None:
            self._data = read_bytes(self.path, lenient=True)
        return self._data

    @property
    def size(self) -> int:
        """How many bytes there are to parse, as far as that is known without reading."""
        return len(self._data) if self._data is not None else 0

    def with_data(self, data: bytes) -> Input:
        """The same file with other content."""
        return Input(self.path, data, self.target, self.stdin, explicit=self.explicit)


class Entry(NamedTuple):
    """What is remembered of a file; everything in it can be marshalled.

    `facts` is marshalled by itself, since most runs do not need it; `findings` is None for a file that no rule has seen;
    `cross` holds the findings of cross-file rules as of the project digest `cross_digest`.
    """

    facts: bytes
    facts_digest: bytes
    broken: bool
    objects: int
    findings: list[Any] | None
    suppressions: list[Any]
    cross_digest: bytes
    cross: list[Any]


def collect(
    paths: Sequence[str], settings: Settings, context_root: str = "", store: cache.Store | None = None, *,
    strict: bool = False, tolerant: bool = False,
) -> list[Input]:  # fmt: skip
    """The files that `paths` mean, and those of the project around them. Files found in folders are sniffed at.

    With a `store`, files that have not changed since they were last read are not read again. `strict`: files that are
    named are left out, too, where the configuration or an ignore file says so. `tolerant`: what is found in a folder and cannot
    be read is an input without content, which `lint` reports; otherwise it raises UserError, as a named file does.
    """
    store = store or cache.Store(settings.root, "", {}, {})
    inputs: list[Input] = []
    seen: set[tuple[int, int]] = set()
    for found in discover(paths, settings.exclude, settings.root, strict=strict):
        seen.add((found.stat.st_dev, found.stat.st_ino))
        item = _input(found, store, target=True)
        if item is not None and item.unreadable and not tolerant:
            raise UserError(f"{item.path}: cannot be read: {item.unreadable}", "check its permissions")
        if item is not None:
            inputs.append(item)
    if context_root and not _covers(paths, context_root):
        for found in discover([context_root], settings.exclude, settings.root):
            if (found.stat.st_dev, found.stat.st_ino) not in seen:
                item = _input(found, store, target=False)
                if item is not None:
                    inputs.append(item)
    return inputs


def _covers(paths: Sequence[str], root: str) -> bool:
    """Whether one of the paths is the root itself."""
    top = os.path.abspath(root)
    return any(os.path.abspath(path) == top for path in paths)


def _input(found: Found, store: cache.Store, target: bool) -> Input | None:
    """A file as an input, read unless it is known; None when it was found in a folder and is no manifest."""
    if found.unreadable:
        return _unreadable(found.path, found.unreadable) if target else None
    name = store.relative(found.path)
    path = found.path if target else os.path.relpath(found.path)
    known = store.known(name, found.stat)
    if known is not None:
        if not known[1] and not found.explicit:
            return None
        return Input(path, None, target, name=name, key=known[0], explicit=found.explicit)
    try:
        data = read_bytes(found.path, lenient=not target)
    except UserError as error:
        if found.explicit:
            raise
        return _unreadable(found.path, error.message.rpartition(": ")[2])
    key = cache.content_key(name, data)
    manifest = is_manifest(data, found.path)
    store.note(name, found.stat, key, manifest)
    if not manifest and not found.explicit:
        return None
    return Input(path, data, target, name=name, key=key, explicit=found.explicit)


def _unreadable(path: str, why: str) -> Input:
    return Input(path, b"", True, unreadable=why)


def read_bytes(path: str, lenient: bool = False) -> bytes:
    """The bytes of a file. Raises UserError when it cannot be read, unless `lenient`."""
    try:
        with open(path, "rb", buffering=0) as file:
            return file.read()
    except OSError as error:
        if lenient:
            return b""
        raise UserError(
            f"{path}: cannot be read: {error.strerror}", "check the path and its permissions"
        ) from error


def lint(
    inputs: Sequence[Input], plan: Plan, settings: Settings, *, store: cache.Store | None = None,
    workers: int | None = None, memory: cache.Entries | None = None,
) -> Report:  # fmt: skip
    """Lint files that were collected.

    `store`: what is remembered on disk (see `open_store`); None neither reads nor writes it. `workers`: how many
    processes; None decides by the amount of work. `memory` remembers results from one call to the next, for callers
    that lint the same files again and again.
    """
    return _Run(inputs, plan, settings, store, workers, memory).report()


def open_store(settings: Settings) -> cache.Store:
    """What earlier runs with the same settings, rules and release left for this project."""
    return cache.read(settings.root, namespace(settings))


_Judged = tuple[list[Any] | None, list[Any] | None, list[Any]]


class _Run:
    """One run: the inputs, and what is known of each so far."""

    def __init__(
        self, inputs: Sequence[Input], plan: Plan, settings: Settings, store: cache.Store | None, workers: int | None,
        memory: cache.Entries | None,
    ) -> None:  # fmt: skip
        self.inputs = inputs
        self.plan = plan
        self.settings = settings
        self.store = store
        self.workers = workers
        self.memory = memory
        self.stored = memory if memory is not None else store.entries if store is not None else {}
        names = store or cache.Store(settings.root, "", {}, {})
        for item in inputs:
            if not item.key:
                item.name = names.relative(item.path)
                item.key = cache.content_key(item.name, item.data)
        self.keys = [item.key for item in inputs]
        self.entries: list[Entry | None] = [self._known(i) for i in range(len(inputs))]
        self.trees = Trees(
            lambda number: _read(inputs[number]),
            lambda number: (inputs[number].path, decode(inputs[number].data)[0]),
        )
        self.numbers: dict[str, int] = {}
        self.index_: Index | None = None
        self.changed = False

    def _known(self, number: int) -> Entry | None:
        stored = self.stored.get(self.keys[number])
        if stored is None:
            return None
        entry = Entry(*stored)
        return None if entry.findings is None and self.inputs[number].target else entry

    def report(self) -> Report:
        missing = [i for i, entry in enumerate(self.entries) if entry is None]
        pool = self._pool(missing)
        if not pool:
            self._first_pass(missing)
        digest = self._digest()
        waiting = [i for i in range(len(self.inputs)) if self._part(i, digest)]
        if pool:
            waiting = self._second_pass_in(pool, waiting, digest)
        self._second_pass(waiting, digest)
        project = self._project(digest)
        findings, secrets = self._conclude(project)
        if self.memory is not None or (self.store is not None and (self.changed or self.store.stale)):
            self._save(digest, project)
        texts = self._texts(findings)
        objects = sum(
            entry.objects for entry, item in zip(self.entries, self.inputs) if entry and item.target
        )
        files = tuple(item.path for item in self.inputs if item.target)
        summary = summarise(findings, len(files), objects)
        return Report(findings, texts, summary, self.plan.tracebacks, files, secrets)

    def _entry(self, number: int) -> Entry:
        entry = self.entries[number]
        assert entry is not None
        return entry

    # -- first pass: the facts ---------------------------------------------------------------------

    def _first_pass(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            self.entries[number] = self._examine(number)
            self.changed = True

    def _examine(self, number: int) -> Entry:
        file = _read(self.inputs[number])
        facts = marshal.dumps(facts_of_objects(file.objects))
        broken = any(document.broken for document in file.documents)
        objects = sum(len(group) for group in file.objects)
        digest = blake2b(facts + (b"!" if broken else b""), digest_size=16).digest()
        self.trees.keep(number, file)
        return Entry(facts, digest, broken, objects, None, [], b"", [])

    def _digest(self) -> bytes:
        digest = blake2b(digest_size=16)
        for path, number in sorted((item.path, i) for i, item in enumerate(self.inputs)):
            digest.update(path.encode("utf-8", "replace") + b"\0" + self._entry(number).facts_digest)
        return digest.digest()

    # -- second pass: the rules --------------------------------------------------------------------

    @property
    def index(self) -> Index:
        if self.index_ is None:
            self.index_ = self._index_of(self._told())
        return self.index_

    def _told(self) -> list[tuple[bytes, bool]]:
        """The facts of every file, and whether a document of it does not parse."""
        entries = [self._entry(number) for number in range(len(self.inputs))]
        return [(entry.facts, entry.broken) for entry in entries]

    def _index_of(self, told: list[tuple[bytes, bool]]) -> Index:
        paths = [item.path for item in self.inputs]
        facts = [
            unpack(path, fact) for path, (packed, _) in zip(paths, told) for fact in marshal.loads(packed)
        ]
        return Index(facts, paths, [path for path, (_, broken) in zip(paths, told) if broken], self._load)

    def _load(self, fact: ObjectFact) -> Object | None:
        if not self.numbers:
            self.numbers.update((item.path, i) for i, item in enumerate(self.inputs))
        number = self.numbers.get(fact.path)
        if number is None:
            return None
        file = self.trees.get(number)
        if fact.document >= len(file.objects):
            return None
        return next((obj for obj in file.objects[fact.document] if obj.where == fact.where), None)

    def _part(self, number: int, digest: bytes) -> Part | None:
        """Which rules have not seen a file, or not seen it among files with these facts."""
        if not self.inputs[number].target:
            return None
        entry = self._entry(number)
        stale = bool(self.plan.cross) and entry.cross_digest != digest
        if entry.findings is None:
            return "all" if stale else "local"
        return "cross" if stale else None

    def _second_pass(self, numbers: Iterable[int], digest: bytes) -> None:
        for number in numbers:
            part = self._part(number, digest)
            if part is not None:
                self._learn(number, digest, self._judge(number, part))

    def _judge(self, number: int, part: Part) -> _Judged:
        """What rules say of a file, packed: findings of local rules and suppressions (None when they are known), findings
        of the others.
        """
        file = self.trees.get(number)
        index = None if part == "local" else self.index
        local, cross = run_hooks(file, part, self.plan, self.settings, index)
        self.trees.done(number)
        packed = [pack(item) for item in cross]
        if part == "cross":
            return None, None, packed
        return [pack(item) for item in local], [tuple(item) for item in suppressions_of(file)], packed

    def _learn(self, number: int, digest: bytes, judged: _Judged) -> None:
        local, suppressions, cross = judged
        entry = self._entry(number)._replace(cross_digest=digest, cross=cross)
        if local is not None and suppressions is not None:
            entry = entry._replace(findings=local, suppressions=suppressions)
        self.entries[number] = entry
        self.changed = True

    def _project(self, digest: bytes) -> list[Any]:
        if not self.plan.project:
            return []
        stored = self.stored.get(b"project")
        if stored is not None and stored[0] == digest:
            found: list[Any] = stored[1]
            return found
        self.changed = True
        return [pack(item) for item in run_project(self.plan, self.settings, self.index)]

    # -- workers -----------------------------------------------------------------------------------

    def _pool(self, missing: list[int]) -> list[tuple[Any, list[int]]]:
        """Fork workers over the missing files and let them do the first pass; [] when it is not worth it."""
        from argolint.project import pool

        count = self.workers if self.workers is not None else (os.cpu_count() or 1)
        size = sum(self.inputs[i].size for i in missing)
        much = len(missing) >= FORK_FILES or size >= FORK_BYTES
        if count < 2 or len(missing) < 2 or not pool.can_fork() or (self.workers is None and not much):
            return []
        # Imported before the fork, a module is imported once; one in thirty files tells which will be needed.
        self.plan.bind(
            "\n".join(decode(self.inputs[i].data)[0] for i in missing[:: max(len(missing) // 30, 1)])
        )
        running: list[tuple[pool.Worker, list[int]]] = []
        for share in pool.shares([self.inputs[i].size for i in missing], min(count, len(missing))):
            mine = [missing[i] for i in share]
            running.append((pool.Worker(self._worker_first(mine), self._worker_second(mine)), mine))
        for worker, mine in running:
            answer = worker.receive()
            if answer is None:
                self._first_pass(mine)
                continue
            for number, entry in zip(mine, answer):
                self.entries[number] = Entry(*entry)
        self.changed = True
        return running

    def _worker_first(self, numbers: list[int]) -> Any:
        def first() -> Any:
            self._first_pass(numbers)
            done = [self._entry(number) for number in numbers]
            for number, entry in zip(numbers, done):
                self.entries[number] = entry._replace(facts=b"")  # the facts of all files come back
            return [tuple(entry) for entry in done]

        return first

    def _worker_second(self, numbers: list[int]) -> Any:
        def second(told: Any) -> Any:
            digest, facts, waiting = told
            self.plan.tracebacks.clear()
            if facts:
                self.index_ = self._index_of(facts)
            told.clear()
            del facts
            parts = [(number, self._part(number, digest)) for number in waiting]
            judged = [(number, self._judge(number, part)) for number, part in parts if part is not None]
            return judged, list(self.plan.tracebacks)

        return second

    def _second_pass_in(self, running: list[Any], waiting: list[int], digest: bytes) -> list[int]:
        """Let the workers do the second pass over their files; what is left for this process."""
        facts = self._told() if self.plan.cross else []
        left = set(waiting)
        theirs: set[int] = set()
        for worker, mine in running:
            work = [number for number in mine if number in left]
            theirs.update(work)
            worker.tell([digest, facts, work])
        self._second_pass([number for number in waiting if number not in theirs], digest)
        left &= theirs
        for worker, _ in running:
            answer = worker.receive()
            if answer is None:
                continue
            found, tracebacks = answer
            self.plan.tracebacks.extend(tracebacks)
            for number, judged in found:
                self._learn(number, digest, judged)
                left.discard(number)
        for worker, _ in running:
            worker.close()
        return sorted(left)

    # -- the end -----------------------------------------------------------------------------------

    def _conclude(self, project: list[Any]) -> tuple[list[Diagnostic], redact.Secrets]:
        """The findings that count, and where credentials stand according to all of them."""
        secrets: dict[str, redact.Places] = {}
        elsewhere: dict[str, list[Diagnostic]] = {}
        for packed in project:
            found = unpack_diagnostic(packed)
            elsewhere.setdefault(found.path, []).append(found)
        findings = failed_imports(self.plan)
        known = self._kustomized()
        for number, item in enumerate(self.inputs):
            if not item.target:
                continue
            if item.unreadable:
                silent = {*self.settings.ignore, *self.settings.extend_ignore}
                findings += [] if silent & {UNREADABLE_CODE, "unreadable-file"} else [_not_read(item)]
                continue
            entry = self._entry(number)
            mine = [_called(unpack_diagnostic(packed), item.path) for packed in entry.findings or ()]
            mine += [unpack_diagnostic(packed) for packed in entry.cross]
            mine += elsewhere.pop(item.path, [])
            secrets |= redact.places_of(mine)
            of = extent(item.path, known) if mine else ""
            if entry.suppressions:
                suppressions = [Suppression(*packed) for packed in entry.suppressions]
                source = SourceText(decode(item.data)[0])
                mine = conclude(item.path, source, mine, suppressions, self.plan, self.settings, of)
            elif mine and (of or self.settings.per_file_ignores):
                mine = conclude(item.path, SourceText(""), mine, (), self.plan, self.settings, of)
            findings.extend(mine)
        findings = redact.findings_without(findings, secrets, self._texts_of(set(secrets)))
        return with_fingerprints(findings, {item.path: item.name for item in self.inputs}), secrets

    def _kustomized(self) -> Kustomized:
        """What the kustomizations of the tree name; only their facts are read."""
        return kustomized(
            unpack(item.path, fact)
            for number, item in enumerate(self.inputs)
            if item.path.endswith(KUSTOMIZATION_FILES)
            for fact in marshal.loads(self._entry(number).facts)
        )

    def _texts(self, findings: list[Diagnostic]) -> dict[str, SourceText]:
        wanted = {item.path for item in findings}
        wanted.update(label.path for item in findings for label in item.related)
        return self._texts_of(wanted)

    def _texts_of(self, paths: set[str]) -> dict[str, SourceText]:
        return {item.path: SourceText(decode(item.data)[0]) for item in self.inputs if item.path in paths}

    def _save(self, digest: bytes, project: list[Any]) -> None:
        if self.memory is not None:
            self.memory.update((key, tuple(entry)) for key, entry in zip(self.keys, self.entries) if entry)
            return
        if self.plan.tracebacks or self.store is None:
            return  # a crash must not be remembered
        # Entries of files that are not part of this run are kept, unless the blob is growing out of hand.
        entries = dict(self.stored) if len(self.stored) < 4 * len(self.inputs) + 200 else {}
        for key, entry in zip(self.keys, self.entries):
            if entry is not None:
                entries[key] = tuple(entry)
        if self.plan.project:
            entries[b"project"] = (digest, project)
        cache.write(self.store, entries)


def _read(item: Input) -> File:
    text, wrong = decode(item.data)
    return read(item.path, text, wrong)


def namespace(settings: Settings) -> str:
    """What cached results depend on beside the files."""
    import sys

    where = os.path.relpath(os.getcwd(), settings.root) if settings.root else os.getcwd()
    parts = (
        __version__,
        sys.version_info[:2],
        settings.key(),
        registry.fingerprint(settings.rules),
        where,
        engine_stamp(),
    )
    return blake2b(repr(parts).encode("utf-8", "replace"), digest_size=16).hexdigest()


def engine_stamp() -> str:
    """In a checkout, a stamp of the engine's own files, so that working on them never shows stale results."""
    from argolint._data import data_path, is_checkout

    if not is_checkout():
        return ""
    newest = 0
    for folder in (os.path.dirname(os.path.abspath(__file__)), data_path("schemas")):
        for top, folders, names in os.walk(folder):
            folders[:] = [name for name in folders if name not in ("__pycache__", "kube")]
            for name in names:
                newest = max(newest, os.stat(os.path.join(top, name)).st_mtime_ns)
    return str(newest)


def _not_read(item: Input) -> Diagnostic:
    severity = registry.ENGINE[UNREADABLE_CODE][1]
    return Diagnostic(
        UNREADABLE_CODE, registry.ENGINE[UNREADABLE_CODE][0], cast("Severity", severity),
        f"cannot be read: {item.unreadable}", item.path, 0, 0, "check its permissions, or list it in .argolintignore",
    )  # fmt: skip


def _called(item: Diagnostic, path: str) -> Diagnostic:
    """A remembered finding of one file under the name that the file has in this run: relative or absolute."""
    old = item.path
    if old == path:
        return item
    related = tuple(label._replace(path=path) if label.path == old else label for label in item.related)
    return item._replace(path=path, related=related)


def pack(item: Diagnostic) -> tuple[Any, ...]:
    """A diagnostic as plain tuples."""
    fix = item.fix
    return (
        *item[:8], tuple(item.object), item.where, tuple(tuple(label) for label in item.related),
        None if fix is None else (fix.safety, tuple(tuple(edit) for edit in fix.edits), fix.title), item.fingerprint,
        item.secrets,
    )  # fmt: skip


def unpack_diagnostic(packed: Sequence[Any]) -> Diagnostic:
    """The diagnostic that was packed."""
    fix = packed[11]
    repair = None if fix is None else Fix(fix[0], tuple(Edit(*edit) for edit in fix[1]), fix[2])
    related = tuple(Related(*label) for label in packed[10])
    return Diagnostic._make((*packed[:8], ObjectRef(*packed[8]), packed[9], related, repair, *packed[12:]))
