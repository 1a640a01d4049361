"""Which language code is in, where tags stand in it, and what Python says of it."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from argolint.analysis.scripts import (
    codes,
    interpreter,
    language_of,
    masked,
    python_error,
    python_literals,
    scan_shell,
    tag_spans,
)
from argolint.context import Context, File
from argolint.settings import Settings
from argolint.text import SourceText
from argolint.yaml.loader import parse


def found(body: str) -> list[tuple[str, str, str, bool]]:
    text = (
        "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {name: a}\n"
        f"spec:\n  entrypoint: main\n  templates:\n  - name: main\n{body}"
    )
    file = File("f.yaml", SourceText(text), parse(text))
    ctx = Context(file, Settings(), None)
    ctx.object = file.objects[0][0]
    template = ctx.object.workflow_specs[0].templates[0]
    return [(code.language, code.program, code.scalar.value, code.argument) for code in codes(template, ctx)]


@pytest.mark.parametrize(
    ("program", "language"),
    [
        ("/bin/bash", "sh"), ("ash", "sh"), ("python3.12", "python"), ("/usr/bin/python", "python"), ("node", "node"),
        ("pwsh", "pwsh"), ("perl", "perl"), ("make", ""), ("", ""), ("pythonista", ""),
    ],
)  # fmt: skip
def test_languages_are_known_by_the_name_of_the_interpreter(program: str, language: str) -> None:
    assert language_of(program) == language


@pytest.mark.parametrize(
    ("words", "at"),
    [
        (["bash", "-c"], (0, "bash")), (["env", "A=b", "python3"], (2, "python3")), (["tini", "--", "sh"], (2, "sh")),
        (["make", "sh"], (-1, "")), ([], (-1, "")), (["timeout", "10", "bash"], (2, "bash")),
    ],
)  # fmt: skip
def test_wrappers_in_front_of_the_interpreter_are_left_out(words: list[str], at: tuple[int, str]) -> None:
    assert interpreter(words) == at


@pytest.mark.parametrize(
    ("container", "expected"),
    [
        ("command: [sh, -c], args: [echo a]", [("sh", "sh", "echo a", True)]),
        ("command: [bash, -euo, pipefail, -c, echo a]", [("sh", "bash", "echo a", True)]),
        ("command: [/bin/sh], args: [-ec, echo a, rest]", [("sh", "sh", "echo a", True)]),
        ("command: [sh, /run.sh], args: [-c, a]", []),
        ("command: [python, -u, -c], args: ['print(1)']", [("python", "python", "print(1)", True)]),
        ("command: [python, -m, http.server]", []),
        ("command: [node, -e, 'f()']", [("node", "node", "f()", True)]),
        ("command: [git, -c, a=b]", []),
        ("args: [sh, -c]", []),
    ],
)
def test_code_is_what_stands_behind_the_flag(
    container: str, expected: list[tuple[str, str, str, bool]]
) -> None:
    assert found(f"    container: {{image: a, {container}}}\n") == expected


def test_the_source_of_a_script_is_in_the_language_of_its_command() -> None:
    body = "    script:\n      image: a\n      command: [python]\n      source: |\n        print(1)\n"
    assert found(body) == [("python", "python", "print(1)\n", False)]


@pytest.mark.parametrize(
    ("text", "kind", "inner"),
    [
        ("echo {{x}}", "bare", False),
        ('echo "a {{x}}"', "double", False),
        ("echo 'a {{x}}'", "single", False),
        ('echo "it\'s" {{x}}', "bare", False),
        ("a=$(cat {{x}})", "bare", True),
        ('a="$(cat "{{x}}")"', "double", True),
        ("a=`cat {{x}}`", "odd", False),
        ("echo $((1 + {{x}}))", "odd", False),
        ("echo ${a:-{{x}}}", "odd", False),
        ("# it's {{x}}\necho", "comment", False),
        ("echo a#b {{x}}", "bare", False),
        ("cat <<EOF\nit's {{x}}\nEOF\n", "heredoc", False),
        ("cat <<'EOF'\nit's {{x}}\nEOF\n", "quoted-heredoc", False),
        ("cat <<-END > f\n\tx\n\tEND\necho {{x}}", "bare", False),
        ("cat <<< '{{x}}'", "single", False),
        ("echo \\' {{x}}", "bare", False),
        ("echo $'it\\'s {{x}}'", "odd", False),
        ("case a in a) echo {{x}};; esac", "bare", False),
    ],
)
def test_the_quotes_around_a_tag_are_known(text: str, kind: str, inner: bool) -> None:
    scan = scan_shell(text)
    assert [(place.kind, place.inner, text[place.start : place.end]) for place in scan.tags] == [
        (kind, inner, "{{x}}")
    ]
    assert scan.open_quote == -1


@pytest.mark.parametrize(
    ("text", "at"), [("echo it's", 7), ('echo "a\nb', 5), ("echo 'a' \"b\"", -1), ("# it's\n", -1)]
)
def test_open_quotes_are_where_the_shell_sees_them(text: str, at: int) -> None:
    assert scan_shell(text).open_quote == at
    shell = shutil.which("sh")
    if shell is not None:
        checked = subprocess.run([shell, "-n", "-c", text], capture_output=True, check=False, timeout=20)
        assert (checked.returncode != 0) == (at >= 0)


def test_masks_keep_every_offset() -> None:
    text = "a {{x}} b {{=y}} c"
    assert masked(text) == "a _____ b ______ c"
    assert tag_spans(text) == [(2, 7), (10, 16)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = {{inputs.parameters.n}}\nprint(x)\n", None),
        ("x = 1{{n}}\n", None),  # on the line of a tag anything may be right
        ("for i in [1]\n    pass\n", ("expected ':'", 11)),
        ("print('a'\n", ("'(' was never closed", 5)),
        ("'''{{x}}'''", None),
        ("\x00", None),
        ("print('\\d')\n", None),
    ],
)
def test_python_is_parsed_with_tags_as_names(text: str, expected: tuple[str, int] | None) -> None:
    error = python_error(text)
    assert (None if error is None else (error.message, error.start)) == expected


def test_literals_that_are_one_tag_are_known() -> None:
    text = 'a = \'{{x}}\'\nb = """{{y}}"""\nc = \'v{{z}}\'\n'
    assert {text[s:e] for s, e in python_literals(text).values()} == {"'{{x}}'", '"""{{y}}"""'}


@pytest.mark.parametrize(
    ("text", "opened"),
    [
        ("cat <<EOF\na\nEOF\n", []),
        ("cat <<EOF\na\nEOF", []),
        ("cat <<EOF\na\n  EOF\nls\n", [("<<EOF", "  EOF")]),
        ("cat <<EOF\na\nEOF \nls\n", [("<<EOF", "EOF ")]),
        ("cat <<'END OF'\na\n END OF\n", [("<<'END OF'", " END OF")]),
        ("cat <<-EOF\na\n\t\tEOF\n", []),
        ("cat <<-EOF\na\n  EOF\n", [("<<-EOF", "  EOF")]),
        ("cat <<EOF\na\n\tEOF\n", [("<<EOF", "\tEOF")]),
        # one like it comes first, but a right one follows
        ("cat <<EOF\n  EOF\nEOF\n", []),
        ("cat <<A <<B\n1\nA\n2\n  B\n", [("<<B", "  B")]),
        ("cat <<EOF\na\nls\n", [("<<EOF", "")]),
        # the shells differ, and say so themselves
        ("x=$(cat <<EOF\na\nEOF)\n", []),
        # shifts and here strings
        ("(( a = 1 << bits ))\necho\n", []),
        ("echo $((1 << 3))\n", []),
        ("cat <<< EOF\nls\n", []),
        ("echo 'cat <<EOF'\nls\n", []),
        ("# cat <<EOF\nls\n", []),
    ],
)
def test_here_documents_that_no_line_ends(text: str, opened: list[tuple[str, str]]) -> None:
    found = scan_shell(text).open_documents
    assert [(text[d.start : d.end], text[max(a, 0) : max(b, 0)]) for d, (a, b) in found] == opened
