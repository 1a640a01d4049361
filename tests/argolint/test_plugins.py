"""Rules of users, as they come to them: from an installed package, from a folder, as policies; tested, timed, told apart when broken."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

FLOW = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: a-}
spec:
  entrypoint: main
  templates:
  - {name: main, container: {image: "docker.io/a:1", command: [x]}}
"""
RULE = '''\
"""A rule of our own."""

from __future__ import annotations

from argolint.rule import Finding, rule
from argolint.yaml.edit import replace


@rule("ORG201", "entrypoint-start", on="spec", severity="warning", fix="safe", options={"org-entrypoint": "start"})
def check(spec, ctx):
    """The entrypoint has the name that our dashboards expect."""
    wanted = ctx.option("org-entrypoint")
    if spec.entrypoint and spec.entrypoint != wanted:
        yield Finding(spec.value_span("entrypoint"), f"the entrypoint is not `{wanted}`", help="rename it")
'''
PAGE = """\
# The entrypoint has the name that our dashboards expect (ORG201)

## Bad

```yaml
entrypoint: main  # warning: [ORG201] not `start`
templates:
- name: main
  container: {image: "a:1", command: [x]}
```

## Good

```yaml
entrypoint: start
templates:
- name: start
  container: {image: "a:1", command: [x]}
```
"""
POLICY = """\
code: ORG101
name: our-registry
severity: error
kinds: [Workflow]
given: "**.image"
assert: {starts-with: registry.example.com/}
message: "image `{value}` is not from our registry"
"""
POLICY_PAGE = PAGE.replace("ORG201", "ORG101").replace("warning:", "error:")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "work").mkdir()
    (tmp_path / "work/a.yaml").write_text(FLOW)
    return tmp_path / "work"


def rules_in(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "org201_entrypoint_start.py").write_text(
        RULE.replace(', fix="safe"', "").replace("from argolint.yaml.edit import replace\n", "")
    )
    (folder / "org201_entrypoint_start.md").write_text(PAGE)
    return folder


def package(site: Path) -> None:
    """A package as pip leaves it: its folder, and a dist-info with an entry point."""
    rules_in(site / "org_rules")
    (site / "org_rules/__init__.py").write_text("")
    info = site / "org_rules-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: org-rules\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[argolint.rules]\norg = org_rules\n")


def argolint(folder: Path, *words: str, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "ARGOLINT_CACHE_DIR": str(folder.parent / "cache")}
    if path is not None:
        env["PYTHONPATH"] = str(path)
    return subprocess.run(
        [sys.executable, "-m", "argolint", *words],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )


def found(done: subprocess.CompletedProcess[str]) -> list[tuple[str, int, int, str]]:
    assert done.returncode in (0, 1), done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return [(item["code"], item["line"], item["column"], item["message"]) for item in document["findings"]]


JSON = ("check", "--output-format", "json", "a.yaml")
ORG201 = ("ORG201", 5, 15, "the entrypoint is not `start`")


def test_a_package_with_an_entry_point(folder: Path) -> None:
    site = folder.parent / "site"
    site.mkdir()
    package(site)
    (folder / ".argolint.yaml").write_text("select: [ORG]\nplugins: true\n")
    assert found(argolint(folder, *JSON, path=site)) == [ORG201]
    assert found(argolint(folder, *JSON, path=site)) == [ORG201]  # from the cache
    # It is listed, explained and tested like any other, and has its options.
    assert re.search(r"^ORG201 +entrypoint-start", argolint(folder, "rules", path=site).stdout, re.MULTILINE)
    assert "The entrypoint has the name" in argolint(folder, "explain", "ORG201", path=site).stdout
    (folder / ".argolint.yaml").write_text("select: [ORG]\nplugins: true\noptions: {org-entrypoint: main}\n")
    assert found(argolint(folder, *JSON, path=site)) == []


