"""sprig: keys, certificates and AES, by the `cryptography` package. Importing this needs it."""

from __future__ import annotations

import base64
import binascii
import datetime
import ipaddress
from collections.abc import Callable
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, padding, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from argolint.language.expr.hooks import Hooks

_PEM = serialization.Encoding.PEM


def private_key(kind: str) -> str:
    """A new private key in PEM: rsa (4096 bits; also ""), dsa, ecdsa or ed25519. Always random. Raises ValueError."""
    made: Any
    form = serialization.PrivateFormat.TraditionalOpenSSL
    if kind in ("", "rsa"):
        made = rsa.generate_private_key(65537, 4096)
    elif kind == "dsa":
        made = dsa.generate_private_key(2048)
    elif kind == "ecdsa":
        made = ec.generate_private_key(ec.SECP256R1())
    elif kind == "ed25519":
        made, form = ed25519.Ed25519PrivateKey.generate(), serialization.PrivateFormat.PKCS8
    else:
        raise ValueError(f"unknown type {kind}")
    return str(made.private_bytes(_PEM, form, serialization.NoEncryption()).decode())


def _load(key: str) -> Any:
    try:
        return serialization.load_pem_private_key(key.encode(), None)
    except (ValueError, TypeError):
        raise ValueError("error parsing private key") from None


def _key_pem(key: Any) -> str:
    form = (
        serialization.PrivateFormat.PKCS8
        if isinstance(key, ed25519.Ed25519PrivateKey)
        else serialization.PrivateFormat.TraditionalOpenSSL
    )
    return str(key.private_bytes(_PEM, form, serialization.NoEncryption()).decode())


def custom(cert: str, key: str) -> dict[str, str]:
    """A certificate of base64 PEM texts. Raises ValueError if they are none."""
    try:
        pem, key_pem = base64.b64decode(cert, validate=True), base64.b64decode(key, validate=True)
        x509.load_pem_x509_certificate(pem)
    except (binascii.Error, ValueError):
        raise ValueError("unable to decode base64 certificate or key") from None
    _load(key_pem.decode("utf-8", "replace"))
    return {"Cert": pem.decode(), "Key": key_pem.decode()}


def _builder(name: str, days: int, hooks: Hooks, key: Any) -> x509.CertificateBuilder:
    if abs(days) > 1_000_000:
        raise ValueError("days are out of range")
    now = datetime.datetime.fromtimestamp(hooks.now() // 1_000_000_000, datetime.UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) if name else x509.Name([])
    try:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .public_key(key.public_key())
            .serial_number(int.from_bytes(hooks.random(16), "big") >> 1 | 1)
            .not_valid_before(now)
            .not_valid_after(now + datetime.timedelta(days=days))
        )
    except OverflowError:
        raise ValueError("days are out of range") from None


def _usage(authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(True, False, True, False, False, authority, False, False, False)


def _sign(builder: x509.CertificateBuilder, key: Any) -> str:
    digest = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(key, digest).public_bytes(_PEM).decode()


def authority(name: str, days: int, hooks: Hooks, key: str = "") -> dict[str, str]:
    """A self-signed certificate authority: `Cert` and `Key` in PEM."""
    private = _load(key) if key else rsa.generate_private_key(65537, 2048)
    builder = _builder(name, days, hooks, private)
    builder = builder.issuer_name(
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) if name else x509.Name([])
    )
    builder = builder.add_extension(x509.BasicConstraints(True, None), True).add_extension(_usage(True), True)
    builder = builder.add_extension(
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]), False
    )
    return {"Cert": _sign(builder, private), "Key": _key_pem(private)}


def leaf(
    name: str,
    ips: list[Any],
    dns: list[Any],
    days: int,
    hooks: Hooks,
    *,
    ca: tuple[str, str] | None = None,
    key: str = "",
) -> dict[str, str]:
    """A certificate for names and addresses, self-signed or signed by `ca` (PEM of certificate and key)."""
    private = _load(key) if key else rsa.generate_private_key(65537, 2048)
    builder = _builder(name, days, hooks, private)
    try:
        names: list[x509.GeneralName] = [x509.IPAddress(ipaddress.ip_address(str(ip))) for ip in ips]
        names += [x509.DNSName(str(one)) for one in dns]
    except ValueError:
        raise ValueError("error parsing ip or name") from None
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), False)
    builder = builder.add_extension(x509.BasicConstraints(False, None), True).add_extension(
        _usage(False), True
    )
    builder = builder.add_extension(
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]), False
    )
    signer = private
    if ca is None:
        issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) if name else x509.Name([])
    else:
        try:
            issuer = x509.load_pem_x509_certificate(ca[0].encode()).subject
        except ValueError:
            raise ValueError("unable to parse the certificate of the authority") from None
        signer = _load(ca[1])
    return {"Cert": _sign(builder.issuer_name(issuer), signer), "Key": _key_pem(private)}


def _aes_key(password: str) -> bytes:
    raw = password.encode()
    return raw[:32].ljust(32, b"\0")


def encrypt(password: str, plain: str, random: Callable[[int], bytes]) -> str:
    """AES-256-CBC with a random vector in front, in base64; an empty password gives ""."""
    if not password:
        return ""
    vector = random(16)
    padder = padding.PKCS7(128).padder()
    padded = padder.update(plain.encode()) + padder.finalize()
    encryptor = Cipher(algorithms.AES(_aes_key(password)), modes.CBC(vector)).encryptor()
    return base64.b64encode(vector + encryptor.update(padded) + encryptor.finalize()).decode()


def decrypt(password: str, data: str) -> str:
    """The plain text of `encrypt`. Raises ValueError if it is none."""
    if not password:
        return ""
    try:
        raw = base64.b64decode(data, validate=True)
        decryptor = Cipher(algorithms.AES(_aes_key(password)), modes.CBC(raw[:16])).decryptor()
        unpadder = padding.PKCS7(128).unpadder()
        padded = decryptor.update(raw[16:]) + decryptor.finalize()
        return (unpadder.update(padded) + unpadder.finalize()).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        raise ValueError("the text cannot be decrypted") from None
