"""REL113."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import Template
from argolint.rule import Finding, rule

LIMIT = 131072  # bytes of one argument or environment string (Linux MAX_ARG_STRLEN), the final NUL included


@rule("REL113", "long-script-in-arg", on="template", severity="warning", options={"exec-string-limit": LIMIT})
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """An argument or environment variable is longer than the kernel takes."""
    limit = ctx.option("exec-string-limit")
    # A character takes four bytes at most, and the template's text is longer than any string in it (aliases aside).
    if not isinstance(limit, int) or template.map.span[1] - template.map.span[0] < limit // 4:
        return
    for _, container in template.containers:
        for key in ("command", "args"):
            for i, word in enumerate(container.sequence(key)):
                if isinstance(word, str) and (size := length(word)) >= limit:
                    yield Finding(
                        container.item_span(key, i),
                        f"this argument has {size} bytes; exec takes fewer than {limit}",
                        help="use a `script` template, or mount the text from a ConfigMap",
                    )
        for variable in container.items("env"):
            if (size := length(variable.text("value"))) >= limit:
                yield Finding(
                    variable.key_span("value"),
                    f"variable `{variable.text('name')}` has {size} bytes; exec takes fewer than {limit}",
                    help="mount the text from a ConfigMap",
                )


def length(text: str) -> int:
    """Its bytes in UTF-8."""
    return len(text.encode("utf-8", "replace"))
