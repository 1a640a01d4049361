"""JUnit XML: a test suite for each file, a failed case for each finding."""

from __future__ import annotations

from argolint.report import View, positions, printable_lines


def render(view: View) -> str:
    """One `testsuites` element; a run without findings has one passing case. Source of the shape: Jenkins' junit-10.xsd."""
    by_path: dict[str, list[str]] = {}
    for item in view.findings:
        line, column, _, _ = positions(item, view.texts)
        text = f"{item.path}:{line}:{column}: {item.message}" + (f"\n{item.help}" if item.help else "")
        by_path.setdefault(item.path, []).append(
            f'    <testcase name="{attribute(f"{item.code} {item.name}")}" classname="{attribute(item.path)}">\n'
            f'      <failure type="{item.severity}" message="{attribute(item.message)}">{attribute(text)}</failure>\n'
            "    </testcase>\n"
        )
    total = len(view.findings)
    out = [
        '<?xml version="1.0" encoding="utf-8"?>\n',
        f'<testsuites name="argolint" tests="{max(total, 1)}" failures="{total}" errors="0">\n',
    ]
    for path, cases in by_path.items():
        count = f'tests="{len(cases)}" failures="{len(cases)}" errors="0"'
        out.append(f'  <testsuite name="{attribute(path)}" {count} file="{attribute(path)}">\n')
        out.extend(cases)
        out.append("  </testsuite>\n")
    if not total:
        out.append(
            '  <testsuite name="argolint" tests="1" failures="0" errors="0">\n    <testcase name="no problems" classname="argolint"/>\n  </testsuite>\n'
        )
    out.append("</testsuites>\n")
    return "".join(out)


def attribute(text: str) -> str:
    """Text escaped for XML, quotes included; line breaks are kept, other control characters shown as escapes."""
    safe = printable_lines(text)
    safe = safe.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    return safe.replace("\n", "&#10;").replace("\ufffe", "?").replace("\uffff", "?")
