"""Whether a commit or a tag is signed by someone who is trusted: git asks ssh-keygen or gpg, with our lists of keys alone."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from reconciler.config import SourceConfig
from reconciler.opsconfig import Verify
from reconciler.source.errors import SourceError
from reconciler.text import clean

Run = Callable[[list[str], dict[str, str]], tuple[int | None, str]]
"""Runs git with extra variables; (exit code, what it said)."""

_TELLING = (
    (r"EXPKEYSIG|EXPSIG|expired", "the key or the signature has expired"),
    (r"REVKEYSIG|revoked", "the key is revoked"),
    (r"BADSIG|BAD signature|incorrect signature|invalid format", "the signature does not fit the content"),
    (r"NO_PUBKEY|No public key|No principal matched|not currently valid|Could not verify|allowedSignersFile", "the key is not among the trusted ones, or is not valid at that time"),
    (r"no signature found|^$", "it is not signed"),
)  # fmt: skip


def policy_digest(verify: Verify) -> str:
    """A hash of the policy and of the trusted keys, so that a changed list is noticed; "" without a policy."""
    if not verify.mode:
        return ""
    mark = hashlib.sha256(verify.mode.encode())
    for path in (verify.allowed_signers, verify.keyring):
        mark.update(b"\0" + (Path(path).read_bytes() if path and Path(path).is_file() else b"-"))
    return mark.hexdigest()[:32]


def check(config: SourceConfig, name: str, kind: str, folder: Path, run: Run) -> str:
    """Who signed the object `name` (`kind` commit or tag). Raises SourceError when nobody who is trusted did."""
    verify = config.verify
    for path in (verify.allowed_signers, verify.keyring):
        if path and not os.access(path, os.R_OK):
            raise SourceError(
                "SignaturePolicy",
                f"{config.name}: the list of trusted keys {path} cannot be read",
                "bring it back; nothing new is accepted without it",
            )
    # An empty list in place of none: whatever is not configured is not trusted.
    nobody = folder / "nobody"
    nobody.write_text("")
    options = [
        "-c", f"gpg.ssh.allowedSignersFile={verify.allowed_signers or nobody}",
        "-c", "gpg.ssh.revocationFile=",
        "-c", "gpg.minTrustLevel=undefined",
    ]  # fmt: skip
    # Not in the state directory: gpg's sockets need a short path.
    with tempfile.TemporaryDirectory(prefix="argosync-gpg-") as home:
        _fill(Path(home), config)
        variables = {"GNUPGHOME": home, "GIT_NO_REPLACE_OBJECTS": "1"}
        code, said = run([*options, f"verify-{kind}", "--raw", name], variables)
    if code == 0:
        return _signer(said)
    why = next(
        (text for pattern, text in _TELLING if re.search(pattern, said.strip())), clean(said, limit=200)
    )
    raise SourceError(
        "SignatureRefused",
        f"{config.name}: {kind} {name[:12]} is not accepted: {why}",
        "sign it with a trusted key and push, or add the key to the list; what was last good stays",
    )


def _signer(said: str) -> str:
    ssh = re.search(r'Good "git" signature for (.+) with (\S+) key (\S+)', said)
    if ssh:
        return clean(f"{ssh.group(1)} ({ssh.group(3)})", limit=200)
    gpg = re.search(r"GOODSIG (\S+) (.*)", said)
    return clean(f"{gpg.group(2)} ({gpg.group(1)})", limit=200) if gpg else "a trusted key"


def _fill(home: Path, config: SourceConfig) -> None:
    """Make `home` a home for gpg that holds the keyring's keys and no others."""
    # Being in the keyring is the trust; keys are never fetched.
    (home / "gpg.conf").write_text("trust-model always\nno-auto-key-retrieve\nno-auto-check-trustdb\n")
    keyring = config.verify.keyring
    if not keyring:
        return
    gpg = shutil.which("gpg")
    if gpg is None:
        raise SourceError("SignaturePolicy", f"{config.name}: gpg is not installed", "install gnupg")
    argv = [gpg, "--batch", "--quiet", "--no-autostart", "--homedir", str(home), "--import", keyring]
    done = subprocess.run(argv, capture_output=True, timeout=60, check=False)
    if done.returncode != 0:
        told = clean(done.stderr.decode("utf-8", "replace"), limit=200)
        raise SourceError(
            "SignaturePolicy", f"{config.name}: {keyring}: {told}", "export the keys with `gpg --export`"
        )
