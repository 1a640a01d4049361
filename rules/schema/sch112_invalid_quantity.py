"""SCH112."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.structure import is_written_here, of_kind
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace


@rule("SCH112", "invalid-quantity", on="object", severity="error", fix="safe")
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A resource quantity that Kubernetes does not read."""
    for problem, span in of_kind(obj, ctx.argo_version, "invalid-quantity"):
        value = problem.args["value"]
        right = repaired(value)
        yield Finding(
            span,
            f"`{value}` is not a quantity",
            help=f"write `{right}`" if right else "write a number and a suffix: `500m`, `2`, `64Mi`, `1.5Gi`",
            fix=replace(span, right) if right and is_written_here(problem) else None,
        )


def repaired(value: str) -> str:
    """`1GB` -> `1G`, `64mb` -> `64M`, `512MiB` -> `512Mi`; "" when there is no one reading."""
    number = value.rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ ")
    unit = value[len(number) :].strip().lower()
    suffix = UNITS.get(unit, "")
    plain = number.replace(".", "", 1)
    return f"{number}{suffix}" if suffix and plain.isascii() and plain.isdigit() else ""


UNITS = {
    **{f"{letter}b": letter.upper() if letter != "k" else "k" for letter in "kmgtpe"},
    **{f"{letter}ib": f"{letter.upper()}i" for letter in "kmgtpe"},
    **{f"{letter}i": f"{letter.upper()}i" for letter in "kmgtpe"},
}
