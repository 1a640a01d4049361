"""Go's regular expressions, on both matchers."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from argolint.language import goregex, jsonpath, renfa
from argolint.language.errors import LanguageError

_ATOMS = [
    "a",
    "b",
    "(a|b)",
    "a*",
    "b+?",
    "(ab)?",
    "[ab]",
    "[^a]",
    ".",
    "^",
    "$",
    r"\b",
    r"\d",
    "(a*)*",
    "a{1,2}",
    "|",
    "(?i)A",
    "(?:ab)+",
]


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("^a$", "a", True),
        ("^a$", "a\n", False),
        (r"\Qa.b\E", "a.b", True),
        (r"\Qa.b\E", "axb", False),
        ("[[:digit:]]+", "x5", True),
        ("[]a]", "]", True),
        ("[a[]", "[", True),
        (r"\x{41}", "A", True),
        (r"a\z", "a", True),
        ("(?P<n>a)(?<m>b)", "ab", True),
        (r"\d", "٣", False),
        (r"^\pL$", "é", True),
        (r"^\p{Greek}+$", "αβγ", True),
        (r"\PL", "abc", False),
        (r"^[[:^digit:]]$", "x", True),
        (r"\s", "\v", False),
        ("(?U)^a+?$", "aaa", True),
        ("a(?i)B", "ab", True),
        ("(?i)É", "é", True),
        ("a{,2}", "a{,2}", True),
        ("(?<m>a)(?<m>b)", "ab", True),
        ("^+a", "a", True),
        (r"[\d-]", "-", True),
        (r"\101", "A", True),
        ("(?s)a.b", "a\nb", True),
        ("a.b", "a\nb", False),
        ("(?m)^b$", "a\nb\nc", True),
        ("[&&]", "&", True),
    ],
)
def test_search(pattern: str, text: str, expected: bool) -> None:
    assert goregex.search(pattern, text) is expected
    assert (renfa.search(goregex._program(pattern), text) is not None) is expected


@pytest.mark.parametrize(
    "pattern",
    [
        "(",
        "a(?=b)",
        "a(?!b)",
        "(?<=a)b",
        r"(a)\1",
        "[a",
        "*a",
        "a{2,1}",
        r"\Z",
        "a" * 3000,
        "(?#x)",
        "a**",
        "a{2}+",
        "a{1001}",
        "(?x)a",
        r"\p{Nope}",
        "[z-a]",
        r"[a-\d]",
        r"\y",
        "a)",
        "[[:nope:]]",
        "\\",
    ],
)
def test_what_go_refuses(pattern: str) -> None:
    with pytest.raises(ValueError, match="error parsing regexp"):
        goregex.compile(pattern)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(_ATOMS), min_size=1, max_size=5), st.text(alphabet="abAB\n ", max_size=8))
def test_both_matchers_agree(atoms: list[str], text: str) -> None:
    pattern = "".join(atoms)
    try:
        compiled = goregex.compile(pattern)
    except ValueError:
        return
    expected = compiled.search(text)
    found = renfa.search(goregex._program(pattern), text)
    assert (found and (found.start(), found.end())) == (expected and expected.span())


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "a*a*a*a*a*b", "(.*)*x", "(a?){40}b"])
def test_patterns_that_explode_elsewhere(pattern: str) -> None:
    assert goregex.search(pattern, "a" * 2000 + "!") is False


@pytest.mark.parametrize(
    ("pattern", "text", "replacement", "expected"),
    [
        ("a(x*)b", "-ab-axxb-", "T", "-T-T-"),
        ("a(x*)b", "-ab-axxb-", "$1", "--xx-"),
        ("a(x*)b", "-ab-axxb-", "$1W", "---"),
        ("a(x*)b", "-ab-axxb-", "${1}W", "-W-xxW-"),
        ("(?P<n>a)", "a", "<$n>", "<a>"),
        ("a", "a", "$$", "$"),
        ("b*", "abc", "-", "-a-c-"),
    ],
)
def test_replace(pattern: str, text: str, replacement: str, expected: str) -> None:
    assert goregex.replace(pattern, text, replacement) == expected


@pytest.mark.parametrize(
    ("path", "message", "start", "end"),
    [
        ("a.b", "a JSONPath begins with $", 0, 1),
        ("", "a JSONPath begins with $", 0, 0),
        ("$.", "expected a name", 2, 2),
        ("$[", "unclosed [", 1, 2),
        ("$[a]", "'a' is neither a quoted name nor an index", 1, 4),
        ("$a", "unexpected 'a', expected . or [", 1, 2),
        ("$[?(1)]", "unsupported filter", 1, 2),
        ("$[::0]", "a slice cannot have step 0", 1, 6),
    ],
)
def test_bad_jsonpaths(path: str, message: str, start: int, end: int) -> None:
    with pytest.raises(LanguageError) as caught:
        jsonpath.parse(path)
    assert caught.value.message.startswith(message)
    assert (caught.value.start, caught.value.end) == (start, end)
