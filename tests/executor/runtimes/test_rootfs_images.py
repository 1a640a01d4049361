"""Images as unpacked roots: their own files, written above and never into them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from argolint.errors import UserError
from executor.local.settings import load_file
from executor.runtimes.images import image_map
from executor.runtimes.probe import probe_sandbox

from .conftest import argo, shell

pytestmark = pytest.mark.sandbox


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A tiny image: a shell and cat with the libraries that they need."""
    if not probe_sandbox()[1]:
        pytest.skip("there are no overlays here")
    base = tmp_path / "image"
    for program in ("/bin/bash", "/bin/cat", "/bin/rm"):
        real = os.path.realpath(program)
        found = subprocess.run(["ldd", real], capture_output=True, text=True, check=False).stdout
        libraries = [word for line in found.splitlines() for word in line.split() if word.startswith("/")]
        for file in [real, *libraries]:
            target = base / file.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(os.path.realpath(file), target)
    (base / "bin").mkdir(exist_ok=True)
    for link, target in (("sh", "bash"), ("cat", "cat"), ("rm", "rm")):
        if not (base / "bin" / link).exists():
            (base / "bin" / link).symlink_to(os.path.realpath(f"/bin/{target}"))
    (base / "etc").mkdir(exist_ok=True)
    (base / "etc/release").write_text("tiny 1\n")
    return base


def listing(base: Path) -> dict[str, bytes | None]:
    return {str(p.relative_to(base)): p.read_bytes() if p.is_file() else None for p in base.rglob("*")}


def test_a_container_has_the_files_of_its_image_and_writes_beside_them(run_pod, root: Path) -> None:
    before = listing(root)
    script = "read x < /etc/release; echo $x; echo new > /etc/release; echo out > /tmp/out; cat /etc/release; test -e /usr/bin/python3 || echo none"
    images = image_map({"tiny:*": {"rootfs": str(root), "env": {"A": "b"}}})
    pod = shell(script, container={"image": "tiny:1"})
    ran = run_pod(pod, images=images)
    assert (ran.final["phase"], ran.log()) == ("Succeeded", "tiny 1\nnew\nnone\n")
    assert listing(root) == before


def test_outputs_are_what_was_written_or_what_the_image_has(run_pod, root: Path) -> None:
    outputs = {
        "parameters": [
            {"name": "image", "valueFrom": {"path": "/etc/release"}},
            {"name": "made", "valueFrom": {"path": "/opt/made"}},
            {"name": "gone", "valueFrom": {"path": "/etc/gone", "default": "was removed"}},
        ]
    }
    (root / "etc/gone").write_text("still there")
    (root / "opt").mkdir()
    template = {"name": "main", "container": {"image": "tiny", "command": ["sh", "-c", "echo x > /opt/made; rm /etc/gone"]}, "outputs": outputs}  # fmt: skip
    ran = run_pod(argo(template), images=image_map({"tiny": {"rootfs": str(root)}}))
    assert ran.final["phase"] == "Succeeded"
    found = {p["name"]: p["value"] for p in ran.outputs["parameters"]}
    assert found == {"image": "tiny 1", "made": "x", "gone": "was removed"}


def test_a_bundle_brings_its_own_configuration(tmp_path: Path) -> None:
    (tmp_path / "rootfs").mkdir()
    config = {"process": {"args": ["/bin/app", "run"], "env": ["A=b=c", "odd"], "cwd": "/srv"}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    profile = image_map({"app": {"rootfs": str(tmp_path)}}).lookup("app:1")
    assert profile is not None
    assert (profile.cmd, dict(profile.env), profile.workdir) == (("/bin/app", "run"), {"A": "b=c"}, "/srv")
    assert profile.rootfs == str(tmp_path / "rootfs")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"rootfs": "/no/such"}, "rootfs is not a directory: /no/such"),
        ({"rootfs": "/tmp", "like": "alpine"}, "has rootfs beside like or path"),
    ],
)
def test_roots_that_are_none_are_refused(value: dict, message: str) -> None:
    with pytest.raises(UserError, match=message):
        image_map({"x": value})


def test_the_place_counts_from_the_configuration(tmp_path: Path) -> None:
    (tmp_path / ".argolint.yaml").write_text("local: {images: {app: {rootfs: images/app}}}\n")
    assert load_file(tmp_path / ".argolint.yaml").images == {"app": {"rootfs": str(tmp_path / "images/app")}}
