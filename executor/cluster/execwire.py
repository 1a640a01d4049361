"""What the API server and the kubelet say to each other for `kubectl exec`: frames over a Unix socket.

A frame is a channel (one byte), a length (four bytes, big-endian) and that many bytes. Channels are those of the
Kubernetes protocol `v5.channel.k8s.io`; the first frame, on REQUEST, is a JSON object that says what to run.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any, Final

STDIN: Final = 0
STDOUT: Final = 1
STDERR: Final = 2
ERROR: Final = 3
RESIZE: Final = 4
REQUEST: Final = 5
CLOSE: Final = 255

MAX_FRAME: Final = 1 << 20
HEADER: Final = struct.Struct(">BI")


def socket_path(data: Path) -> Path:
    """Where the kubelet of a data directory listens."""
    return data / "kubelet" / "exec.sock"


def frame(channel: int, payload: bytes) -> bytes:
    """A frame as bytes."""
    return HEADER.pack(channel, len(payload)) + payload


def success() -> bytes:
    """The Status of a command that ended with 0."""
    return json.dumps({"metadata": {}, "status": "Success"}).encode()


def failure(code: int, reason: str, message: str, causes: list[dict[str, str]] | None = None) -> bytes:
    """The Status of a command that failed, or could not be run."""
    status: dict[str, Any] = {
        "metadata": {},
        "status": "Failure",
        "reason": reason,
        "message": message,
        "code": code,
    }
    if causes:
        status["details"] = {"causes": causes}
    return json.dumps(status).encode()


def exit_status(code: int) -> bytes:
    """The Status for an exit code; kubectl takes its own exit code from the cause."""
    if code == 0:
        return success()
    message = f"command terminated with non-zero exit code: exit status {code}"
    return failure(500, "NonZeroExitCode", message, [{"reason": "ExitCode", "message": str(code)}])
