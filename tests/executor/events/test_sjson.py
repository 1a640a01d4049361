"""Setting values at paths."""

from __future__ import annotations

from typing import Any

import pytest

from executor.events.sjson import PathError, changed, parts_of, put


@pytest.mark.parametrize(
    ("obj", "path", "value", "expected"),
    [
        ({}, "a.b", "x", {"a": {"b": "x"}}),
        ({"a": [{"b": 1}]}, "a.0.b", "x", {"a": [{"b": "x"}]}),
        ({"a": [1]}, "a.-1", 2, {"a": [1, 2]}),
        ({}, "a.1", "x", {"a": [None, "x"]}),
        ({}, "a.0.b", "x", {"a": [{"b": "x"}]}),
        ({"l": {}}, r"l.a\.b/c", "x", {"l": {"a.b/c": "x"}}),
        ({"a": "text"}, "a.b", "x", {"a": {"b": "x"}}),
    ],
)
def test_values_are_put_where_the_path_says(obj: Any, path: str, value: Any, expected: Any) -> None:
    before = repr(obj)
    assert put(obj, path, value) == expected
    assert repr(obj) == before


@pytest.mark.parametrize("path", ["", "a..b", "a.#", "a.*.b"])
def test_paths_that_mean_several_places_are_refused(path: str) -> None:
    with pytest.raises(PathError):
        parts_of(path)


def test_a_list_needs_an_index_that_fits_into_memory() -> None:
    with pytest.raises(PathError, match="not an index"):
        put({"a": []}, "a.b", 1)
    with pytest.raises(PathError, match="too large"):
        put({"a": []}, "a.999999999", 1)


def test_operations() -> None:
    assert changed({"a": "x"}, "a", "y", "append") == {"a": "xy"}
    assert changed({"a": "x"}, "a", "y", "prepend") == {"a": "yx"}
    assert changed({}, "a", "y", "append") == {"a": "y"}
    assert changed({"a": "x"}, "a", '{"b": 1}', "", raw=True) == {"a": {"b": 1}}
    assert changed({"a": "x"}, "a", "[", "", raw=True) == {"a": "["}
    with pytest.raises(PathError, match="unsupported parameter operation"):
        changed({}, "a", "y", "replace")
