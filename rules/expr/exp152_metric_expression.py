"""EXP152."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import Template
from argolint.rule import Finding, rule


def _number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


@rule("EXP152", "metric-expression", on="template", severity="error", keys=("metrics",))
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """The value of a metric is no number."""
    for metric in template.mapping("metrics").items("prometheus"):
        for kind in ("gauge", "counter", "histogram"):
            view = metric.mapping(kind)
            text = view.get("value")
            if kind in metric and isinstance(text, str) and text and "{{" not in text and not _number(text):
                yield Finding(
                    view.value_span("value"),
                    f"`{text}` is no number",
                    help="write a number or a tag such as `{{duration}}`",
                )
