"""What to write instead: words of help for mistakes whose finding says only what is wrong. Pure."""

from __future__ import annotations

from typing import Any

from argolint.patterns import lazy

_SECRET = lazy(r"(?:Secret|Key|token|apiToken|password|username)\Z")
_TIME = lazy(r"(\d+)\s*(s|m|h|d)\Z")
_FACTOR = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_SPECIAL = {
    ("withItems", "text"): "a text is read by `withParam`; `withItems` takes the items themselves",
    ("depends", "list"): "`depends` is a formula: `a && b`; a list is for `dependencies`",
    ("onExit", "list"): "name one template; a template with `steps` can call several",
    ("dag", "list"): "put the tasks under `tasks`",
    ("manifest", "mapping"): "write it as a text: `manifest: |`, and the object below it",
    ("podGC", "text"): "write `strategy` below it: `podGC: {strategy: OnPodCompletion}`",
    ("steps", "mapping"): "each group of steps is an item: `- - name: …`",
    ("container", "list"): "a template has one container; several go under `containerSet`",
    ("mode", "text"): "write the number: `0755`, without quotes",
}


def of_type(key: Any, expected: str, value: Any) -> str:
    """What to write for a value of the wrong type under `key`; `expected` in words, as in the finding. "" if nobody knows."""
    shape = "list" if isinstance(value, list) else "mapping" if isinstance(value, dict) else "text"
    special = _SPECIAL.get((key, shape)) if isinstance(key, str) else None
    if special is not None:
        return special
    if shape == "text" and expected.startswith("a list of strings"):
        return (
            f"write a list: `[{value}]`"
            if isinstance(value, str) and not set(value) & set("[]{},\n'\"")
            else ""
        )
    if shape == "mapping" and expected.startswith("a list of mappings"):
        names = [name for name in value if isinstance(name, str)]
        if names and not isinstance(value[names[0]], (dict, list)) and names[0] != "name":
            return f"each entry is an item: `- name: {names[0]}`, and its `value` below"
        return "put a dash before it: each entry is an item"
    if shape == "text" and expected == "a mapping" and isinstance(value, str) and "{{" not in value:
        if isinstance(key, str) and _SECRET.search(key):
            return f"write the Secret and the key in it: `{{name: {value}, key: …}}`"
        return f"write `name: {value}`" if isinstance(key, int) else "write its fields below it"
    if shape == "text" and expected == "an integer" and isinstance(value, str):
        match = _TIME.match(value.strip())
        if match is not None and isinstance(key, str) and "econds" in key:
            return f"write the seconds: {int(match[1]) * _FACTOR[match[2]]}"
    return ""


_WHEN = (
    (lazy(r"\[(?:not)\] to |to VARIABLE \[(?:not)\]"), "write `!(…)`: `when` has no `not`"),
    (lazy(r"\[if\]|\[else\]|\[then\]"), "write `condition ? a : b` in a tag of its own: `{{= … }}`"),
    (lazy(r"unexported field|token `?\w+(?:\.\w+)+"), "variables of Argo stand in braces: `{{inputs.parameters.x}}`"),
    (lazy(r"VARIABLE \[\w+\] to CLAUSE"), "functions work in expressions only: `when: \"{{= … }}\"`"),
    (lazy(r"VARIABLE \[[^\]]*\] to (?:VARIABLE|NUMERIC|BOOLEAN)"), "put a text with blanks in quotes: `'not ready'`"),
)  # fmt: skip


def of_when(message: str) -> str:
    """What to write instead of a `when` that is refused with this message; "" if nobody knows."""
    if "write" in message:
        return ""
    return next((text for pattern, text in _WHEN if pattern.search(message)), "")
