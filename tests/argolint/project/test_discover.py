"""Which files are linted."""

from __future__ import annotations

from pathlib import Path

import pytest

from argolint.errors import UserError
from argolint.project.discover import Ignore, discover, glob_matches, is_helm, is_manifest, is_unrendered


def tree(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("kind: X\n")


def found(*paths: str, exclude: tuple[str, ...] = ()) -> list[str]:
    return [item.path for item in discover(paths, exclude)]


def test_folders_are_searched_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    tree(
        tmp_path,
        "b.yml",
        "a/x.yaml",
        "a/y.json",
        "a/z.txt",
        ".git/c.yaml",
        "node_modules/d.yaml",
        ".github/e.yaml",
    )
    assert found(".") == [".github/e.yaml", "a/x.yaml", "a/y.json", "b.yml"]
    assert found("a", "./b.yml", "a/x.yaml") == ["a/x.yaml", "a/y.json", "b.yml"]


def test_named_files_are_taken_whatever_they_are_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    tree(tmp_path, "a.txt", ".gitignore")
    (tmp_path / ".gitignore").write_text("*.txt\n")
    assert [(item.path, item.explicit) for item in discover(["a.txt"])] == [("a.txt", True)]


def test_globs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    tree(tmp_path, "a/x.yaml", "a/b/y.yaml", "z.yaml")
    assert found("**/*.yaml") == ["a/b/y.yaml", "a/x.yaml", "z.yaml"]
    with pytest.raises(UserError, match="no file matches"):
        discover(["*.nope"])


def test_ignore_files_at_every_level(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    tree(tmp_path, "keep.yaml", "out/a.yaml", "sub/a.yaml", "sub/b.yaml", "sub/gen/c.yaml", "vendor/d.yaml")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitignore").write_text("# comment\n/out/\ngen\n")
    (tmp_path / "sub/.gitignore").write_text("a.yaml\n!b.yaml\n")
    (tmp_path / ".argolintignore").write_text("vendor\n")
    assert found(".") == ["keep.yaml", "sub/b.yaml"]
    # The ignore files of the folders above count as well.
    assert found("sub") == ["sub/b.yaml"]


def test_exclude(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    tree(tmp_path, "a.yaml", "x/b.yaml", "x/y/c.yaml")
    assert found(".", exclude=("x/y",)) == ["a.yaml", "x/b.yaml"]


def test_a_path_that_is_not_there() -> None:
    with pytest.raises(UserError, match=r"nope\.yaml: no such file or folder"):
        discover(["nope.yaml"])


@pytest.mark.parametrize(
    ("pattern", "path", "folder", "ignored"),
    [
        ("*.yaml", "a/b.yaml", False, True), ("/*.yaml", "a/b.yaml", False, False), ("/*.yaml", "b.yaml", False, True),
        ("a/", "a", True, True), ("a/", "a", False, False), ("a/**/c", "a/b/x/c", False, True), ("a/**/c", "a/c", False, True),
        ("**/c", "a/c", False, True), ("a/**", "a/b/c", False, True), ("a?c", "abc", False, True), ("a?c", "a/c", False, False),
        ("[ab].y", "b.y", False, True), ("[!ab].y", "b.y", False, False), ("a/b", "x/a/b", False, False), (r"\#x", "#x", False, True),
    ],
)  # fmt: skip
def test_gitignore_patterns(pattern: str, path: str, folder: bool, ignored: bool) -> None:
    assert Ignore.of_patterns([pattern]).matches(path, folder) is ignored


def test_of_several_patterns_the_last_decides() -> None:
    ignore = Ignore.of_patterns(["*.yaml", "!keep.yaml"])
    assert not ignore.matches("keep.yaml", False)
    assert ignore.matches("other.yaml", False)


def test_configuration_globs_cover_what_is_below() -> None:
    assert glob_matches("vendor", "vendor/a/b.yaml")
    assert glob_matches("vendor/**", "vendor/a/b.yaml")
    assert glob_matches("*.yaml", "a/b.yaml")
    assert not glob_matches("vendor/x", "a/vendor/x/b.yaml")


def test_sniffing() -> None:
    assert is_manifest(b"apiVersion: argoproj.io/v1alpha1\nkind: Workflow\n")
    assert is_manifest(b"kind: ConfigMap\napiVersion: v1\n")
    assert is_manifest(b'{"kind": "Workflow", "apiVersion": "v1"}')
    assert not is_manifest(b"name: ci\non: push\njobs: {}\n")
    assert not is_manifest(b'{"name": "package"}')


@pytest.mark.parametrize(
    ("text", "ours"),
    [
        ("kind: CronWorkflow\nmetadata: {name: nightly}\n", True),
        ("metadata: {name: nightly}\nkind: 'WorkflowTemplate'  # shared\n", True),
        ('{\n  "kind": "Sensor",\n  "metadata": {}\n}\n', True),
        ('{"kind": "EventBus", "metadata": {}}', True),
        ("kind: Workflow\nspec:\n  entrypoint: main\n", True),
        ("kind: Workflow\nspec:\n  workflowTemplateRef: {name: shared}\n", True),
        ("kind: Workflow\nsteps: [build]\n", False),
        ("kind: ConfigMap\nmetadata: {name: x}\n", False),
        ("kind: Role\nmetadata: {name: x}\nrules: []\n", False),
        ("kinds: CronWorkflow\n", False),
        ("note: a kind of Sensor\n", False),
        ("kind: SensorReading\n", False),
    ],
)
def test_kinds_of_argo_are_known_without_an_api_version(text: str, ours: bool) -> None:
    assert is_manifest(text.encode()) is ours


def test_templates_of_helm_and_jinja() -> None:
    assert is_unrendered("{{- if .Values.x }}\nkind: Workflow\n{{- end }}\n")
    assert is_unrendered("kind: {{ .Values.kind }}\n")
    assert is_unrendered("{% if x %}\nkind: Workflow\n{% endif %}\n")
    assert not is_unrendered("value: '{{inputs.parameters.x}}'\n")
    assert not is_unrendered("value: {{inputs.parameters.x}}\n")
    # A Helm template may parse as YAML all the same; a Sensor's Go template is no Helm template.
    assert is_helm("name: '{{ .Release.Name }}-x'\n")
    assert not is_helm("dataTemplate: '{{ .Input.body.x }}'\n")


def test_a_forgotten_api_version_is_told_of_in_a_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from argolint.cli import main

    (tmp_path / "nightly.yaml").write_text("kind: EventBus\nmetadata: {name: default}\nspec: {}\n")
    (tmp_path / "map.yaml").write_text("kind: ConfigMap\nmetadata: {name: x}\n")
    main(["check", "--no-cache", "--output-format", "concise", str(tmp_path)])
    lines = capsys.readouterr().out.splitlines()
    what = "this document has no `apiVersion`, so its fields are checked against no schema"
    assert lines == [
        f"{tmp_path}/nightly.yaml:1:1: warning: {what} [SCH121 missing-type]",
        "1 warning in 1 file (1 object)",
    ]
