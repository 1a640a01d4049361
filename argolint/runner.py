"""Running rules: one walk per document, a table hook → enabled rules, findings → diagnostics.

Local rules see one file and their results can be cached with it; rules declared `cross_file` need the index of all
files; `project` rules see the index only.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from argolint import registry
from argolint.analysis.patches import Extent, spared
from argolint.context import Context, DocumentView, File, Schedule
from argolint.diagnostic import SEVERITY_RANK, Diagnostic, Fix, ObjectRef, Related
from argolint.digest import blake2b
from argolint.model.k8s import KUSTOMIZE_KINDS, Object
from argolint.patterns import lazy
from argolint.project.discover import glob_matches
from argolint.project.index import Index
from argolint.rule import Finding, Rule, place_of
from argolint.settings import Settings
from argolint.suppress import Suppression
from argolint.text import SourceText
from argolint.yaml.loader import Stream
from argolint.yaml.nodes import Seq

INTERNAL_CODE, INTERNAL_NAME = "LNT901", "internal-error"
STALE_CODE, STALE_NAME = "LNT105", "stale-baseline-entry"


Bound = list[tuple[Rule, Callable[..., Iterable[Any]]]]
# Which rules to run over a file: those that need nothing but the file, those that need the index, or both in one walk.
Part = Literal["local", "cross", "all"]
# Which of the keys that rules ask for are in a file.
Present = frozenset[str]
# Of how many kinds of files, by what is present in them, the rules are remembered.
_KINDS_OF_FILES = 64


class Plan:
    """The enabled rules, by hook. Modules are imported when their rules first have something to do.

    `times` is None, or rule code -> [calls, seconds] when rules are to be timed.
    """

    __slots__ = (
        "_asked", "_bound", "_checks", "all", "cross", "enabled", "failures", "hooks", "local", "project", "severity",
        "suppression", "times", "tracebacks",
    )  # fmt: skip

    def __init__(self, rules: registry.Rules, settings: Settings) -> None:
        self.all = rules
        self.failures = rules.failures
        self.enabled = [item for item in rules.values() if is_enabled(item, settings)]
        self.severity = {item.code: severity_of(item, settings) for item in self.enabled}
        self.local: dict[str, list[Rule]] = {}
        self.cross: dict[str, list[Rule]] = {}
        self.project: list[Rule] = []
        self.suppression: list[Rule] = []
        self._asked = frozenset(key for item in self.enabled for key in item.keys)
        self._bound: dict[Present, dict[tuple[Part, str, str, str], Bound]] = {}
        self._checks: dict[str, Callable[..., Iterable[Any]] | None] = {}
        self.times: dict[str, list[float]] | None = None
        self.tracebacks: list[str] = [text for _, _, text in rules.failures]
        for item in self.enabled:
            if item.on == "project":
                self.project.append(item)
            elif item.on == "suppression":
                self.suppression.append(item)
            else:
                (self.cross if item.cross_file else self.local).setdefault(item.on, []).append(item)
        both = {
            hook: [*self.local.get(hook, ()), *self.cross.get(hook, ())]
            for hook in {*self.local, *self.cross}
        }
        self.hooks: dict[Part, dict[str, list[Rule]]] = {
            "local": self.local,
            "cross": self.cross,
            "all": both,
        }

    def bind(self, sample: str) -> None:
        """Import the modules of the rules that files such as `sample` call for now; the others are imported when they first
        have something to do.
        """
        for item in self.enabled:
            if all(not words or any(word in sample for word in words) for words in (item.keys, item.kinds)):
                self.check_of(item)

    def check_of(self, item: Rule) -> Callable[..., Iterable[Any]]:
        """The function of a rule."""
        check = self._checks.get(item.code)
        if check is None:
            try:
                check = registry.bind(item).check
                assert check is not None
            except Exception as error:
                check = _raising(error)
            self._checks[item.code] = check
        return check

    def rules_for(self, file: File, part: Part) -> Callable[..., Bound]:
        """A function (hook, object kind, template type) -> the rules of that hook that may have something to say there, with
        their functions.
        """
        present = self._asked.intersection(file.keys) if self._asked else self._asked
        known = self._bound.pop(present, None)
        if known is None:
            known = {}
            if len(self._bound) >= _KINDS_OF_FILES:
                del self._bound[next(iter(self._bound))]
        self._bound[present] = known  # the youngest

        def bound(hook: str, kind: str = "", type: str = "") -> Bound:
            key = (part, hook, kind, type)
            found = known.get(key)
            if found is None:
                found = known[key] = self._chosen(present, *key)
            return found

        return bound

    def _chosen(self, present: Present, part: Part, hook: str, kind: str, type: str) -> Bound:
        return [
            (item, self.check_of(item))
            for item in self.hooks[part].get(hook, ())
            if (not item.kinds or kind in item.kinds)
            and (not item.types or type in item.types)
            and (not item.keys or not present.isdisjoint(item.keys))
        ]


def _raising(error: Exception) -> Callable[..., Iterable[Any]]:
    """A stand-in for a rule whose module fails when it is imported."""

    def check(subject: Any, ctx: Context) -> Iterable[Any]:
        raise error

    return check


def is_enabled(item: Rule, settings: Settings) -> bool:
    """Whether the settings select a rule: the most specific selector wins, `ignore` on a tie."""
    chosen = max((registry.selects(text, item) for text in settings.extend_select), default=0)
    if settings.select:
        chosen = max(chosen, *(registry.selects(text, item) for text in settings.select))
    elif not chosen and in_profile(item, settings.profile):
        chosen = 1
    ignored = max(
        (registry.selects(text, item) for text in (*settings.ignore, *settings.extend_ignore)), default=0
    )
    return chosen > ignored


def in_profile(item: Rule, profile: str) -> bool:
    """minimal: default rules that are errors; default; strict: default ones and all warnings; all."""
    if profile == "all":
        return True
    if profile == "minimal":
        return item.default and item.severity == "error"
    return item.default or (profile == "strict" and item.severity != "info")


def severity_of(item: Rule, settings: Settings) -> str:
    """The rule's severity after the configuration's remapping ("" when it is not remapped)."""
    best, found = 0, ""
    for selector, severity in settings.severity.items():
        score = registry.selects(selector, item)
        if score > best:
            best, found = score, severity
    return found


class Findings(NamedTuple):
    """What the rules say of a file: those that need nothing but the file, and those that need the index."""

    local: list[Diagnostic]
    cross: list[Diagnostic]


_INDEX = lazy(r"\[\d+\]")


def run_hooks(file: File, part: Part, plan: Plan, settings: Settings, index: Index | None) -> Findings:
    """Run rules over one file; `index` is only needed for those that are not local."""
    table = plan.hooks[part]
    out = Findings([], [])
    if not table:
        return out
    ctx = Context(file, settings, index)
    call = _caller(ctx, plan, out)
    bound = plan.rules_for(file, part)
    if "source" in table:
        call(bound("source"), file, None)
        for found in out:
            found[:] = [_with_object(item, file) for item in found]
    has_tags = "scalar" in table and "{{" in file.text
    for document, objects in zip(file.documents, file.objects):
        if document.broken:
            continue
        if "document" in table and document.root is not None:
            kind = objects[0].kind if objects else ""
            call(
                bound("document", kind),
                DocumentView(document, objects),
                objects[0] if objects else None,
            )
        for obj in objects:
            kind = obj.kind
            before = [len(found) for found in out]
            if "object" in table:
                call(bound("object", kind), obj, obj)
            _run_specs(obj, kind, table, bound, call)
            if has_tags and kind:
                rules = bound("scalar", kind)
                if rules:
                    for scalar in file.scalars(obj):
                        call(rules, scalar, obj)
            if kind == "CronWorkflow" and "schedule" in table:
                rules = bound("schedule", kind)
                for schedule in _schedules(obj):
                    call(rules, schedule, obj)
            if obj.parent is not None:
                for found, first in zip(out, before):
                    if len(found) > first:
                        found[first:] = _sayable(found[first:], obj, obj.parent)
    return Findings(_unique(out.local), _unique(out.cross))


def _sayable(findings: list[Diagnostic], embedded: Object, parent: Object) -> list[Diagnostic]:
    """Without what cannot be said of a patch, which leaves things out, and without what is said of placeholders in a Sensor's
    resource: a parameter of the trigger writes over them.
    """
    if parent.kind in KUSTOMIZE_KINDS:
        return [item for item in findings if not spared(item.code, "patch")]
    from argolint.analysis.events import overwritten

    paths = overwritten(embedded)
    return [item for item in findings if item.where not in paths] if paths else findings


def _add(out: list[Diagnostic], item: Diagnostic, obj: Object | None, text: str) -> None:
    """Add a finding, unless it cannot be known to be one.

    In the manifest of a resource template, nothing is said about a tag, which is filled in before the object is made;
    and in a quoted string nothing is repaired, since what stands there is not YAML of the file.
    """
    if obj is not None and obj.in_string:
        if obj.parent is not None and obj.parent.is_workflow_kind and text.startswith("{{", item.start):
            return
        if item.fix is not None and obj.in_string != "|":
            item = item._replace(fix=None)
    out.append(item)


_Call = Callable[[Bound, Any, Object | None], None]


def _caller(ctx: Context, plan: Plan, out: Findings) -> _Call:
    """A function that runs rules on a subject and adds what they find to `out`."""
    if plan.times is not None:
        return _timed_caller(ctx, plan, out, plan.times)
    path = ctx.path

    def call(rules: Bound, subject: Any, obj: Object | None) -> None:
        ctx.object = obj
        for item, check in rules:
            ctx.rule = item
            try:
                for finding in check(subject, ctx):
                    found = out[item.cross_file]
                    _add(found, to_diagnostic(finding, item, plan, path, ctx.ref), obj, ctx.source.text)
            except Exception as error:
                out[item.cross_file].append(crash(item, error, path, subject, plan))

    return call


def _timed_caller(ctx: Context, plan: Plan, out: Findings, times: dict[str, list[float]]) -> _Call:
    def call(rules: Bound, subject: Any, obj: Object | None) -> None:
        ctx.object = obj
        for item, check in rules:
            start = time.perf_counter()
            _run_rule(item, check, subject, ctx, plan, out[item.cross_file])
            entry = times.setdefault(item.code, [0, 0.0])
            entry[0] += 1
            entry[1] += time.perf_counter() - start

    return call


def _with_object(item: Diagnostic, file: File) -> Diagnostic:
    """A finding of a `source` rule, with the object that its place lies in."""
    if item.object.kind or item.path != file.path:
        return item
    for objects in file.objects:
        for obj in objects:
            if obj.map.span[0] <= item.start <= obj.map.span[1]:
                item = item._replace(object=obj.ref)
    return item


def _run_specs(
    obj: Object, kind: str, table: dict[str, list[Rule]], bound: Callable[..., Bound], call: _Call
) -> None:
    for spec in obj.workflow_specs:
        if "spec" in table:
            call(bound("spec", kind), spec, obj)
        for template in spec.all_templates:
            type_ = template.type
            if "template" in table:
                call(bound("template", kind, type_), template, obj)
            if "steps" in template.map and "steps" in table:
                call(bound("steps", kind), template.steps, obj)
            if "dag" in template.map and "dag" in table:
                call(bound("dag", kind), template.dag, obj)
            if "step" in table:
                for step in template.children:
                    call(bound("step", kind, type_), step, obj)


def _schedules(obj: Object) -> list[Schedule]:
    spec = obj.spec
    found: list[Schedule] = []
    single = spec.get("schedule")
    if isinstance(single, str):
        found.append(Schedule(single, spec.value_span("schedule"), obj))
    several = spec.get("schedules")
    if isinstance(several, Seq):
        found.extend(
            Schedule(text, spec.item_span("schedules", i), obj)
            for i, text in enumerate(several)
            if isinstance(text, str)
        )
    return found


def _run_rule(
    item: Rule, check: Callable[..., Iterable[Any]], subject: Any, ctx: Context, plan: Plan, out: list[Diagnostic]
) -> None:  # fmt: skip
    ctx.rule = item
    try:
        for finding in check(subject, ctx):
            _add(out, to_diagnostic(finding, item, plan, ctx.path, ctx.ref), ctx.object, ctx.source.text)
    except Exception as error:
        out.append(crash(item, error, ctx.path, subject, plan))


def crash(item: Rule, error: Exception, path: str, subject: Any, plan: Plan) -> Diagnostic:
    """The finding that a crashed rule becomes; the traceback is kept for --verbose."""
    import traceback

    plan.tracebacks.append(f"{item.code} on {path}:\n" + "".join(traceback.format_exception(error)))
    try:
        _, start, end, where = place_of(subject)
    except Exception:
        start, end, where = 0, 0, ""
    return Diagnostic(
        INTERNAL_CODE, INTERNAL_NAME, "error",
        f"rule {item.code} ({item.name}) crashed: {type(error).__name__}: {error}",
        path, start, min(end, start + 1), "this is a bug in the rule; --verbose shows the traceback", where=where,
    )  # fmt: skip


def to_diagnostic(finding: Finding, item: Rule, plan: Plan, path: str, obj: ObjectRef) -> Diagnostic:
    """A rule's finding as the one shape that everything reports."""
    own_path, start, end, where = place_of(finding.at)
    severity = plan.severity.get(item.code) or finding.severity or item.severity
    fix: Fix | None
    if finding.fix is None or isinstance(finding.fix, Fix):
        fix = finding.fix
    else:
        fix = Fix("safe" if item.fix == "safe" else "unsafe", tuple(finding.fix))
    file = finding.path or own_path or path
    related = []
    for place, message in finding.related:
        other, first, last, _ = place_of(place)
        related.append(Related(other or file, first, last, message))
    if severity not in SEVERITY_RANK:
        raise ValueError(f"unknown severity {severity!r}")
    return Diagnostic(
        item.code, item.name, severity, finding.message, file, start, max(start, end),  # type: ignore[arg-type]
        finding.help, finding.object or obj, finding.where if finding.where is not None else where,
        tuple(related), fix, "", tuple((span.start, span.end) for span in finding.secrets),
    )  # fmt: skip


