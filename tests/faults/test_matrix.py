"""The fault matrix names every fault once, and tests that exist; its page is that of the matrix."""

from __future__ import annotations

import ast

from tests.faults.matrix import PAGE, ROOT, ROWS, page, word


def functions(file: str) -> set[str]:
    tree = ast.parse((ROOT / file).read_text())
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_fault_has_a_row_and_every_test_exists() -> None:
    assert [row.id for row in ROWS] == [f"F-{n:02d}" for n in range(1, 93)]
    for row in ROWS:
        for test in row.tests:
            file, name = test.split("::")
            assert name in functions(file), f"{row.id}: {test}"
        assert row.tests or row.outcome.startswith(("not ", "kept ")), row.id


def test_the_page_is_that_of_the_matrix_and_everything_holds() -> None:
    passed = {test: True for row in ROWS for test in row.tests}
    assert PAGE.read_text() == page(passed)
    assert {word(row, passed) for row in ROWS} == {"holds", "-"}
