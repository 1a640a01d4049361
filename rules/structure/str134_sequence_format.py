"""STR134."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import Step
from argolint.patterns import lazy
from argolint.rule import Finding, rule

_VERB = lazy(r"%(?:%|(?P<flags>[-+# 0]*\d*(?:\.\d+)?)(?P<letter>[A-Za-z]?))")
_TAKES_NUMBERS = frozenset("bcdoOqxXUv")


@rule("STR134", "sequence-format", on="step", severity="warning", keys=("withSequence",))
def check(step: Step, ctx: Context) -> Iterator[Finding]:
    """The format of a sequence does not say where its number goes, or has a verb that takes no number."""
    text = step.mapping("withSequence").text("format")
    if not text or "{{" in text:
        return
    verbs = [match for match in _VERB.finditer(text) if match.group() != "%%"]
    wrong = next((match for match in verbs if match["letter"] not in _TAKES_NUMBERS), None)
    at = step.mapping("withSequence").value_span("format")
    if wrong is not None:
        shown = f"%!{wrong['letter']}(int=1)"
        yield Finding(at, f"`{wrong.group()}` takes no number: the item becomes `{shown}`", help="write `%d`")
    elif len(verbs) != 1:
        effect = "it is added as `%!(EXTRA int=1)`" if not verbs else "the others become `%!d(MISSING)`"
        yield Finding(
            at,
            f"a sequence has one number, and its format {len(verbs)} places for it: {effect}",
            help="write one `%d`",
        )