def _unique(findings: list[Diagnostic]) -> list[Diagnostic]:
    """Without repetitions of one rule at one place: an aliased node is seen once for each alias."""
    seen: set[tuple[str, int, int, str]] = set()
    kept: list[Diagnostic] = []
    for item in findings:
        key = (item.code, item.start, item.end, item.message)
        if key not in seen:
            seen.add(key)
            kept.append(item)
    return kept


def failed_imports(plan: Plan) -> list[Diagnostic]:
    """A finding for each rule module that could not be imported."""
    return [
        Diagnostic(
            INTERNAL_CODE, INTERNAL_NAME, "error", f"the rule cannot be loaded: {message}", path, 0, 0,
            "this is a bug in the rule; --verbose shows the traceback",
        )
        for path, message, _ in plan.failures
    ]  # fmt: skip


def run_project(plan: Plan, settings: Settings, index: Index) -> list[Diagnostic]:
    """Run the `project` rules; their findings say which file they are in."""
    ctx = Context(File("", SourceText(""), Stream([], [])), settings, index)
    out = Findings([], [])
    call = _caller(ctx, plan, out)
    call([(item, plan.check_of(item)) for item in plan.project], index, None)
    return out.cross


def suppress(
    findings: list[Diagnostic], suppressions: Sequence[Suppression], plan: Plan
) -> tuple[list[Diagnostic], list[frozenset[str]]]:
    """The findings of one file that no suppression covers, and for each suppression the selectors that were of use.

    A suppression without selectors that was of use has the one selector `""`.
    """
    if not suppressions:
        return findings, []
    used: list[set[str]] = [set() for _ in suppressions]
    kept: list[Diagnostic] = []
    # From the top to the bottom of the file, with the suppressions that have begun and not ended.
    waiting = sorted(enumerate(suppressions), key=lambda pair: -pair[1].start)
    active: list[tuple[int, Suppression]] = []
    for item in sorted(findings, key=lambda found: found.start):
        covered = False
        declared = plan.all.get(item.code)
        while waiting and waiting[-1][1].start <= item.start:
            active.append(waiting.pop())
        active = [pair for pair in active if pair[1].end >= item.start]
        for number, suppression in active:
            if not suppression.selectors:
                used[number].add("")
                covered = True
            for selector in suppression.selectors:
                if declared is not None and declared.code in registry.codes_of(selector, plan.all):
                    used[number].add(selector)
                    covered = True
        if not covered or item.code == INTERNAL_CODE:
            kept.append(item)
    return kept, [frozenset(items) for items in used]


