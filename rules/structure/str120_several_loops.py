"""STR120."""

from __future__ import annotations

import re
from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import Step
from argolint.rule import Finding, rule
from argolint.yaml.nodes import Map


@rule("STR120", "several-loops", on="step", severity="error", keys=("withItems", "withParam", "withSequence"))
def check(step: Step, ctx: Context) -> Iterator[Finding]:
    """A step loops over two things, or over a sequence that has no end."""
    loops = step.loops
    if len(loops) > 1:
        yield Finding(
            step.key_span(loops[1]),
            f"{step.label} has {' and '.join(f'`{key}`' for key in loops)}: a step has one loop",
            help="keep one; a loop in a loop is a steps template that is called in a loop",
            related=[(step.key_span(loops[0]), "the first")],
        )
    elif loops == ["withSequence"] and isinstance(step.get("withSequence"), Map):
        sequence = step.mapping("withSequence")
        if sequence.get("count") is None and sequence.get("end") is None:
            yield Finding(
                step.key_span("withSequence"),
                f"the sequence of {step.label} has neither `count` nor `end`",
                help="say how many with `count`, or where it ends with `end`",
            )
        for key in ("count", "start", "end"):
            value = sequence.get(key)
            if isinstance(value, str) and "{{" not in value and not re.fullmatch(r"[+-]?[0-9]+", value):
                yield Finding(
                    sequence.value_span(key),
                    f"`{key}` of the sequence is not a whole number",
                    help="write a number, or a tag",
                )
