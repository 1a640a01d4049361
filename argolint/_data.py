"""Where the project's data folders are: beside the package in a checkout, inside it in a wheel."""

from __future__ import annotations

from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_CHECKOUT = _PACKAGE.parent


@cache
def is_checkout() -> bool:
    """Whether this package runs from a source checkout (or an editable install of one)."""
    return (_CHECKOUT / "pyproject.toml").is_file() and (_CHECKOUT / "rules").is_dir()


@cache
def data_dir(name: str) -> Path:
    """The folder of data called `name` (`rules` or `schemas`).

    A checkout keeps it at the top level; a wheel carries it as `argolint/<name>`.
    """
    return (_CHECKOUT if is_checkout() else _PACKAGE) / name
