"""A Git repository read without a work tree: refs by ls-remote, one shallow fetch, blobs from a bare clone.

Nothing of the repository is ever checked out, so hooks, filters, attributes, links and odd file names have nothing to act on.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from argolint.errors import UserError
from reconciler.config import SourceConfig
from reconciler.source import semver
from reconciler.source.environment import GitEnvironment, local_path, prepare, scheme_of
from reconciler.source.errors import SourceError
from reconciler.source.signatures import check
from reconciler.source.tree import Entry, Revision, Tree, choose
from reconciler.text import clean, redact, redact_url

_LATEST = "refs/argosync/latest"


class GitSource:
    """One repository and one ref of it, with a bare clone under `folder`."""

    def __init__(self, config: SourceConfig, folder: Path) -> None:
        self.config = config
        self._folder = folder
        self._bare = folder / "repo.git"
        self._signer = ("", "")

    def poll(self) -> Revision:
        """The commit that the ref names now, by asking for this ref only. Raises SourceError."""
        ref = self.config.ref
        environment = self._environment()
        if ref.kind == "commit":
            return Revision(f"commit {ref.value}", ref.value)
        patterns = {
            "head": ("HEAD",),
            "branch": (f"refs/heads/{ref.value}",),
            "tag": (f"refs/tags/{ref.value}", f"refs/tags/{ref.value}^{{}}"),
            "full": (ref.value, f"{ref.value}^{{}}"),
            "semver": ("refs/tags/*",),
            "short": (f"refs/heads/{ref.value}", f"refs/tags/{ref.value}", f"refs/tags/{ref.value}^{{}}"),
        }[ref.kind]
        text = self._git(["ls-remote", "--", self.config.url, *patterns], environment)
        refs = dict(_parse_refs(text))
        if ref.kind == "semver":
            return self._best_tag(refs)
        exact = [p for p in patterns if p in refs and not p.endswith("^{}")]
        if len(exact) > 1:
            raise SourceError(
                "AmbiguousRef",
                f"{self.config.name}: {ref.value} is both a branch and a tag",
                f"write `ref: {{branch: {ref.value}}}` or `ref: {{tag: {ref.value}}}`",
            )
        if not exact:
            empty = not refs and not self._git(["ls-remote", "--", self.config.url], environment).strip()
            what = (
                "the repository has no commits"
                if empty
                else f"there is no {ref} in {redact_url(self.config.url)}"
            )
            raise SourceError(
                "RefNotFound",
                f"{self.config.name}: {what}",
                "correct `ref`, or push it; nothing is deleted because of this",
            )
        name = exact[0]
        return Revision(name, refs.get(f"{name}^{{}}", refs[name]))

    def fetch(self, revision: Revision) -> Revision:
        """Bring the commit here unless it is here; the answer is what was really fetched. Raises SourceError."""
        self._prepare()
        verify = self.config.verify.mode
        # A tag object is needed for its signature; having the commit alone is not enough then.
        if self._has(revision.commit) and verify != "tag":
            return self._verified(revision)
        environment = self._environment()
        wanted = revision.commit if self.config.ref.kind == "commit" else revision.ref
        argv = [
            f"--git-dir={self._bare}",
            "fetch",
            "--quiet",
            "--depth=1",
            "--no-tags",
            "--no-recurse-submodules",
            "--no-write-fetch-head",
            "--force",
            "--",
            self.config.url,
            f"+{wanted}:{_LATEST}",
        ]
        try:
            self._git(argv, environment)
        except SourceError as error:
            if error.reason not in ("GitFailed", "CloneDamaged"):
                raise
            # The remote answered the poll, so suspect the clone: make it anew once.
            self._rebuild()
            self._git(argv, environment)
        fetched = self._git(
            [f"--git-dir={self._bare}", "rev-parse", f"{_LATEST}^{{commit}}"], environment
        ).strip()
        return self._verified(revision._replace(commit=fetched))

    def contains(self, revision: Revision, commit: str) -> bool:
        """Whether `commit` is an ancestor of the revision, or it itself. Raises SourceError.

        The history is fetched without files into a clone of its own, so that reading stays as shallow as it is.
        """
        environment = self._environment()
        history = self._folder / "history.git"
        if not (history / "HEAD").is_file():
            self._git(["init", "--quiet", "--bare", "--template=", str(history)], environment)
        wanted = revision.commit if self.config.ref.kind == "commit" else revision.ref
        options = ["--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head", "--force"]
        argv = [f"--git-dir={history}", "fetch", *options, "--filter=tree:0", "--", self.config.url, f"+{wanted}:{_LATEST}"]  # fmt: skip
        self._git(argv, environment)
        code, _, err = run_git(
            [f"--git-dir={history}", "merge-base", "--is-ancestor", commit, revision.commit],
            environment.values,
            self._folder,
            self.config.timeout,
        )
        if code is None or code > 128:
            text = redact(clean(err.decode("utf-8", "surrogateescape").strip()), environment.secrets)
            raise classify(self.config, text, timed_out=code is None)
        # 128: the commit is not there at all, hence not in the history of the revision.
        return code == 0

    def _verified(self, revision: Revision) -> Revision:
        """The revision, once its signature is accepted. Raises SourceError."""
        verify = self.config.verify
        if not verify.mode:
            return revision
        if verify.mode == "tag" and not revision.ref.startswith("refs/tags/"):
            raise SourceError(
                "SignatureRefused",
                f"{self.config.name}: {revision.ref} is not a tag, and only signed tags are accepted",
                "name a tag or a range of versions in `ref`, or verify commits",
            )
        name = revision.commit
        environment = self._environment()
        if verify.mode == "tag":
            name = self._git([f"--git-dir={self._bare}", "rev-parse", _LATEST], environment).strip()
            kind = self._git([f"--git-dir={self._bare}", "cat-file", "-t", name], environment).strip()
            if kind != "tag":
                raise SourceError(
                    "SignatureRefused",
                    f"{self.config.name}: {revision.ref} is not an annotated tag, so it carries no signature",
                    "make it with `git tag -s`",
                )

        def run(argv: list[str], more: dict[str, str]) -> tuple[int | None, str]:
            code, out, err = run_git(
                [f"--git-dir={self._bare}", *argv],
                {**environment.values, **more},
                self._folder,
                self.config.timeout,
            )
            return code, (out + err).decode("utf-8", "replace")

        self._signer = (revision.commit, check(self.config, name, verify.mode, self._folder, run))
        return revision

    def read(self, revision: Revision) -> Tree:
        """The chosen files of a fetched revision. Raises SourceError."""
        import git

        self._prepare()
        environment = self._environment()
        listing = self._git_bytes(
            [f"--git-dir={self._bare}", "ls-tree", "-r", "-z", "-l", "--full-tree", revision.commit],
            environment,
        )
        repository = git.Repo(self._bare, odbt=git.GitCmdObjectDB)
        try:
            repository.git.update_environment(
                GIT_DIR=str(self._bare),
                GIT_OBJECT_DIRECTORY=str(self._bare / "objects"),
                **environment.values,
            )

            def read(entry: Entry) -> bytes:
                return bytes(repository.odb.stream(bytes.fromhex(entry.oid)).read())

            return choose(_parse_tree(listing), self.config, read, revision)
        except (ValueError, KeyError, git.exc.ODBError, git.exc.GitCommandError) as error:
            self._rebuild()
            raise SourceError(
                "CloneDamaged",
                f"{self.config.name}: the local clone is damaged: {clean(str(error), limit=200)}",
                "it was removed and is fetched again at the next poll",
                transient=True,
            ) from error
        finally:
            repository.close()

    def describe(self, revision: Revision) -> dict[str, str]:
        """Author, time and subject of a fetched commit, fit for a terminal; empty where it cannot be read."""
        try:
            text = self._git(
                [
                    f"--git-dir={self._bare}",
                    "show",
                    "-s",
                    "--no-show-signature",
                    "--format=%an%x00%aI%x00%s",
                    revision.commit,
                ],
                self._environment(),
            )
        except SourceError:
            return {}
        author, time, subject = (text.rstrip("\n").split("\0") + ["", "", ""])[:3]
        return {
            "author": clean(author, limit=80),
            "time": clean(time, limit=40),
            "subject": clean(subject, limit=120),
            **({"signer": self._signer[1]} if self._signer[0] == revision.commit else {}),
        }

    # --- the clone ------------------------------------------------------------------------------------

    def _prepare(self) -> None:
        """A usable bare repository; locks left by a killed process go, since the state directory has its own lock."""
        if not (self._bare / "HEAD").is_file():
            shutil.rmtree(self._bare, ignore_errors=True)
            self._git(["init", "--quiet", "--bare", "--template=", str(self._bare)], self._environment())
        for lock in self._bare.rglob("*.lock"):
            lock.unlink(missing_ok=True)

    def _rebuild(self) -> None:
        shutil.rmtree(self._bare, ignore_errors=True)
        self._prepare()

    def _has(self, commit: str) -> bool:
        try:
            self._git(
                [f"--git-dir={self._bare}", "cat-file", "-e", f"{commit}^{{tree}}"], self._environment()
            )
        except SourceError:
            return False
        return True

    def _best_tag(self, refs: dict[str, str]) -> Revision:
        prefix = "refs/tags/"
        tags = [name[len(prefix) :] for name in refs if name.startswith(prefix) and not name.endswith("^{}")]
        tag = semver.best(tags, self.config.ref.value)
        if tag is None:
            raise SourceError(
                "RefNotFound",
                f"{self.config.name}: none of {len(tags)} tags is in the range {self.config.ref.value!r}",
                "push a tag with a semantic version, or change the range",
            )
        name = prefix + tag
        return Revision(name, refs.get(f"{name}^{{}}", refs[name]))

    # --- running git ----------------------------------------------------------------------------------

    def _environment(self) -> GitEnvironment:
        if scheme_of(self.config.url) == "file" and not Path(local_path(self.config.url)).exists():
            raise SourceError(
                "SourceUnavailable",
                f"{self.config.name}: {local_path(self.config.url)} does not exist",
                "bring the repository back or correct `url`; nothing is deleted because of this",
                transient=True,
            )
        try:
            return prepare(self.config, self._folder)
        except UserError as error:
            raise SourceError("AuthFailed", f"{self.config.name}: {error.message}", error.remedy) from error

    def _git(self, argv: list[str], environment: GitEnvironment) -> str:
        return self._git_bytes(argv, environment).decode("utf-8", "surrogateescape")

    def _git_bytes(self, argv: list[str], environment: GitEnvironment) -> bytes:
        code, out, err = run_git(argv, environment.values, self._folder, self.config.timeout)
        if code == 0:
            return out
        text = redact(
            clean(err.decode("utf-8", "surrogateescape").strip().replace("\n", "; ")), environment.secrets
        )
        raise classify(self.config, redact_url(text) if "://" in text else text, timed_out=code is None)


def run_git(
    argv: list[str], env: dict[str, str], folder: Path, timeout: float
) -> tuple[int | None, bytes, bytes]:
    """Run git with `argv`; (exit code or None when `timeout` seconds were over, stdout, stderr).

    The child leads a process group of its own, and the whole group ends with it: git leaves transports behind otherwise.
    """
    import git

    folder.mkdir(parents=True, exist_ok=True)
    command: Any = git.Git(str(folder))
    # GitPython merges its own process's variables into every child; an explicit Popen keeps them out.
    process = subprocess.Popen(
        [command.GIT_PYTHON_GIT_EXECUTABLE, *argv],
        env=env,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        out, err = process.communicate(timeout=timeout)
        return process.returncode, out, err
    except subprocess.TimeoutExpired:
        return None, b"", b""
    finally:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()


def classify(config: SourceConfig, text: str, *, timed_out: bool) -> SourceError:
    """What git's complaint means, in one clear message with the way out."""
    where = f"{config.name}: {clean(redact_url(config.url))}"
    if timed_out:
        return SourceError(
            "Timeout",
            f"{where}: no answer within {config.timeout:g} s",
            "check the network, or raise `timeout`",
            transient=True,
        )
    for pattern, reason, message, remedy, transient in _MEANINGS:
        if re.search(pattern, text, re.IGNORECASE):
            return SourceError(reason, f"{where}: {message} ({_last(text)})", remedy, transient=transient)
    return SourceError(
        "GitFailed", f"{where}: git failed: {_last(text)}", "see git's message", transient=True
    )


