"""Where the project's data folders are: beside the package in a checkout, inside it in a wheel.

Paths are made with os.path, since nearly every run asks and importing pathlib takes as long as linting a small file.
"""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_PACKAGE = os.path.dirname(os.path.realpath(__file__))
_CHECKOUT = os.path.dirname(_PACKAGE)


@cache
def is_checkout() -> bool:
    """Whether this package runs from a source checkout (or an editable install of one)."""
    return os.path.isfile(os.path.join(_CHECKOUT, "pyproject.toml")) and os.path.isdir(
        os.path.join(_CHECKOUT, "rules")
    )


@cache
def data_path(*names: str) -> str:
    """The path of a data folder (`rules` or `schemas`), or of a file in it.

    A checkout keeps the folders at the top level; a wheel carries them as `argolint/<name>`.
    """
    return os.path.join(_CHECKOUT if is_checkout() else _PACKAGE, *names)


def data_dir(name: str) -> Path:
    """`data_path(name)` as a Path."""
    from pathlib import Path

    return Path(data_path(name))


def read_data(*names: str) -> bytes:
    """The bytes of a data file. Raises OSError."""
    with open(data_path(*names), "rb") as file:
        return file.read()
