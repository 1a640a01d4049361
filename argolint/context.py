"""What a rule is given beside its subject, and the subjects that are not model views."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from typing import Any, Protocol

from argolint.diagnostic import ObjectRef
from argolint.model.k8s import Object, objects_of
from argolint.model.view import Span, View
from argolint.model.workflow import Step, Template, WorkflowSpec, release
from argolint.patterns import lazy
from argolint.project.discover import is_helm, is_unrendered
from argolint.project.index import Index
from argolint.settings import Settings
from argolint.text import SourceText
from argolint.yaml.loader import Stream, parse
from argolint.yaml.nodes import Document, Map, Seq
from argolint.yaml.scalars import OffsetMap, offset_map


class File:
    """A file as it was read: the subject of `source` rules."""

    __slots__ = (
        "_keys",
        "_objects",
        "_scalars",
        "documents",
        "encoding_problem",
        "path",
        "problems",
        "source",
        "unrendered",
    )

    def __init__(
        self,
        path: str,
        source: SourceText,
        stream: Stream,
        encoding_problem: str = "",
        unrendered: bool = False,
    ) -> None:
        self.path = path
        self.source = source
        self.documents: list[Document] = stream.documents
        self.problems = stream.problems
        self.encoding_problem = encoding_problem
        # a Helm, Go or Jinja template: it has no documents before somebody renders it
        self.unrendered = unrendered
        self._keys: set[str] | None = None
        self._objects: list[list[Object]] | None = None
        self._scalars: dict[int, list[Scalar]] = {}

    def scalars(self, obj: Object) -> list[Scalar]:
        """Every string of an object of this file that contains `{{`; those of objects embedded in it are left out."""
        found = self._scalars.get(id(obj))
        if found is None:
            inner: dict[int, Object] = {}
            if obj.parent is None and obj.document < len(self.objects):
                inner = {id(item.map): item for item in self.objects[obj.document] if item.parent is not None}
            found = self._scalars[id(obj)] = list(scalars_of(obj, self.source, inner))
        return found

    @property
    def objects(self) -> list[list[Object]]:
        """The objects of each document, views made once."""
        if self._objects is None:
            self._objects = [
                list(objects_of(document.root, document.index, self.source.text))
                for document in self.documents
            ]
        return self._objects

    @property
    def keys(self) -> set[str]:
        """Every key of every mapping of the file, those of objects that are written in strings included."""
        if self._keys is None:
            found = {key for document in self.documents for key in document.keys}
            for objects in self.objects:
                for obj in objects:
                    if obj.in_string:
                        found.update(_keys_below(obj.map))
            self._keys = found
        return self._keys

    def release(self) -> None:
        """Forget the views made of the documents; they are made anew when they are asked for.

        Views and their parents form cycles, which only the garbage collector would free.
        """
        for objects in self._objects or ():
            for obj in objects:
                release(obj)
        self._objects = None
        self._scalars.clear()

    @property
    def text(self) -> str:
        return self.source.text

    @property
    def span(self) -> Span:
        """The start of the file."""
        return Span(0, 0)


def _keys_below(node: Any) -> Iterator[str]:
    pending = [node]
    while pending:
        at = pending.pop()
        if isinstance(at, Map):
            yield from at
            pending.extend(at.values())
        elif isinstance(at, Seq):
            pending.extend(at)


def read(path: str, text: str, encoding_problem: str = "") -> File:
    """Parse a text. A Helm template, and a text that does not parse and looks like any template, is left unread."""
    if is_helm(text):
        return File(path, SourceText(text), Stream([], []), encoding_problem, unrendered=True)
    stream = parse(text)
    for document in stream.documents:
        if document.broken or document.problems:
            if is_unrendered(text):
                return File(path, SourceText(text), Stream([], []), encoding_problem, unrendered=True)
            break
    return File(path, SourceText(text), stream, encoding_problem)


class DocumentView(View):
    """A document of a file: the subject of `document` rules. `root` is whatever stands there."""

    __slots__ = ("document", "objects", "root")

    def __init__(self, document: Document, objects: list[Object]) -> None:
        super().__init__(document.root)
        self.document = document
        self.root: Any = document.root
        self.objects = objects


class Scalar:
    """A string in a manifest, the subject of `scalar` rules: those that contain `{{`.

    `value` is the string, `where` its field path, `key` the key or index it stands under, `parent` the mapping or
    sequence that holds it. `spec`, `template` and `step` are the innermost ones around it, or None.
    """

    __slots__ = ("_offsets", "_source", "end", "key", "object", "parent", "spec", "start", "step", "style",
                 "template", "value", "where")  # fmt: skip

    def __init__(
        self, source: SourceText, value: str, start: int, end: int, style: str, key: str | int, parent: Any,
        where: str, obj: Object | None, spec: WorkflowSpec | None, template: Template | None, step: Step | None,
    ) -> None:  # fmt: skip
        self._source = source
        self._offsets: OffsetMap | None = None
        self.value = value
        self.start = start
        self.end = end
        self.style = style
        self.key = key
        self.parent = parent
        self.where = where
        self.object = obj
        self.spec = spec
        self.template = template
        self.step = step

    @property
    def span(self) -> Span:
        """The scalar as written, quotes included."""
        return Span(self.start, self.end, self.where)

    @property
    def offsets(self) -> OffsetMap:
        """Offsets of the value -> offsets of the file."""
        if self._offsets is None:
            self._offsets = offset_map(self._source.text, self.start, self.end, self.style, self.value)
        return self._offsets

    def part(self, start: int, end: int) -> Span:
        """Where the value's code points [start, end) are written in the file."""
        return Span(*self.offsets.span(start, end), self.where)


