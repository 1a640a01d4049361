"""SEC115."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import credentials
from argolint.context import Context
from argolint.model.events import triggers
from argolint.model.k8s import Object
from argolint.model.view import Span, View
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule


def _entries(obj: Object) -> Iterator[tuple[View, str, str]]:
    """(mapping, key, the name that says what the value is) for every value that may be a credential."""
    for spec in obj.workflow_specs:
        yield from _parameters(spec)
        for template in spec.all_templates:
            for _, container in template.containers:
                for env in container.items("env"):
                    yield env, "value", env.text("name")
                yield container, "source", ""
            for header in template.mapping("http").items("headers"):
                yield header, "value", header.text("name")
    if obj.kind == "Sensor":
        for trigger in triggers(obj):
            headers = trigger.body.mapping("headers")
            for name in headers.map:
                yield headers, name, name


def _parameters(spec: WorkflowSpec) -> Iterator[tuple[View, str, str]]:
    """The parameters, but for those that hold the name of a Secret, and arguments that may be one."""
    held = [(parameter, key) for parameter in spec.arguments.parameters for key in ("value", "default")]
    for template in spec.all_templates:
        held += [(parameter, key) for parameter in template.inputs.parameters for key in ("value", "default")]
    suspects = [(view, key) for view, key in held if credentials.is_literal_secret(view.name, view.get(key))]
    choosers = credentials.parameters_that_choose_secrets(spec.map) if suspects else set()
    for view, key in held:
        if view.name not in choosers or credentials.known_token(view.text(key)) is not None:
            yield view, key, view.name
    for template in spec.all_templates:
        for step in template.children:
            for argument in step.arguments.parameters:
                if not credentials.is_object_name(argument.text("value")):
                    yield argument, "value", argument.name


def _secret_part(view: View, key: str, token: tuple[str, int, int], ctx: Context) -> Span:
    """What is secret of a known credential: all but the start that says what it is; of a key in blocks, all that follows."""
    what, start, end = token
    last = len(view.text(key)) if what == credentials.PRIVATE_KEY else end
    return ctx.part(view, key, start + credentials.KEPT, last)


@rule("SEC115", "literal-secret", on="object", severity="error")
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A credential is written in a manifest."""
    for view, key, name in _entries(obj):
        value = view.get(key)
        if not isinstance(value, str) or len(value) < 6:
            continue
        token = credentials.known_token(value)
        if token is not None:
            what, start, end = token
            yield Finding(
                ctx.part(view, key, start, end),
                f"this is {what}",
                help="revoke it, and read it from a Secret",
                secrets=[_secret_part(view, key, token, ctx)],
            )
        elif credentials.is_literal_secret(name, value):
            yield Finding(
                view.value_span(key),
                f"the value of `{name}` is written here",
                help="read it from a Secret: `valueFrom.secretKeyRef`",
                secrets=[view.value_span(key)],
            )
        elif (
            name.lower() == "authorization"
            and value.lower().startswith(("bearer ", "basic "))
            and "{{" not in value
        ):
            yield Finding(
                view.value_span(key),
                "the header holds a credential",
                help="use `secureHeaders` or `valueFrom`",
                secrets=[view.value_span(key)],
            )
    for spec in obj.workflow_specs:
        for template in spec.all_templates:
            for _, container in template.containers:
                for key in ("command", "args"):
                    for index, word in enumerate(container.sequence(key)):
                        found = credentials.known_token(word) if isinstance(word, str) else None
                        scalar = ctx.scalar(container, key, index) if found is not None else None
                        if found is not None and scalar is not None:
                            yield Finding(
                                scalar.part(found[1], found[2]),
                                f"this is {found[0]}",
                                help="read it from a Secret",
                                secrets=[scalar.part(found[1] + credentials.KEPT, found[2])],
                            )
