"""The environment that every git child runs in: no prompts, no foreign configuration, one transport, no secrets on disk."""

from __future__ import annotations

import os
import shlex
import stat
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from reconciler.config import SourceConfig, is_ssh

# What a child may inherit: everything else, GIT_* above all, would let the surroundings steer it.
_KEPT = (
    "PATH",
    "TMPDIR",
    "TZ",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "LD_LIBRARY_PATH",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "all_proxy",
    "HTTPS_PROXY",
    "NO_PROXY",
    "ALL_PROXY",
)

# Answers only for the host that the credentials are for: a redirect must not carry them elsewhere.
_ASKPASS = """#!/bin/sh
case "$1" in
  *"://$ARGOSYNC_GIT_HOST'"*|*"://$ARGOSYNC_GIT_HOST/"*|*"@$ARGOSYNC_GIT_HOST'"*|*"@$ARGOSYNC_GIT_HOST/"*) ;;
  *) exit 1 ;;
esac
case "$1" in
  Username*) printf '%s\\n' "$ARGOSYNC_GIT_USERNAME" ;;
  *) printf '%s\\n' "$ARGOSYNC_GIT_PASSWORD" ;;
esac
"""


class GitEnvironment(NamedTuple):
    """`values` is the whole environment of a child; `secrets` are to be redacted from whatever it says."""

    values: dict[str, str]
    secrets: tuple[str, ...]


def scheme_of(url: str) -> str:
    """The transport of a checked URL: file, http, https or ssh."""
    if is_ssh(url):
        return "ssh"
    return urlsplit(url).scheme.lower() if "://" in url else "file"


def local_path(url: str) -> str:
    """The path of a local source."""
    return url[len("file://") :] if url.startswith("file://") else url


def prepare(config: SourceConfig, home: Path) -> GitEnvironment:
    """Write git's private configuration into `home` and return the environment that uses it.

    Secrets are read now and go into the child's environment alone. Raises UserError when one is missing.
    """
    home.mkdir(parents=True, exist_ok=True)
    scheme = scheme_of(config.url)
    gitconfig = home / "gitconfig"
    _write(gitconfig, _gitconfig(config, scheme), 0o600)
    values = {name: os.environ[name] for name in _KEPT if name in os.environ}
    values |= {
        "HOME": str(home),
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": str(gitconfig),
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ALLOW_PROTOCOL": scheme,
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_ASKPASS": "true",
        "SSH_ASKPASS": "true",
    }
    secrets: tuple[str, ...] = ()
    if scheme == "ssh":
        values["GIT_SSH_COMMAND"] = _ssh_command(config)
        values["GIT_SSH_VARIANT"] = "ssh"
        if not config.auth.ssh_key_file and "SSH_AUTH_SOCK" in os.environ:
            values["SSH_AUTH_SOCK"] = os.environ["SSH_AUTH_SOCK"]
    secret = config.auth.token or config.auth.password
    if secret is not None and scheme in ("http", "https"):
        password = secret.read()
        askpass = home / "askpass"
        _write(askpass, _ASKPASS, 0o700)
        values |= {
            "GIT_ASKPASS": str(askpass),
            "ARGOSYNC_GIT_HOST": urlsplit(config.url).netloc.rsplit("@", 1)[-1],
            # GitHub and GitLab take any user name beside a token; this one is what GitHub documents.
            "ARGOSYNC_GIT_USERNAME": config.auth.username or "x-access-token",
            "ARGOSYNC_GIT_PASSWORD": password,
        }
        secrets = (password,)
    return GitEnvironment(values, secrets)


def _gitconfig(config: SourceConfig, scheme: str) -> str:
    lines = [
        "[core]",
        "\thooksPath = /dev/null",
        "\tfsmonitor = false",
        "\tattributesFile = /dev/null",
        "[credential]",
        "\thelper =",
        "[gc]",
        "\tauto = 0",
        "[maintenance]",
        "\tauto = false",
        "[protocol]",
        "\tversion = 2",
        "[fetch]",
        "\trecurseSubmodules = false",
        "[submodule]",
        "\trecurse = false",
        "[http]",
        "\tlowSpeedLimit = 500",
        "\tlowSpeedTime = 30",
        "\tfollowRedirects = initial",
    ]
    if config.auth.ca_file:
        lines.append(f"\tsslCAInfo = {_quoted(config.auth.ca_file)}")
    if scheme == "file":
        path = local_path(config.url)
        lines += [
            "[safe]",
            f"\tdirectory = {_quoted(path)}",
            f"\tdirectory = {_quoted(path.rstrip('/') + '/.git')}",
        ]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _ssh_command(config: SourceConfig) -> str:
    auth = config.auth
    words = [
        "ssh",
        "-F",
        "/dev/null",
        "-o",
        "BatchMode=yes",
        "-o",
        "StrictHostKeyChecking=yes",
        "-o",
        f"UserKnownHostsFile={_ssh_path(auth.known_hosts)}",
        "-o",
        "GlobalKnownHostsFile=/dev/null",
        "-o",
        "UpdateHostKeys=no",
        "-o",
        "ConnectTimeout=20",
        "-o",
        "ServerAliveInterval=10",
        "-o",
        "PermitLocalCommand=no",
        "-o",
        "ForwardAgent=no",
        "-o",
        "ClearAllForwardings=yes",
    ]
    if auth.ssh_key_file:
        words += ["-o", "IdentitiesOnly=yes", "-i", auth.ssh_key_file]
    return shlex.join(words)


def _ssh_path(path: str) -> str:
    return '"' + path.replace("%", "%%") + '"'


def _write(path: Path, text: str, mode: int) -> None:
    if path.exists() and path.read_text() == text and stat.S_IMODE(path.stat().st_mode) == mode:
        return
    temporary = path.with_name(path.name + ".new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    os.replace(temporary, path)