class Schedule:
    """One schedule of a CronWorkflow, the subject of `schedule` rules."""

    __slots__ = ("object", "span", "text", "timezone", "timezone_span")

    def __init__(self, text: str, span: Span, obj: Object) -> None:
        self.text = text
        self.span = span
        self.object = obj
        self.timezone = obj.spec.text("timezone")
        self.timezone_span = obj.spec.value_span("timezone")


class _Declared(Protocol):
    """What the context needs to know of the rule that runs."""

    @property
    def options(self) -> tuple[tuple[str, Any], ...]: ...

    @property
    def cross_file(self) -> bool: ...


class Context:
    """What a rule may know beside its subject.

    path          the file, as reports name it
    source        its text: `ctx.source.slice(start, end)`
    file          the File
    object        the Object at hand (None in `source` and `document` rules of files without one)
    settings      the Settings
    argo_version  (major, minor) of the target
    index         the project Index; only for rules declared with cross_file=True
    """

    __slots__ = (
        "_index",
        "_namespace",
        "_namespace_of",
        "file",
        "object",
        "path",
        "rule",
        "settings",
        "source",
    )

    def __init__(self, file: File, settings: Settings, index: Index | None) -> None:
        self.file = file
        self.path = file.path
        self.source = file.source
        self.settings = settings
        self.object: Object | None = None
        self.rule: _Declared | None = None
        self._index = index
        self._namespace_of: Object | None = None
        self._namespace = ""

    @property
    def argo_version(self) -> tuple[int, int]:
        return self.settings.argo_version

    @property
    def index(self) -> Index:
        if self._index is None or (self.rule is not None and not self.rule.cross_file):
            raise RuntimeError("ctx.index needs @rule(..., cross_file=True)")
        return self._index

    @property
    def namespace(self) -> str:
        """The namespace of the object at hand (of the Sensor, for an object embedded in one)."""
        obj = self.object
        if obj is None:
            return ""
        if self._namespace_of is not obj:
            own = obj.namespace
            self._namespace = own if own or obj.parent is None else obj.parent.namespace
            self._namespace_of = obj
        return self._namespace

    @property
    def external_severity(self) -> str | None:
        """The severity for a reference that leaves the tree; None when such references are not reported."""
        level = self.settings.external_references
        return None if level == "ignore" else level

    def option(self, name: str) -> Any:
        """A setting that the rule declared in `options`."""
        assert self.rule is not None
        default = dict(self.rule.options)[name]
        return self.settings.options.get(name, default)

    def part(self, view: View, key: str, start: int, end: int) -> Span:
        """Where the code points [start, end) of the string under `key` are written, whatever its YAML style."""
        value, at = view.text(key), view.map.at.get(key)
        if at is None or not value:
            return view.value_span(key)
        offsets = offset_map(self.source.text, at[2], at[3], view.style(key), value)
        return Span(*offsets.span(start, end), view.path_of(key))

    def scalar(self, view: View, key: str, index: int | None = None) -> Scalar | None:
        """The string under a key (or item `index` of the list there) as a Scalar, whose `part` gives places inside it.

        None when there is no string.
        """
        holder: Any = view.map
        name: str | int = key
        where = view.path_of(key)
        if index is not None:
            holder, name, where = view.sequence(key), index, f"{where}[{index}]"
            if not 0 <= index < len(holder):
                return None
        value = holder.get(key) if index is None else holder[index]
        if not isinstance(value, str):
            return None
        at = holder.at[name]
        template = view if isinstance(view, Template) else view.template if isinstance(view, Step) else None
        return Scalar(
            self.source, value, at[-2], at[-1], holder.styles.get(name, ""), name, holder, where, self.object,
            template.spec if template is not None else None, template, view if isinstance(view, Step) else None,
        )  # fmt: skip

    def embedded(self, scalar: Scalar) -> list[Document]:
        """The documents of YAML that is written inside a scalar. Their offsets are offsets of `scalar.value`:
        give them to `scalar.part(start, end)`.
        """
        return parse(scalar.value).documents

    @property
    def ref(self) -> ObjectRef:
        return self.object.ref if self.object is not None else ObjectRef("", "", "")


