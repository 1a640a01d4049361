"""What is in an image and what is brought into it: files that a container works on, as far as the manifest tells.

Only images that everybody knows are judged: the official language and system images, and those of image builders. They have nothing
of a user's in them; of any other image nothing is known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from argolint.analysis.scripts import interpreter, language_of
from argolint.model.view import Span, View
from argolint.model.workflow import Template
from argolint.patterns import lazy

_BARE = lazy(
    r"^(?:docker\.io/)?(?:library/)?(?:python|node|ruby|perl|php|golang|alpine|busybox|bash|debian|ubuntu|fedora|"
    r"eclipse-temurin|openjdk|r-base|docker)(?::[\w.-]+)?(?:@sha256:\w+)?$"
    r"|^(?:docker\.io/)?(?:pytorch/pytorch|tensorflow/tensorflow|alpine/git|bitnami/git|curlimages/curl)(?::[\w.-]+)?(?:@sha256:\w+)?$"
)
_BUILDER = lazy(
    r"(?:^|/)kaniko-project/executor(?:[:@]|$)|^(?:docker\.io/)?(?:library/)?docker(?::|@|$)|(?:^|/)(?:buildah|podman)/stable(?::|@|$)"
)
_SYSTEM = ("/usr/", "/bin/", "/sbin/", "/lib", "/etc/", "/proc/", "/dev/", "/opt/")
_PROGRAM_FILE = lazy(r"^/[\w./-]+\.(?:py|js|mjs|ts|rb|pl|php|sh|bash|R)$")
_REMOTE = lazy(r"^(?:git|s3|gs|https?|tar|azure|ssh)[:@]|^[\w.-]+@|\.git(?:#|$)|^-$|\{\{")
_BUILD_OPTIONS = frozenset(
    {"-t", "--tag", "-f", "--file", "--build-arg", "--target", "--platform", "--label", "--cache-from", "--cache-to", "--network",
     "--progress", "--secret", "--ssh", "-o", "--output", "--builder", "--iidfile", "-m", "--memory", "--isolation", "--tls-verify",
     "--format", "--storage-driver", "--add-host", "--layers"}
)  # fmt: skip


class Word(NamedTuple):
    """A word of a command line, and where it stands: the `number`th item under `key`."""

    text: str
    key: str
    number: int


def words(container: View) -> list[Word]:
    """The command line of a container: `command`, then `args`."""
    return [
        Word(item if isinstance(item, str) else str(item), key, index)
        for key in ("command", "args")
        for index, item in enumerate(container.sequence(key))
    ]


def is_bare(image: str) -> bool:
    """Whether an image is one of those that hold nothing of a user's."""
    return bool(_BARE.match(image))


def brought(template: Template, container: View) -> list[str] | None:
    """The paths at which a template puts files into a container; None when something unknown may put them anywhere."""
    if (
        "podSpecPatch" in template
        or "podSpecPatch" in template.spec
        or template.spec.template_defaults is not None
    ):
        return None
    mounts = [*container.items("volumeMounts"), *template.mapping("containerSet").items("volumeMounts")]
    paths = [mount.text("mountPath") for mount in mounts]
    paths = [path for path in paths if not path.endswith(".sock")]
    paths += [artifact.text("path") for artifact in template.inputs.artifacts]
    return None if any(not path or "{{" in path for path in paths) else paths


def lacking(
    template: Template, find: Callable[[Template, View], Word | None]
) -> Iterator[tuple[View, Word, Span]]:
    """(container, word, where it stands) of what `find` says each container of a template lacks."""
    for _, container in template.containers:
        word = find(template, container)
        if word is not None:
            yield container, word, container.item_span(word.key, word.number)


def missing_program(template: Template, container: View) -> Word | None:
    """The file that an interpreter of a well-known image is told to run, and that nothing puts there."""
    if not is_bare(container.text("image")):
        return None
    line = words(container)
    at, program = interpreter([word.text for word in line])
    if at < 0 or not language_of(program):
        return None
    file = next((word for word in line[at + 1 :] if not word.text.startswith("-")), None)
    previous = line[at + 1 : line.index(file)] if file is not None else []
    if file is None or any(word.text in ("-c", "-e", "-m", "--eval", "-r") for word in previous):
        return None
    if not _PROGRAM_FILE.match(file.text) or file.text.startswith(_SYSTEM):
        return None
    paths = brought(template, container)
    if paths is None or any(_holds(path, file.text) for path in paths):
        return None
    return file


def _holds(folder: str, file: str) -> bool:
    return file == folder or file.startswith(folder.rstrip("/") + "/")


def missing_sources(template: Template, container: View) -> Word | None:
    """The local context of an image build (or the builder, when it names none) in a container that no file is brought into."""
    image = container.text("image")
    line = words(container)
    if not line or not _BUILDER.search(image) or brought(template, container) != []:
        return None
    context = _kaniko(line) if "kaniko" in image else _build(line)
    return context if context is not None and not _REMOTE.search(context.text) else None


def _kaniko(line: list[Word]) -> Word | None:
    for number, word in enumerate(line):
        flag, equals, _ = word.text.partition("=")
        if flag in ("--context", "-c"):
            value = word if equals else next(iter(line[number + 1 :]), word)
            return value._replace(text=value.text.partition("=")[2]) if equals else value
    return line[0]


def _build(line: list[Word]) -> Word | None:
    texts = [word.text for word in line]
    if "build" not in texts or texts[0].rpartition("/")[2] not in ("docker", "podman", "buildah", "nerdctl"):
        return None
    plain: list[Word] = []
    skip = False
    for word in line[texts.index("build") + 1 :]:
        if skip:
            skip = False
        elif word.text.startswith("-") and word.text != "-":
            skip = word.text in _BUILD_OPTIONS
        else:
            plain.append(word)
    return plain[-1] if plain else None
