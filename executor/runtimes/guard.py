"""Ends sandboxes that outlive the process which started them.

bubblewrap dies with its parent, but binds its own child to itself only when that child has set the sandbox up: a kill
-9 at that moment leaves a sandbox that nobody owns. A small shell waits for this process's end on a pipe. If nobody said
goodbye, it looks for processes whose root directory is that of one of our containers (the very inode, so never another's) and
kills them, for as long as a sandbox may take to come up. A run that is resumed meanwhile has directories of its own: what counts
is what there was at the end, told apart by inode and time of birth.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import subprocess
import threading
from pathlib import Path

PASSES = 40  # looks, a quarter of a second apart
_SCRIPT = f"""
while read -r word; do
  [ "$word" = bye ] && exit 0
  set -- "$@" "$word"
done
roots=$(for pods; do stat -c '%d:%i:%w' "$pods"/*/containers/*/root 2>/dev/null; done | tr ' ' _)
[ -n "$roots" ] || exit 0
n=0
while [ $n -lt {PASSES} ]; do
  stat -L -c '%d:%i:%w	%n' /proc/[0-9]*/root 2>/dev/null | tr ' ' _ | while read -r root name; do
    case "
$roots
" in *"
$root
"*) name=${{name#/proc/}}; kill -9 "${{name%/root}}" 2>/dev/null ;; esac
  done
  n=$((n + 1))
  sleep 0.25
done
"""
_lock = threading.Lock()
_guards: dict[int, int] = {}  # process -> the pipe to its guard
_watched: set[tuple[int, str]] = set()


def watch(pods: Path) -> None:
    """Have the sandboxes of the pods below a directory ended when this process is killed. One shell for all of them."""
    process, place = os.getpid(), str(pods)
    with _lock:
        if (process, place) in _watched or "\n" in place:
            return
        if process not in _guards:
            pipe = _start()
            if pipe is None:
                return
            _guards[process] = pipe
            atexit.register(_goodbye)
        with contextlib.suppress(OSError):
            os.write(_guards[process], f"{place}\n".encode())
            _watched.add((process, place))


def _start() -> int | None:
    """The end of the pipe to a new guard."""
    read, write = os.pipe()
    try:
        subprocess.Popen(
            ["/bin/sh", "-c", _SCRIPT, "argorun-guard"],
            stdin=read, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True, cwd="/",
            env={"PATH": "/usr/bin:/bin"},
        )  # fmt: skip
    except OSError:
        os.close(write)
        return None
    finally:
        os.close(read)
    return write


def _goodbye() -> None:
    pipe = _guards.get(os.getpid())
    if pipe is not None:
        with contextlib.suppress(OSError):
            os.write(pipe, b"bye\n")