def scalars_of(obj: Object, source: SourceText, inner: dict[int, Object]) -> Iterator[Scalar]:
    """Every string of an object that contains `{{`, with what is around it.

    Objects embedded in it (`inner`, by the identity of their mapping) are left out: they are walked on their own.
    """
    if inner or obj.kind == "Sensor":
        return _scalars_of(obj, source, inner)
    if obj.scalars is None:
        obj.scalars = list(_scalars_of(obj, source, inner))
    return iter(obj.scalars)


def _scalars_of(obj: Object, source: SourceText, inner: dict[int, Object]) -> Iterator[Scalar]:
    specs: list[WorkflowSpec] = obj.workflow_specs
    views: dict[int, WorkflowSpec | Template | Step] = {}
    for spec in specs:
        views[id(spec.map)] = spec
        for template in spec.all_templates:
            views[id(template.map)] = template
            for step in template.children:
                views[id(step.map)] = step
        defaults = spec.template_defaults
        if defaults is not None:
            views[id(defaults.map)] = defaults
    yield from _Walk(obj, source, inner, views).walk(obj.map, obj.where, (None, None, None))


_Around = tuple[WorkflowSpec | None, Template | None, Step | None]


class _Walk:
    """A walk over an object for its strings with tags. Parts of the file without tags are not entered."""

    __slots__ = ("inner", "marks", "object", "seen", "source", "views")

    def __init__(
        self, obj: Object, source: SourceText, inner: dict[int, Object],
        views: dict[int, WorkflowSpec | Template | Step],
    ) -> None:  # fmt: skip
        self.object = obj
        self.source = source
        self.inner = inner
        self.views = views
        self.seen: set[int] = set()
        self.marks = marks(_TAG, source.text, *obj.map.span)

    def walk(self, node: Any, where: str, around: _Around) -> Iterator[Scalar]:
        """The scalars with tags in a mapping or sequence."""
        is_map = isinstance(node, Map)
        if is_map:
            view = self.views.get(id(node))
            if view is not None:
                if isinstance(view, WorkflowSpec):
                    around = (view, None, None)
                elif isinstance(view, Template):
                    around = (view.spec, view, view.step)
                else:
                    around = (view.template.spec, view.template, view)
        for key, value in node.items() if is_map else enumerate(node):
            if isinstance(value, str):
                if "{{" in value:
                    at = node.at[key]
                    yield Scalar(
                        self.source, value, at[-2], at[-1], node.styles.get(key, ""), key, node,
                        _joined(where, key, is_map), self.object, *around,
                    )  # fmt: skip
            elif isinstance(value, (Map, Seq)) and value and self._has_tags(value):
                if _fresh(value, node, key, self.seen) and id(value) not in self.inner:
                    yield from self.walk(value, _joined(where, key, is_map), around)

    def _has_tags(self, node: Map | Seq) -> bool:
        """Whether a tag may stand in a container: one is written in its stretch of the file, or parts of it are
        written elsewhere.
        """
        return self.marks is None or holds(node, self.marks)


def marks(pattern: re.Pattern[str], text: str, start: int, end: int) -> list[int] | None:
    """Where a pattern is written in a stretch of a file; None when aliases or escapes make that meaningless."""
    if text.find("*", start, end) >= 0 and _ALIAS.search(text, start, end):
        return None
    if text.find("\\", start, end) >= 0:
        return None
    return [match.start() for match in pattern.finditer(text, start, end)]


def holds(node: Map | Seq, marks: list[int]) -> bool:
    """Whether one of the marks lies in a container."""
    start, end = node.span
    at = bisect_left(marks, start)
    return at < len(marks) and marks[at] < end


_TAG = lazy(r"\{\{")
_ALIAS = lazy(r"[\s,\[{:-]\*[^\s*]")


def _joined(where: str, key: str | int, is_map: bool) -> str:
    if not is_map:
        return f"{where}[{key}]"
    return f"{where}.{key}" if where else str(key)


def _fresh(value: Any, holder: Any, key: str | int, seen: set[int]) -> bool:
    """False for an aliased container that was walked already: its findings would only be repeated."""
    if key in holder.aliases or (isinstance(holder, Map) and key in holder.merged):
        if id(value) in seen:
            return False
        seen.add(id(value))
    return True
