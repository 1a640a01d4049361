"""Repositories that mean harm: nothing is followed, run, shown raw, or read without bound."""

from __future__ import annotations

import io
import json
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.config import Ref, SourceConfig
from reconciler.events import logger
from reconciler.render import to_json, to_markdown, to_text
from reconciler.source import open_source
from reconciler.source.tree import Tree
from reconciler.text import clean
from tests.reconciler.world import Repo, World, cron, template


def raw_tree(repo: Repo, entries: list[tuple[str, str, bytes]]) -> None:
    """Commit a tree object made by hand: (mode, object id, name) may be what no work tree can hold."""
    body = b"".join(mode.encode() + b" " + name + b"\0" + bytes.fromhex(oid) for mode, oid, name in entries)
    tree = repo.git("hash-object", "-t", "tree", "-w", "--literally", "--stdin", data=body)
    commit = repo.git("commit-tree", tree, "-m", "hostile")
    repo.git("update-ref", "refs/heads/main", commit)


def tree_of(repo: Repo, state: Path, **more: object) -> Tree:
    config = SourceConfig("s", str(repo.path), ref=Ref("branch", "main"), **more)  # type: ignore[arg-type]
    source = open_source(config, state)
    return source.read(source.fetch(source.poll()))


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    made = Repo(tmp_path / "origin")
    made.commit({"ok.yaml": "a: 1\n"})
    return made


def found(tree: Tree) -> list[tuple[str, str, str]]:
    return [(f.rule, f.severity, f.path) for f in tree.findings]


def test_links_are_findings_and_never_followed(repo: Repo, tmp_path: Path) -> None:
    for name, target in {
        "passwd.yaml": "/etc/passwd",
        "up.yaml": "../../x",
        "self.yaml": "self.yaml",
    }.items():
        (repo.path / name).symlink_to(target)
    (repo.path / "dir").symlink_to("/etc")
    repo.commit({})
    tree = tree_of(repo, tmp_path / "state")
    assert dict(tree.files) == {"ok.yaml": "a: 1\n"}
    assert found(tree) == [("symlink", "error", n) for n in ("passwd.yaml", "self.yaml", "up.yaml")]


def test_a_folder_source_does_not_follow_links_either(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "ok.yaml").write_text("a: 1\n")
    (folder / "link.yaml").symlink_to("/etc/passwd")
    (folder / "deep").symlink_to("/etc")
    source = open_source(SourceConfig("s", str(folder)), tmp_path / "state")
    tree = source.read(source.poll())
    assert (dict(tree.files), found(tree)) == ({"ok.yaml": "a: 1\n"}, [("symlink", "error", "link.yaml")])


def test_names_that_leave_the_repository_or_lie(repo: Repo, tmp_path: Path) -> None:
    blob = repo.git("rev-parse", "HEAD:ok.yaml")
    names = [
        b"..",
        b".git",
        b"a\nb.yaml",
        b"\x1b[31mred.yaml",
        "rtl\u202etxt.yaml".encode(),
        b"\xff\xfe.yaml",
        b"back\\slash.yaml",
        b"plain.yaml",
    ]
    inner = repo.git("rev-parse", "HEAD^{tree}")
    raw_tree(
        repo,
        sorted(
            [("100644", blob, n) for n in names[2:]] + [("40000", inner, n) for n in names[:2]],
            key=lambda e: e[2],
        ),
    )
    tree = tree_of(repo, tmp_path / "state")
    assert dict(tree.files) == {"plain.yaml": "a: 1\n"}
    assert found(tree) == [
        ("unsafe-path", "error", "\\x1b[31mred.yaml"),
        ("unsafe-path", "error", "../ok.yaml"),
        ("unsafe-path", "error", ".git/ok.yaml"),
        ("unsafe-path", "error", "a\\x0ab.yaml"),
        ("unsafe-path", "error", "back\\slash.yaml"),
        ("unsafe-path", "error", "rtl\\u202etxt.yaml"),
        ("unsafe-path", "error", "\\xff\\xfe.yaml"),
    ]
    assert not (tmp_path / "ok.yaml").exists()


