"""A YAML file as plain values together with the line of every key; for configuration, not for manifests."""

from __future__ import annotations

from typing import Any

import yaml

from argolint.errors import UserError

Where = tuple[Any, ...]


class Positions:
    """Lines of the values of a document, by path of keys and indexes."""

    def __init__(self, lines: dict[Where, int]) -> None:
        self._lines = lines

    def line(self, where: Where) -> int:
        """The line of `where`, or of the nearest thing around it that has one."""
        for end in range(len(where), -1, -1):
            found = self._lines.get(where[:end])
            if found is not None:
                return found
        return 1


def load_with_positions(text: str, path: str) -> tuple[Any, Positions]:
    """The one document of `text` and its lines. Raises UserError for broken YAML, aliases and duplicate keys."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else 1
        problem = getattr(error, "problem", None) or "not readable as YAML"
        raise UserError(f"{path}:{line}: {problem}", "correct the YAML") from error
    except RecursionError as error:
        raise UserError(f"{path}: the YAML is nested too deeply", "flatten it") from error
    lines: dict[Where, int] = {}
    if node is None:
        return {}, Positions({(): 1})
    return _value(node, (), lines, path, set()), Positions(lines)


def _value(node: yaml.Node, where: Where, lines: dict[Where, int], path: str, seen: set[int]) -> Any:
    line = node.start_mark.line + 1
    lines.setdefault(where, line)
    if id(node) in seen and not isinstance(node, yaml.ScalarNode):
        raise UserError(f"{path}:{line}: an alias is used", "write the value out; aliases are not read here")
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        out: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            key_line = key_node.start_mark.line + 1
            if key in out:
                raise UserError(f"{path}:{key_line}: the key {key} is there twice", "keep one of them")
            lines[(*where, key)] = key_line
            out[key] = _value(value_node, (*where, key), lines, path, seen)
        return out
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, (*where, i), lines, path, seen) for i, item in enumerate(node.value)]
    loader = yaml.SafeLoader("")
    try:
        return loader.construct_object(node)
    except (yaml.YAMLError, ValueError) as error:
        raise UserError(f"{path}:{line}: {node.value!r} cannot be read", "correct the value") from error
