"""Encryption at rest of the values of Secrets."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from argolint.errors import UserError
from executor.cluster.pki import ensure_secret

_NONCE = 12


def sealer(key_file: Path) -> tuple[Callable[[bytes], bytes], Callable[[bytes], bytes]]:
    """(encrypt, decrypt) with AES-256-GCM under the key in `key_file`, which is made when first needed.

    Decrypting raises UserError when the key is not the one that the value was encrypted with.
    """
    boxes: list[AESGCM] = []

    def box() -> AESGCM:
        if not boxes:
            boxes.append(AESGCM(ensure_secret(key_file)))
        return boxes[0]

    def seal(value: bytes) -> bytes:
        nonce = secrets.token_bytes(_NONCE)
        return nonce + box().encrypt(nonce, value, b"secrets")

    def unseal(value: bytes) -> bytes:
        try:
            return box().decrypt(bytes(value[:_NONCE]), bytes(value[_NONCE:]), b"secrets")
        except InvalidTag:
            raise UserError(
                f"{key_file}: this key does not open the Secrets in the database",
                "Put back the key file that belongs to this data folder, or start with an empty folder.",
            ) from None

    return seal, unseal
