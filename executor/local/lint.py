"""The linter before a run: its errors stop the run and are printed as argolint prints them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import IO


def _without_secrets(text: str, files: Sequence[tuple[str, str]]) -> str:
    """Findings quote the lines that they are about: the values of Secrets are blanked out in them."""
    from executor.local.documents import objects_in
    from executor.local.masking import Masker
    from executor.runtimes.podenv import ConfigError, decode_secret

    values: dict[str, str] = {}
    for obj in (obj for path, content in files for obj in objects_in(path, content)):
        if obj.get("kind") != "Secret":
            continue
        for field in ("data", "stringData"):
            plain = obj.get(field) if isinstance(obj.get(field), dict) else {}
            values.update({f"{len(values)}{k}": v for k, v in plain.items() if isinstance(v, str)})
        try:
            decoded = decode_secret(obj)
        except ConfigError:
            continue
        values.update({f"{len(values)}{k}": v.decode("utf-8", "replace") for k, v in decoded.items()})
    return Masker(values)(text) if values else text


def errors_in(files: Sequence[tuple[str, str]], around: Sequence[str], root: Path, out: IO[str]) -> int:
    """Lint (path, text) pairs, with the manifests of `around` as their project; print and count the errors in the pairs.

    Raises UserError for a configuration that cannot be read.
    """
    from argolint import config
    from argolint.api import Source, check
    from argolint.report import View, renderer
    from argolint.settings import Settings
    from executor.local.documents import objects_in

    place = config.find(str(root))
    settings = config.load(place) if place else Settings()
    given = {path for path, _ in files}
    sources = [Source(path, text) for path, text in files]
    for path in around:
        if path not in given:
            try:
                sources.append(Source(path, Path(path).read_text(encoding="utf-8-sig")))
            except (OSError, UnicodeDecodeError):
                continue
    report = check(sources, settings)
    errors = [item for item in report.findings if item.severity == "error" and item.path in given]
    if errors:
        summary = {
            **dict.fromkeys(("warning", "info", "fixable"), 0),
            "files": len(given),
            "objects": sum(len(objects_in(path, text)) for path, text in files),
            "error": len(errors),
        }
        text = renderer("text")(
            View(errors, report.texts, summary, color=out.isatty(), secrets=report.secrets)
        )
        out.write(_without_secrets(text, files))
    return len(errors)
