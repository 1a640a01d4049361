"""Go templates with sprig."""

from __future__ import annotations

from typing import Any

import pytest

from argolint.language import gotemplate
from argolint.language.errors import LanguageError
from tests.argolint.language.tables import failure, is_inside

DATA: dict[str, Any] = {
    "Input": {
        "body": {
            "ref": "refs/heads/main",
            "n": 3,
            "list": ["a", "b"],
            "m": {"x": 1.5},
            "no": False,
            "nil": None,
            "html": "<a&'\">",
        }
    },
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("{{ .Input.body.ref }}", "refs/heads/main"),
        ("{{.Input.body.n}}", "3"),
        ('{{ .Input.body.ref | trimPrefix "refs/heads/" | upper }}', "MAIN"),
        ('{{ .Input.body.ref | replace "/" "-" | quote }}', '"refs-heads-main"'),
        ("{{ if eq .Input.body.n 3 }}y{{ else }}n{{ end }}", "y"),
        ("{{ if .Input.body.no }}y{{ else if .Input.body.n }}m{{ else }}n{{ end }}", "m"),
        ("{{ if not .Input.body.no }}y{{ end }}", "y"),
        ("{{ if and .Input.body.n .Input.body.no }}y{{ else }}n{{ end }}", "n"),
        ("{{ if or .Input.body.no .Input.body.n }}y{{ end }}", "y"),
        ("{{ range .Input.body.list }}[{{ . }}]{{ end }}", "[a][b]"),
        ("{{ range $i, $e := .Input.body.list }}{{ $i }}{{ $e }};{{ end }}", "0a;1b;"),
        ("{{ range $e := .Input.body.list }}{{ $e }}{{ end }}", "ab"),
        ("{{ range $k, $v := .Input.body.m }}{{ $k }}={{ $v }}{{ end }}", "x=1.5"),
        ("{{ range .Input.body.none }}x{{ else }}empty{{ end }}", "empty"),
        ("{{ range .Input.body.list }}{{ if eq . `b` }}{{ break }}{{ end }}{{ . }}{{ end }}", "a"),
        ("{{ range .Input.body.list }}{{ if eq . `a` }}{{ continue }}{{ end }}{{ . }}{{ end }}", "b"),
        ("{{ with .Input.body.m }}{{ .x }}{{ else }}none{{ end }}", "1.5"),
        ("{{ with .Input.body.none }}x{{ else }}none{{ end }}", "none"),
        ("{{ $x := 1 }}{{ $x = 2 }}{{ $x }}", "2"),
        ("{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ end }}{{ $x }}", "2"),
        ("{{ $x := 1 }}{{ if true }}{{ $x := 2 }}{{ end }}{{ $x }}", "1"),
        ("{{ $x := `a` }}{{ range .Input.body.list }}{{ $x = . }}{{ end }}{{ $x }}", "b"),
        ('{{ printf "%s-%05d %q %v %.2f%%" "a" 42 "q" true 1.5 }}', 'a-00042 "q" true 1.50%'),
        ("{{ print 1 2 `a` 3 }}", "1 2a3"),
        ("{{ println 1 2 }}", "1 2\n"),
        ("{{ len .Input.body.list }}", "2"),
        ("{{ index .Input.body.list 1 }}", "b"),
        ('{{ index .Input.body "ref" }}', "refs/heads/main"),
        ("{{ (index .Input.body.list 0) | upper }}", "A"),
        ("{{ slice .Input.body.list 0 1 }}", "[a]"),
        ("{{ .Input.missing.x }}", "<no value>"),
        ("{{ eq 1.5 .Input.body.m.x }}", "true"),
        ("{{ html .Input.body.html }}", "&lt;a&amp;&#39;&#34;&gt;"),
        ("{{ urlquery `a b/c` }}", "a+b%2Fc"),
        ("{{ .Input.body.missing }}", "<no value>"),
        ("{{ .Input.body.m }}", "map[x:1.5]"),
        ("{{ .Input.body.list }}", "[a b]"),
        ("{{ toJson .Input.body.m }}", '{"x":1.5}'),
        ("{{ .Input.body.missing | default `d` }}", "d"),
        ("a  {{- 1 -}}  b", "a1b"),
        ("a {{/* comment */}} b", "a  b"),
        ("a {{- /* comment */ -}} b", "ab"),
        ('{{ define "T" }}[{{ . }}]{{ end }}{{ template "T" .Input.body.n }}', "[3]"),
        ('{{ block "B" . }}{{ .Input.body.n }}{{ end }}', "3"),
        ("{{ $.Input.body.n }}", "3"),
        ("{{ lt 1 2 }}{{ ge 2 2 }}{{ ne 1 2 }}{{ eq 1 2 1 }}", "truetruetruetrue"),
        ("{{ 'a' }}{{ 0x1F }}{{ -1 }}{{ 1.5 }}{{ true }}", "9731-11.5true"),
        ("{{ dict `a` 1 | toJson }}", '{"a":1}'),
        ('{{ "a\\tb" }}', "a\tb"),
    ],
)
def test_render(text: str, expected: str) -> None:
    assert gotemplate.render(text, DATA) == expected


