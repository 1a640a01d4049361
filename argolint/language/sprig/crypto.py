"""sprig: checksums, random bytes, UUIDs, passwords, AES, certificates.

Certificates, keys and AES need the `cryptography` package; without it they raise ValueError.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import zlib
from collections.abc import Callable
from typing import Any

from argolint.language.expr.hooks import Hooks
from argolint.language.sprig.common import items, text, whole

_BCRYPT_ALPHABET = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_SITE_TEMPLATES = {
    "maximum": ("anoxxxxxxxxxxxxxxxxx", "axxxxxxxxxxxxxxxxxno"),
    "long": (
        "CvcvnoCvcvCvcv", "CvcvCvcvnoCvcv", "CvcvCvcvCvcvno", "CvccnoCvcvCvcv", "CvccCvcvnoCvcv", "CvccCvcvCvcvno", "CvcvnoCvccCvcv",
        "CvcvCvccnoCvcv", "CvcvCvccCvcvno", "CvcvnoCvcvCvcc", "CvcvCvcvnoCvcc", "CvcvCvcvCvccno", "CvccnoCvccCvcv", "CvccCvccnoCvcv",
        "CvccCvccCvcvno", "CvcvnoCvccCvcc", "CvcvCvccnoCvcc", "CvcvCvccCvccno", "CvccnoCvcvCvcc", "CvccCvcvnoCvcc", "CvccCvcvCvccno",
    ),
    "medium": ("CvcnoCvc", "CvcCvcno"),
    "short": ("Cvcn",),
    "basic": ("aaanaaan", "aannaaan", "aaannaaa"),
    "pin": ("nnnn",),
}  # fmt: skip
_SITE_CLASSES = {
    "V": "AEIOU",
    "C": "BCDFGHJKLMNPQRSTVWXYZ",
    "v": "aeiou",
    "c": "bcdfghjklmnpqrstvwxyz",
    "A": "AEIOUBCDFGHJKLMNPQRSTVWXYZ",
    "a": "AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz",
    "n": "0123456789",
    "o": "@&%?,=[]_:-+*$#!'^~;()/.",
    "x": "AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz0123456789!@#$%^&*()",
}


def _raw(value: Any) -> bytes:
    return text(value).encode("utf-8", "surrogatepass")


def _derive_password(counter: Any, kind: Any, password: Any, user: Any, site: Any) -> str:
    """A site password of the Master Password algorithm."""
    templates = _SITE_TEMPLATES.get(text(kind))
    if templates is None:
        raise ValueError(f"cannot find password template {kind}")
    scope = b"com.lyndir.masterpassword"
    salt = scope + len(_raw(user)).to_bytes(4, "big") + _raw(user)
    key = hashlib.scrypt(_raw(password), salt=salt, n=32768, r=8, p=2, maxmem=128 * 1024 * 1024, dklen=64)
    message = scope + len(_raw(site)).to_bytes(4, "big") + _raw(site) + whole(counter).to_bytes(4, "big")
    seed = hmac.new(key, message, hashlib.sha256).digest()
    template = templates[seed[0] % len(templates)]
    letters = (_SITE_CLASSES[char] for char in template)
    return "".join(letters_of[seed[index + 1] % len(letters_of)] for index, letters_of in enumerate(letters))


def _bcrypt_hash(password: Any, random: Callable[[int], bytes]) -> str:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            import crypt
        except ImportError:
            raise ValueError("bcrypt is not available on this machine") from None
        raw = random(22)
        # The last character of a salt carries two bits only.
        salt = "".join(_BCRYPT_ALPHABET[byte % 64] for byte in raw[:21]) + ".Oeu"[raw[21] % 4]
        made = crypt.crypt(text(password), f"$2a$10${salt}")
    if not made or not made.startswith("$2a$"):
        raise ValueError("bcrypt is not available on this machine")
    return str(made)


def _htpasswd(user: Any, password: Any, random: Callable[[int], bytes]) -> str:
    if ":" in text(user):
        return f"invalid username: {user}"
    return f"{user}:{_bcrypt_hash(password, random)}"


def _certificates() -> Any:
    try:
        from argolint.language.sprig import certificates
    except ImportError:
        raise ValueError("certificates need the cryptography package (pip install 'argolint[run]')") from None
    return certificates


def _uuid(random: Callable[[int], bytes]) -> str:
    raw = bytearray(random(16))
    raw[6] = raw[6] & 0x0F | 0x40
    raw[8] = raw[8] & 0x3F | 0x80
    digits = raw.hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _random_bytes(count: Any, random: Callable[[int], bytes]) -> str:
    if not 0 <= whole(count) <= 1_000_000:
        raise ValueError("count is out of range")
    return base64.b64encode(random(whole(count))).decode()


def table(hooks: Hooks) -> dict[str, Callable[..., Any]]:
    """The functions by name."""
    random = hooks.random

    def pair(value: Any) -> tuple[str, str]:
        if not isinstance(value, dict) or "Cert" not in value or "Key" not in value:
            raise ValueError("expected a certificate with Cert and Key")
        return text(value["Cert"]), text(value["Key"])

    return {
        "sha1sum": lambda value: hashlib.sha1(_raw(value)).hexdigest(),
        "sha256sum": lambda value: hashlib.sha256(_raw(value)).hexdigest(),
        "sha512sum": lambda value: hashlib.sha512(_raw(value)).hexdigest(),
        "adler32sum": lambda value: str(zlib.adler32(_raw(value))),
        "bcrypt": lambda password: _bcrypt_hash(password, random),
        "htpasswd": lambda user, password: _htpasswd(user, password, random),
        "derivePassword": _derive_password,
        "randBytes": lambda count: _random_bytes(count, random),
        "uuidv4": lambda: _uuid(random),
        "encryptAES": lambda password, plain: _certificates().encrypt(text(password), text(plain), random),
        "decryptAES": lambda password, data: _certificates().decrypt(text(password), text(data)),
        "genPrivateKey": lambda kind: _certificates().private_key(text(kind)),
        "buildCustomCert": lambda cert, key: _certificates().custom(text(cert), text(key)),
        "genCA": lambda name, days: _certificates().authority(text(name), whole(days), hooks),
        "genCAWithKey": lambda name, days, key: _certificates().authority(
            text(name), whole(days), hooks, text(key)
        ),
        "genSelfSignedCert": lambda name, ips, dns, days: _certificates().leaf(
            text(name), items(ips or []), items(dns or []), whole(days), hooks
        ),
        "genSelfSignedCertWithKey": lambda name, ips, dns, days, key: _certificates().leaf(
            text(name), items(ips or []), items(dns or []), whole(days), hooks, key=text(key)
        ),
        "genSignedCert": lambda name, ips, dns, days, ca: _certificates().leaf(
            text(name), items(ips or []), items(dns or []), whole(days), hooks, ca=pair(ca)
        ),
        "genSignedCertWithKey": lambda name, ips, dns, days, ca, key: _certificates().leaf(
            text(name), items(ips or []), items(dns or []), whole(days), hooks, ca=pair(ca), key=text(key)
        ),
    }
