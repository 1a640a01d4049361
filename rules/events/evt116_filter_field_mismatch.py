"""EVT116."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.language import govaluate
from argolint.language.errors import LanguageError
from argolint.model.events import dependencies
from argolint.model.k8s import Object
from argolint.project.index import did_you_mean
from argolint.rule import Finding, rule


@rule("EVT116", "filter-field-mismatch", on="object", severity="warning", kinds=("Sensor",))
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A filter's expression uses a name that is no field, or declares a field that it does not use."""
    for dependency in dependencies(obj):
        for view in dependency.mapping("filters").items("exprs"):
            scalar = ctx.scalar(view, "expr")
            if scalar is None or "{{" in scalar.value:
                continue
            fields = {field.text("name"): field for field in view.items("fields")}
            try:
                tokens = govaluate.tokenize(scalar.value)
            except LanguageError:
                continue  # EVT115
            used: set[str] = set()
            for token in tokens:
                if token.kind not in (govaluate.VARIABLE, govaluate.ACCESSOR):
                    continue
                name = ".".join(token.value) if isinstance(token.value, (list, tuple)) else str(token.value)
                used.add(name)
                if name not in fields and name.partition(".")[0] not in fields:
                    yield Finding(
                        scalar.part(token.start, token.end),
                        f"`{name}` is no field of this filter, so that no event passes",
                        help=did_you_mean(name, fields)
                        or "declare it under `fields`, or put quotes around a string",
                        severity="error",
                    )
            for name, field in fields.items():
                if name and name not in used and not any(other.startswith(f"{name}.") for other in used):
                    if "-" not in name and name not in scalar.value:
                        yield Finding(
                            field.value_span("name"), f"the expression does not use the field `{name}`"
                        )
