"""SCR110."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import scripts
from argolint.context import Context
from argolint.model.workflow import Template
from argolint.patterns import lazy
from argolint.rule import Finding, rule

_WRITES = lazy(r"(?:>>?|\btee(?:\s+-a)?)\s*[\"']?(/[\w./-]+)")


@rule("SCR110", "output-never-written", on="template", severity="warning", keys=("path",))
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """A script does not write the file that an output parameter reads."""
    names = [view.mapping("valueFrom") for view in template.outputs.parameters]
    if not any(view.get("path") for view in names):
        return
    found = [code for code in scripts.codes(template, ctx) if code.language == "sh"]
    if len(found) != 1 or len(template.containers) != 1:
        return
    text = found[0].scalar.value
    written = _WRITES.findall(text)
    for view in names:
        path = view.get("path")
        if not isinstance(path, str) or "{{" in path or view.get("default") is not None:
            continue
        folder, _, name = path.rpartition("/")
        if (
            name
            and name not in text
            and "outputs.parameters" not in text
            and any(other.rpartition("/")[0] == folder and len(set(written)) == 1 for other in written)
        ):
            yield Finding(
                view.value_span("path"),
                f"the script never writes `{path}`; it writes `{written[0]}`",
                help="a step whose output is missing fails",
                related=[(found[0].scalar.span, "the script")],
            )
