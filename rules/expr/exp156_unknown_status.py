"""EXP156."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.view import View
from argolint.model.workflow import WorkflowSpec
from argolint.patterns import lazy
from argolint.project.index import suggest
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace

_NODE = ("Pending", "Running", "Succeeded", "Skipped", "Failed", "Error", "Omitted", "Daemoned")
_WORKFLOW = ("Pending", "Running", "Succeeded", "Failed", "Error")
_WORDS = {"success": "Succeeded", "successful": "Succeeded", "completed": "Succeeded", "complete": "Succeeded",
          "failure": "Failed", "errored": "Error"}  # fmt: skip
_COMPARED = lazy(
    r"""\b(workflow|(?:steps|tasks)[.\[][^\s{}=!&|()]+?|lastRetry)\.status\s*(?:\}\})?['"]?\s*[=!]=\s*['"]?([A-Za-z]+)\b"""
)


def _texts(spec: WorkflowSpec) -> Iterator[tuple[View, str]]:
    """The conditions of a spec: (mapping, key)."""
    holders: list[View] = [spec.mapping("hooks")]
    for template in spec.all_templates:
        yield template.mapping("retryStrategy"), "expression"
        for step in template.children:
            yield step, "when"
            holders.append(step.mapping("hooks"))
    for hooks in holders:
        for name in hooks.map:
            yield hooks.mapping(name), "expression"


@rule("EXP156", "unknown-status", on="spec", severity="warning", fix="unsafe")
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """A condition compares a status with a word that is no status."""
    for view, key in _texts(spec):
        text = view.text(key)
        if ".status" not in text:
            continue
        for match in _COMPARED.finditer(text):
            known = _WORKFLOW if match[1] == "workflow" else _NODE
            word = match[2]
            if word in known:
                continue
            near = _WORDS.get(word.lower()) or next((one for one in known if one.lower() == word.lower()), "")
            near = near or suggest(word, known)
            at = ctx.part(view, key, match.start(2), match.end(2))
            yield Finding(
                at,
                f"no status is called `{word}`: the comparison always comes out the same",
                help=f"did you mean `{near}`?" if near else f"it is one of {', '.join(known)}",
                fix=replace(at, near) if near and not view.is_alias(key) else None,
            )
