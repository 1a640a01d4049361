"""The languages against what the Go libraries answered: kept by `python -m tools.language_oracle.record`."""

from __future__ import annotations

import json
from typing import Any

import pytest

from argolint.language.errors import LanguageError
from tools.language_oracle.oracle import encode, same
from tools.language_oracle.record import FOLDER, ask_again


def rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (FOLDER / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize(("name", "least"), [("expr", 2000), ("when", 600), ("depends", 200)])
def test_answers_are_those_of_the_libraries(name: str, least: int) -> None:
    listed = rows(name)
    assert len(listed) >= least
    different = []
    for one in listed:
        try:
            ours = encode(ask_again(one).ours())
        except LanguageError as error:
            if "value" in one:
                different.append((one["source"], one["value"], error.message))
            continue
        if "value" not in one or not same(ours, one["value"]):
            different.append((one["source"], one.get("value", one.get("error")), ours))
    assert different == []
