"""The one shape of a finding, and of a repair.

Offsets count code points of the decoded file; lines and columns are computed when a report is
rendered. No dataclasses here: importing them costs 21 ms, which is a seventh of the one-file budget.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Severity = Literal["error", "warning", "info"]
Safety = Literal["safe", "unsafe"]

SEVERITY_RANK: dict[str, int] = {"info": 0, "warning": 1, "error": 2}


class Edit(NamedTuple):
    """Replace the code points `[start, end)` of a file by `text`."""

    start: int
    end: int
    text: str


class Fix(NamedTuple):
    """A repair: edits in one file, applied together or not at all."""

    safety: Safety
    edits: tuple[Edit, ...]
    title: str = ""


class Related(NamedTuple):
    """A second place that explains a finding, maybe in another file."""

    path: str
    start: int
    end: int
    message: str


class ObjectRef(NamedTuple):
    """The Kubernetes object that a finding is about; fields are empty where the manifest has none."""

    kind: str
    namespace: str
    name: str


class Diagnostic(NamedTuple):
    """One finding.

    `path` is the file as the user named it; `start`/`end` are offsets into it; `where` is the field path
    inside the object in upstream's notation (`spec.templates[0].steps[1][0].template`).
    `fingerprint` is stable when lines move. `secrets` are places in the same file whose text no report may show.
    """

    code: str
    name: str
    severity: Severity
    message: str
    path: str
    start: int
    end: int
    help: str = ""
    object: ObjectRef = ObjectRef("", "", "")
    where: str = ""
    related: tuple[Related, ...] = ()
    fix: Fix | None = None
    fingerprint: str = ""
    secrets: tuple[tuple[int, int], ...] = ()
