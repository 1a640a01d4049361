"""What a rule says of its own examples does not depend on how they are written, nor on where they stand.

Every example of every page is written and placed in other ways (`transformations.py`); the rule must find the same, once, at the same
words, and its repair must come to the same. `NOT_FOR` has the pairs in which the verdict rightly changes.
The ordinary run takes a part of the rules, another one for each transformation; `make transformations` takes all.
"""

from __future__ import annotations

import os
import re
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from argolint import registry
from argolint.api import Report, Source, check_with
from argolint.diagnostic import Diagnostic
from argolint.fix import compatible, edits_of
from argolint.ruletest import cases_of, settings_of, sources_of
from argolint.runner import Plan
from argolint.settings import Settings
from argolint.text import SourceText
from argolint.yaml import parse
from argolint.yaml.edit import apply_edits, verify
from argolint.yaml.nodes import plain
from tests.rules.transformations import ALL, KEPT, NOT_FOR, OTHER_REPAIRS, Texts, Transformation

RULES = registry.load()
# What other programs say of a script is not about the manifest.
EXTERNAL = ("SCR101", "SCR103")
CODES = [code for code in sorted(RULES) if code not in EXTERNAL]
FULL = bool(os.environ.get("ARGOLINT_ALL_TRANSFORMATIONS"))
# How many parts the rules are dealt into; the ordinary run takes one of them.
PARTS = 4


def codes_for(name: str) -> list[str]:
    """The rules to try a transformation with."""
    return CODES if FULL else CODES[list(ALL).index(name) % PARTS :: PARTS]


def reason(name: str, code: str) -> str:
    """Why the verdict of a rule may differ under a transformation; "" when it may not."""
    known = NOT_FOR.get(name, {})
    return next((why for prefixes, why in known.items() if code.startswith(tuple(prefixes.split()))), "")


class Example(NamedTuple):
    """An example of a rule's page as a whole, what the rule alone says of it, and how to ask it again."""

    line: int
    sources: list[Source]
    report: Report
    plan: Plan
    settings: Settings


@cache
def examples(code: str) -> list[Example]:
    """The examples of a rule's page."""
    item = RULES[code]
    found = []
    for case in cases_of(Path(registry.page_path(item)).read_text(encoding="utf-8")):
        settings = settings_of(case, item)
        settings.select, settings.extend_select = (code,), ()
        plan = Plan(RULES, settings)
        sources = sources_of(case)[0]
        found.append(Example(case.line, sources, check_with(plan, sources, settings), plan, settings))
    return found


@pytest.mark.parametrize("name", ALL)
def test_the_verdict_stays(name: str) -> None:
    wrong = [
        difference
        for code in codes_for(name)
        if not reason(name, code)
        for example in examples(code)
        for difference in differences(code, example, ALL[name])
    ]
    if wrong:
        pytest.fail("\n".join(wrong), pytrace=False)


def differences(code: str, example: Example, transformation: Transformation) -> list[str]:
    """How the rule's findings, and what its repairs come to, differ between an example and its transformation."""
    new = transformation.change({source.path: source.text for source in example.sources})
    if new is None:
        return []
    before = example.report
    after = check_with(example.plan, [Source(path, text) for path, text in new.items()], example.settings)
    title = f"{transformation.name}: {code}, the example in line {example.line}"
    old_verdict, new_verdict = verdict(before, transformation), verdict(after, transformation)
    if not transformation.same_paths:
        # What is said of the object around is not about the example, unless it is the same.
        inner = [one[:2] for one in new_verdict if not one[2]]
        old_verdict = [one[:2] for one in old_verdict]
        around = [one[:2] for one in new_verdict if one[2] and one[:2] in old_verdict]
        new_verdict = sorted(inner + [one for one in around if one not in inner])
    if old_verdict != new_verdict:
        lost = [one for one in old_verdict if one not in new_verdict]
        more = [one for one in new_verdict if one not in old_verdict]
        return [f"{title}: not any more {lost}, but {more} ({len(old_verdict)}, {len(new_verdict)})"]
    if transformation.same_paths and RULES[code].fix is not None and code not in OTHER_REPAIRS:
        fixed, fixed_after = repaired(before), repaired(after)
        if fixed is not None and fixed_after is not None and fixed != fixed_after:
            return [f"{title}: repaired to {fixed_after}, not to {fixed}"]
    return []


def verdict(report: Report, transformation: Transformation) -> list[tuple[Any, ...]]:
    """What is found, in a shape that does not depend on how the text is written."""
    found = []
    for one in report.findings:
        words = words_at(report.texts[one.path], one) if transformation.same_words else ""
        if transformation.same_paths:
            found.append((one.severity, one.message, one.where, words))
        else:
            found.append((one.severity, words.replace("tasks.", "steps."), one.object.name in KEPT))
    return sorted(found)


def words_at(source: SourceText, found: Diagnostic) -> str:
    """What stands where a finding points, as a value."""
    text = source.slice(found.start, found.end)
    value: Any = text
    if "\n" in text or text[:1] in ("[", "{", '"'):
        document = parse(" " * (source.line_col(found.start)[1] - 1) + text).documents[:1]
        if document and not document[0].broken and not document[0].problems:
            value = plain(document[0].root)
    if isinstance(value, str):
        value = value.split()
    return re.sub(r"[\\\"'\[\],-]+", " ", str(value)).strip()


def repaired(report: Report) -> list[Any] | None:
    """The documents of all files after the rule's repairs; None when one of its findings has none, or has one that is not made."""
    if not report.findings or any(one.fix is None for one in report.findings):
        return None
    roots: list[Any] = []
    for path, source in report.texts.items():
        edits = edits_of(compatible([one for one in report.findings if one.path == path]))
        new = apply_edits(source.text, edits)
        if not verify(source.text, new, edits):
            return None
        roots += [plain(document.root) for document in parse(new).documents if document.root is not None]
    return [root for root in roots if root.get("metadata", {}).get("name") not in KEPT]


def test_texts_mean_the_same() -> None:
    texts: Texts = {
        "a.yaml": 'spec:\n  args: ["{{a}} == \'x\'", 1, true]\n  source: |\n    one\n\n    two\n  other: "one two three"\n'
    }
    (root,) = parse(texts["a.yaml"]).documents
    for name, item in ALL.items():
        new = item.change(texts) if item.same_paths else None
        if new is not None:
            assert plain(root.root) in [plain(one.root) for one in parse(new["a.yaml"]).documents], name
