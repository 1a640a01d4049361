"""Reading YAML: values as the cluster reads them, and where everything stands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from argolint.yaml import Map, Seq, parse, plain
from argolint.yaml.loader import MAX_DEPTH


def root(text: str) -> Any:
    stream = parse(text)
    assert [problem for document in stream.documents for problem in document.problems] == []
    return stream.documents[0].root


def value_text(text: str, node: Map, key: str) -> str:
    at = node.at[key]
    return text[at[2] : at[3]]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("y", True), ("n", False), ("yes", True), ("off", False), ("True", True), ("010", 8), ("0o10", 8), ("0x1F", 31),
        ("0b11", 3), ("1_000", 1000), ("1e3", 1000.0), ("1.10", 1.1), ("-7", -7), ("+7", 7), (".5", 0.5), ("12:30", "12:30"),
        ("2024-01-02", "2024-01-02"), ("~", None), ("null", None), ("", None), ("'yes'", "yes"), ('"010"', "010"), ("!!str 1", "1"),
        ("0.1.2", "0.1.2"), ("1a", "1a"), ("-", "-"), ("08", 8.0), ("nope", "nope"), ("!custom 1", "1"), ("!!float 1", 1.0),
        ("18446744073709551615", 18446744073709551615), ("18446744073709551616", 18446744073709551616.0),
    ],
)  # fmt: skip
def test_scalars_are_resolved_as_goyaml_v2_does(written: str, value: object) -> None:
    if written == "-":
        text = "a: '-'\n"
    else:
        text = f"a: {written}\n"
    got = root(text)["a"]
    assert (got, type(got)) == (value, type(value))


def test_keys_are_strings_as_in_json() -> None:
    assert root("1: a\ntrue: b\nnull: c\n1.5: d\n") == {"1": "a", "true": "b", "null": "c", "1.5": "d"}


def test_positions_of_block_and_flow_entries() -> None:
    text = "a: 1\nb:\n  - x\n  - {c: 'd', e: [1, 2]}\n# comment\n\nf: g # trailing\n"
    node = root(text)
    assert node.at["a"] == (0, 1, 3, 4)
    assert value_text(text, node, "b") == "- x\n  - {c: 'd', e: [1, 2]}"
    assert value_text(text, node, "f") == "g"
    assert node.span == (0, text.index(" # trailing"))
    inner = node["b"][1]
    assert isinstance(inner, Map)
    assert inner.flow
    assert text[slice(*inner.span)] == "{c: 'd', e: [1, 2]}"
    assert inner.styles == {"c": "'"}
    assert [text[start:end] for start, end in node["b"].at] == ["x", "{c: 'd', e: [1, 2]}"]


@pytest.mark.parametrize("style", ["|", ">", "|-", ">+", "|2"])
def test_block_scalars_end_where_their_text_ends(style: str) -> None:
    text = f"a: {style}\n    one\n    # not a comment\n\n\n# a comment\nb: 1\n"
    node = root(text)
    assert value_text(text, node, "a") == f"{style}\n    one\n    # not a comment"
    assert node.styles == {"a": style[0]}


def test_anchors_and_tags_are_not_part_of_the_value() -> None:
    text = "a: &x !!str foo\nb: &m {c: 1}\nd: &s\n  - 1\ne: *x\n"
    node = root(text)
    assert value_text(text, node, "a") == "foo"
    assert value_text(text, node, "b") == "{c: 1}"
    assert value_text(text, node, "d") == "- 1"
    assert value_text(text, node, "e") == "*x"
    assert node["e"] == "foo"
    assert node.aliases == {"e"}


def test_compact_nested_sequences() -> None:
    text = "steps:\n- - name: a\n  - name: b\n- - name: c\n"
    groups = root(text)["steps"]
    assert isinstance(groups, Seq)
    assert [text[start:end] for start, end in groups.at] == ["- name: a\n  - name: b", "- name: c"]
    assert [text[slice(*step.span)] for group in groups for step in group] == [
        "name: a",
        "name: b",
        "name: c",
    ]


def test_empty_values_have_no_width_and_stand_after_the_colon() -> None:
    text = "a:\nb:   # nothing\nc: 1\n"
    node = root(text)
    assert node.at["a"] == (0, 1, 2, 2)
    assert node.at["b"] == (3, 4, 5, 5)


def test_byte_order_mark_shifts_nothing() -> None:
    text = "\ufeffa: 1\nb: two\n"
    assert value_text(text, root(text), "b") == "two"


def test_crlf_counts_both_characters() -> None:
    text = "a: |\r\n  one\r\n  two\r\nb: x\r\n"
    node = root(text)
    assert node["a"] == "one\ntwo\n"
    assert value_text(text, node, "b") == "x"


def test_merge_keys_give_way_to_own_keys() -> None:
    text = "base: &b {q: 1, r: 2}\nc:\n  <<: *b\n  q: 3\nd:\n  s: 1\n  <<: [*b, {t: 9}]\n"
    node = root(text)
    assert plain(node["c"]) == {"q": 3, "r": 2}
    assert node["c"].merged == {"r"}
    assert node["c"].dups == []
    assert plain(node["d"]) == {"s": 1, "q": 1, "r": 2, "t": 9}


def test_redefined_anchors_are_allowed() -> None:
    assert plain(root("a: &x 1\nb: &x 2\nc: *x\n")) == {"a": 1, "b": 2, "c": 2}


def test_duplicate_keys_are_kept_and_the_last_wins() -> None:
    text = "image: a\nimage: b\n"
    document = parse(text).documents[0]
    assert document.root == {"image": "b"}
    assert document.root.dups == [("image", (0, 5), (9, 14))]
    assert [(p.kind, p.message, p.start, p.end, p.context_start) for p in document.problems] == [
        ("duplicate-key", "image", 9, 14, 0)
    ]


def test_an_unquoted_tag_is_read_as_the_text_that_was_meant() -> None:
    text = "a: {{inputs.parameters.x}}\nb: [{{item}}, 2]\n"
    document = parse(text).documents[0]
    assert document.root == {"a": "{{inputs.parameters.x}}", "b": ["{{item}}", 2]}
    assert [(p.kind, text[p.start : p.end]) for p in document.problems] == [
        ("complex-key", "{{inputs.parameters.x}}"),
        ("complex-key", "{{item}}"),
    ]


@pytest.mark.parametrize(
    ("text", "kind", "start", "roots"),
    [
        ("a: [x\nb: c\n---\nq: 1\n", "syntax", 7, [None, {"q": 1}]),
        ("q: 1\n---\na: 'x\n---\nb: 1\n", "syntax", 12, [{"q": 1}, None, {"b": 1}]),
        ("\ta: 1\n", "syntax", 0, [None]),
        ("a: b: c\n", "syntax", 4, [None]),
        ("a: *nowhere\n---\nb: 1\n", "undefined-alias", 3, [None, {"b": 1}]),
        ("a: &x [*x]\n", "recursive-alias", 7, [None]),
        ("a:\n  <<: 5\n", "merge", 9, [{"a": {}}]),
        ("a: !!int x\n", "tag", 9, [{"a": "x"}]),
    ],
)
def test_a_broken_document_leaves_the_others(text: str, kind: str, start: int, roots: list[object]) -> None:
    documents = parse(text).documents
    assert [plain(document.root) for document in documents] == roots
    assert [(p.kind, p.start) for document in documents for p in document.problems] == [(kind, start)]


def test_aliases_that_multiply_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i + 1}: &a{i + 1} [{', '.join([f'*a{i}'] * 10)}]" for i in range(9)]
    documents = parse("\n".join(lines) + "\n---\nb: 1\n").documents
    assert [problem.kind for problem in documents[0].problems] == ["too-large"]
    assert documents[1].root == {"b": 1}


def test_many_aliases_side_by_side_are_refused_too() -> None:
    text = "base: &b [" + "x, " * 2000 + "x]\nuses:\n" + "- *b\n" * 200
    assert [problem.kind for problem in parse(text).documents[0].problems] == ["too-large"]


@pytest.mark.parametrize(
    "text", ["[" * 3000, "{a: " * 3000, "".join("  " * i + "a:\n" for i in range(1000)), "- " * 5000]
)
def test_deep_nesting_is_refused(text: str) -> None:
    document = parse(text + "\n---\nb: 1\n").documents[0]
    assert [problem.kind for problem in document.problems] == ["too-deep"]
    assert str(MAX_DEPTH) in document.problems[0].message


def test_control_characters_are_reported_once_and_reading_goes_on() -> None:
    stream = parse("a: x\x00y\x07\nb: 1\n")
    assert [(p.kind, p.message, p.start) for p in stream.problems] == [
        ("control-character", "a NUL byte is not allowed in YAML", 4)
    ]
    assert stream.documents[0].root["b"] == 1


@pytest.mark.parametrize("text", ["", "\n", "# only a comment\n", "---\n", "\ufeff"])
def test_empty_files(text: str) -> None:
    stream = parse(text)
    assert stream.problems == []
    assert [document.root for document in stream.documents] in ([], [None])


def test_json_is_yaml() -> None:
    assert plain(root('{"a": [1, "b\\n", null], "c": {"d": 1e3}}')) == {
        "a": [1, "b\n", None],
        "c": {"d": 1000.0},
    }


@pytest.mark.slow
def test_every_file_of_the_corpus_parses_with_true_positions(shared: Path) -> None:
    files = [
        path for path in sorted((shared / "corpus").rglob("*")) if path.suffix in (".yaml", ".yml", ".json")
    ]
    assert len(files) > 400
    for path in files:
        text = path.read_text(encoding="utf-8")
        for document in parse(text).documents:
            kinds = {problem.kind for problem in document.problems}
            assert kinds <= ({"duplicate-key"} if path.name == "k8s-patch-json-workflow.yaml" else set()), (
                path
            )
            _check_positions(text, document.root, path)


def _check_positions(text: str, node: Any, path: Path) -> None:
    if isinstance(node, Map):
        for key, value in node.items():
            at = node.at[key]
            assert at[0] <= at[1] <= at[2] <= at[3], path
            assert node.span[0] <= at[0], path
            if key in node.merged:
                continue
            assert text[at[0] : at[1]].strip("'\"") == key, path
            assert at[3] <= node.span[1], path
            if (
                isinstance(value, str)
                and key not in node.styles
                and key not in node.aliases
                and "\n" not in text[at[2] : at[3]]
            ):
                assert text[at[2] : at[3]] == value, path
            _check_positions(text, value, path)
    elif isinstance(node, Seq):
        assert len(node) == len(node.at), path
        for value, (start, end) in zip(node, node.at, strict=True):
            assert node.span[0] <= start <= end <= node.span[1], path
            _check_positions(text, value, path)


def _shape(node: Any) -> Any:
    if isinstance(node, Map):
        return {key: (node.at[key], node.styles.get(key, ""), _shape(value)) for key, value in node.items()}
    if isinstance(node, Seq):
        return [(at, _shape(value)) for at, value in zip(node.at, node, strict=True)]
    return node


def test_without_libyaml_everything_reads_the_same(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import yaml

    from argolint.yaml import loader

    texts = [path.read_text(encoding="utf-8") for path in sorted((shared / "corpus").rglob("*.yaml"))[::60]]
    texts += [
        "a: [x\n---\nb: 1\n",
        "a: |\n  x\n\n# c\nb:\n",
        "\ufeffa: &x 1\nb: *x\n",
        "a: {{x}}\n",
        "[" * 3000,
    ]
    with_libyaml = [
        [(document.broken, _shape(document.root)) for document in parse(text).documents] for text in texts
    ]
    monkeypatch.setattr(loader, "_Parser", yaml.Loader)
    without = [
        [(document.broken, _shape(document.root)) for document in parse(text).documents] for text in texts
    ]
    assert without == with_libyaml
