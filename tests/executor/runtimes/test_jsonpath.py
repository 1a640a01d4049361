"""kubectl's JSONPath templates."""

from __future__ import annotations

import pytest

from executor.runtimes.jsonpath import JsonPathError, render

POD = {
    "kind": "List",
    "items": [
        {"name": "a", "size": 1, "labels": {"x.io/y": "v"}, "ok": True},
        {"name": "b", "size": 2, "tags": ["p", "q"]},
    ],
    "status": {"phase": "Running"},
}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{.status.phase}", "Running"),
        (".status.phase", "Running"),
        ("status.phase", "Running"),
        ("{.items[*].name}", "a b"),
        ("{.items[-1].name}", "b"),
        ("{.items[0:1].name}", "a"),
        ("{.items[?(@.size>1)].name}", "b"),
        ('{.items[?(@.name=="a")].size}', "1"),
        ("{.items[?(@.tags)].name}", "b"),
        (r"{.items[0].labels.x\.io/y}", "v"),
        ("{.items[0].labels['x.io/y']}", "v"),
        ("{..size}", "1 2"),
        ("{.items[0].ok}", "true"),
        ("{.items[1].tags}", '["p","q"]'),
        ("phase={.status.phase}!", "phase=Running!"),
        ('{range .items[*]}{.name}={.size}{"\\n"}{end}', "a=1\nb=2\n"),
        ("{.nothing.here}", ""),
        ("{.items[9].name}", ""),
    ],
)
def test_render(template: str, text: str) -> None:
    assert render(template, POD) == text


@pytest.mark.parametrize("template", ["{.items[}", "{range .items[*]}{.name}", "{end}", "{.items[?(name)]}"])
def test_what_cannot_be_read_is_an_error(template: str) -> None:
    with pytest.raises(JsonPathError):
        render(template, POD)
