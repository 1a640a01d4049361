"""What scripts print."""

from __future__ import annotations

import pytest

from argolint.analysis.printed import not_json


@pytest.mark.parametrize(
    "source",
    [
        'print(["a", "b"])',
        'names = ["a", f"b{1}"]\nprint(names)',
        'print([{"a": 1}, {"a": 2}])',
        "print([True, None])",
    ],
)
def test_lists_that_python_prints_in_its_own_way(source: str) -> None:
    assert "as Python does" in not_json(source, "python")


def test_words_in_front_of_the_list() -> None:
    source = 'import json\nprint("listing all")\nprint(json.dumps([1]))'
    assert not_json(source, "python") == "the script prints `listing all` in front of the list"


@pytest.mark.parametrize(
    "source",
    [
        "print([1, 2])",
        "print([x for x in range(3)])",
        'import json\nprint(json.dumps(["a"]))',
        'print("[")\nprint("1")\nprint("]")',
        'names = []\nnames.append("a")\nprint(names)',
        'import sys\nprint("x", file=sys.stderr)\nprint("[1]")',
        'if True:\n    print(["a"])',
        "print({{inputs.parameters.list}})",
        'print("{{inputs.parameters.list}}")\nprint("")',
        "print([",
        "",
    ],
)
def test_what_may_be_json_is_not_reported(source: str) -> None:
    assert not_json(source, "python") == ""


def test_the_shell_takes_quotes_away() -> None:
    assert "takes the quotes out" in not_json('set -e\necho ["a", "b"]\n', "sh")
    for sound in ("echo '[\"a\"]'", 'echo "[\\"a\\"]"', "echo [1, 2]", 'echo ["a"] | jq .', "jq -c . x", ""):
        assert not_json(sound, "sh") == ""