@pytest.mark.parametrize(
    ("text", "message", "start", "end"),
    [
        ("{{ .Input", "unclosed action", 0, 2),
        ("{{ if }}", "missing value for command", 6, 7),
        ("{{ if .a }}", "{{if}} is not closed by {{end}}", 3, 5),
        ("{{ range .a }}{{ else }}", "{{range}} is not closed by {{end}}", 3, 8),
        ("{{ end }}", "unexpected {{end}}", 3, 6),
        ("{{ else }}", "unexpected {{else}}", 3, 7),
        ("{{ .a | nope }}", "function 'nope' not defined; a field is written .nope", 8, 12),
        ("{{ uper .a }}", "function 'uper' not defined; did you mean upper?", 3, 7),
        ("{{ $x }}", "undefined variable '$x'", 3, 5),
        ("{{ $x = 1 }}", "undefined variable '$x'", 6, 7),
        ('{{ "abc }}', "unterminated quoted string", 3, 4),
        ("{{ .a .b ) }}", "unexpected ')' in an action", 9, 10),
        ("{{ (1 }}", "unclosed left parenthesis", 3, 4),
        ("{{ 1 2 }}", "this is no function: it cannot be given arguments", 3, 4),
        ("{{ 1 | 2 }}", "non executable command in a pipeline", 7, 8),
        ("{{ break }}", "{{break}} outside {{range}}", 3, 8),
        ("{{ a = b }}", "function 'a' not defined", 3, 4),
        ("{{ }}", "missing value for command", 3, 3),
        ("{{ template x }}", "template needs the name of a template in quotes", 12, 13),
        ('{{ template "x" }}', "template 'x' not defined", 3, 11),
        ("{{ .Input.body.nil.x }}", "nil pointer evaluating interface {}.x", 3, 20),
        # sprig's slice, which is for lists, hides the template language's own.
        ("{{ slice .Input.body.ref 0 4 }}", "error calling slice: wrong type string, expected a list", 3, 8),
        ("{{ eq 3.0 .Input.body.n }}", "error calling eq: incompatible types for comparison", 3, 5),
        ("{{ nil }}", "nil is not a command", 3, 6),
        ("{{ and }}", "wrong number of args for and", 3, 6),
        ("{{ ..Input }}", "unexpected . after term", 4, 5),
        ("{{ .Input.body.n.x }}", "can't evaluate field x in type int", 3, 18),
        ("{{ index .Input.body.list 9 }}", "error calling index: index out of range: 9", 3, 8),
        ("{{ upper 1 }}", "error calling upper: wrong type int, expected string", 3, 8),
        ("{{ upper }}", "wrong number or type of args for upper", 3, 8),
        ("{{ lt 1 `a` }}", "error calling lt: incompatible types for comparison", 3, 5),
        ("{{ range 5.5 }}{{ end }}", "range can't iterate over 5.5", 3, 8),
        ("{{ .Input.body.n 1 }}", "can't give argument to non-function .Input.body.n", 3, 16),
        ("{{ fail `no` }}", "error calling fail: no", 3, 7),
        (
            '{{ define "T" }}{{ template "T" }}{{ end }}{{ template "T" }}',
            "templates call each other too deeply",
            19,
            27,
        ),
    ],
)
def test_errors(text: str, message: str, start: int, end: int) -> None:
    with pytest.raises(LanguageError) as caught:
        gotemplate.render(text, DATA)
    assert caught.value.message.startswith(message)
    assert (caught.value.start, caught.value.end) == (start, end)


@pytest.mark.parametrize(
    "text",
    [
        "{{ if true }}" * 2000,
        "{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}",
        "{{ range until 100000 }}{{ range until 100000 }}x{{ end }}{{ end }}",
        "{{ repeat 9999999 `abcdef` }}",
        "{{ range 9999999999 }}x{{ end }}",
        '{{ printf "%999999999d" 1 }}',
        "{{ if true }}" + "{{ else if true }}" * 3000 + "{{ end }}",
    ],
    ids=lambda text: text[:40],
)
def test_bombs_are_refused(text: str) -> None:
    error = failure(lambda: gotemplate.render(text, DATA))
    assert error is not None
    assert is_inside(error, text)
