"""Moving an artifact's `from` from a template's inputs, where it cannot stand, to the steps that call the template."""

from __future__ import annotations

from argolint.analysis.steps import root_of
from argolint.context import Context
from argolint.diagnostic import Edit
from argolint.model.view import View
from argolint.model.workflow import Step, Template
from argolint.patterns import lazy
from argolint.yaml.edit import add_key, delete_key, quote

_FROM = lazy(r"\{\{\s*(?:steps|tasks)\.(?P<step>[\w-]+)\.outputs\.artifacts\.(?P<name>[\w-]+)\s*\}\}")


def moved_to_callers(template: Template, artifact: View, ctx: Context) -> list[Edit] | None:
    """Edits that take `from` out of an input artifact and give it as an argument where the template is called.

    None when it is not clear who calls, or which sibling of a caller makes the artifact: the one of that name, or the only one
    that runs the template of that name.
    """
    found = _FROM.fullmatch(artifact.text("from").strip())
    callers = [
        (owner, step)
        for owner in template.spec.templates
        for step in owner.children
        if template.name and step.target is not None and step.target.local == template.name
    ]
    if found is None or not callers or artifact.is_alias("from") or "from" in artifact.map.merged:
        return None
    edits = delete_key(ctx.source, artifact.map, "from")
    for owner, step in callers:
        maker = _maker(found["step"], owner, step)
        if maker is None or step.arguments.artifact(artifact.text("name")) is not None:
            return None
        value = f"{{{{{root_of(owner)}.{maker.name}.outputs.artifacts.{found['name']}}}}}"
        added = _argument(step, artifact.text("name"), value, ctx)
        if added is None:
            return None
        edits += added
    return edits


def _maker(name: str, owner: Template, reader: Step) -> Step | None:
    """The sibling that a reference means: by its own name, else by that of its template."""
    siblings = [step for step in owner.children if step.name != reader.name]
    named = [step for step in siblings if step.name == name]
    running = [step for step in siblings if step.target is not None and step.target.local == name]
    one = named or running
    return one[0] if len(one) == 1 and one[0].name else None


def _argument(step: Step, name: str, value: str, ctx: Context) -> list[Edit] | None:
    """An artifact argument for a step that has none."""
    arguments = step.mapping("arguments")
    if "artifacts" in arguments or step.is_alias("arguments"):
        return None
    holder, key, indent = (arguments, "artifacts", "") if arguments.map else (step, "arguments", "  ")
    if holder.map.flow:
        text = f"[{{name: {name}, from: {quote(value)}}}]"
        return add_key(ctx.source, holder.map, key, text if key == "artifacts" else f"{{artifacts: {text}}}")
    lines = [f"{indent}- name: {name}", f"{indent}  from: {quote(value)}"]
    if key == "arguments":
        lines.insert(0, f"{indent}artifacts:")
    return add_key(ctx.source, holder.map, key, "\n" + "\n".join(lines))
