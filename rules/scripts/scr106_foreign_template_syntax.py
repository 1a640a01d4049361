"""SCR106."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context, Scalar
from argolint.language import tags
from argolint.patterns import lazy
from argolint.rule import Finding, rule

# What a tag of Go templates, Jinja, Helm or Docker looks like, and no variable of Argo does.
_FOREIGN = lazy(
    r"-?\s*(?:\.[A-Za-z_]|\.\s*-?$|(?:range|if|else|end|with|define|include|template|json)\b(?!\.)|[^|]+\|)"
)

_NAME = lazy(r"[A-Za-z_][\w-]*(?:\.[\w-]+)*\Z")


@rule(
    "SCR106",
    "foreign-template-syntax",
    on="scalar",
    severity="error",
    keys=("withItems", "withParam", "withSequence"),
)
def check(scalar: Scalar, ctx: Context) -> Iterator[Finding]:
    """A step with a loop holds the braces of another template language, which Argo cannot fill in."""
    step = scalar.step
    if step is None or not step.loops or scalar.template is None:
        return
    if scalar.key == "expression" or scalar.where.startswith(
        tuple(f"{step.where}.{key}" for key in step.loops)
    ):
        return
    for piece in tags.split(scalar.value):
        if not isinstance(piece, tags.SimpleTag) or not _FOREIGN.match(piece.body.strip()):
            continue
        if ".inline." in scalar.where or not _NAME.match(piece.body.strip()):  # else REF120 says it
            yield Finding(
                scalar.part(piece.start, piece.end),
                f"`{scalar.value[piece.start : piece.end]}` is none of Argo's: in a step with a loop every tag must be filled in, and the step fails",
                help="write the braces as `{{='{{'}}`, or move the text into a template that the step calls",
            )
