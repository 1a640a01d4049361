"""SCR105."""

from __future__ import annotations

import re
from collections.abc import Iterator

from argolint.analysis import scripts
from argolint.context import Context
from argolint.model.workflow import Template
from argolint.patterns import lazy
from argolint.rule import Finding, rule

_PYTHON = lazy(
    r"^(?:import [a-z_][\w.]*(?: as \w+)?|from [a-z_][\w.]* import .+|def \w+\(.*\).*:)\s*$", re.MULTILINE
)
_SHEBANG = lazy(r"#!\s*(\S+)(?:\s+(\S+))?")
_DASH = lazy(r"(?:^|/)(?:debian|ubuntu|python|node|golang|ruby|openjdk|eclipse-temurin)(?::(?!.*alpine)|$)")
_BASH = (
    (lazy(r"(?:^|[;&|]\s*|\bif\s+|\bwhile\s+)\[\[\s", re.MULTILINE), "`[[`"),
    (lazy(r"^\s*(?:declare|local)?\s*\w+=\((?!\()", re.MULTILINE), "an array"),
    (lazy(r"(?<!<)<<<(?!<)"), "`<<<`"),
    (lazy(r"(?:^|\s)(?:<|>)\((?!\()", re.MULTILINE), "a process substitution"),
    (lazy(r"\$\{\w+(?:\^\^?|,,?)\}|\$\{\w+//"), "a substitution of bash"),
    (lazy(r"^\s*function\s+\w+\s*(?:\(\))?\s*\{", re.MULTILINE), "`function`"),
    (lazy(r"^\s*source\s+\S", re.MULTILINE), "`source`"),
)


@rule("SCR105", "interpreter-mismatch", on="template", severity="warning")
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """A script is in another language than the one its command reads."""
    for code in scripts.codes(template, ctx):
        text = code.scalar.value
        if code.argument or not code.language:
            continue
        shebang = _SHEBANG.match(text)
        if shebang is not None:
            program = shebang[2] if shebang[1].endswith("/env") and shebang[2] else shebang[1]
            other = scripts.language_of(program)
            name = program.rpartition("/")[2]
            if other and other != code.language:
                yield Finding(
                    code.scalar.part(*shebang.span()),
                    f"the script says `{name}`, its command runs `{code.program}`",
                    severity="error",
                )
                continue
            if name == "bash" and code.program in ("sh", "ash", "dash"):
                yield Finding(
                    code.scalar.part(*shebang.span()),
                    f"the script says `bash`, its command runs `{code.program}`: the first line is only a comment",
                )
                continue
        if code.language == "sh":
            found = _PYTHON.search(text) if "python" in code.container.text("image") else None
            if found is not None and "<<" not in text[: found.start()] and "-c" not in text[: found.start()]:
                yield Finding(
                    code.scalar.part(*found.span()),
                    f"this is Python, the command runs `{code.program}`",
                    severity="error",
                )
            elif code.program in ("sh", "dash") and _DASH.search(code.container.text("image")):
                for pattern, what in _BASH:
                    match = pattern.search(scripts.masked(text))
                    if match is not None:
                        yield Finding(
                            code.scalar.part(*match.span()),
                            f"{what} is bash; `{code.program}` of this image is dash, which does not know it",
                            help="write `command: [bash]`",
                        )
                        break