def test_without_plugins_a_package_is_let_be(folder: Path) -> None:
    site = folder.parent / "site"
    site.mkdir()
    package(site)
    (folder / ".argolint.yaml").write_text("select: [REF102]\n")
    assert found(argolint(folder, *JSON, path=site)) == []
    refused = argolint(folder, "check", "--select", "ORG201", "a.yaml", path=site)
    assert refused.returncode == 2
    assert refused.stderr.startswith("argolint: error: --select: no rule is called `ORG201`\n")


def test_a_package_that_cannot_be_imported(folder: Path) -> None:
    site = folder.parent / "site"
    site.mkdir()
    package(site)
    (site / "org_rules/__init__.py").write_text("raise RuntimeError('half installed')\n")
    (folder / ".argolint.yaml").write_text("plugins: true\n")
    refused = argolint(folder, *JSON, path=site)
    assert refused.returncode == 2
    assert refused.stderr == (
        "argolint: error: entry point argolint.rules `org` cannot be loaded: half installed\n"
        "  repair or remove the package that offers it, or set `plugins: false`\n"
    )


def test_a_folder_of_rules_and_policies(folder: Path) -> None:
    rules = rules_in(folder / "lint-rules")
    (rules / "org101_our_registry.yaml").write_text(POLICY)
    (rules / "org101_our_registry.md").write_text(POLICY_PAGE)
    (folder / ".argolint.yaml").write_text("select: [ORG]\nrules: [./lint-rules]\n")
    both = [ORG201, ("ORG101", 7, 37, "image `docker.io/a:1` is not from our registry")]
    assert found(argolint(folder, *JSON)) == both
    # A change of a rule is seen, although the file is the same.
    changed = (
        (rules / "org201_entrypoint_start.py")
        .read_text()
        .replace("is not `{wanted}`", "should be `{wanted}`")
    )
    (rules / "org201_entrypoint_start.py").write_text(changed)
    assert found(argolint(folder, *JSON)) == [(*ORG201[:3], "the entrypoint should be `start`"), both[1]]


def test_the_pages_of_rules_are_tests(folder: Path) -> None:
    rules = rules_in(folder / "lint-rules")
    good = argolint(folder, "test", "lint-rules")
    assert (good.returncode, good.stdout) == (0, "ORG201 entrypoint-start: ok\n1 passed, 0 failed\n")
    (rules / "org201_entrypoint_start.md").write_text(PAGE.replace("entrypoint: start", "entrypoint: main"))
    bad = argolint(folder, "test", "lint-rules")
    assert bad.returncode == 1
    assert bad.stdout.endswith("1 passed, 1 failed\n") or bad.stdout.endswith("0 passed, 1 failed\n")
    assert "org201_entrypoint_start.md:14: example.yaml line 1: unexpected warning: [ORG201]" in bad.stdout


def test_a_rule_that_crashes_is_named_and_the_others_go_on(folder: Path) -> None:
    rules = rules_in(folder / "lint-rules")
    broken = (
        (rules / "org201_entrypoint_start.py").read_text().replace("    wanted =", "    1 / 0\n    wanted =")
    )
    (rules / "org201_entrypoint_start.py").write_text(broken)
    (rules / "org101_our_registry.yaml").write_text(POLICY)
    (folder / ".argolint.yaml").write_text("select: [ORG]\nrules: [./lint-rules]\n")
    done = argolint(folder, *JSON)
    assert done.returncode == 3
    said = [(item["code"], item["message"]) for item in json.loads(done.stdout)["findings"]]
    assert [code for code, _ in said] == ["LNT901", "ORG101"]
    assert "ORG201" in said[0][1]
    assert "ZeroDivisionError" in said[0][1]
    assert "org201_entrypoint_start.py" in argolint(folder, "check", "--verbose", "a.yaml").stderr


def test_the_time_of_each_rule(folder: Path) -> None:
    rules_in(folder / "lint-rules")
    (folder / ".argolint.yaml").write_text("select: [ORG, REF102]\nrules: [./lint-rules]\n")
    done = argolint(folder, "check", "--profile-rules", "a.yaml")
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert lines[0].split() == ["ms", "share", "calls", "rule"]
    assert lines[-1].endswith("in 2 rules")
    assert {line.split()[3] for line in lines[1:-1]} == {"ORG201", "REF102"}
