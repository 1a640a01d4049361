"""Findings about rights that an account lacks, in the one form in which rules report them."""

from __future__ import annotations

from argolint.analysis.rbac_lack import Lack, role_fix
from argolint.context import Context
from argolint.rule import Elsewhere, Finding


def finding_of(lack: Lack, ctx: Context, message: str = "", remedy: str = "") -> Finding:
    """The finding about a lack, with the places that show it and the fix; `message` and `remedy` in place of its own words."""
    return Finding(
        lack.at,
        message or lack.message,
        help=remedy or lack.help,
        related=[(Elsewhere(*place), text) for place, text in lack.places],
        severity=lack.severity,
        fix=role_fix(lack, ctx),
    )