def test_huge_file_is_refused_by_size_and_an_excluded_one_is_never_read(repo: Repo, tmp_path: Path) -> None:
    repo.commit({"big.yaml": "x" * 2_000_000, "big.bin": "y" * 3_000_000})
    tree = tree_of(repo, tmp_path / "state")
    assert [(f.rule, f.path, f.message) for f in tree.findings] == [
        ("file-too-large", "big.yaml", "2000000 bytes, more than the 1048576 that are read of one file")
    ]
    assert found(tree_of(repo, tmp_path / "state", exclude=("big.*",))) == []


def test_submodules_and_lfs_pointers_are_named(repo: Repo, tmp_path: Path) -> None:
    repo.commit(
        {
            "lfs.yaml": "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n",
            ".gitmodules": '[submodule "x"]\n\tpath = sub\n\turl = ext::sh -c evil\n',
        }
    )
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},sub")
    repo.git("commit", "--quiet", "-m", "submodule")
    assert found(tree_of(repo, tmp_path / "state")) == [
        ("lfs-pointer", "error", "lfs.yaml"),
        ("submodule", "info", "sub"),
    ]


BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(9)
)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (BOMB, "yaml-too-large"),
        ("[" * 100_000, "yaml-too-deep"),
        ("a: 1\na: 2\n", "yaml-duplicate-key"),
        ("a: &x [*x]\n", "yaml-recursive-alias"),
        ("a: *nobody\n", "yaml-undefined-alias"),
        ("a: [\n", "yaml-syntax"),
        ("a: \x07\n", "yaml-control-character"),
    ],
)  # fmt: skip
def test_yaml_bombs_and_broken_files_are_findings_with_a_line(tmp_path: Path, text: str, rule: str) -> None:
    world = World(tmp_path)
    world.repo.commit({"bad.yaml": text})
    started = time.process_time()
    outcome = world.sync()
    assert time.process_time() - started < 20
    assert (outcome.ok, outcome.reason, world.cluster.writes) == (False, "Refused", [])
    assert rule in [f.rule for f in outcome.findings if f.path == "bad.yaml" and f.line >= 1]


def test_no_python_tag_runs_anything(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    world = World(tmp_path)
    text = template().replace("alpine:3.20", f'!!python/object/apply:os.system ["touch {mark}"]')
    world.repo.commit({"templates/hello.yaml": text})
    world.sync()
    assert not mark.exists()


def test_duplicate_objects_name_both_places(world: World) -> None:
    world.repo.commit({"z.yaml": "---\n" + template()})
    outcome = world.sync()
    finding = next(f for f in outcome.findings if f.rule == "duplicate-object")
    assert (finding.path, finding.line, finding.message) == (
        "z.yaml", 2, "WorkflowTemplate argo/hello is also defined at templates/hello.yaml:1",
    )  # fmt: skip
    assert world.cluster.writes == []


def test_foreign_kinds_and_namespaces_are_never_sent_to_the_server(world: World) -> None:
    role = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: evil}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}\n"
    world.repo.commit({"role.yaml": role})
    assert world.sync().ok
    world.repo.commit(
        {"elsewhere.yaml": template("evil").replace("name: evil", "name: evil\n  namespace: kube-system", 1)}
    )
    outcome = world.sync()
    finding = next(f for f in outcome.findings if f.rule == "namespace-not-allowed")
    assert (finding.path, finding.line, outcome.ok) == ("elsewhere.yaml", 5, False)
    assert not [c for c in world.cluster.calls if c[2] == "evil"]


def test_terminal_escapes_and_markup_come_out_inert(world: World) -> None:
    evil = "\x1b]0;pwned\x07\x1b[2J::error::x <img src=x> @team | `a` \u202e"
    world.repo.commit(
        {"templates/hello.yaml": template().replace("image: alpine:3.20", "image: " + json.dumps(evil))},
        f"Subject {evil}",
    )
    outcome = world.plan()
    for text in (to_text(outcome), to_json([outcome]), to_markdown([outcome])):
        assert "\x1b" not in text
        assert "\x07" not in text
        assert "\u202e" not in text
    assert "<img" not in to_markdown([outcome]).split("```diff")[0]
    out = io.StringIO()
    logger("t", stream=out)("event", subject=evil, lines="a\nb")
    assert (out.getvalue().count("\n"), "\x1b" in out.getvalue()) == (1, False)
    assert clean("a\x00b\rc\u2028d") == "a\\x00b\\x0dc\\u2028d"


