"""Whether an object has the structure that its kind has in a release of Argo."""

from __future__ import annotations

from typing import Any

from argolint.errors import UserError
from argolint.schema.compile import Raw, compiler
from argolint.schema.load import DEFAULT_VERSION, KINDS
from argolint.schema.problem import Problem, dotted

__all__ = ["DEFAULT_VERSION", "KINDS", "Problem", "dotted", "validate"]


def validate(obj: Any, kind: str, version: str = DEFAULT_VERSION) -> list[Problem]:
    """Every structural problem of `obj`, in document order; empty for a kind that is not in `KINDS`.

    `obj` is a mapping as YAML gave it (plain dicts and lists will do); `version` is the target release of
    Argo Workflows such as `4.1`. A null field counts as absent, as Go's decoder has it. UserError for an object nested
    hundreds of levels deep, which no file that argolint reads can hold.
    """
    entry = KINDS.get(kind)
    if entry is None:
        return []
    out: list[Raw] = []
    compiled = compiler(entry[1], version)
    try:
        compiled.kind(kind)(obj, None, "", out)
    except RecursionError:
        raise UserError(
            f"the {kind} is nested too deeply to be checked",
            "inline templates inside each other rarely pass three levels",
        ) from None
    if not out:
        return []
    from argolint.schema.hints import refine  # not needed for a sound object

    return refine(out, kind, compiled)
