"""SCR102."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import scripts
from argolint.context import Context
from argolint.model.workflow import Template
from argolint.patterns import lazy
from argolint.rule import Finding, rule

_IMAGE = lazy(r"python:(\d+)(?:\.(\d+))?")


@rule("SCR102", "python-syntax", on="template", severity="error")
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """A Python script has a syntax error."""
    for code in scripts.codes(template, ctx):
        if code.language != "python" or code.program in ("python2", "python2.7", "pypy"):
            continue
        error = scripts.python_error(code.scalar.value)
        if error is None:
            continue
        version = _IMAGE.search(code.container.text("image"))
        if version is not None and (version[1] == "2" or int(version[2] or 0) > 11):
            continue  # another language than the one at hand, or a newer one
        yield Finding(code.scalar.part(error.start, error.end), f"Python: {error.message}")