def test_values_that_look_secret_are_hidden_in_plans(world: World) -> None:
    world.sync()
    text = template().replace(
        "        command:",
        "        env:\n          - {name: DB_PASSWORD, value: canary-1}\n          - {name: PLAIN, value: shown}\n        command:",
    )
    # The linter refuses such a value; the plan must hide it all the same.
    world.repo.commit({".argolint.yaml": "ignore: [SEC115]\n", "templates/hello.yaml": text})
    outcome = world.plan()
    for rendered in (to_text(outcome), to_json([outcome]), to_markdown([outcome])):
        assert "canary-1" not in rendered
        assert "shown" in rendered


def test_canary_is_nowhere_in_output_state_or_logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from reconciler.config import Auth, Secret
    from tests.reconciler.gitserver import serve_http

    canary = "canary-4d3c2b1a0987"
    monkeypatch.setenv("GIT_TOKEN", canary)
    world = World(tmp_path)
    with serve_http(tmp_path) as server:
        server.password = canary
        world.source = SourceConfig(
            "platform",
            f"{server.url}/repo/.git",
            ref=Ref("branch", "main"),
            auth=Auth(token=Secret(env="GIT_TOKEN")),
        )
        outcome = world.sync()
        assert outcome.ok
        server.password = "changed"
        failed = world.sync()
        assert failed.reason == "AuthFailed"
    for text in (
        to_text(outcome),
        to_text(failed),
        to_json([failed]),
        to_markdown([failed]),
        repr(world.events),
    ):
        assert canary not in text
    for file in (tmp_path / "state").rglob("*"):
        assert not file.is_file() or canary.encode() not in file.read_bytes(), file
    assert canary not in json.dumps(world.cluster.objects())


def test_generate_name_is_explained(world: World) -> None:
    world.repo.commit({"g.yaml": template().replace("name: hello", "generateName: hello-", 1)})
    outcome = world.sync()
    finding = next(f for f in outcome.findings if f.rule == "no-name")
    assert (finding.path, finding.line, finding.message) == (
        "g.yaml", 4, "WorkflowTemplate has generateName, so each write would make another object",
    )  # fmt: skip


def test_too_many_files_are_refused(repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from reconciler.source import SourceError, tree

    monkeypatch.setattr(tree, "MAX_FILES", 3)
    repo.commit({f"f{i}.yaml": "a: 1\n" for i in range(5)})
    with pytest.raises(SourceError, match="choose more than 3 files"):
        tree_of(repo, tmp_path / "state")


def test_nothing_is_written_outside_the_state_directory(tmp_path: Path) -> None:
    world = World(tmp_path)
    before = {p for p in tmp_path.rglob("*") if "state" not in p.parts}
    world.sync()
    after = {p for p in tmp_path.rglob("*") if "state" not in p.parts}
    assert {os.fspath(p.relative_to(tmp_path)) for p in after - before} <= {"cluster.json", "cluster.new"}


def test_cron_with_an_unreadable_schedule_is_refused(world: World) -> None:
    world.repo.commit({"cron/nightly.yaml": cron().replace("0 2 * * *", "banana")})
    outcome = world.sync()
    assert (outcome.ok, world.cluster.writes) == (False, [])


def test_an_object_too_large_for_a_cluster_is_refused_before_it_is_sent(world: World) -> None:
    world.source = replace(world.source, max_file_bytes=4 << 20)
    world.repo.commit({"big.yaml": template("big", "x" * 1_100_000)})
    outcome = world.sync()
    found = [(f.rule, f.path, f.object) for f in outcome.findings if f.rule == "object-too-large"]
    assert (outcome.reason, found) == ("Refused", [("object-too-large", "big.yaml", "WorkflowTemplate big")])
    assert world.cluster.writes == []
