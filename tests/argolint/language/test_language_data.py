"""The data files of the language are what their generator writes, and match the code."""

from __future__ import annotations

from pathlib import Path

from argolint.language import sprig
from argolint.language.expr.functions import FUNCTIONS
from argolint.language.expr.names import ARITY, BUILTINS, PREDICATES
from argolint.language.scope import function_table
from tools import gen_language


def test_the_files_are_fresh(repo: Path) -> None:
    for name, text in gen_language.render().items():
        assert (repo / "schemas" / name).read_text(encoding="utf-8") == text, (
            f"run python -m tools.gen_language ({name})"
        )


def test_every_function_has_code_and_a_signature() -> None:
    assert set(ARITY) - {"now"} <= set(FUNCTIONS)
    assert set(function_table()["language"]) == BUILTINS
    assert set(function_table()["sprig"]) == sprig.names()
    assert set(FUNCTIONS) - set(ARITY) <= set(PREDICATES)


def test_functions_that_reach_the_environment_are_left_out() -> None:
    assert not {"env", "expandenv"} & sprig.names()
