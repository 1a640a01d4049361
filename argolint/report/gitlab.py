"""GitLab Code Quality."""

from __future__ import annotations

from typing import Any

from argolint.report import View, json_lines, path_text, positions

_SEVERITIES = {"error": "major", "warning": "minor", "info": "info"}


def render(view: View) -> str:
    """A JSON list of issues."""
    issues: list[dict[str, Any]] = []
    for item in view.findings:
        line, _, end_line, _ = positions(item, view.texts)
        issues.append(
            {
                "description": item.message,
                "check_name": f"{item.code} {item.name}",
                "fingerprint": item.fingerprint,
                "severity": _SEVERITIES[item.severity],
                "location": {"path": path_text(item.path), "lines": {"begin": line, "end": end_line}},
            }
        )
    return json_lines(issues) + "\n"
