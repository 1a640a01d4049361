"""Code that stands in manifests: which language it is in, and where in it the tags stand. Pure.

A `script.source` is code in the language of `script.command`; so is the argument behind `sh -c`, `python -c`, `node -e`.
"""

from __future__ import annotations

from functools import lru_cache
from re import Match
from typing import NamedTuple

from argolint.context import Context, Scalar
from argolint.language.tags import ExprTag, SimpleTag, split
from argolint.model.view import View
from argolint.model.workflow import Template
from argolint.patterns import lazy

SHELLS = frozenset({"sh", "bash", "dash", "ash", "ksh", "zsh"})
_PYTHON = lazy(r"(?:python|pypy)(?:\d(?:\.\d+)?)?\Z")
_CODE_FLAG = {
    "python": ("-c",),
    "node": ("-e", "--eval", "-p", "--print"),
    "perl": ("-e", "-E"),
    "ruby": ("-e",),
    "php": ("-r",),
}
_WRAPPERS = frozenset(
    {"env", "tini", "dumb-init", "nice", "time", "timeout", "exec", "sudo", "-s", "-S", "--", "-g"}
)


class Code(NamedTuple):
    """A piece of code. `language`: sh, python, node, perl, ruby, php, pwsh, or "" when that is not known.

    `program`: the interpreter as written, without its folder. `argument`: it stands in `command` or `args`.
    """

    scalar: Scalar
    language: str
    program: str
    container: View
    argument: bool

    @property
    def noun(self) -> str:
        """What to call it in a message."""
        names = {
            "sh": "shell",
            "python": "Python",
            "node": "Node",
            "perl": "Perl",
            "ruby": "Ruby",
            "php": "PHP",
        }
        word = names.get(self.language, "")
        return f"{word} {'command' if self.argument else 'script'}".strip()


def language_of(program: str) -> str:
    """The language that an interpreter reads, by its name."""
    name = program.rpartition("/")[2]
    if name in SHELLS:
        return "sh"
    if _PYTHON.match(name):
        return "python"
    if name in ("node", "nodejs", "bun", "deno"):
        return "node"
    if name == "powershell":
        return "pwsh"
    return name if name in ("perl", "ruby", "php", "pwsh") else ""


def _words(view: View, key: str) -> list[str]:
    return [item if isinstance(item, str) else str(item) for item in view.sequence(key)]


def interpreter(words: list[str]) -> tuple[int, str]:
    """(index, name) of the interpreter in a command line, wrappers such as `env` and `tini` left out; (-1, "") if none."""
    for index, word in enumerate(words):
        name = word.rpartition("/")[2]
        if name in _WRAPPERS or ("=" in word and index) or name.isdigit():
            continue
        return (index, name) if language_of(name) else (-1, "")
    return -1, ""


def _code_word(words: list[str], at: int, language: str) -> int:
    """The index of the word that is code, for a command line whose interpreter is word `at`; -1 if there is none."""
    index = at + 1
    seen = False
    while index < len(words):
        word = words[index]
        if language == "sh":
            if word[:1] in ("-", "+") and len(word) > 1 and not word.startswith("--"):
                seen = seen or (word[0] == "-" and "c" in word[1:])
                index += 2 if word.endswith("o") and word != "-o" and "c" not in word else 1
                if word in ("-o", "+o"):
                    index += 1
                continue
            if word.startswith("--"):
                index += 1
                continue
            return index if seen else -1
        if word in _CODE_FLAG.get(language, ()):
            return index + 1 if index + 1 < len(words) else -1
        if not word.startswith("-"):
            return -1
        index += 1
    return -1


_last: list[tuple[Template, list[Code]]] = []


def codes(template: Template, ctx: Context) -> list[Code]:
    """Every piece of code in a template. Memoised for the template at hand."""
    if _last and _last[0][0] is template:
        return _last[0][1]
    found: list[Code] = []
    for _, container in template.containers:
        if container.map is template.get("script"):
            source = ctx.scalar(container, "source")
            if source is not None:
                _, program = interpreter(_words(container, "command"))
                found.append(Code(source, language_of(program), program, container, False))
            continue
        code = _argument(container, ctx)
        if code is not None:
            found.append(code)
    _last[:] = [(template, found)]
    return found