class SuppressionView(NamedTuple):
    """The subject of `suppression` rules: a directive, and which of its selectors suppressed something."""

    suppression: Suppression
    used: frozenset[str]
    rules: registry.Rules
    enabled: frozenset[str]

    @property
    def span(self) -> Any:
        return self.suppression.span


def conclude(
    path: str,
    source: SourceText,
    findings: list[Diagnostic],
    suppressions: Sequence[Suppression],
    plan: Plan,
    settings: Settings,
    extent: Extent = "",
) -> list[Diagnostic]:
    """The findings of a file that count: without what cannot be said of a patch (`extent`: whether it is one), suppressions
    applied, and checked for use; per-file ignores applied.
    """
    if extent:
        findings = [item for item in findings if not spared(item.code, extent)]
    if suppressions:
        findings, used = suppress(findings, suppressions, plan)
        file = File(path, source, Stream([], []))
        findings = findings + run_suppression_rules(file, suppressions, used, plan, settings)
    if settings.per_file_ignores and findings:
        ignored = ignored_in(path, settings)
        if ignored:
            findings = [item for item in findings if not _is_ignored(item, ignored, plan)]
    return findings


def ignored_in(path: str, settings: Settings) -> list[str]:
    """The selectors that `per-file-ignores` has for a file."""
    relative = os.path.relpath(path, settings.root or ".") if settings.root else path
    return [
        selector
        for pattern, selectors in settings.per_file_ignores.items()
        if glob_matches(pattern, relative)
        for selector in selectors
    ]


