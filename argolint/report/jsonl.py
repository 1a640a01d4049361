"""One JSON object a line, for streams."""

from __future__ import annotations

import json

from argolint.report import View
from argolint.report.json_ import finding


def render(view: View) -> str:
    """A line for each finding, in the shape of the json format's `findings`."""
    return "".join(json.dumps(finding(item, view)) + "\n" for item in view.findings)
