"""The Containerfile, built and run. Only with ARGOLINT_CONTAINER=1, a container engine, and its base image: it takes minutes."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

from tests.packaging.scratch import copy_tree, run

BROKEN = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: a-}
spec:
  entrypoint: mian
  templates:
  - {name: main, container: {image: "a:1", command: [x]}}
"""
# Where the defaults of the engine are not permitted.
RESTRAINED = ("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024")


@pytest.mark.slow
def test_the_image_lints_a_folder_that_it_cannot_write(repo: Path, tmp_path: Path) -> None:
    if not os.environ.get("ARGOLINT_CONTAINER"):
        pytest.skip("ARGOLINT_CONTAINER is not set")
    engine = shutil.which("podman") or shutil.which("docker")
    if engine is None:
        pytest.skip("no podman and no docker")
    base = re.search(r"^FROM (\S+)", (repo / "Containerfile").read_text(), re.MULTILINE)
    assert base is not None
    if run([engine, "image", "inspect", base.group(1)], cwd=tmp_path, check=False).returncode:
        pytest.skip(f"the base image {base.group(1)} is not here")
    tree = copy_tree(repo, tmp_path / "tree")
    run([engine, "build", "--network", "host", "-f", "Containerfile", "-t", "argolint-test", "."], cwd=tree)
    work = tmp_path / "work"
    work.mkdir()
    (work / "a.yaml").write_text(BROKEN)
    words = [engine, "run", "--rm", "--network", "none", "-v", f"{work}:/src:ro"]
    if run([*words, "argolint-test", "--version"], cwd=work, check=False).returncode:
        words += RESTRAINED
    for arguments in ([], ["check", "."], ["a.yaml"]):
        done = run([*words, "argolint-test", *arguments], cwd=work, check=False)
        assert done.returncode == 1, done.stderr
        assert done.stdout.startswith(
            "a.yaml:5:15: error: entrypoint `mian` is not a template of this Workflow"
        )
    assert run([*words, "--entrypoint", "id", "argolint-test", "-un"], cwd=work).stdout == "lint\n"
    assert sorted(os.listdir(work)) == ["a.yaml"]