def _argument(container: View, ctx: Context) -> Code | None:
    command, args = _words(container, "command"), _words(container, "args")
    at, program = interpreter(command + args)
    if at < 0:
        return None
    index = _code_word(command + args, at, language_of(program))
    if index < 0:
        return None
    key, number = ("command", index) if index < len(command) else ("args", index - len(command))
    scalar = ctx.scalar(container, key, number)
    return Code(scalar, language_of(program), program, container, True) if scalar is not None else None


# -- tags in code --------------------------------------------------------------------------------------------------


def tag_spans(text: str) -> list[tuple[int, int]]:
    """Where the tags of a text stand, braces included."""
    return [(piece.start, piece.end) for piece in split(text) if isinstance(piece, (SimpleTag, ExprTag))]


def masked(text: str) -> str:
    """The text with each tag replaced by an identifier of the same length."""
    parts: list[str] = []
    at = 0
    for start, end in tag_spans(text):
        parts += (text[at:start], "_" * (end - start))
        at = end
    parts.append(text[at:])
    return "".join(parts)


class Place(NamedTuple):
    """Where a tag stands in a shell script.

    `kind`: bare, double, single, heredoc, quoted-heredoc, comment, or odd (arithmetic, `${…}`, back quotes). `inner`: within `$(…)`.
    """

    start: int
    end: int
    kind: str
    inner: bool


class Document(NamedTuple):
    """A here document: the `<<EOF` that opens it, and its delimiter. `dash`: written `<<-`, which strips tabs."""

    start: int
    end: int
    delimiter: str
    quoted: bool
    dash: bool


class Shell(NamedTuple):
    """What a scan of a shell script finds: the places of its tags, and where a quote opens that nothing closes (or -1).

    `open_documents`: here documents that no line ends, and the first line that would if there were no blanks around
    it, as (start, end); (-1, -1) when the delimiter is nowhere below.
    """

    tags: tuple[Place, ...]
    open_quote: int
    open_documents: tuple[tuple[Document, tuple[int, int]], ...] = ()


_HEREDOC = lazy(r"<<-?\s*(?:(['\"])([^'\"\n]+)\1|\\?([\w.-]+))")


@lru_cache(maxsize=256)
def scan_shell(text: str) -> Shell:
    """Quotes, substitutions, comments and here documents of a shell script, as far as its tags need them."""
    spans = dict(tag_spans(text))
    tags: list[Place] = []
    stack: list[tuple[str, int]] = []
    pending: list[Document] = []
    opened: list[tuple[Document, tuple[int, int]]] = []
    at, size = 0, len(text)

    def kind() -> str:
        top = stack[-1][0] if stack else ""
        return {'"': "double", "'": "single", "": "bare", "(": "bare"}.get(top, "odd")

    while at < size:
        if at in spans:
            tags.append(Place(at, spans[at], kind(), any(item[0] == "(" for item in stack)))
            at = spans[at]
            continue
        char = text[at]
        top = stack[-1][0] if stack else ""
        if top == "'":
            if char == "'":
                stack.pop()
        elif top == "$'":
            if char == "\\":
                at += 1
            elif char == "'":
                stack.pop()
        elif char == "\\":
            if at + 1 not in spans:
                at += 1
        elif top == "((":
            if text.startswith("))", at):
                stack.pop()
                at += 1
            elif char == "(":
                stack.append(("p", at))
        elif top == "p" and char == ")":
            stack.pop()
        elif char == '"':
            if top == '"':
                stack.pop()
            else:
                stack.append(('"', at))
        elif char == "`":
            if top == "`":
                stack.pop()
            else:
                stack.append(("`", at))
        elif text.startswith("$((", at):
            stack.append(("((", at))
            at += 2
        elif text.startswith("$(", at):
            stack.append(("(", at))
            at += 1
        elif text.startswith("${", at):
            stack.append(("{", at))
            at += 1
        elif top == "{" and char == "}":
            stack.pop()
        elif top != '"':
            if char == "'":
                stack.append(("$'" if text[at - 1 : at] == "$" else "'", at))
            elif char == "#" and top != "{" and (at == 0 or text[at - 1] in " \t\n;"):
                end = text.find("\n", at)
                end = size if end < 0 else end
                tags += [
                    Place(start, stop, "comment", False) for start, stop in spans.items() if at < start < end
                ]
                at = end
                continue
            elif char == "(" and top in ("(", "s"):
                stack.append(("s", at))
            elif char == ")" and top in ("(", "s"):
                stack.pop()
            elif char == "<" and text.startswith("<<", at) and not text.startswith("<<<", at):
                match = _HEREDOC.match(text, at)
                if match is not None and top != "{":
                    pending.append(_document(match))
                    at = match.end()
                    continue
            elif text.startswith("<<<", at):
                at += 2
            elif char == "\n" and pending:
                opened += _unended(text, at + 1, pending)
                at = _documents(text, at + 1, pending, spans, tags)
                pending.clear()
                continue
        at += 1
    tags.sort()
    quotes = [position for item, position in stack if item in ("'", '"')]
    return Shell(tuple(tags), quotes[0] if quotes else -1, tuple(opened))


