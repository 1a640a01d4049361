"""The one error of the languages, and its two refinements for substitution."""

from __future__ import annotations


class LanguageError(Exception):
    """A text that cannot be read or evaluated.

    `start` and `end` are offsets in code points into the text that was given, end exclusive.
    """

    def __init__(self, message: str, start: int = 0, end: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.start = start
        self.end = max(end, start)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.message!r}, {self.start}, {self.end})"


class Unresolved(LanguageError):
    """A tag names a variable that does not exist (yet): the caller may try again later, or fail.

    `name` is the variable, `message` is upstream's: `failed to resolve {{name}}`.
    """

    def __init__(self, name: str, start: int = 0, end: int = 0) -> None:
        super().__init__("failed to resolve {{" + name + "}}", start, end)
        self.name = name


class AbsentOptional(LanguageError):
    """A tag names an output that exists by declaration but has no value, as its producer was skipped."""

    def __init__(self, name: str, start: int = 0, end: int = 0) -> None:
        super().__init__(
            "unable to substitute {{" + name + "}}: output is an absent optional"
            " (its producer was skipped, omitted or wrote nothing, and it has no default)",
            start,
            end,
        )
        self.name = name
