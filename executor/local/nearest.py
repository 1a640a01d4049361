"""Where the runs of this place are kept. Decided at every start of `argorun`, so this imports nothing that takes time."""

from __future__ import annotations

import os

RUN_DIRECTORY = ".argolint"


def folder_with_runs(start: str) -> str:
    """The nearest `.argolint` with runs, in `start` or above it; "" when there is none.

    A Git repository is the end of the search, and so is a folder of another user: what somebody left in /tmp is not ours.
    """
    here = os.path.abspath(start)
    while True:
        folder = os.path.join(here, RUN_DIRECTORY)
        if os.path.isdir(os.path.join(folder, "runs")) and os.stat(folder).st_uid == os.geteuid():
            return folder
        above = os.path.dirname(here)
        if above == here or os.path.exists(os.path.join(here, ".git")):
            return ""
        here = above
