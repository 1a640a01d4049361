"""Verdicts as text, JSON, JUnit XML or TAP: pure functions."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from xml.sax.saxutils import escape, quoteattr

from executor.local.testrun import Verdict


def as_text(verdicts: Sequence[Verdict]) -> str:
    """A line a case, problems below it."""

    def lines() -> Iterator[str]:
        for verdict in verdicts:
            yield f"{'✔' if verdict.passed else '✖'} {verdict.file}: {verdict.name}"
            for problem in verdict.problems:
                yield f"    {problem}"
        failed = sum(not v.passed for v in verdicts)
        yield f"{len(verdicts) - failed} passed, {failed} failed"

    return "\n".join(lines()) + "\n"


def as_json(verdicts: Sequence[Verdict]) -> str:
    """A list of objects."""
    rows = [
        {
            "file": str(v.file), "name": v.name, "passed": v.passed, "problems": list(v.problems), "seconds": round(v.seconds, 4),
            "phase": (v.state.get("status") or {}).get("phase") or "", "trace": list(v.trace),
        }
        for v in verdicts
    ]  # fmt: skip
    return json.dumps(rows, indent=2) + "\n"


def as_junit(verdicts: Sequence[Verdict]) -> str:
    """JUnit's XML, a suite a file."""
    out = ['<?xml version="1.0" encoding="UTF-8"?>', "<testsuites>"]
    for file in dict.fromkeys(v.file for v in verdicts):
        cases = [v for v in verdicts if v.file == file]
        failed = sum(not v.passed for v in cases)
        out.append(
            f'  <testsuite name={quoteattr(str(file))} tests="{len(cases)}" failures="{failed}" time="{sum(v.seconds for v in cases):.3f}">'
        )
        for verdict in cases:
            head = f'    <testcase classname={quoteattr(str(file))} name={quoteattr(verdict.name)} time="{verdict.seconds:.3f}"'
            if verdict.passed:
                out.append(f"{head}/>")
                continue
            body = _xml_text("\n".join(verdict.problems))
            out += [
                f"{head}>",
                f"      <failure message={quoteattr(_xml_text(verdict.problems[0], raw=True))}>{body}</failure>",
                "    </testcase>",
            ]
        out.append("  </testsuite>")
    return "\n".join([*out, "</testsuites>"]) + "\n"


def _xml_text(text: str, *, raw: bool = False) -> str:
    """Text without the characters that XML cannot hold."""
    clean = "".join(c if c in "\t\n" or (c >= " " and c not in "\ufffe\uffff") else "\ufffd" for c in text)
    return clean if raw else escape(clean)


def as_tap(verdicts: Sequence[Verdict]) -> str:
    """TAP version 13."""
    out = ["TAP version 13", f"1..{len(verdicts)}"]
    for number, verdict in enumerate(verdicts, 1):
        name = f"{verdict.file}: {verdict.name}".replace("#", "\\#").replace("\n", " ")
        out.append(f"{'ok' if verdict.passed else 'not ok'} {number} - {name}")
        if not verdict.passed:
            out += ["  ---", "  problems:", *(f"    - {json.dumps(p)}" for p in verdict.problems), "  ..."]
    return "\n".join(out) + "\n"


FORMATS: dict[str, Callable[[Sequence[Verdict]], str]] = {
    "text": as_text,
    "json": as_json,
    "junit": as_junit,
    "tap": as_tap,
}