def _document(match: Match[str]) -> Document:
    quoted = match[1] is not None or "\\" in match.group()
    return Document(match.start(), match.end(), match[2] or match[3], quoted, match.group().startswith("<<-"))


# Delimiters that are nothing else: `<<` before another word may be a shift.
_DELIMITERS = frozenset({"EOF", "EOT", "EOL", "EOS", "END"})


def _unended(text: str, at: int, pending: list[Document]) -> list[tuple[Document, tuple[int, int]]]:
    """The documents that no line from `at` on ends (POSIX: shell command language, here-document), as in `Shell`."""
    found = []
    for document in pending:
        near, start = (-1, -1), at
        for line in text[at:].split("\n"):
            if (line.lstrip("\t") if document.dash else line) == document.delimiter:
                break
            if near[0] < 0 and line.strip() == document.delimiter:
                near = start, start + len(line)
            start += len(line) + 1
        else:
            absent = document.delimiter in _DELIMITERS and document.delimiter not in text[at:]
            if near[0] >= 0 or absent:
                found.append((document, near))
    return found


def _documents(text: str, at: int, pending: list[Document], spans: dict[int, int], tags: list[Place]) -> int:
    """Consume the here documents that begin at `at`; returns where they end."""
    for document in pending:
        begin = at
        while at < len(text):
            end = text.find("\n", at)
            end = len(text) if end < 0 else end
            line, at = text[at:end], min(end + 1, len(text))
            if line.strip() == document.delimiter or end == len(text):
                break
        name = "quoted-heredoc" if document.quoted else "heredoc"
        tags += [Place(start, stop, name, False) for start, stop in spans.items() if begin <= start < at]
    return max(at - 1, 0) if at < len(text) else at


# -- Python --------------------------------------------------------------------------------------------------------


class PythonError(NamedTuple):
    """A syntax error: its words, and the offsets in the script."""

    message: str
    start: int
    end: int


@lru_cache(maxsize=256)
def python_error(text: str) -> PythonError | None:
    """The first syntax error of a Python script whose tags are taken for names; None if there is none, or if a tag is on its line."""
    import ast
    import warnings

    source = masked(text)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(source)
    except SyntaxError as error:
        if error.lineno is None:
            return None
        lines = source.splitlines(keepends=True)
        begin = sum(len(line) for line in lines[: error.lineno - 1])
        line = lines[error.lineno - 1] if error.lineno <= len(lines) else ""
        start = begin + min(max((error.offset or 1) - 1, 0), max(len(line.rstrip("\n")) - 1, 0))
        if any(s < begin + len(line) and e > begin for s, e in tag_spans(text)):
            return None
        return PythonError(error.msg, min(start, max(len(text) - 1, 0)), min(start + 1, len(text)))
    except (ValueError, RecursionError, MemoryError):
        return None
    return None


@lru_cache(maxsize=256)
def python_literals(text: str) -> dict[int, tuple[int, int]]:
    """Start of a tag -> (start, end) of the string literal that is nothing but this tag."""
    import io
    import tokenize

    source = masked(text)
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    found: dict[int, tuple[int, int]] = {}
    spans = tag_spans(text)
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type != tokenize.STRING:
                continue
            start = starts[token.start[0] - 1] + token.start[1]
            end = starts[token.end[0] - 1] + token.end[1]
            for tag_start, tag_end in spans:
                inside = source[start:tag_start], source[tag_end:end]
                if tag_start > start and inside[0] == inside[1] and inside[0] in ('"', "'", '"""', "'''"):
                    found[tag_start] = (start, end)
    except (tokenize.TokenError, SyntaxError, IndexError):
        return {}
    return found