def _is_ignored(item: Diagnostic, selectors: list[str], plan: Plan) -> bool:
    declared = plan.all.get(item.code)
    return declared is not None and any(registry.selects(selector, declared) for selector in selectors)


def run_suppression_rules(
    file: File,
    suppressions: Sequence[Suppression],
    used: Sequence[frozenset[str]],
    plan: Plan,
    settings: Settings,
) -> list[Diagnostic]:
    """Run the rules about suppressions themselves."""
    out: list[Diagnostic] = []
    ctx = Context(file, settings, None)
    enabled = frozenset(item.code for item in plan.enabled)
    for suppression, selectors in zip(suppressions, used):
        subject = SuppressionView(suppression, selectors, plan.all, enabled)
        for item in plan.suppression:
            _run_rule(item, plan.check_of(item), subject, ctx, plan, out)
    return out


def with_fingerprints(
    findings: Iterable[Diagnostic], names: Mapping[str, str] = MappingProxyType({})
) -> list[Diagnostic]:
    """Sorted by path and position, each with a fingerprint that survives moved lines.

    It is made of the code, the object (the file for anonymous ones), the field path without indexes and the message;
    equal ones are told apart by their order. `names` (path -> path relative to the root) makes it the same from
    whatever folder, and however the file was named.
    """
    ordered = sorted(findings, key=lambda item: (item.path, item.start, item.end, item.code, item.message))
    counts: dict[str, int] = {}
    done: list[Diagnostic] = []
    for item in ordered:
        owner = "/".join(item.object) if item.object.name else names.get(item.path, item.path)
        base = "\0".join((item.code, owner, _INDEX.sub("[]", item.where), item.message))
        number = counts[base] = counts.get(base, 0) + 1
        digest = blake2b(f"{base}\0{number}".encode("utf-8", "replace"), digest_size=8).hexdigest()
        done.append(item._replace(fingerprint=digest))
    return done
