"""withItems, withParam and withSequence (upstream: steps.go expandStep, operator.go processItem, expandSequence)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from executor.engine import gojson, names
from executor.engine.faults import TemplateFault
from executor.engine.substitute import should_execute, substitute, to_json

# Parts of a step with variables of their own, which are not known yet.
_LATER = ("hooks", "inline", "onExit")
LOOPS = ("withItems", "withParam", "withSequence")


def is_loop(holder: Mapping[str, Any]) -> bool:
    """Whether a step or task is to be expanded."""
    return (
        bool(holder.get("withItems"))
        or bool(holder.get("withParam"))
        or holder.get("withSequence") is not None
    )


def expand(holder: Mapping[str, Any], env: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A step or task once for each of its items, with the item's values in place. TemplateFault if that fails."""
    items = _items(holder)
    body = {k: v for k, v in holder.items() if k not in LOOPS and k not in _LATER}
    later = {k: holder[k] for k in _LATER if k in holder}
    tags_later = "{{" in to_json(later)
    text = to_json(body)
    skipped = _is_skipped(holder.get("when"))
    expanded = []
    for index, item in enumerate(items):
        variables, description = item_variables(item)
        if "{{" in text:
            one = dict(substitute(body, {**env, **variables}, unresolved=skipped))
        else:
            one = dict(body)
        one["name"] = names.item_name(str(holder.get("name") or ""), index, description)
        if "template" in body:
            one["template"] = body["template"]
        one.update(substitute(later, {**env, **variables}) if tags_later else later)
        expanded.append(one)
    return expanded


def _is_skipped(when: Any) -> bool:
    if not when:
        return False
    try:
        return not should_execute(when)
    except TemplateFault:
        return False


def _items(holder: Mapping[str, Any]) -> list[str]:
    """The items of a loop, each as its raw JSON text."""
    if holder.get("withItems"):
        items = holder["withItems"]
        if not isinstance(items, list):
            raise TemplateFault("withItems must be a list")
        return [gojson.from_yaml(item) for item in items]
    if holder.get("withParam") is not None:
        return _param_items(str(holder["withParam"]), holder.get("when"))
    try:
        return [json.dumps(text) for text in sequence(holder.get("withSequence") or {})]
    except TemplateFault:
        if _is_skipped(holder.get("when")):
            return []
        raise


def _param_items(text: str, when: Any) -> list[str]:
    try:
        return gojson.elements(text) or []
    except ValueError as error:
        if _is_skipped(when):
            return []
        raise TemplateFault(f"withParam value could not be parsed as a JSON list: {text}: {error}") from None


def item_variables(raw: str) -> tuple[dict[str, Any], str]:
    """The `item` variables of an item (its JSON text), and its description for the name of the expanded step."""
    if raw.startswith("{"):
        members = gojson.members(raw)
        variables: dict[str, Any] = {f"item.{key}": gojson.plain(value) for key, value in members.items()}
        pairs = (f"{gojson.marshal(key)}:{gojson.compact(value)}" for key, value in sorted(members.items()))
        variables["item"] = "{" + ",".join(pairs) + "}"
        return variables, ",".join(sorted(f"{key}:{gojson.bare(value)}" for key, value in members.items()))
    if raw.startswith("["):
        values = gojson.elements(raw) or []
        return {"item": gojson.compact(raw)}, "[" + " ".join(gojson.bare(value) for value in values) + "]"
    return {"item": gojson.plain(raw)}, gojson.bare(raw)


def sequence(spec: Mapping[str, Any]) -> list[str]:
    """The texts of a withSequence; empty if its count is 0."""
    try:
        start = int(str(spec["start"])) if spec.get("start") not in (None, "") else 0
        if spec.get("end") not in (None, ""):
            end = int(str(spec["end"]))
        elif spec.get("count") not in (None, ""):
            count = int(str(spec["count"]))
            if count == 0:
                return []
            end = start + count - 1
        else:
            raise TemplateFault("neither end nor count was specified in withSequence")
    except ValueError as error:
        raise TemplateFault(f"withSequence: {error}") from None
    layout = str(spec.get("format") or "%d")
    step = 1 if start <= end else -1
    if abs(end - start) > 1_000_000:
        raise TemplateFault(f"withSequence from {start} to {end} is too long")
    return [format_integer(layout, value) for value in range(start, end + step, step)]


def format_integer(layout: str, value: int) -> str:
    """One integer in a printf layout with a %d, %x, %o or %b verb."""
    try:
        return layout.replace("%v", "%d") % value
    except (ValueError, TypeError):
        raise TemplateFault(f"withSequence format {layout!r} does not format one integer") from None