def _last(text: str) -> str:
    parts = [p.strip() for p in text.split("\\x0a") for p in p.split("; ") if p.strip()]
    telling = [
        p for p in parts if re.match(r"(fatal|error|ssh|remote|Host key|.*denied)", p, re.IGNORECASE)
    ] or parts
    return clean(telling[0] if telling else "no message", limit=240)


_MEANINGS: tuple[tuple[str, str, str, str, bool], ...] = (
    (
        r"REMOTE HOST IDENTIFICATION HAS CHANGED",
        "HostKeyChanged",
        "the server's ssh host key has changed",
        "if the host published a new key, put it into known_hosts; otherwise someone may be in between",
        False,
    ),
    (
        r"Host key verification failed|No .* host key is known",
        "HostKeyUnknown",
        "the server's ssh host key is not in known_hosts",
        "compare the key with what the host publishes and add it to the known_hosts file",
        False,
    ),
    (
        (
            r"Permission denied \(|Authentication failed|could not read (Username|Password)|returned error: 40[13]"
            r"|HTTP Basic: Access denied|invalid credentials|unable to get password"
        ),
        "AuthFailed",
        "the server refused the credentials",
        "check `auth` of the source (token, user name, key) and its rights",
        False,
    ),
    (
        r"SSL|certificate|gnutls",
        "TlsFailed",
        "the TLS connection is not trusted",
        "check the server's certificate; name its authority with `auth.ca_file`",
        False,
    ),
    (
        r"transport '.*' not allowed|protocol '.*' (not|is not) (allowed|supported)",
        "TransportRefused",
        "the server redirects to a transport that is not allowed",
        "correct `url`",
        False,
    ),
    (
        r"couldn't find remote ref|not our ref|no such remote ref|upload-pack: not our ref|unadvertised object",
        "RefNotFound",
        "the revision is not there",
        "correct `ref`, or push it; nothing is deleted because of this",
        False,
    ),
    (
        r"does not appear to be a git repository|Repository not found|returned error: 404|not found|does not exist",
        "RepositoryNotFound",
        "there is no such repository, or the credentials may not see it",
        "correct `url`, or give `auth`; nothing is deleted because of this",
        False,
    ),
    (
        (
            r"Could not resolve host|Connection refused|Connection timed out|Network is unreachable|Failed to connect|unreachable"
            r"|returned error: 5\d\d|early EOF|hung up|Connection reset|Operation too slow|No route|Connection closed"
        ),
        "SourceUnavailable",
        "the server cannot be reached",
        "it is tried again; check network and proxy if it lasts",
        True,
    ),
    (
        r"loose object|bad object|corrupt|unable to read|missing (blob|tree)|pack has",
        "CloneDamaged",
        "the clone is damaged",
        "it is made anew",
        True,
    ),
)


def _parse_refs(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        commit, tab, name = line.partition("\t")
        if tab and re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", commit):
            yield name, commit


def _parse_tree(listing: bytes) -> Iterator[Entry]:
    for record in listing.split(b"\0"):
        head, tab, name = record.partition(b"\t")
        if tab:
            mode, _, oid, size = head.decode("ascii").split()
            yield Entry(name.decode("utf-8", "surrogateescape"), mode, oid, -1 if size == "-" else int(size))
